"""The outbox under every fault: at most one visible reply, none without approval, none lost.

Driven through the replay connector with scripted faults and a real store; the clock is the test's.
Numbers in brackets are rows of the fault matrix.
"""

from datetime import timedelta

import pytest

from bot.outbox import attempt, judge, look_up, outgoing, send_next, wait_until
from bot.review import settle_by_hand, undo
from connectors.contract import AuthFailed, RateLimited, Rejected, Unavailable, UnexpectedAnswer
from connectors.model import Posted
from storage.store import Conflict

SETTLE, GAP = 120, 60


def fault(name, *attempts, **more):
    return {"fault": name, "attempts": list(attempts or (1,)), **more}


async def until_found(town):
    """Let the reconciler look until nothing is uncertain: past the settle window and two looks."""
    for seconds in (0, SETTLE + 1, GAP + 1):
        town.wall.go(seconds=seconds)
        await town.look()


async def assert_sent_once(town, reply, text="It left today."):
    now = await town.reply(reply)
    assert now.state == "sent", (now.state, now.reason)
    assert [row["text"] for row in town.ledger()] == [text]
    assert now.posted_ref == town.ledger()[0]["ref"]
    assert (await town.message()).state == "done"
    assert await town.audit_is_whole()


async def test_an_approved_reply_is_posted_once_and_stored_as_ours(town):
    here = await town()
    reply = await here.approve()
    assert (await here.send()).state == "sent"
    assert await here.send() is None
    await assert_sent_once(here, reply)
    thread = await here.store.thread((await here.message()).id)
    assert [(one.direction, one.text) for one in thread] == [
        ("in", "@tern where is my order?"),
        ("out", "It left today."),
    ]


async def test_hearing_our_own_reply_adds_nothing(town):
    here = await town()
    await here.approve()
    await here.send()
    here.wall.go(seconds=5)
    assert (await here.hear()).added == 0
    assert len(await here.store.thread((await here.message()).id)) == 2


async def test_nothing_leaves_before_the_undo_window_is_over(town):
    here = await town(policy={"undo_seconds": 10})
    reply = await here.approve()
    here.wall.go(seconds=-1)
    assert await here.send() is None
    await undo(here.desk, here.admin, reply.id)
    here.wall.go(hours=1)
    assert await here.send() is None
    assert here.ledger() == []
    assert (await here.message()).state == "waiting"


async def test_undo_after_it_left_is_refused(town):
    here = await town()
    reply = await here.approve()
    await here.send()
    with pytest.raises(Conflict):
        await undo(here.desk, here.admin, reply.id)


# --- the process dies between any two lines --------------------------------------------------


async def test_killed_before_the_claim_it_is_sent_after_the_restart(town):  # [1]
    here = await town()
    reply = await here.approve()
    await here.restart()
    assert (await here.reply(reply)).state == "approved"
    await here.send()
    await assert_sent_once(here, reply)


async def claimed(town):
    now = town.wall()
    reply = await town.store.claim_reply("masto", town.owner, now, now + timedelta(seconds=60))
    assert reply is not None
    return reply


async def test_killed_after_the_claim_it_is_looked_up_twice_and_sent_once(town):  # [2]
    here = await town()
    reply = await here.approve()
    await claimed(here)
    await here.restart()
    assert (await here.reply(reply)).state == "unknown"
    assert await here.send() is None
    await until_found(here)
    assert (await here.reply(reply)).state == "approved"
    await here.send()
    await assert_sent_once(here, reply)
    assert (await here.reply(reply)).attempts == 2


async def test_killed_during_the_request_what_the_platform_does_later_is_found(town):  # [3]
    here = await town(faults={"visibility_lag_s": 20, "in_flight_s": 60, "rules": []})
    reply = await here.approve()
    await here.connector.post(outgoing(await claimed(here)))  # the answer never reaches us
    await here.restart()
    assert await here.look() == [None]
    here.wall.go(seconds=SETTLE + 1)
    await here.look()
    await assert_sent_once(here, reply)


async def test_killed_after_the_answer_it_is_found_and_not_sent_again(town):  # [4] [40]
    here = await town()
    reply = await here.approve()
    await here.connector.post(outgoing(await claimed(here)))
    await here.restart()
    here.wall.go(seconds=1)
    await here.look()
    await assert_sent_once(here, reply)


