"""Posting once: every edge is a compare-and-set with its audit entry."""

from datetime import timedelta

import pytest

from connectors.model import Posted, Seen
from storage.states import ALL_REPLY_STATES, REPLY_EDGES
from storage.store import IllegalEdge

PATHS = {
    # How to bring a fresh reply into each state, by legal edges only.
    "approved": (),
    "held": ("held",),
    "sending": ("sending",),
    "unknown": ("sending", "unknown"),
    "needs_human": ("sending", "unknown", "needs_human"),
    "sent": ("sending", "sent"),
    "failed": ("sending", "failed"),
    "withdrawing": ("sending", "sent", "withdrawing"),
    "withdrawn": ("withdrawn",),
    "recalled": ("recalled",),
}


async def walk(desk, *states):
    reply = await desk.approved()
    for state in states:
        reply = await desk.claim_reply() if state == "sending" else await desk.move(reply, state)
    return reply


@pytest.mark.parametrize("before", ALL_REPLY_STATES)
async def test_every_legal_edge_is_taken_and_every_other_refused(desk, store, before):
    for after in ALL_REPLY_STATES:
        reply = await walk(desk, *PATHS[before])
        assert reply.state == before
        if after in REPLY_EDGES[before] and after != "sending":
            moved = await desk.move(reply, after)
            assert (moved.state, moved.version) == (after, reply.version + 1)
        else:
            with pytest.raises(IllegalEdge):
                await desk.move(reply, after)
            assert await store.reply(reply.id) == reply
        for each in await store.replies("approved", "held", "sending", "unknown", "needs_human"):
            await _clear(desk, each)
    assert await store.verify_audit() is None


async def _clear(desk, reply):
    for state in {"approved": ["withdrawn"], "held": ["withdrawn"], "sending": ["failed"],
                  "unknown": ["sent"], "needs_human": ["withdrawn"]}[reply.state]:  # fmt: skip
        await desk.move(reply, state)


async def test_only_a_claim_opens_sending(desk):
    with pytest.raises(IllegalEdge):
        await desk.move(await desk.approved(), "sending")


async def test_nothing_is_sent_without_proof(desk, store):
    reply = await desk.sending()
    with pytest.raises(IllegalEdge, match="proof"):
        await store.move_reply(reply, "sent", desk.now, actor="outbox")


async def test_a_claim_is_durable_and_carries_a_token(desk, store):
    approved = await desk.approved()
    claimed = await desk.claim_reply()
    assert (claimed.id, claimed.state, claimed.attempts) == (approved.id, "sending", 1)
    assert claimed.token > approved.token
    assert claimed.sending_at == desk.now
    assert await store.reply(claimed.id) == claimed
    assert await desk.claim_reply() is None


async def test_a_reply_waits_for_its_undo_window_and_for_its_turn(desk, store, clock):
    suggestion = await desk.suggested()
    later = clock.now + timedelta(seconds=30)
    await store.approve(desk.approval(suggestion, send_after=later), clock.now)
    assert await desk.claim_reply() is None
    clock.on(seconds=30)
    reply = await desk.claim_reply()
    back = await desk.move(reply, "approved", not_before=clock.now + timedelta(minutes=5))
    assert back.not_before == clock.now + timedelta(minutes=5)
    assert await desk.claim_reply() is None
    clock.on(minutes=5)
    assert (await desk.claim_reply()).attempts == 2


async def test_a_claim_takes_only_replies_of_its_login(desk):
    await desk.approved()
    assert await desk.claim_reply("another") is None


async def test_the_oldest_approval_leaves_first(desk, clock):
    first = await desk.approved()
    clock.on(seconds=1)
    second = await desk.approved(by="bob")
    assert [(await desk.claim_reply()).id, (await desk.claim_reply()).id] == [first.id, second.id]


async def test_a_late_result_is_refused(desk, clock):
    zombie = await desk.sending()
    clock.on(seconds=61)
    await desk.store.lose_leases(clock.now)
    assert await desk.move(zombie, "sent") is None
    unknown = await desk.store.reply(zombie.id)
    assert (unknown.state, unknown.unknown_since) == ("unknown", clock.now)
    assert unknown.reason == "its sender vanished"


