"""A human's word: approve, decide, recall. Idempotent by request id, or refused with Conflict."""

import uuid
from difflib import SequenceMatcher

from storage.model import Approval, Decision, DecisionKind, Reply
from storage.sqlite import audit, hearing, lives, rows, suggesting
from storage.sqlite.engine import Connection
from storage.sqlite.rows import Row, one, value
from storage.sqlite.times import to_ms
from storage.sqlite.words import clean, clean_line
from storage.states import SuggestionState
from storage.store import Conflict, NotFound

_COMPARED = 4_000  # letters: difflib is quadratic, and a reply is short


def approve(conn: Connection, approval: Approval, now: int) -> Reply:
    """Freeze the text and put it into the outbox."""
    before = _same_request(conn, approval.request_id, approval.message_id)
    if before is not None and before["reply_id"] is not None:
        return reply(conn, before["reply_id"])
    message = _answerable(conn, approval)
    option = _shown_option(conn, approval)
    conversation_id = _conversation(conn, message)
    if lives.is_conversation_busy(conn, conversation_id):
        raise Conflict("another reply of this conversation is on its way")
    reply_id = _insert_reply(conn, approval, message, conversation_id, now)
    _end_review(conn, approval, message)
    _note_approval(conn, approval, reply_id, option, now)
    return reply(conn, reply_id)


def _same_request(conn: Connection, request_id: str, message_id: int) -> Row | None:
    """Return the decision that this request made before, if it did."""
    row: Row | None = one(conn, "SELECT * FROM decisions WHERE request_id = ?", request_id)
    if row is not None and row["message_id"] != message_id:
        raise Conflict("this request id was used for another message")
    return row


def _answerable(conn: Connection, approval: Approval) -> Row:
    message: Row | None = one(conn, "SELECT * FROM messages WHERE id = ?", approval.message_id)
    if message is None:
        raise NotFound(f"there is no message {approval.message_id}")
    if message["state"] == "gone":
        raise Conflict("the message was deleted")
    if message["direction"] != "in":
        raise Conflict("this message is ours")
    if message["login"] is None:
        raise Conflict("this source only listens: nothing can be posted here")
    if not clean(approval.text).strip():
        raise Conflict("there is nothing to send")
    return message


def _shown_option(conn: Connection, approval: Approval) -> Row | None:
    """Return the option that stood on screen, if it still is what is stored."""
    if approval.suggestion_id is None:
        return None
    suggestion = one(
        conn,
        "SELECT * FROM suggestions WHERE id = ? AND message_id = ?",
        approval.suggestion_id,
        approval.message_id,
    )
    if suggestion is None:
        raise NotFound(f"there is no suggestion {approval.suggestion_id} for this message")
    is_shown = approval.suggestion_version in {None, suggestion["version"]}
    if suggestion["state"] != "open" or not is_shown:
        raise Conflict("this suggestion is no longer the present one")
    if approval.option is None:
        return None
    option: Row | None = one(
        conn,
        f"{suggesting.OPTIONS} WHERE o.suggestion_id = ? AND o.number = ?",
        approval.suggestion_id,
        approval.option,
    )
    if option is None or option["hash"] != approval.shown_hash:
        raise Conflict("the text on screen is not the stored one")
    return option


def _conversation(conn: Connection, message: Row) -> int:
    if message["conversation_id"] is not None:
        return int(message["conversation_id"])
    there = hearing.conversation(
        conn, message["thread_id"], message["account_id"], message["login"]
    )
    conn.execute("UPDATE messages SET conversation_id = ? WHERE id = ?", (there, message["id"]))
    return there