async def test_killed_between_looking_and_writing_it_looks_again(town):  # [5]
    here = await town()
    reply = await here.approve()
    await here.connector.post(outgoing(await claimed(here)))
    await here.restart()
    here.wall.go(seconds=1)
    outcome = await look_up(here.connector, await here.reply(reply), here.desk)
    assert outcome.state == "sent"
    await here.restart()
    assert (await here.reply(reply)).state == "unknown"
    await here.look()
    await assert_sent_once(here, reply)


async def test_one_absence_is_counted_over_a_restart(town):  # [5]
    here = await town()
    reply = await here.approve()
    await claimed(here)
    await here.restart()
    here.wall.go(seconds=SETTLE + 1)
    await here.look()
    assert (await here.reply(reply)).lookups == 1
    await here.restart()
    here.wall.go(seconds=GAP + 1)
    await here.look()
    assert (await here.reply(reply)).state == "approved"


async def test_a_lease_that_ended_makes_it_unknown_and_a_late_result_is_refused(town):  # [8] [9]
    here = await town()
    reply = await here.approve()
    zombie = await claimed(here)
    posted = await here.connector.post(outgoing(zombie))
    here.wall.go(seconds=61)
    assert await here.store.lose_leases(here.wall()) == 1
    assert (
        await here.store.move_reply(zombie, "sent", here.wall(), actor="z", posted=posted) is None
    )
    await here.look()
    await assert_sent_once(here, reply)


async def test_a_lease_that_holds_is_left_alone(town):
    here = await town()
    reply = await here.approve()
    await claimed(here)
    here.wall.go(seconds=59)
    await here.look()
    assert (await here.reply(reply)).state == "sending"


# --- what a platform answers -----------------------------------------------------------------


async def test_refused_before_a_byte_was_sent_it_is_tried_again_later(town):  # [10]
    here = await town(faults=[fault("refused")])
    reply = await here.approve()
    moved = await here.send()
    assert (moved.state, moved.not_before) == ("approved", here.wall() + timedelta(seconds=4))
    assert await here.send() is None
    here.wall.go(seconds=5)
    await here.send()
    await assert_sent_once(here, reply)


UNCERTAIN_WITH_EFFECT = ["error_after", "timeout_after", "cut", "garbled"]
UNCERTAIN_WITHOUT = ["error_before", "timeout_before"]


@pytest.mark.parametrize("name", UNCERTAIN_WITH_EFFECT)
async def test_what_is_uncertain_and_took_effect_is_found(town, name):  # [12] [13] [14] [21]
    here = await town(faults=[fault(name)])
    reply = await here.approve()
    assert (await here.send()).state == "unknown"
    assert await here.send() is None
    here.wall.go(seconds=1)
    await here.look()
    await assert_sent_once(here, reply)


@pytest.mark.parametrize("name", UNCERTAIN_WITHOUT)
async def test_what_is_uncertain_and_took_no_effect_is_sent_again_after_two_looks(town, name):
    here = await town(faults=[fault(name)])
    reply = await here.approve()
    assert (await here.send()).state == "unknown"
    await until_found(here)
    await here.send()
    await assert_sent_once(here, reply)


async def test_an_answer_that_does_not_come_in_time_is_unknown(town):  # [12]
    slow = {"fault": "slow", "attempts": [1], "wait_s": 5}
    here = await town(faults=[slow], policy={"post_timeout_seconds": 0.02, "settle_seconds": 120})
    reply = await here.approve()
    moved = await here.send()
    assert (moved.state, moved.reason) == ("unknown", "no answer within 0.02 s")
    here.wall.go(seconds=1)
    await here.look()
    await assert_sent_once(here, reply)


async def test_a_rate_limit_is_waited_out_as_told(town):  # [15]
    here = await town(faults=[fault("rate_limited", until_s=90)])
    reply = await here.approve()
    moved = await here.send()
    assert (moved.state, moved.not_before) == ("approved", here.wall() + timedelta(seconds=90))
    here.wall.go(seconds=89)
    assert await here.send() is None
    here.wall.go(seconds=1)
    await here.send()
    await assert_sent_once(here, reply)


@pytest.mark.parametrize(
    ("until_s", "waited"), [(None, 15 * 2), (-5, 15 * 2), (90, 90), (7 * 86_400, 3600)]
)
def test_a_rate_limit_without_sense_is_waited_out_by_ourselves(wall, until_s, waited):  # [16]
    until = None if until_s is None else wall() + timedelta(seconds=until_s)
    assert wait_until(until, wall(), 1) == wall() + timedelta(seconds=waited)


