"""Posting once: every edge of a reply is a compare-and-set with its audit entry.

Nothing here talks to a platform. What a step means for the message that is answered stands at the
end of this module.
"""

from datetime import datetime

from connectors.model import Author, Posted
from storage.model import Reply
from storage.sqlite import audit, brakes, changing, days, lives, people, reviewing, rows, working
from storage.sqlite.engine import Connection
from storage.sqlite.rows import marks, one, value
from storage.sqlite.times import local_day, to_ms, to_ms_or_none
from storage.sqlite.words import MAX_URL, clean, clean_line, clean_ref
from storage.states import BLOCKS_ITS_CONVERSATION, ReplyState, is_legal_reply_edge
from storage.store import IllegalEdge

_ENDS = frozenset({"sent", "failed", "withdrawn", "recalled"})
_BLOCKING = sorted(BLOCKS_ITS_CONVERSATION)


def claim(conn: Connection, login: str, owner: str, now: int, until: int) -> Reply | None:
    """Take the next reply that may leave; one that fails the last look is held instead."""
    while (candidate := _next(conn, login, now)) is not None:
        change = _unseen_change(conn, candidate)
        if not change:
            return _begin_sending(conn, candidate, owner, now, until)
        move(conn, candidate, "held", now, actor="store", reason=change)
    return None


def _next(conn: Connection, login: str, now: int) -> Reply | None:
    found = rows.replies(
        conn,
        f"WHERE r.state = 'approved' AND r.login = ? AND r.send_after <= ?"
        f" AND coalesce(r.not_before, 0) <= ? AND NOT {brakes.APPLIES}"
        " AND NOT EXISTS (SELECT 1 FROM replies o WHERE o.conversation_id = r.conversation_id"
        f" AND o.id <> r.id AND o.state IN ({marks(_BLOCKING)}))"
        " ORDER BY r.send_after, r.id LIMIT 1",
        login,
        now,
        now,
        *_BLOCKING,
    )
    return found[0] if found else None


def _unseen_change(conn: Connection, reply: Reply) -> str:
    """Return what happened in the conversation since approval: nobody has looked at that."""
    row = one(
        conn,
        "SELECT c.changes > r.changes_seen AS is_changed, c.last_change, m.state"
        " FROM replies r JOIN conversations c ON c.id = r.conversation_id"
        " JOIN messages m ON m.id = r.message_id WHERE r.id = ?",
        reply.id,
    )
    if row["state"] == "gone":
        return "the message was deleted"
    return str(row["last_change"]) if row["is_changed"] else ""


def _begin_sending(conn: Connection, reply: Reply, owner: str, now: int, until: int) -> Reply:
    conn.execute(
        "UPDATE replies SET state = 'sending', version = version + 1, token = ?, owner = ?,"
        " until_at = ?, sending_at = ?, attempts = attempts + 1, reason = '', lookups = 0,"
        " looked_up_at = NULL, unknown_since = NULL, not_before = NULL WHERE id = ?",
        (working.next_token(conn), owner, until, now, reply.id),
    )
    audit.record(conn, now, owner, "sending", ("reply", reply.id), detail="approved -> sending")
    return reviewing.reply(conn, reply.id)


def move(
    conn: Connection,
    reply: Reply,
    after: ReplyState,
    now: int,
    *,
    actor: str,
    reason: str = "",
    posted: Posted | None = None,
    not_before: datetime | None = None,
    lookups: int | None = None,
) -> Reply | None:
    """Take one edge if the reply still is as the caller knows it."""
    if not is_legal_reply_edge(reply.state, after) or after == "sending":
        raise IllegalEdge(f"reply {reply.id} cannot go from {reply.state} to {after} like this")
    if after == "sent" and reply.state != "withdrawing" and posted is None:
        raise IllegalEdge(f"reply {reply.id} cannot be sent without proof of the post")
    if not _compare_and_set(conn, reply, after, now, clean_line(reason, 2_000)):
        return None
    conn.execute(
        "UPDATE replies SET not_before = ?, lookups = coalesce(?, lookups) WHERE id = ?",
        (to_ms_or_none(not_before), lookups, reply.id),
    )
    detail = f"{reply.state} -> {after}"
    text_id = value(conn, "SELECT text_id FROM replies WHERE id = ?", reply.id)
    audit.record(conn, now, actor, after, ("reply", reply.id), detail=detail, text_id=text_id)
    _take_effect(conn, reply, after, now, reason=reason, posted=posted, actor=actor)
    return reviewing.reply(conn, reply.id)


def _compare_and_set(
    conn: Connection, reply: Reply, after: ReplyState, now: int, reason: str
) -> bool:
    row = one(
        conn,
        "UPDATE replies SET state = ?, version = version + 1, reason = ?, owner = NULL,"
        " until_at = NULL, ended_at = ?,"
        " unknown_since = CASE WHEN ? = 'unknown' THEN ? ELSE unknown_since END"
        " WHERE id = ? AND state = ? AND version = ? AND token = ? RETURNING id",
        after, reason, now if after in _ENDS else None, after, now,
        reply.id, reply.state, reply.version, reply.token,
    )  # fmt: skip
    return row is not None


def note_lookup(conn: Connection, reply: Reply, now: int) -> Reply | None:
    row = one(
        conn,
        "UPDATE replies SET lookups = lookups + 1, looked_up_at = ?, version = version + 1"
        " WHERE id = ? AND state = ? AND version = ? AND token = ? RETURNING id",
        now, reply.id, reply.state, reply.version, reply.token,
    )  # fmt: skip
    if row is None:
        return None
    audit.record(conn, now, "outbox", "looked up", ("reply", reply.id), detail="not found")
    return reviewing.reply(conn, reply.id)