def _insert_reply(
    conn: Connection, approval: Approval, message: Row, conversation_id: int, now: int
) -> int:
    text_id = audit.store_text(conn, approval.text, message_id=approval.message_id)
    reply_id = rows.insert(
        conn,
        "replies",
        key=uuid.uuid4().hex,
        state="approved",
        version=1,
        message_id=approval.message_id,
        conversation_id=conversation_id,
        login=message["login"],
        source=message["source"],
        text_id=text_id,
        suggestion_id=approval.suggestion_id,
        approved_by=approval.reviewer_id,
        approved_at=now,
        send_after=to_ms(approval.send_after),
        is_automatic=approval.is_automatic,
        changes_seen=value(conn, "SELECT changes FROM conversations WHERE id = ?", conversation_id),
    )
    actor = "automatic" if approval.is_automatic else audit.reviewer_actor(approval.reviewer_id)
    audit.record(
        conn, now, actor, "approved", ("reply", reply_id), detail=approval.kind, text_id=text_id
    )
    return reply_id


def _end_review(conn: Connection, approval: Approval, message: Row) -> None:
    after: SuggestionState = "expired" if approval.suggestion_id is None else "taken"
    lives.end_suggestion(conn, approval.message_id, after)
    lives.drop_work(conn, approval.message_id, "suggest")
    if message["state"] != "history":
        lives.move_message(conn, approval.message_id, "done", reason="approved")


def _note_approval(
    conn: Connection, approval: Approval, reply_id: int, option: Row | None, now: int
) -> None:
    distance = None if option is None else edit_distance(option["body"], clean(approval.text))
    rows.insert(
        conn,
        "decisions",
        request_id=approval.request_id,
        kind=approval.kind,
        message_id=approval.message_id,
        reviewer_id=approval.reviewer_id,
        at=now,
        seconds=approval.seconds,
        reply_id=reply_id,
        suggestion_id=approval.suggestion_id,
        option_number=approval.option,
        lane_key=approval.lane_key or ("" if option is None else option["lane_key"]),
        edit_distance=distance,
    )


def edit_distance(shown: str, sent: str) -> float:
    """Return 0 for unchanged .. 1 for all new."""
    if shown == sent:
        return 0.0
    matcher = SequenceMatcher(None, shown[:_COMPARED], sent[:_COMPARED], autojunk=False)
    return 1.0 - matcher.ratio()


def decide(
    conn: Connection,
    kind: DecisionKind,
    message_id: int,
    reviewer_id: int,
    now: int,
    *,
    request_id: str,
    reason: str,
    seconds: float | None,
    until: int | None,
) -> Decision:
    before = _same_request(conn, request_id, message_id)
    if before is not None:
        return rows.decision(before)
    if lives.state_of(conn, message_id) == "gone":
        raise Conflict("the message was deleted")
    if lives.has_open_reply(conn, message_id):
        raise Conflict("a reply to this message is on its way: recall it first")
    suggestion_id = _apply(conn, kind, message_id, reason, until)
    decision_id = rows.insert(
        conn,
        "decisions",
        request_id=request_id,
        kind=kind,
        message_id=message_id,
        reviewer_id=reviewer_id,
        at=now,
        reason=clean_line(reason, 2_000),
        seconds=seconds,
        suggestion_id=suggestion_id,
        lane_key=_lane_key(conn, suggestion_id),
    )
    actor = audit.reviewer_actor(reviewer_id)
    audit.record(conn, now, actor, kind, ("message", message_id))
    return rows.decision(one(conn, "SELECT * FROM decisions WHERE id = ?", decision_id))


def _lane_key(conn: Connection, suggestion_id: int | None) -> str:
    row = one(
        conn,
        "SELECT lane_key FROM suggestion_options WHERE suggestion_id = ? ORDER BY number",
        suggestion_id,
    )
    return "" if row is None else str(row["lane_key"])