def test_waiting_for_a_rate_limit_never_takes_longer_than_an_hour(wall):  # [16]
    assert wait_until(None, wall(), 50) == wall() + timedelta(hours=1)


async def test_a_revoked_login_stops_and_its_reply_stays_approved(town):  # [17]
    here = await town(faults=[fault("auth_failed")])
    reply = await here.approve()
    with pytest.raises(AuthFailed):
        await here.send()
    now = await here.reply(reply)
    assert (now.state, now.reason) == (
        "approved",
        "login refused: replay: the token was revoked",
    )
    here.wall.go(minutes=1)
    await here.send()
    await assert_sent_once(here, reply)


async def test_a_definite_no_fails_with_its_reason_and_the_message_waits_again(town):  # [19]
    here = await town(faults=[fault("rejected")])
    reply = await here.approve()
    moved = await here.send()
    assert (moved.state, moved.reason) == ("failed", "replay: the platform refused this reply")
    assert await here.send() is None
    message = await here.message()
    assert message.state == "waiting"
    assert "refused this reply" in message.reason
    again = await here.approve(text="Once more.")
    assert (again.state, again.key == reply.key) == ("approved", False)
    assert (await here.reply(reply)).state == "failed"


async def test_a_parent_deleted_at_the_last_moment_withdraws_the_reply(town, rows):  # [20]
    gone = {"type": "delete", "ref": "ask", "at": "+60s"}
    here = await town(rows[0], gone)
    reply = await here.approve()
    here.wall.go(seconds=60)
    assert await here.send() is None
    moved = await here.reply(reply)
    assert (moved.state, moved.reason) == ("withdrawn", "deleted upstream")
    assert here.ledger() == []


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (RateLimited("429"), "approved"),
        (AuthFailed("401"), "approved"),
        (Rejected("no"), "failed"),
        (Rejected("said before", code="duplicate"), "unknown"),  # [18]
        (Unavailable("dns", was_sent=False), "approved"),
        (Unavailable("502"), "unknown"),
        (UnexpectedAnswer("?"), "unknown"),
        (UnexpectedAnswer("?", was_sent=False), "approved"),
        (OSError("reset"), "unknown"),
        (KeyError("a bug of a connector"), "unknown"),
    ],
)
def test_only_what_is_certain_is_called_certain(wall, error, state):
    assert judge(error, wall(), 1).state == state


# --- looking up ------------------------------------------------------------------------------


async def test_absence_counts_only_after_the_settle_window(town):  # [23]
    here = await town(faults=[fault("error_before")])
    reply = await here.approve()
    await here.send()
    for _ in range(5):
        here.wall.go(seconds=SETTLE / 5 - 0.1)
        await here.look()
    now = await here.reply(reply)
    assert (now.state, now.lookups) == ("unknown", 0)


async def test_two_absences_lie_apart(town):  # [23]
    here = await town(faults=[fault("error_before")])
    reply = await here.approve()
    await here.send()
    here.wall.go(seconds=SETTLE + 1)
    await here.look()
    here.wall.go(seconds=GAP - 1)
    await here.look()
    now = await here.reply(reply)
    assert (now.state, now.lookups) == ("unknown", 1)
    here.wall.go(seconds=1)
    await here.look()
    assert (await here.reply(reply)).state == "approved"


async def test_a_post_that_is_seen_late_is_found_before_it_would_be_repeated(town):  # [3] [23]
    lag = {"visibility_lag_s": SETTLE + GAP / 2, "rules": [fault("error_after")]}
    here = await town(faults=lag)
    reply = await here.approve()
    await here.send()
    here.wall.go(seconds=SETTLE + 1)
    await here.look()
    assert (await here.reply(reply)).lookups == 1
    here.wall.go(seconds=GAP)
    await here.look()
    await assert_sent_once(here, reply)


async def test_a_look_that_began_before_the_settle_window_ended_does_not_count(town):
    """A slow read-back shows the world as it was when it was asked for."""
    here = await town(faults=[fault("error_before")])
    reply = await here.approve()
    await here.send()
    here.wall.go(seconds=SETTLE - 1)

    class Slow:
        async def find_reply(self, wanted):
            found = await here.connector.find_reply(wanted)
            here.wall.go(seconds=3)
            return found

    assert await look_up(Slow(), await here.reply(reply), here.desk) is None
    assert (await here.reply(reply)).lookups == 0


