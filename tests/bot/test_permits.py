"""Where an answer is not allowed it is said before anything is written, with the rule."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import Refused
from bot.permits import FRESH, SILENCE, Permits, said
from bot.suggest.playbook import Playbook
from bot.suggest.suggest import suggest_some
from connectors.contract import Rejected, Unavailable
from connectors.model import Budget, Permission

CLOSED = {"type": "message", "ref": "shut", "author": "bo", "at": "-10m", "kind": "mention",
          "text": "@tern may I ask something?", "closed": True}  # fmt: skip
RULE = "This thread takes no replies any more. (its author)"


class Gatekeeper:
    """Answers as it is told, and counts how often it was asked."""

    def __init__(self, answer):
        self.answer, self.asked, self.left = answer, 0, Budget()

    async def budget(self):
        return self.left

    async def may_reply(self, _):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def permit(here):
    permits = Permits(here.store, here.connectors.get, here.wall)
    here.desk = replace(here.desk, permits=permits)
    return here


async def asking(town, answer):
    here = await town()
    await here.hear_and_tag()
    gate = Gatekeeper(answer)
    return here, gate, Permits(here.store, lambda _: gate, here.wall)


async def test_the_suggestion_is_silence_with_the_rule(town):
    here = permit(await town(CLOSED))
    await here.hear_and_tag()
    await suggest_some(here.desk, here.reader, Playbook({}, {}), here.owner)
    suggestion = await here.store.suggestion_for((await here.message("shut")).id)
    assert suggestion.options == ()
    assert suggestion.silence == f"no answer is allowed here: {RULE}"


async def test_an_approval_is_refused_with_the_rule(town):
    here = permit(await town(CLOSED))
    with pytest.raises(Refused, match="takes no replies any more"):
        await here.approve("shut")
    assert await here.store.replies() == []


async def test_a_no_that_came_after_the_approval_holds_the_reply(town, rows):
    here = await town(CLOSED)
    reply = await here.approve("shut")
    assert await here.send() is None
    held = await here.reply(reply)
    assert (held.state, held.reason) == ("held", RULE)
    assert here.ledger() == []


async def test_where_an_answer_is_allowed_nothing_is_in_the_way(town):
    here = permit(await town())
    await here.approve()
    assert (await here.send()).state == "sent"


async def test_an_answer_holds_for_some_minutes(town):
    here, gate, permits = await asking(town, Permission(True))
    message = await here.message()
    for _ in range(3):
        assert (await permits.ask(message)).allowed
    assert gate.asked == 1
    here.wall.now += FRESH + timedelta(seconds=1)
    gate.answer = Permission(False, "Blocked.", "the platform")
    assert said(await permits.ask(message)) == "Blocked. (the platform)"


async def test_a_platform_that_cannot_be_asked_keeps_nobody_from_writing(town):
    here, gate, permits = await asking(town, Unavailable("down"))
    message = await here.message()
    assert (await permits.hint(message)).allowed
    with pytest.raises(Unavailable):
        await permits.ask(message)
    gate.answer = Permission(False, "Blocked.", "the platform")
    assert (await permits.hint(message)).allowed
    here.wall.now += SILENCE
    assert not (await permits.hint(message)).allowed


async def test_while_time_passes_a_hint_is_asked_for_all_the_same(town):
    """A clock that never stands still, as the real one."""
    here, gate, _ = await asking(town, Permission(False, "Blocked.", "the platform"))

    def ticking():
        here.wall.now += timedelta(microseconds=1)
        return here.wall.now

    permits = Permits(here.store, lambda _: gate, ticking)
    assert not (await permits.hint(await here.message())).allowed


async def test_the_last_calls_are_not_spent_on_what_can_wait(town):
    here, gate, permits = await asking(town, Permission(False, "Blocked.", "the platform"))
    gate.left = Budget(3, 300, here.wall() + timedelta(minutes=2))
    message = await here.message()
    assert (await permits.hint(message)).allowed
    assert gate.asked == 0
    assert not (await permits.hint(message, can_wait=False)).allowed


async def test_a_definite_no_by_another_way_is_a_no(town):
    here, _, permits = await asking(town, Rejected("The message is gone."))
    assert (await permits.ask(await here.message())).rule == "The message is gone."


async def test_a_platform_without_a_way_to_post_is_not_asked(town):
    here, gate, permits = await asking(town, Permission(True))
    message = replace(await here.message(), platform="hackernews")
    assert "by hand" in (await permits.ask(message)).rule
    assert gate.asked == 0


async def test_a_login_without_connector_is_not_known(town):
    here = await town()
    await here.hear_and_tag()
    permits = Permits(here.store, lambda _: None, here.wall)
    assert (await permits.ask(await here.message())).allowed
