"""What becomes of a message later: edits and deletions upstream, and the end of its words."""

from connectors.model import Message
from storage.sqlite import audit, lives
from storage.sqlite.engine import Connection
from storage.sqlite.hearing import Listener
from storage.sqlite.rows import Row, marks, one
from storage.sqlite.times import to_ms_or_none
from storage.sqlite.words import clean_ref
from storage.states import REPLY_EDGES, ReplyState
from storage.store import IllegalEdge

STILL_IN_FLIGHT: tuple[ReplyState, ...] = ("sending", "unknown", "needs_human", "withdrawing")


def compare(
    conn: Connection, listener: Listener, known: Row, message: Message, *, is_edit: bool
) -> str:
    """Take over a newer text; return the name of the count that this belongs to."""
    if known["state"] == "gone" or _same_words(known, message):
        return "known"
    if listener.source.kind == "import":
        return "conflicting"
    edited_at = to_ms_or_none(message.edited_at)
    if edited_at is None and is_edit:
        edited_at = listener.now
    if edited_at is None or edited_at < (known["edited_at"] or known["at"]):
        return "known"  # an older or undated rendering of what we hold
    _edit(conn, known, message, edited_at, listener.now)
    return "edited"


def _same_words(known: Row, message: Message) -> bool:
    before = (known["text"], known["content_warning"])
    return bool(before == (message.text, message.content_warning))


def _edit(conn: Connection, known: Row, message: Message, edited_at: int, now: int) -> None:
    message_id = known["id"]
    conn.execute(
        "INSERT INTO message_versions (message_id, text, until_at) VALUES (?, ?, ?)",
        (message_id, known["text"], now),
    )
    conn.execute(
        "UPDATE messages SET text = ?, content_warning = ?, edited_at = ? WHERE id = ?",
        (message.text, message.content_warning, edited_at, message_id),
    )
    if known["direction"] == "out":
        return
    lives.note_change(conn, known["conversation_id"], "they edited a message")
    lives.end_suggestion(conn, message_id, "superseded")
    lives.drop_work(conn, message_id)
    lives.move_message(conn, message_id, "new", reason="edited")
    lives.enqueue(conn, "tag", message_id, now)
    stop_replies(conn, message_id, ("approved",), "held", reason="the message was edited", now=now)


def delete(conn: Connection, platform: str, ref: str, now: int) -> bool:
    """Keep a deletion upstream: the words and their traces go, a tombstone stays."""
    conn.execute("DELETE FROM rejects WHERE instr(raw, ?) > 0", (ref,))
    known = one(
        conn,
        "SELECT id, conversation_id, direction, state FROM messages WHERE platform = ? AND ref = ?",
        platform,
        clean_ref(ref),
    )
    if known is None or known["state"] == "gone":
        return False
    lives.note_change(conn, known["conversation_id"], "a message was deleted")
    bury(conn, known["id"], now, "deleted upstream", actor="platform")
    return True


def bury(conn: Connection, message_id: int, now: int, reason: str, *, actor: str) -> None:
    """End a message: no words, no vectors, no suggestion, no reply that has not left."""
    lives.end_suggestion(conn, message_id, "expired")
    lives.drop_work(conn, message_id)
    stop_replies(conn, message_id, ("approved", "held"), "withdrawn", reason=reason, now=now)
    lives.move_message(conn, message_id, "gone", reason=reason)
    conn.execute("UPDATE messages SET deleted_at = ? WHERE id = ?", (now, message_id))
    erase_words(conn, message_id, now)
    _forget_question(conn, message_id)
    audit.record(conn, now, actor, "buried", ("message", message_id), detail=reason)


def erase_words(conn: Connection, message_id: int, now: int) -> None:
    """Erase the words of a message and all words written about it.

    The text of a reply that is on its way stays until it is settled: it may be needed to find out
    whether it was posted (see outbox).
    """
    conn.execute(
        "UPDATE messages SET text = '', content_warning = '', attachments = '[]', url = '',"
        " quoted_ref = NULL WHERE id = ?",
        (message_id,),
    )
    conn.execute("DELETE FROM message_versions WHERE message_id = ?", (message_id,))
    erase_vectors(conn, message_id)
    conn.execute(
        "UPDATE texts SET body = '', evidence = '[]', hash = '', salt = '', erased_at = ?"
        " WHERE message_id = ? AND erased_at IS NULL AND id NOT IN (SELECT r.text_id FROM replies r"
        f" WHERE r.message_id = ? AND r.state IN ({marks(STILL_IN_FLIGHT)}))",
        (now, message_id, message_id, *STILL_IN_FLIGHT),
    )
    conn.execute(
        "UPDATE suggestions SET silence = '', reason = '' WHERE message_id = ?", (message_id,)
    )
    _erase_quotes(conn, message_id)


def _erase_quotes(conn: Connection, message_id: int) -> None:
    """Take a message out of the evidence of suggestions for others."""
    conn.execute(
        "UPDATE texts SET evidence = '[]' WHERE id IN ("
        " SELECT q.text_id FROM quotes q WHERE q.quoted_id = ?)",
        (message_id,),
    )


def erase_vectors(conn: Connection, message_id: int) -> None:
    cursor = conn.execute("DELETE FROM embeddings WHERE message_id = ?", (message_id,))
    if cursor.rowcount > 0:
        conn.execute("UPDATE counters SET value = value + 1 WHERE name = 'vectors'")


def _forget_question(conn: Connection, answer_id: int) -> None:
    """An answer that is gone teaches nothing any more."""
    rows = conn.execute("SELECT id FROM messages WHERE answer_id = ?", (answer_id,)).fetchall()
    for row in rows:
        erase_vectors(conn, row["id"])


def stop_replies(
    conn: Connection,
    message_id: int,
    before: tuple[ReplyState, ...],
    after: ReplyState,
    *,
    reason: str,
    now: int,
) -> None:
    """Hold or withdraw the replies to a message that have not left."""
    if any(after not in REPLY_EDGES[state] for state in before):
        raise IllegalEdge(f"a reply cannot go from {before} to {after}")
    rows = conn.execute(
        "UPDATE replies SET state = ?, version = version + 1, reason = ?,"
        " ended_at = CASE WHEN ? = 'withdrawn' THEN ? END"
        f" WHERE message_id = ? AND state IN ({marks(before)}) RETURNING id, text_id",
        (after, reason, after, now, message_id, *before),
    ).fetchall()
    for row in rows:
        audit.record(
            conn, now, "store", after, ("reply", row["id"]), detail=reason, text_id=row["text_id"]
        )