async def test_a_look_that_fails_leaves_it_unknown_and_is_repeated(town):  # [24]
    look = {"fault": "error_before", "operation": "find_reply", "attempts": [1, 2]}
    here = await town(faults=[fault("cut"), look])
    reply = await here.approve()
    await here.send()
    here.wall.go(seconds=SETTLE + 1)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await here.look()
        assert (await here.reply(reply)).state == "unknown"
        here.wall.go(seconds=GAP + 1)
    await here.look()
    await assert_sent_once(here, reply)


async def test_after_three_attempts_a_human_has_to_look(town):
    here = await town(faults=[fault("error_before", 1, 2, 3)])
    reply = await here.approve()
    for _ in range(3):
        assert (await here.send()).state == "unknown"
        await until_found(here)
    now = await here.reply(reply)
    assert (now.state, now.reason) == ("needs_human", "not visible after 3 attempts")
    here.wall.go(days=1)
    assert await here.send() is None
    assert here.ledger() == []
    assert len(here.ledger("attempt")) == 3


@pytest.fixture
def stuck(town):
    """A town with a reply that a human has to settle."""

    async def make():
        here = await town(faults=[fault("error_before", 1, 2, 3)])
        reply = await here.approve()
        for _ in range(3):
            await here.send()
            await until_found(here)
        return here, reply

    return make


async def test_a_human_who_saw_it_ends_it(stuck):
    here, reply = await stuck()
    moved = await settle_by_hand(here.desk, here.admin, reply.id, "seen", "https://m.example/1")
    assert (moved.state, moved.posted_url) == ("sent", "https://m.example/1")
    assert (await here.message()).state == "done"
    assert await here.audit_is_whole()


async def test_a_human_who_saw_it_absent_lets_it_be_sent_again(stuck):
    here, reply = await stuck()
    await settle_by_hand(here.desk, here.admin, reply.id, "absent")
    await here.send()
    await assert_sent_once(here, reply)


async def test_a_human_may_give_it_up(stuck):
    here, reply = await stuck()
    await settle_by_hand(here.desk, here.admin, reply.id, "withdraw")
    assert await here.send() is None
    assert (await here.reply(reply)).state == "withdrawn"
    assert (await here.message()).state == "waiting"
    with pytest.raises(Exception, match=r"cannot go|moved on"):
        await settle_by_hand(here.desk, here.admin, reply.id, "absent")


# --- other replies, other people ---------------------------------------------------------------


async def test_an_unknown_reply_blocks_only_its_own_conversation(town):
    here = await town(faults=[fault("error_before", messages=["ask"])])
    first = await here.approve("ask")
    await here.send()
    with pytest.raises(Conflict, match="on its way"):
        await here.approve("ask", text="And another.")
    second = await here.approve("ask-too", text="Yes, we do.")
    await here.send()
    assert (await here.reply(first)).state == "unknown"
    assert (await here.reply(second)).state == "sent"


async def test_the_brake_keeps_everything_that_has_not_left(town):  # [32]
    here = await town()
    first, second = await here.approve("ask"), await here.approve("ask-too", text="Yes.")
    await here.send()
    await here.store.set_brake("home", "", here.wall(), on=True, by="Ines")
    assert await here.send() is None
    await here.restart()
    assert await here.send() is None
    await here.store.set_brake("home", "", here.wall(), on=False, by="Ines")
    await here.send()
    assert [(await here.reply(one)).state for one in (first, second)] == ["sent", "sent"]


@pytest.mark.parametrize(("scope", "target"), [("login", "masto"), ("source", "all")])
async def test_the_brake_of_a_login_or_a_source_is_enough(town, scope, target):  # [32]
    here = await town()
    await here.approve()
    await here.store.set_brake(scope, target, here.wall(), on=True, by="Ines")
    assert await here.send() is None
    await here.store.set_brake(scope, target, here.wall(), on=False, by="Ines")
    assert (await here.send()).state == "sent"


async def test_with_the_brake_on_what_is_uncertain_is_still_looked_up(town):
    here = await town(faults=[fault("cut")])
    reply = await here.approve()
    await here.send()
    await here.store.set_brake("home", "", here.wall(), on=True, by="Ines")
    here.wall.go(seconds=1)
    await here.look()
    await assert_sent_once(here, reply)


async def test_an_edit_after_the_approval_holds_the_reply(town, rows):  # [36]
    edit = {"type": "edit", "ref": "ask", "at": "+30s", "text": "@tern found it, thanks!"}
    here = await town(rows[0], edit)
    reply = await here.approve()
    here.wall.go(seconds=60)
    await here.hear()
    assert await here.send() is None
    assert (await here.reply(reply)).state == "held"
    await settle_by_hand(here.desk, here.admin, reply.id, "release")
    await here.send()
    await here.hear_and_tag()
    await assert_sent_once(here, reply)