def lose_leases(conn: Connection, now: int, *, all_owners: bool) -> int:
    """What was being sent by somebody who is gone is unknown, never simply tried again."""
    lost = rows.replies(
        conn,
        "WHERE r.state = 'sending' AND (? OR coalesce(r.until_at, 0) <= ?)",
        all_owners,
        now,
    )
    for reply in lost:
        move(conn, reply, "unknown", now, actor="store", reason="its sender vanished")
    if all_owners:
        working.free_all(conn)
    return len(lost)


def replies(conn: Connection, states: tuple[ReplyState, ...], limit: int) -> list[Reply]:
    if not states:
        return rows.replies(conn, "ORDER BY r.id DESC LIMIT ?", limit)
    tail = f"WHERE r.state IN ({marks(states)}) ORDER BY r.send_after, r.id LIMIT ?"
    return rows.replies(conn, tail, *states, limit)


def _take_effect(
    conn: Connection,
    reply: Reply,
    after: ReplyState,
    now: int,
    *,
    reason: str,
    posted: Posted | None,
    actor: str,
) -> None:
    """Do to the answered message what this step of its reply means."""
    if after == "sent" and posted is not None:
        _keep_posted(conn, reply, posted, now)
    elif after == "approved" and reply.state == "held":
        _see_changes(conn, reply)
    elif after in {"withdrawn", "recalled", "failed"}:
        if reply.state == "withdrawing":
            _unanswer(conn, reply, now, actor)
        why = f"the reply failed: {reason}" if after == "failed" else f"the reply was {after}"
        reviewing.wait_again(conn, reply, now, reason=why)
    if after in _ENDS and lives.state_of(conn, reply.message_id) == "gone":
        changing.erase_words(conn, reply.message_id, now)


def _see_changes(conn: Connection, reply: Reply) -> None:
    """A human looked again: what happened until now is no reason to hold it any more."""
    conn.execute(
        "UPDATE replies SET changes_seen = (SELECT changes FROM conversations"
        " WHERE id = ?) WHERE id = ?",
        (reply.conversation_id, reply.id),
    )


def _keep_posted(conn: Connection, reply: Reply, posted: Posted, now: int) -> None:
    """Store the post as a message of ours, unless listening heard it before."""
    question = one(conn, "SELECT * FROM messages WHERE id = ?", reply.message_id)
    ref = clean_ref(posted.ref)
    known = one(
        conn,
        "SELECT id, at FROM messages WHERE platform = ? AND ref = ?",
        reply.parent.platform,
        ref,
    )
    at = now if posted.created_at is None else to_ms(posted.created_at)
    if known is None:
        message_id = _insert_posted(conn, reply, posted, question, at=at, now=now)
        day = local_day(at, days.brand_zone(conn))
        days.count(conn, question["account_id"], day, "out_count")
    else:
        message_id, at = known["id"], known["at"]
    conn.execute(
        "UPDATE replies SET posted_ref = ?, posted_url = ?, posted_message_id = ? WHERE id = ?",
        (ref, clean(posted.url, MAX_URL), message_id, reply.id),
    )
    lives.mark_answered(conn, reply.message_id, message_id, at, now, learn=not reply.is_automatic)


def _insert_posted(
    conn: Connection, reply: Reply, posted: Posted, question: rows.Row, *, at: int, now: int
) -> int:
    is_gone = question["state"] == "gone"
    text = "" if is_gone else clean(reply.text if posted.text is None else posted.text)
    return rows.insert(
        conn,
        "messages",
        platform=reply.parent.platform,
        ref=clean_ref(posted.ref),
        direction="out",
        kind="reply",
        visibility=question["visibility"],
        text=text,
        content_warning=question["content_warning"],
        attachments="[]",
        url=clean(posted.url, MAX_URL),
        account_id=_our_account(conn, reply, now),
        to_account_id=question["account_id"],
        thread_id=question["thread_id"],
        conversation_id=reply.conversation_id,
        parent_ref=question["ref"],
        server_ref=posted.server_ref,
        source=reply.source,
        login=reply.login,
        created_at=to_ms_or_none(posted.created_at),
        seen_at=now,
        at=at,
        deleted_at=now if is_gone else None,
        checked_at=now,
        state="gone" if is_gone else "done",
        is_history=0,
    )


def _our_account(conn: Connection, reply: Reply, now: int) -> int:
    """Return the account of the login: as heard on this platform, or a stand-in by its name."""
    found = value(
        conn,
        "SELECT m.account_id FROM messages m WHERE m.login = ? AND m.direction = 'out'"
        " AND m.platform = ? ORDER BY m.id DESC LIMIT 1",
        reply.login,
        reply.parent.platform,
    )
    if found is not None:
        return int(found)
    stand_in = Author(ref=f"login:{reply.login}", handle=reply.login, is_ours=True)
    return people.meet(conn, reply.parent.platform, stand_in, now)


def _unanswer(conn: Connection, reply: Reply, now: int, actor: str) -> None:
    """Bury the post that we took back; the question is open again."""
    message_id = value(conn, "SELECT posted_message_id FROM replies WHERE id = ?", reply.id)
    conn.execute(
        "UPDATE messages SET answer_id = NULL, answered_at = NULL WHERE answer_id = ?",
        (message_id,),
    )
    changing.erase_vectors(conn, reply.message_id)
    if message_id is not None and lives.state_of(conn, message_id) != "gone":
        changing.bury(conn, message_id, now, "taken back by us", actor=actor)
