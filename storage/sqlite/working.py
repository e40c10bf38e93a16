"""Work of the stages: leases, and results that count only with the token that was given out.

A piece of work that failed 3 times, or whose worker vanished 10 times, is dead: it stays to be
seen and stands in nobody's way.
"""

from collections.abc import Sequence

from nlp.model import Vector
from storage.model import Stage, Work
from storage.sqlite.engine import Connection
from storage.sqlite.rows import one
from storage.sqlite.times import from_ms
from storage.sqlite.words import clean_line

MAX_FAILURES = 3
MAX_LEASES = 10


def claim(
    conn: Connection, stage: Stage, owner: str, limit: int, *, now: int, until: int
) -> Sequence[Work]:
    token = next_token(conn)
    conn.execute(
        "UPDATE work SET is_dead = 1, error = 'its worker vanished again and again'"
        " WHERE stage = ? AND is_dead = 0 AND attempts >= ? AND until_at <= ?",
        (stage, MAX_LEASES, now),
    )
    rows = conn.execute(
        "UPDATE work SET owner = ?, token = ?, until_at = ?, attempts = attempts + 1"
        " WHERE stage = ? AND message_id IN (SELECT message_id FROM work"
        " WHERE stage = ? AND is_dead = 0 AND ready_at <= ? AND coalesce(until_at, 0) <= ?"
        " ORDER BY ready_at, message_id LIMIT ?) RETURNING message_id, attempts",
        (owner, token, until, stage, stage, now, now, limit),
    ).fetchall()
    claimed = [
        Work(stage, row["message_id"], owner, token, row["attempts"], from_ms(until))
        for row in rows
    ]
    return sorted(claimed, key=lambda work: work.message_id)


def next_token(conn: Connection) -> int:
    """Return a number that was never given out before: a late result can always be told apart."""
    row = one(conn, "UPDATE counters SET value = value + 1 WHERE name = 'token' RETURNING value")
    return int(row["value"])


def finish(conn: Connection, work: Work) -> bool:
    """Take the row away if the lease still holds."""
    cursor = conn.execute(
        "DELETE FROM work WHERE stage = ? AND message_id = ? AND owner = ? AND token = ?",
        (work.stage, work.message_id, work.owner, work.token),
    )
    return cursor.rowcount == 1


def release(conn: Connection, work: Work, retry_at: int, error: str) -> None:
    conn.execute(
        "UPDATE work SET owner = NULL, until_at = NULL, ready_at = ?, failures = failures + 1,"
        " is_dead = failures + 1 >= ?, error = ?"
        " WHERE stage = ? AND message_id = ? AND owner = ? AND token = ?",
        (retry_at, MAX_FAILURES, clean_line(error), work.stage, work.message_id, work.owner,
         work.token),
    )  # fmt: skip


def free_all(conn: Connection) -> None:
    """Take back every lease: the process that held them is gone."""
    conn.execute("UPDATE work SET owner = NULL, until_at = NULL WHERE owner IS NOT NULL")


def left(conn: Connection) -> dict[str, int]:
    """Count what is to be done by stage, and what is dead."""
    rows = conn.execute(
        "SELECT CASE WHEN is_dead = 1 THEN 'dead' ELSE stage END AS what, count(*) AS count"
        " FROM work GROUP BY what"
    ).fetchall()
    counts = {"tag": 0, "suggest": 0, "embed": 0, "dead": 0}
    return counts | {row["what"]: row["count"] for row in rows}


def keep_vector(conn: Connection, message_id: int, vector: Vector) -> None:
    """Keep the vector of an answered message; without an answer it teaches nothing."""
    row = one(
        conn,
        "SELECT m.visibility, m.state, a.state AS answer_state FROM messages m"
        " JOIN messages a ON a.id = m.answer_id WHERE m.id = ?",
        message_id,
    )
    if (
        row is None
        or row["visibility"] == "direct"
        or "gone" in (row["state"], row["answer_state"])
    ):
        return
    put_vector(conn, "answered", str(message_id), vector, message_id)


def put_vector(
    conn: Connection, kind: str, ref: str, vector: Vector, message_id: int | None = None
) -> None:
    before = one(
        conn,
        "SELECT vector FROM embeddings WHERE kind = ? AND ref = ? AND model = ?",
        kind,
        ref,
        vector.model,
    )
    if before is not None:
        if before["vector"] == vector.data:
            return
        conn.execute("UPDATE counters SET value = value + 1 WHERE name = 'vectors'")
    conn.execute(
        "INSERT INTO embeddings (kind, ref, model, vector, message_id) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (kind, ref, model) DO UPDATE SET vector = excluded.vector",
        (kind, ref, vector.model, vector.data, message_id),
    )


def save_vector(conn: Connection, work: Work, vector: Vector | None) -> bool:
    if not finish(conn, work):
        return False
    if vector is not None:
        keep_vector(conn, work.message_id, vector)
    return True