async def test_a_deletion_after_the_approval_withdraws_the_reply(town, rows):  # [36]
    here = await town(rows[0], {"type": "delete", "ref": "ask", "at": "+30s"})
    reply = await here.approve()
    here.wall.go(seconds=60)
    await here.hear()
    assert await here.send() is None
    assert (await here.reply(reply)).state == "withdrawn"
    assert here.ledger() == []
    assert await here.audit_is_whole()


async def test_a_colleague_who_was_faster_holds_the_reply(town, rows):
    faster = {"type": "message", "ref": "fast", "author": "us", "at": "+30s", "kind": "reply",
              "parent": "ask", "text": "On its way."}  # fmt: skip
    here = await town(rows[0], faster)
    reply = await here.approve()
    here.wall.go(seconds=60)
    await here.hear()
    assert await here.send() is None
    now = await here.reply(reply)
    assert (now.state, "wrote again" in now.reason) == ("held", True)


async def test_a_deletion_while_it_is_uncertain_does_not_stop_the_looking(town, rows):  # [37]
    here = await town(
        rows[0], {"type": "delete", "ref": "ask", "at": "+30s"}, faults=[fault("cut")]
    )
    reply = await here.approve()
    await here.send()
    here.wall.go(seconds=180)  # past the settle window
    await here.hear()
    await here.look()
    assert (await here.reply(reply)).state == "sent"
    assert len(here.ledger()) == 1
    assert await here.audit_is_whole()


async def test_a_person_erased_after_the_approval_gets_no_answer(town):  # [37]
    here = await town()
    reply = await here.approve()
    person = (await here.message()).author.person_id
    await here.store.erase_person(person, "Ines", here.wall())
    assert await here.send() is None
    assert (await here.reply(reply)).state == "withdrawn"
    assert here.ledger() == []
    assert await here.audit_is_whole()


async def test_a_message_heard_twice_is_one_message(town):  # [34] [35]
    here = await town()
    await here.hear_and_tag()
    await here.store.note_source("all", here.wall())
    second = await here.hear()
    assert second.added == 0
    events = [page async for page in here.connector.pages(here.desk.config.source("all"), None)]
    again = await here.store.take_page(here.desk.config.source("all"), events[0], here.wall())
    assert (again.added, again.known) == (0, 2)


async def test_a_clock_that_jumps_neither_loses_nor_doubles(town):  # [47]
    here = await town()
    reply = await here.approve()
    here.wall.go(days=1)
    await here.send()
    await assert_sent_once(here, reply)
    second = await here.approve("ask-too", text="Yes.")
    here.wall.go(hours=-1)
    assert await here.send() is None
    here.wall.go(hours=1)
    await here.send()
    assert (await here.reply(second)).state == "sent"
    assert len(here.ledger()) == 2


async def test_two_senders_at_once_post_once(town):  # [9]
    here = await town()
    reply = await here.approve()
    first = await send_next(here.desk, here.connector, "masto", "one")
    second = await send_next(here.desk, here.connector, "masto", "two")
    assert (first.state, second) == ("sent", None)
    await assert_sent_once(here, reply)


async def test_one_attempt_is_one_call(town):
    here = await town(faults=[fault("error_before")])
    await here.approve()
    outcome = await attempt(here.connector, outgoing(await claimed(here)), 5.0, here.desk, 1)
    assert outcome.state == "unknown"
    assert len(here.ledger("attempt")) == 1


async def test_every_attempt_carries_the_same_key_and_words(town):
    here = await town(faults=[fault("refused", 1, 2)])
    reply = await here.approve(text="Grüße, Ada 👋 – Ines")
    for _ in range(3):
        await here.send()
        here.wall.go(hours=1)
    assert {row["key"] for row in here.ledger("attempt")} == {reply.key}
    assert [row["text"] for row in here.ledger()] == ["Grüße, Ada 👋 – Ines"]
    assert (await here.reply(reply)).state == "sent"


async def test_a_proof_of_another_post_is_kept_as_it_was_given(town):
    here = await town()
    await here.approve()
    reply = await claimed(here)
    moved = await here.store.move_reply(
        reply, "sent", here.wall(), actor="outbox", posted=Posted("other-1", url="https://m/1")
    )
    assert (moved.posted_ref, moved.posted_url) == ("other-1", "https://m/1")
