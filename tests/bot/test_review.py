"""A reviewer's decisions, and the safeguards between a key press and a post."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import Refused
from bot.review import (
    Approve,
    approve,
    correct,
    later,
    no_reply_needed,
    reject,
    require,
    set_brake,
    settle_by_hand,
    snooze,
    undo,
)
from bot.suggest.playbook import read_playbook
from bot.suggest.suggest import learn_playbook, suggest_some
from storage.model import QueueFilter
from storage.store import Conflict

BOOK = """\
[[entry]]
id = "order"
intents = ["question"]
examples = ["@tern where is my order?"]
[[entry.replies]]
text = "Hi {first_name}, it left. {signature}"
"""


@pytest.fixture
def desk_with_suggestion(town, rows):
    async def make(*more, **tables):
        here = await town(*(rows + more), **tables)
        (here.home / "playbook").mkdir()
        (here.home / "playbook" / "a.toml").write_text(BOOK)
        book = read_playbook(here.home / "playbook")
        await learn_playbook(here.desk, here.reader, book)
        await here.hear_and_tag()
        while await suggest_some(here.desk, here.reader, book, "me"):
            pass
        return here, await here.store.entry((await here.message()).id)

    return make


def shown(entry, **more):
    """What a click on the first option carries."""
    option = entry.suggestion.options[0]
    values = {
        "request_id": "click-1", "message_id": entry.message.id, "text": option.text,
        "suggestion_id": entry.suggestion.id, "suggestion_version": entry.suggestion.version,
        "option": option.number, "shown_hash": option.hash, "seconds": 3.0,
    }  # fmt: skip
    return Approve(**{**values, **more})


async def test_what_was_shown_is_what_is_approved(desk_with_suggestion):
    here, entry = await desk_with_suggestion()
    reply = await approve(here.desk, here.admin, shown(entry))
    assert (reply.state, reply.text) == ("approved", "Hi Ada, it left. Ines")
    assert reply.send_after == here.wall() + timedelta(seconds=10)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({}, "approved"),
        ({"text": "  Hi Ada, it left. Ines \n"}, "approved"),
        ({"text": "Hi Ada, it left today. Ines"}, "edited"),
        ({"option": None, "suggestion_id": None, "shown_hash": None}, "own_words"),
    ],
)
async def test_a_decision_says_whether_the_words_were_changed(desk_with_suggestion, change, kind):
    here, entry = await desk_with_suggestion()
    await approve(here.desk, here.admin, shown(entry, **change))
    since = here.wall() - timedelta(days=1)
    (decision,) = await here.store.decisions(since, here.wall() + timedelta(days=1))
    assert decision.kind == kind


async def test_nothing_is_approved_in_its_first_moments_on_screen(desk_with_suggestion):
    here, entry = await desk_with_suggestion()
    with pytest.raises(Refused, match="too fast"):
        await approve(here.desk, here.admin, shown(entry, seconds=0.69))
    await approve(here.desk, here.admin, shown(entry, seconds=0.7))


async def test_the_same_click_twice_is_one_reply(desk_with_suggestion):  # [30]
    here, entry = await desk_with_suggestion()
    first = await approve(here.desk, here.admin, shown(entry))
    assert (await approve(here.desk, here.admin, shown(entry))).id == first.id


async def test_two_reviewers_at_once_one_wins(desk_with_suggestion):  # [29]
    here, entry = await desk_with_suggestion()
    other = await here.store.add_reviewer("Maja", "review", here.wall())
    await approve(here.desk, here.admin, shown(entry))
    with pytest.raises(Conflict):
        await approve(here.desk, other, shown(entry, request_id="click-2"))


async def test_a_text_that_is_no_longer_the_stored_one_is_refused(desk_with_suggestion):
    here, entry = await desk_with_suggestion()
    with pytest.raises(Conflict):
        await approve(here.desk, here.admin, shown(entry, shown_hash="0" * 64))
    with pytest.raises(Conflict):
        await approve(here.desk, here.admin, shown(entry, suggestion_version=7))


async def test_a_suggestion_about_words_that_were_edited_is_refused(desk_with_suggestion):
    edit = {"type": "edit", "ref": "ask", "at": "+10s", "text": "@tern is it blue?"}
    here, entry = await desk_with_suggestion(edit)
    here.wall.go(seconds=11)
    await here.hear()
    with pytest.raises(Conflict):
        await approve(here.desk, here.admin, shown(entry))


@pytest.mark.parametrize(
    "text", ["", "  \n", "see https://evil.test", "Hi {first_name}", "a\u202eb"]
)
async def test_the_guard_reads_what_humans_write_too(desk_with_suggestion, text):
    here, entry = await desk_with_suggestion()
    with pytest.raises(Refused):
        await approve(here.desk, here.admin, shown(entry, text=text))


async def test_a_warning_of_the_guard_does_not_stop_a_human(desk_with_suggestion):
    here, entry = await desk_with_suggestion()
    reply = await approve(here.desk, here.admin, shown(entry, text="Ask @somebody, they know."))
    assert reply.state == "approved"


async def test_what_we_only_listen_to_cannot_be_answered(town, rows):
    here = await town(sources={"all": {"listen_only": True}})
    await here.hear_and_tag()
    message = await here.message()
    asked = Approve("click-1", message.id, "Hi")
    reply = None
    with pytest.raises((Refused, Conflict)):
        reply = await approve(here.desk, here.admin, asked)
    assert reply is None


async def test_who_may_only_read_may_not_decide(desk_with_suggestion):
    here, entry = await desk_with_suggestion()
    reader = await here.store.add_reviewer("Rolf", "read", here.wall())
    number, until = entry.message.id, here.wall() + timedelta(hours=1)
    for call in (
        approve(here.desk, reader, shown(entry)),
        reject(here.desk, reader, number, "click-1", "wrong tone"),
        no_reply_needed(here.desk, reader, number, "click-2"),
        snooze(here.desk, reader, number, "click-3", until),
        undo(here.desk, reader, 1),
        correct(here.desk, reader, number, {"crisis": True}),
        settle_by_hand(here.desk, reader, 1, "seen", "https://m/1"),
        set_brake(here.desk, reader, "home", on=True),
    ):
        with pytest.raises(Refused, match="Rolf may not do this"):
            await call


async def test_a_disabled_reviewer_may_nothing(town):
    here = await town()
    gone = replace(here.admin, disabled_at=here.wall())
    with pytest.raises(Refused):
        require(gone, "read")


async def test_a_rejected_suggestion_leaves_the_message_waiting(desk_with_suggestion):
    here, entry = await desk_with_suggestion()
    decision = await reject(here.desk, here.admin, entry.message.id, "click-1", "wrong tone")
    again = await reject(here.desk, here.admin, entry.message.id, "click-1", "wrong tone")
    assert (decision.kind, decision.reason, again.id) == ("rejected", "wrong tone", decision.id)
    after = await here.store.entry(entry.message.id)
    assert after.message.state == "waiting"
    with pytest.raises(Conflict):
        await approve(here.desk, here.admin, shown(entry))


async def test_what_needs_no_reply_is_done(desk_with_suggestion):
    here, entry = await desk_with_suggestion()
    await no_reply_needed(here.desk, here.admin, entry.message.id, "click-1")
    assert (await here.message()).state == "done"


async def test_what_is_snoozed_comes_back_with_its_suggestion(desk_with_suggestion):
    here, entry = await desk_with_suggestion()
    until = here.wall() + timedelta(hours=1)
    await snooze(here.desk, here.admin, entry.message.id, "click-1", until)
    assert (await here.message()).state == "snoozed"
    here.wall.go(minutes=59)
    assert await here.store.wake_snoozed(here.wall()) == 0
    here.wall.go(minutes=1)
    assert await here.store.wake_snoozed(here.wall()) == 1
    assert (await here.message()).state == "suggested"


async def test_a_snooze_into_the_past_is_refused(desk_with_suggestion):
    here, entry = await desk_with_suggestion()
    with pytest.raises(Refused, match="future"):
        await snooze(here.desk, here.admin, entry.message.id, "click-1", here.wall())


def test_snooze_choices_are_times(wall):
    assert later(wall(), "1h") == wall() + timedelta(hours=1)
    assert later(wall(), "week") == wall() + timedelta(days=7)
    with pytest.raises(Refused, match="1h, 3h, tomorrow, week"):
        later(wall(), "someday")


async def test_undo_brings_the_suggestion_back_to_be_approved_again(desk_with_suggestion):
    here, entry = await desk_with_suggestion()
    reply = await approve(here.desk, here.admin, shown(entry))
    assert (await undo(here.desk, here.admin, reply.id)).state == "recalled"
    assert (await undo(here.desk, here.admin, reply.id)).state == "recalled"
    back = await here.store.entry(entry.message.id)
    assert back.message.state == "suggested"
    assert back.suggestion.options[0].text == entry.suggestion.options[0].text
    again = await approve(here.desk, here.admin, shown(back, request_id="click-2"))
    assert again.id != reply.id
    assert await here.audit_is_whole()


async def test_a_correction_of_a_tag_holds_over_the_model(desk_with_suggestion):
    here, entry = await desk_with_suggestion()
    await correct(here.desk, here.admin, entry.message.id, {"intents": ["churn"]})
    message = await here.message()
    assert (message.tags.intents[0].label, message.is_corrected) == ("churn", True)
    listed = await here.store.queue(QueueFilter(view="all", intent="churn"), here.wall())
    assert [one.message.ref for one in listed] == ["ask"]


async def test_a_human_must_give_the_link_they_saw(town):
    here = await town()
    reply = await here.approve()
    for url in ("", "javascript:alert(1)", "m.example/1"):
        with pytest.raises(Refused, match="link"):
            await settle_by_hand(here.desk, here.admin, reply.id, "seen", url)
    with pytest.raises(Refused, match="outcome"):
        await settle_by_hand(here.desk, here.admin, reply.id, "perhaps")


@pytest.mark.parametrize(("scope", "target"), [("login", "msato"), ("source", "al"), ("home", "x")])
async def test_a_brake_for_something_that_is_not_there_is_refused(town, scope, target):
    here = await town()
    with pytest.raises(Refused, match=target):
        await set_brake(here.desk, here.admin, scope, target, on=True)
    assert await here.store.brakes() == []
