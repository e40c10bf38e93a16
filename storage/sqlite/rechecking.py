"""What a platform's data rules ask of what we hold: to look again, and to let go in time."""

from collections.abc import Sequence

from storage.model import Message
from storage.sqlite import changing, rows
from storage.sqlite.engine import Connection

MOST_COUNTED = 10_000
_DUE = "WHERE m.platform = ? AND m.checked_at < ? AND m.state <> 'gone'"


def to_recheck(
    conn: Connection,
    platform: str,
    before: int,
    limit: int,
    sources: Sequence[str] | None = None,
    but_not: Sequence[str] = (),
) -> list[Message]:
    others = f" AND m.source NOT IN ({rows.marks(but_not)})" if but_not else ""
    return rows.messages(
        conn,
        f"{_DUE}{_from(sources)}{others} ORDER BY m.checked_at, m.id LIMIT ?",
        platform,
        before,
        *(sources or ()),
        *but_not,
        limit,
    )


def count_overdue(
    conn: Connection, platform: str, before: int, sources: Sequence[str] | None = None
) -> int:
    return int(
        rows.value(
            conn,
            f"SELECT COUNT(*) FROM (SELECT 1 FROM messages m {_DUE}{_from(sources)} LIMIT ?)",
            platform,
            before,
            *(sources or ()),
            MOST_COUNTED,
        )
    )


def _from(sources: Sequence[str] | None) -> str:
    return "" if sources is None else f" AND m.source IN ({rows.marks(sources)})"


def note_checked(conn: Connection, message_ids: Sequence[int], now: int) -> None:
    conn.executemany(
        "UPDATE messages SET checked_at = ? WHERE id = ?", [(now, each) for each in message_ids]
    )


def forget_words(conn: Connection, platform: str, before: int, now: int, *, limit: int) -> int:
    """Leave tombstones where words have been kept as long as the platform allows."""
    found = conn.execute(
        "SELECT id FROM messages WHERE platform = ? AND seen_at < ? AND state <> 'gone'"
        " ORDER BY id LIMIT ?",
        (platform, before, limit),
    ).fetchall()
    for row in found:
        changing.bury(conn, row["id"], now, "kept as long as the platform allows", actor="store")
    return len(found)