def _apply(
    conn: Connection, kind: DecisionKind, message_id: int, reason: str, until: int | None
) -> int | None:
    """Move message and suggestion as decided; return the suggestion that was decided on."""
    state = lives.state_of(conn, message_id)
    if kind == "no_reply":
        suggestion_id = lives.end_suggestion(conn, message_id, "expired")
        lives.drop_work(conn, message_id, "suggest")
        if state != "history":
            lives.move_message(conn, message_id, "done", reason=clean_line(reason))
        return suggestion_id
    if state not in {"waiting", "suggested", "snoozed"}:
        raise Conflict("this message does not wait for a decision")
    if kind == "by_hand":
        suggestion_id = lives.end_suggestion(conn, message_id, "expired")
        lives.drop_work(conn, message_id, "suggest")
        said = f"answered by hand: {reason}" if reason else "answered by hand"
        lives.move_message(conn, message_id, "done", reason=clean_line(said, 2_000))
        return suggestion_id
    if kind == "rejected":
        suggestion_id = lives.end_suggestion(conn, message_id, "rejected")
        lives.move_message(conn, message_id, "waiting", reason=clean_line(reason))
        return suggestion_id
    if kind == "snoozed" and until is not None:
        lives.move_message(conn, message_id, "snoozed")
        conn.execute("UPDATE messages SET snoozed_until = ? WHERE id = ?", (until, message_id))
        return None
    raise Conflict(f"{kind} cannot be decided like this")


def wake_snoozed(conn: Connection, now: int) -> int:
    """Bring back what was snoozed until now."""
    found = conn.execute(
        "SELECT m.id, EXISTS (SELECT 1 FROM suggestions s WHERE s.message_id = m.id"
        " AND s.state = 'open' AND s.is_silent = 0) AS is_suggested"
        " FROM messages m WHERE m.state = 'snoozed' AND coalesce(m.snoozed_until, 0) <= ?",
        (now,),
    ).fetchall()
    for row in found:
        lives.move_message(conn, row["id"], "suggested" if row["is_suggested"] else "waiting")
    return len(found)


def recall(conn: Connection, reply_id: int, reviewer_id: int, now: int) -> Reply:
    """Take an approval back before it left; the message waits again, with its suggestion."""
    present = reply(conn, reply_id)
    if present.state == "recalled":
        return present
    if present.state != "approved":
        raise Conflict(f"too late: the reply is {present.state}")
    actor = audit.reviewer_actor(reviewer_id)
    conn.execute(
        "UPDATE replies SET state = 'recalled', version = version + 1, ended_at = ? WHERE id = ?",
        (now, reply_id),
    )
    audit.record(conn, now, actor, "recalled", ("reply", reply_id))
    wait_again(conn, present, now, reason="taken back")
    rows.insert(
        conn,
        "decisions",
        kind="recalled",
        message_id=present.message_id,
        reviewer_id=reviewer_id,
        at=now,
        reply_id=reply_id,
        suggestion_id=present.suggestion_id,
    )
    return reply(conn, reply_id)


def wait_again(conn: Connection, ended: Reply, now: int, *, reason: str) -> None:
    """Let the message of a reply that came to nothing wait again, so that it is not forgotten."""
    row = one(
        conn, "SELECT state, is_history, answer_id FROM messages WHERE id = ?", ended.message_id
    )
    if row["state"] != "done" or row["is_history"] or row["answer_id"] is not None:
        return
    lives.move_message(conn, ended.message_id, "waiting", reason=clean_line(reason))
    if not suggesting.reopen(conn, ended.suggestion_id, ended.message_id, now):
        lives.enqueue(conn, "suggest", ended.message_id, now)


def reply(conn: Connection, reply_id: int) -> Reply:
    found = rows.replies(conn, "WHERE r.id = ?", reply_id)
    if not found:
        raise NotFound(f"there is no reply {reply_id}")
    return found[0]


def decisions(conn: Connection, since: int, until: int) -> list[Decision]:
    found = conn.execute(
        "SELECT * FROM decisions WHERE at >= ? AND at < ? ORDER BY id", (since, until)
    ).fetchall()
    return [rows.decision(row) for row in found]
