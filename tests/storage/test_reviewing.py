"""A human's word: idempotent, or refused with Conflict."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage import text_hash
from storage.model import Approval
from storage.store import Conflict, NotFound


async def test_an_approval_freezes_the_text_and_puts_it_into_the_outbox(desk, store):
    suggestion = await desk.suggested()
    reply = await store.approve(desk.approval(suggestion), desk.now)
    message = await store.message(suggestion.message_id)
    assert (reply.state, reply.text, reply.version) == ("approved", "It is on its way.", 1)
    assert reply.text_hash == text_hash(reply.text) == suggestion.options[0].hash
    assert (reply.login, reply.source, reply.approved_by) == ("masto", "masto-mentions", 1)
    assert (reply.parent.ref, reply.parent.author_handle) == (message.ref, "ann")
    assert reply.conversation_id == message.conversation_id
    assert message.state == "done"
    assert (await store.suggestion_for(message.id)).state == "taken"
    assert await desk.queued_ids("sending") == [message.id]


async def test_the_same_request_gives_the_same_reply(desk, store):
    suggestion = await desk.suggested()
    approval = desk.approval(suggestion, request_id="click")
    first = await store.approve(approval, desk.now)
    assert await store.approve(approval, desk.now) == first
    assert len(await store.replies("approved")) == 1
    assert len(await store.decisions(desk.now, desk.now + timedelta(seconds=1))) == 1


async def test_a_request_id_of_another_message_is_refused(desk, store):
    one, two = await desk.suggested("one"), await desk.suggested("two", by="bob")
    await store.approve(desk.approval(one, request_id="click"), desk.now)
    with pytest.raises(Conflict):
        await store.approve(desk.approval(two, request_id="click"), desk.now)


async def test_of_two_reviewers_one_wins(desk, store):
    suggestion = await desk.suggested()
    await store.approve(desk.approval(suggestion), desk.now)
    with pytest.raises(Conflict):
        await store.approve(desk.approval(suggestion), desk.now)
    assert len(await store.replies("approved")) == 1


async def test_a_text_that_was_not_on_screen_is_refused(desk, store):
    suggestion = await desk.suggested()
    with pytest.raises(Conflict, match="screen"):
        await store.approve(desk.approval(suggestion, shown_hash="0" * 64), desk.now)
    with pytest.raises(Conflict, match="screen"):
        await store.approve(desk.approval(suggestion, option=2), desk.now)
    assert (await store.suggestion_for(suggestion.message_id)).state == "open"


async def test_a_superseded_suggestion_is_refused(desk, store, clock):
    old = await desk.suggested(ref="q")
    await desk.edit("changed", "q", edited_at=clock.on(seconds=1))
    with pytest.raises(Conflict):
        await store.approve(desk.approval(old), desk.now)
    await desk.tag()
    new = (await desk.suggest("better"))[0]
    with pytest.raises(Conflict):
        await store.approve(desk.approval(new, suggestion_version=old.version), desk.now)
    assert (await store.approve(desk.approval(new), desk.now)).text == "better"


async def test_a_deleted_message_cannot_be_answered(desk, store):
    suggestion = await desk.suggested(ref="q")
    await desk.delete("q")
    with pytest.raises(Conflict, match="deleted"):
        await store.approve(desk.approval(suggestion), desk.now)


async def test_nothing_and_nobody_cannot_be_answered(desk, store):
    suggestion = await desk.suggested()
    with pytest.raises(Conflict):
        await store.approve(desk.approval(suggestion, " \n"), desk.now)
    with pytest.raises(NotFound):
        await store.approve(replace(desk.approval(suggestion), message_id=99), desk.now)
    with pytest.raises(NotFound):
        await store.approve(desk.approval(suggestion, suggestion_id=99), desk.now)


async def test_one_open_reply_per_conversation(desk, store):
    await desk.approved(ref="root")
    more = await desk.suggested("and?", root_ref="root", kind="reply")
    with pytest.raises(Conflict, match="on its way"):
        await store.approve(desk.approval(more), desk.now)
    other_thread = await desk.suggested("elsewhere")
    assert (await store.approve(desk.approval(other_thread), desk.now)).state == "approved"


async def test_own_words_need_no_suggestion(desk, store):
    suggestion = await desk.suggested()
    approval = Approval(
        request_id="own",
        message_id=suggestion.message_id,
        reviewer_id=7,
        text="my own words",
        send_after=desk.now,
        kind="own_words",
    )
    reply = await store.approve(approval, desk.now)
    assert (reply.text, reply.suggestion_id, reply.approved_by) == ("my own words", None, 7)
    [decision] = await store.decisions(desk.now, desk.now + timedelta(seconds=1))
    assert (decision.kind, decision.edit_distance) == ("own_words", None)


async def test_a_decision_says_how_much_was_changed(desk, store):
    same = await desk.suggested("one")
    await store.approve(desk.approval(same, seconds=4.5), desk.now)
    changed = await desk.suggested("two", by="bob")
    await store.approve(desk.approval(changed, "It is not on its way."), desk.now)
    decisions = await store.decisions(desk.now, desk.now + timedelta(seconds=1))
    assert [decision.kind for decision in decisions] == ["approved", "edited"]
    assert decisions[0].edit_distance == 0.0
    assert 0.0 < decisions[1].edit_distance < 0.3
    assert (decisions[0].seconds, decisions[0].lane_key, decisions[0].option) == (4.5, "late@1", 1)
    assert await store.decisions(desk.now + timedelta(seconds=1), desk.now) == []


async def test_a_rejected_suggestion_leaves_the_message_waiting(desk, store):
    suggestion = await desk.suggested()
    message_id = suggestion.message_id
    decision = await store.decide(
        "rejected", message_id, 1, desk.now, request_id="r", reason="wrong tone"
    )
    assert (decision.kind, decision.reason) == ("rejected", "wrong tone")
    assert (decision.suggestion_id, decision.lane_key) == (suggestion.id, "late@1")
    entry = await store.entry(message_id)
    assert (entry.message.state, entry.suggestion) == ("waiting", None)
    assert await desk.queued_ids("silent") == [message_id]


async def test_no_reply_needed_ends_a_message(desk, store):
    suggestion = await desk.suggested()
    await store.decide("no_reply", suggestion.message_id, 1, desk.now, request_id="r")
    assert (await store.message(suggestion.message_id)).state == "done"
    assert await desk.queued_ids() == []
    with pytest.raises(Conflict):
        await store.approve(desk.approval(suggestion), desk.now)


async def test_the_same_decision_twice_is_one(desk, store):
    suggestion = await desk.suggested()
    decisions = [
        await store.decide("rejected", suggestion.message_id, 1, desk.now, request_id="r")
        for _ in range(2)
    ]
    assert decisions[0] == decisions[1]


async def test_what_is_snoozed_comes_back_with_its_suggestion(desk, store, clock):
    suggestion = await desk.suggested()
    until = clock.now + timedelta(hours=1)
    await store.decide("snoozed", suggestion.message_id, 1, clock.now, request_id="r", until=until)
    assert await desk.queued_ids("snoozed") == [suggestion.message_id]
    assert (await store.message(suggestion.message_id)).snoozed_until == until
    assert await store.wake_snoozed(clock.now) == 0
    clock.on(hours=1)
    assert await store.wake_snoozed(clock.now) == 1
    assert await desk.queued_ids() == [suggestion.message_id]
    assert (await store.message(suggestion.message_id)).snoozed_until is None
    await store.approve(desk.approval(suggestion), clock.now)


async def test_what_waits_for_nothing_cannot_be_rejected_or_snoozed(desk, store):
    message_id = await desk.hear()
    await desk.tag(state="done")
    for kind in ("rejected", "snoozed", "approved", "recalled"):
        with pytest.raises(Conflict):
            await store.decide(kind, message_id, 1, desk.now, request_id=kind, until=desk.now)
    reply = await desk.approved(by="bob")
    with pytest.raises(Conflict, match="recall"):
        await store.decide("no_reply", reply.message_id, 1, desk.now, request_id="x")
    with pytest.raises(NotFound):
        await store.decide("no_reply", 99, 1, desk.now, request_id="y")


async def test_undo_brings_the_suggestion_back(desk, store):
    reply = await desk.approved()
    recalled = await store.recall(reply.id, 1, desk.now)
    assert recalled.state == "recalled"
    entry = await store.entry(reply.message_id)
    assert entry.message.state == "suggested"
    assert (entry.suggestion.state, entry.suggestion.version) == ("open", 2)
    assert entry.suggestion.options[0].text == "It is on its way."
    again = await store.approve(desk.approval(entry.suggestion), desk.now)
    assert again.id != reply.id
    assert (await store.recall(reply.id, 1, desk.now)).state == "recalled"


async def test_undo_is_too_late_once_it_is_leaving(desk, store):
    reply = await desk.sending()
    with pytest.raises(Conflict, match="too late"):
        await store.recall(reply.id, 1, desk.now)
    assert (await store.reply(reply.id)).state == "sending"


async def test_undo_of_own_words_asks_the_drafters_again(desk, store):
    suggestion = await desk.suggested()
    await store.decide("rejected", suggestion.message_id, 1, desk.now, request_id="r")
    approval = Approval("own", suggestion.message_id, 1, "words", desk.now, "own_words")
    reply = await store.approve(approval, desk.now)
    await store.recall(reply.id, 1, desk.now)
    assert (await store.work_left())["suggest"] == 1
    assert (await store.message(reply.message_id)).state == "waiting"