async def test_of_two_results_only_one_counts(desk):
    reply = await desk.sending()
    assert (await desk.move(reply, "sent")).state == "sent"
    assert await desk.move(reply, "unknown") is None
    assert await desk.move(reply, "failed") is None


async def test_leases_are_lost_by_time_or_all_at_start(desk, store, clock):
    await desk.sending()
    assert await store.lose_leases(clock.now) == 0
    assert await store.lose_leases(clock.now, all_owners=True) == 1
    assert [reply.state for reply in await store.replies("unknown")] == ["unknown"]


async def test_sent_stores_our_message_and_ends_the_question(desk, store):
    reply = await desk.sending()
    posted = Posted("p1", "https://m.example/p1", server_ref="9", created_at=desk.now,
                    text="It is on its way, as shown.")  # fmt: skip
    sent = await store.move_reply(reply, "sent", desk.now, actor="outbox", posted=posted)
    assert (sent.posted_ref, sent.posted_url) == ("p1", "https://m.example/p1")
    ours = await store.find_message("mastodon", "p1")
    assert (ours.direction, ours.state, ours.text) == ("out", "done", posted.text)
    assert (ours.parent_id, ours.conversation_id) == (reply.message_id, reply.conversation_id)
    assert ours.author.is_ours
    assert (await store.message(reply.message_id)).state == "done"
    assert [work.message_id for work in await desk.claim("embed")] == [reply.message_id]


async def test_listening_to_our_own_post_changes_nothing(desk, store):
    reply = await desk.sent()
    heard = await desk.take(
        *[Seen(
            desk.said("It is on its way.", reply.posted_ref, by=desk.ours,
                      parent_ref=reply.parent.ref, root_ref=reply.parent.root_ref, kind="reply"))]
    )  # fmt: skip
    assert heard.known == 1
    assert len(await store.thread(reply.message_id)) == 2


async def test_listening_may_hear_our_post_before_the_result_is_recorded(desk, store):
    reply = await desk.sending()
    early = await desk.hear(
        "It is on its way.", ref=f"post-{reply.id}", by=desk.ours, kind="reply",
        parent_ref=reply.parent.ref, root_ref=reply.parent.root_ref,
    )  # fmt: skip
    await desk.move(reply, "sent")
    assert [message.id for message in await store.thread(reply.message_id)][1:] == [early]
    assert (await store.person(1)).out_count == 1


async def test_the_last_look_holds_when_we_wrote_meanwhile(desk, store):
    reply = await desk.approved(ref="q")
    await desk.hear("a colleague", by=desk.ours, parent_ref="q", root_ref="q", kind="reply")
    assert await desk.claim_reply() is None
    held = await store.reply(reply.id)
    assert (held.state, held.reason) == ("held", "we wrote again in this conversation")


async def test_the_last_look_holds_when_another_of_their_messages_changed(desk, store, clock):
    await desk.hear("the beginning", ref="root")
    reply = await desk.approved(root_ref="root", kind="reply")
    await desk.edit("another beginning", "root", edited_at=clock.on(seconds=1))
    assert await desk.claim_reply() is None
    assert (await store.reply(reply.id)).reason == "they edited a message"


async def test_a_human_who_looked_again_may_let_it_go(desk, store):
    reply = await desk.approved(ref="q")
    await desk.hear("a colleague", by=desk.ours, parent_ref="q", root_ref="q", kind="reply")
    await desk.claim_reply()
    await desk.move(await store.reply(reply.id), "approved")
    assert (await desk.claim_reply()).id == reply.id


async def test_a_retry_is_held_when_listening_heard_the_post_after_all(desk, store):
    reply = await desk.sending()
    unknown = await desk.move(reply, "unknown")
    await desk.hear(
        "It is on its way.", by=desk.ours, kind="reply",
        parent_ref=reply.parent.ref, root_ref=reply.parent.root_ref,
    )  # fmt: skip
    await desk.move(unknown, "approved")
    assert await desk.claim_reply() is None
    assert (await store.reply(reply.id)).state == "held"


async def test_a_held_reply_does_not_stand_in_the_way_of_others(desk):
    await desk.approved(ref="q")
    other = await desk.approved(by="bob")
    await desk.hear("a colleague", by=desk.ours, parent_ref="q", root_ref="q", kind="reply")
    assert (await desk.claim_reply()).id == other.id


