"""Steps in the life of a message and of a suggestion that several sections take.

The only place that changes messages.state and suggestions.state; what may follow what stands in
storage.states.
"""

from storage.model import Stage
from storage.sqlite.engine import Connection
from storage.sqlite.rows import marks, one, value
from storage.states import MESSAGE_EDGES, OPEN_REPLY, MessageState, SuggestionState
from storage.store import IllegalEdge, NotFound


def state_of(conn: Connection, message_id: int) -> MessageState:
    state: MessageState | None = value(conn, "SELECT state FROM messages WHERE id = ?", message_id)
    if state is None:
        raise NotFound(f"there is no message {message_id}")
    return state


def move_message(
    conn: Connection, message_id: int, after: MessageState, *, reason: str | None = None
) -> None:
    """Take one step; standing still is not a step and is always allowed."""
    before = state_of(conn, message_id)
    if after != before and after not in MESSAGE_EDGES[before]:
        raise IllegalEdge(f"message {message_id} cannot go from {before} to {after}")
    conn.execute(
        "UPDATE messages SET state = ?, reason = coalesce(?, reason),"
        " snoozed_until = CASE WHEN ? = 'snoozed' THEN snoozed_until END WHERE id = ?",
        (after, reason, after, message_id),
    )


def end_suggestion(conn: Connection, message_id: int, after: SuggestionState) -> int | None:
    """End the open suggestion, if there is one; return its id."""
    row = one(
        conn,
        "UPDATE suggestions SET state = ? WHERE message_id = ? AND state = 'open' RETURNING id",
        after,
        message_id,
    )
    return None if row is None else int(row["id"])


def enqueue(conn: Connection, stage: Stage, message_id: int, now: int) -> None:
    """Give a stage work to do. Work that lies there already starts afresh, its lease is void."""
    conn.execute(
        "INSERT INTO work (stage, message_id, ready_at) VALUES (?, ?, ?)"
        " ON CONFLICT (stage, message_id) DO UPDATE SET ready_at = excluded.ready_at,"
        " owner = NULL, until_at = NULL, attempts = 0, failures = 0, is_dead = 0, error = ''",
        (stage, message_id, now),
    )


def drop_work(conn: Connection, message_id: int, stage: Stage | None = None) -> None:
    conn.execute(
        "DELETE FROM work WHERE message_id = ? AND (? IS NULL OR stage = ?)",
        (message_id, stage, stage),
    )


def has_open_reply(conn: Connection, message_id: int) -> bool:
    return _has_reply_in(conn, "message_id", message_id)


def is_conversation_busy(conn: Connection, conversation_id: int) -> bool:
    return _has_reply_in(conn, "conversation_id", conversation_id)


def _has_reply_in(conn: Connection, column: str, ref_id: int) -> bool:
    states = sorted(OPEN_REPLY)
    sql = f"SELECT 1 FROM replies WHERE {column} = ? AND state IN ({marks(states)}) LIMIT 1"
    return one(conn, sql, ref_id, *states) is not None


def mark_answered(
    conn: Connection, message_id: int, answer_id: int, at: int, now: int, *, learn: bool = True
) -> None:
    """Note that a message of ours answers this one: nobody needs to, and memory may learn it."""
    row = one(conn, "SELECT state, visibility, answered_at FROM messages WHERE id = ?", message_id)
    if row["state"] == "gone":
        return
    if row["answered_at"] is None or row["answered_at"] > at:
        conn.execute(
            "UPDATE messages SET answer_id = ?, answered_at = ? WHERE id = ?",
            (answer_id, at, message_id),
        )
    end_suggestion(conn, message_id, "expired")
    drop_work(conn, message_id, "suggest")
    if row["state"] in {"waiting", "suggested", "snoozed"}:
        move_message(conn, message_id, "done", reason="answered")
    if learn and row["state"] != "new" and row["visibility"] != "direct":
        enqueue(conn, "embed", message_id, now)


def note_change(conn: Connection, conversation_id: int | None, what: str) -> None:
    """Count something that a reviewer must see before a reply leaves in this conversation."""
    conn.execute(
        "UPDATE conversations SET changes = changes + 1, last_change = ? WHERE id = ?",
        (what, conversation_id),
    )
