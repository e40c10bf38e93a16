"""What was edited or deleted on its platform is honoured here, also right before an answer."""

from datetime import timedelta

import pytest

from bot.last_look import FRESH
from bot.policy import wait_for_budget
from bot.recheck import Looked, recheck, recheck_due
from connectors.contract import Rejected, Unavailable
from connectors.model import Budget, Recheck

LATER_GONE = {"type": "delete", "ref": "ask", "at": "+1h"}
LATER_EDITED = {"type": "edit", "ref": "ask", "at": "+1h", "text": "@tern where is my order 7?"}
DAY = {"hours": 25}


async def town_with(town, rows, *more, **tables):
    here = await town(*rows, *more, **tables)
    await here.hear_and_tag()
    return here


async def test_nothing_is_asked_before_it_is_due(town, rows):
    here = await town_with(town, rows)
    assert await recheck_due(here.desk, here.connector, "masto") == Looked()


async def test_what_was_deleted_there_is_a_tombstone_here(town, rows):
    here = await town_with(town, rows, LATER_GONE)
    here.wall.go(**DAY)
    looked = await recheck_due(here.desk, here.connector, "masto")
    assert (looked.deleted, looked.there) == (1, 1)
    message = await here.message("ask")
    assert (message.state, message.text) == ("gone", "")


async def test_what_was_edited_there_reads_anew_and_is_judged_again(town, rows):
    here = await town_with(town, rows, LATER_EDITED)
    here.wall.go(**DAY)
    assert (await recheck_due(here.desk, here.connector, "masto")).edited == 1
    message = await here.message("ask")
    assert (message.state, message.text) == ("new", "@tern where is my order 7?")
    assert len(await here.store.versions(message.id)) == 1


async def test_what_was_looked_at_rests_for_a_day(town, rows):
    here = await town_with(town, rows)
    here.wall.go(**DAY)
    assert (await recheck_due(here.desk, here.connector, "masto")).there == 2
    assert (await recheck_due(here.desk, here.connector, "masto")).total == 0
    here.wall.go(**DAY)
    assert (await recheck_due(here.desk, here.connector, "masto")).there == 2


async def test_a_suggestion_for_what_has_gone_is_expired(town, rows):
    from bot.suggest.playbook import Playbook
    from bot.suggest.suggest import suggest_some

    here = await town_with(town, rows, LATER_GONE)
    await suggest_some(here.desk, here.reader, Playbook({}, {}), here.owner)
    here.wall.go(**DAY)
    await recheck_due(here.desk, here.connector, "masto")
    assert await here.store.suggestion_for((await here.message("ask")).id) is None


async def test_a_reply_to_what_has_gone_is_withdrawn_right_before_it_leaves(town, rows):
    here = await town(*rows, LATER_GONE)
    reply = await here.approve()
    here.wall.go(hours=2)
    assert await here.send() is None
    assert (await here.reply(reply)).state == "withdrawn"
    assert here.ledger() == []


async def test_a_reply_to_what_was_edited_is_held_right_before_it_leaves(town, rows):
    here = await town(*rows, LATER_EDITED)
    reply = await here.approve()
    here.wall.go(hours=2)
    assert await here.send() is None
    assert (await here.reply(reply)).state == "held"


async def test_what_was_seen_a_moment_ago_is_not_asked_for_again(town, rows):
    down = {"fault": "error_before", "operation": "recheck", "probability": 1.0}
    here = await town(*rows, faults=[down])
    await here.approve()
    assert (await here.send()).state == "sent"


async def test_a_platform_that_cannot_be_asked_delays_the_reply(town, rows):
    down = {"fault": "error_before", "operation": "recheck", "attempts": [1]}
    here = await town(*rows, faults=[down])
    reply = await here.approve()
    here.wall.now += FRESH + timedelta(minutes=1)
    with pytest.raises(Unavailable):
        await here.send()
    assert (await here.reply(reply)).state == "approved"
    assert (await here.send()).state == "sent"


class Picky:
    """Will not talk about one message, and so not about any list that holds it."""

    async def recheck(self, refs):
        if "ask" in [one.ref for one in refs]:
            raise Rejected("403")
        return [Recheck(one.ref, "deleted") for one in refs]


async def test_one_message_that_is_refused_does_not_hide_the_others(town, rows):
    here = await town_with(town, rows)
    messages = [await here.message("ask"), await here.message("ask-too")]
    assert await recheck(here.desk, Picky(), messages) == Looked(deleted=1, unknown=1)
    assert (await here.message("ask")).state == "waiting"
    assert (await here.message("ask")).checked_at == here.wall()


async def test_an_edit_above_a_mention_does_not_make_it_answerable(town):
    first = {"type": "message", "ref": "first", "author": "bo", "at": "-2h", "kind": "post",
             "text": "a saddle?"}  # fmt: skip
    asked = {"type": "message", "ref": "asked", "author": "ada", "at": "-30m", "kind": "mention",
             "text": "@tern which one?", "parent": "first"}  # fmt: skip
    edit = {"type": "edit", "ref": "first", "at": "+1h", "text": "a good saddle?"}
    here = await town(first, asked, edit, sources={"all": {"kind": "mentions"}})
    await here.hear_and_tag()
    here.wall.go(**DAY)
    assert (await recheck_due(here.desk, here.connector, "masto")).edited == 1
    await here.hear_and_tag()
    kept = await here.message("first")
    assert (kept.text, kept.login, kept.state) == ("a good saddle?", None, "history")


def test_the_last_third_of_a_budget_is_left_to_hearing_and_posting(wall):
    soon = wall() + timedelta(minutes=2)
    assert wait_for_budget(Budget(), wall()) == 0
    assert wait_for_budget(Budget(200, 300, soon), wall()) == 0
    assert wait_for_budget(Budget(40, 300, soon), wall()) == 120
    assert wait_for_budget(Budget(40, 300, wall() - timedelta(minutes=1)), wall()) == 0