async def test_an_unknown_reply_blocks_only_its_own_conversation(desk):
    stuck = await desk.move(await desk.sending(ref="root"), "unknown")
    other = await desk.approved(by="bob", root_ref="root", kind="reply")
    assert stuck.conversation_id != other.conversation_id
    assert (await desk.claim_reply()).id == other.id


@pytest.mark.parametrize(
    ("scope", "target"), [("home", ""), ("login", "masto"), ("source", "masto-mentions")]
)
async def test_the_brake_stops_what_has_not_left(desk, store, scope, target):
    on_its_way = await desk.sending()
    waiting = await desk.approved(by="bob")
    await store.set_brake(scope, target, desk.now, on=True, by="ann", reason="storm")
    assert await desk.claim_reply() is None
    [brake] = await store.brakes()
    assert (brake.scope, brake.target, brake.by, brake.reason) == (scope, target, "ann", "storm")
    assert (await desk.move(on_its_way, "sent")).state == "sent"
    await store.set_brake(scope, target, desk.now, on=False, by="ann")
    assert await store.brakes() == []
    assert (await desk.claim_reply()).id == waiting.id


async def test_a_brake_on_another_login_or_source_stops_nothing_here(desk, store):
    reply = await desk.approved()
    await store.set_brake("login", "other", desk.now, on=True, by="ann")
    await store.set_brake("source", "other", desk.now, on=True, by="ann")
    assert (await desk.claim_reply()).id == reply.id


async def test_look_ups_are_counted(desk, clock):
    unknown = await desk.move(await desk.sending(), "unknown")
    once = await desk.store.note_lookup(unknown, clock.on(minutes=2))
    assert (once.lookups, once.looked_up_at) == (1, clock.now)
    assert await desk.store.note_lookup(unknown, clock.now) is None
    again = await desk.move(once, "approved", lookups=2)
    assert again.lookups == 2
    fresh = await desk.claim_reply()
    assert (fresh.lookups, fresh.unknown_since, fresh.attempts) == (0, None, 2)


async def test_a_failed_reply_brings_its_message_back(desk, store):
    failed = await desk.move(await desk.sending(), "failed", reason="403 blocked")
    entry = await store.entry(failed.message_id)
    assert entry.message.state == "suggested"
    assert entry.message.reason == "the reply failed: 403 blocked"
    assert await desk.queued_ids("held") == [failed.message_id]
    await store.approve(desk.approval(entry.suggestion), desk.now)
    assert await desk.queued_ids("held") == []


async def test_a_withdrawn_reply_brings_its_message_back(desk, store):
    withdrawn = await desk.move(await desk.approved(), "withdrawn")
    assert await desk.queued_ids() == [withdrawn.message_id]
    assert await store.work_left() == {"tag": 0, "suggest": 0, "embed": 0, "dead": 0}


async def test_taking_a_post_back_opens_the_question_again(desk, store, vector):
    question = await desk.learned("where is it", "here", vector(1, 1))
    reply = (await store.replies("sent"))[0]
    await desk.move(await desk.move(reply, "withdrawing"), "withdrawn")
    assert (await store.message(question)).state in {"waiting", "suggested"}
    ours = await store.find_message("mastodon", reply.posted_ref)
    assert (ours.text, ours.state) == ("", "gone")
    assert await store.vectors("answered", "encoder@1") == {}


async def test_a_reply_in_flight_keeps_its_words_until_it_is_settled(desk, store):
    reply = await desk.sending(ref="q")
    await desk.delete("q")
    assert (await store.reply(reply.id)).text == "It is on its way."
    unknown = await desk.move(reply, "unknown")
    assert unknown.text == "It is on its way."
    assert (await desk.move(unknown, "sent")).text == ""
    ours = await store.find_message("mastodon", f"post-{reply.id}")
    assert (ours.state, ours.text) == ("gone", "")


async def test_every_edge_leaves_its_mark_in_the_audit(desk, store):
    reply = await desk.sent()
    entries = [entry for entry in await store.audit() if entry.kind == "reply"]
    assert [entry.act for entry in entries] == ["sent", "sending", "approved"]
    assert {entry.ref_id for entry in entries} == {reply.id}
    assert "It is on its way" not in repr(await store.audit())
