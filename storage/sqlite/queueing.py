"""The review queue: which messages a list shows, in which order, with all that a line needs.

Filters are words from a fixed list; their values are always bound.
"""

from collections.abc import Sequence

from storage.model import Message, QueueEntry, QueueFilter, Reply
from storage.sqlite import reading, rows, suggesting
from storage.sqlite.engine import Connection
from storage.sqlite.rows import marks, one, value
from storage.sqlite.words import search_terms

_NEVER = 2**63 - 1
_DUE = "coalesce(m.answer_by_at, 9223372036854775807)"
_COUNT_UP_TO = 10_000

_IS_DRAFTING = (
    "EXISTS (SELECT 1 FROM work w WHERE w.stage = 'suggest' AND w.message_id = m.id"
    " AND w.is_dead = 0)"
)
_WAITS = f"m.state IN ('waiting', 'suggested') AND (m.state = 'suggested' OR NOT {_IS_DRAFTING})"
_VIEWS = {
    # A message whose drafters are still thinking is in neither list; they will not be long.
    "needs_you": f"{_WAITS} AND m.login IS NOT NULL",
    "by_hand": f"{_WAITS} AND m.login IS NULL",
    "silent": f"m.state IN ('waiting', 'suggested') AND m.state = 'waiting' AND NOT {_IS_DRAFTING}"
    " AND m.login IS NOT NULL",
    "snoozed": "m.state = 'snoozed'",
    "sending": "m.id IN (SELECT r.message_id FROM replies r WHERE r.state IN"
    " ('approved', 'sending', 'unknown', 'withdrawing'))",
    "held": "m.id IN (SELECT r.message_id FROM replies r WHERE r.state IN ('held', 'needs_human')"
    " UNION SELECT f.message_id FROM replies f JOIN messages w ON w.id = f.message_id"
    " WHERE f.state = 'failed' AND w.state IN ('waiting', 'suggested') AND NOT EXISTS"
    " (SELECT 1 FROM replies n WHERE n.message_id = f.message_id AND n.id > f.id))",
    "done": "m.state = 'done' AND m.direction = 'in'",
    "all": "m.direction = 'in'",
}
_INDEX_OF = {  # without an order to follow, the planner would read the whole table
    "needs_you": "INDEXED BY messages_queue",
    "by_hand": "INDEXED BY messages_queue",
    "silent": "INDEXED BY messages_queue",
}
_NEWEST_FIRST = frozenset({"done", "all"})


def queue(
    conn: Connection, what: QueueFilter, limit: int, after: int | None
) -> Sequence[QueueEntry]:
    where, values = _conditions(what)
    newest_first = what.view in _NEWEST_FIRST
    if after is not None:
        where.append("(m.at, m.id) < (?, ?)" if newest_first else f"({_DUE}, m.id) > (?, ?)")
        values.extend(_place(conn, after, newest_first=newest_first))
    order = "m.at DESC, m.id DESC" if newest_first else f"{_DUE}, m.id"
    tail = f"WHERE {' AND '.join(where)} ORDER BY {order} LIMIT ?"
    return entries(conn, rows.messages(conn, tail, *values, limit))


def _conditions(what: QueueFilter) -> tuple[list[str], list[object]]:
    where: list[str] = [_VIEWS[what.view]]
    narrowing = (
        ("m.platform = ?", what.platform),
        ("t.intent = ?", what.intent),
        ("t.sentiment = ?", what.sentiment),
        ("coalesce(t.language, m.language) = ?", what.language),
        ("m.source = ?", what.source),
        ("p.root_id = (SELECT q.root_id FROM persons q WHERE q.id = ?)", what.person_id),
    )
    bound: list[object] = []
    for condition, wanted in narrowing:
        if wanted is not None and wanted != "":
            where.append(condition)
            bound.append(wanted)
    if what.text:
        where.append("m.id IN (SELECT rowid FROM messages_fts WHERE messages_fts MATCH ?)")
        bound.append(search_terms(what.text) or '""')
    return where, bound


def _place(conn: Connection, message_id: int, *, newest_first: bool) -> tuple[int, int]:
    row = one(conn, "SELECT at, answer_by_at FROM messages WHERE id = ?", message_id)
    if row is None:
        return (0, 0) if newest_first else (_NEVER, _NEVER)
    due = _NEVER if row["answer_by_at"] is None else row["answer_by_at"]
    return (row["at"] if newest_first else due), message_id


def counts(conn: Connection) -> dict[str, int]:
    """Count each list; at 10,000 counting stops, because nobody reads further."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM messages m {} WHERE {} LIMIT {})"
    return {
        view: value(conn, sql.format(_INDEX_OF.get(view, ""), condition, _COUNT_UP_TO))
        for view, condition in _VIEWS.items()
    }


def entry(conn: Connection, message_id: int) -> QueueEntry:
    return entries(conn, [reading.message(conn, message_id)])[0]


def entries(conn: Connection, messages: Sequence[Message]) -> list[QueueEntry]:
    """Complete messages to lines, with one statement per kind of thing, not per line."""
    if not messages:
        return []
    ids = [each.id for each in messages]
    suggestions = suggesting.newest_for(conn, ids)
    replies = _replies(conn, ids)
    names = _names(conn, [each.author.person_id for each in messages])
    exchanges = _exchanges(conn, [each.author.person_id for each in messages])
    lengths = _lengths(conn, [each.thread_id for each in messages])
    return [
        QueueEntry(
            message=each,
            person_id=each.author.person_id,
            person_name=names.get(each.author.person_id, ""),
            suggestion=suggestions.get(each.id),
            reply=replies.get(each.id),
            exchanges=exchanges.get(each.author.person_id, 0),
            thread_length=lengths.get(each.thread_id, 1),
        )
        for each in messages
    ]


def _replies(conn: Connection, ids: Sequence[int]) -> dict[int, Reply]:
    """Return the newest reply to each message, whatever became of it."""
    found = rows.replies(conn, f"WHERE r.message_id IN ({marks(ids)}) ORDER BY r.id", *ids)
    return {each.message_id: each for each in found}


def _names(conn: Connection, persons: Sequence[int]) -> dict[int, str]:
    found = conn.execute(
        "SELECT p.root_id, a.name, a.handle FROM accounts a JOIN persons p ON p.id = a.person_id"
        f" WHERE p.root_id IN ({marks(persons)}) ORDER BY a.id DESC",
        persons,
    ).fetchall()
    return {row["root_id"]: row["name"] or row["handle"] for row in found}


def _exchanges(conn: Connection, persons: Sequence[int]) -> dict[int, int]:
    found = conn.execute(
        "SELECT p.root_id, count(*) AS count FROM messages m"
        " JOIN accounts a ON a.id = m.account_id JOIN persons p ON p.id = a.person_id"
        f" WHERE p.root_id IN ({marks(persons)}) AND m.answer_id IS NOT NULL GROUP BY p.root_id",
        persons,
    ).fetchall()
    return {row["root_id"]: row["count"] for row in found}


def _lengths(conn: Connection, threads: Sequence[int]) -> dict[int, int]:
    found = conn.execute(
        "SELECT thread_id, count(*) AS count FROM messages"
        f" WHERE thread_id IN ({marks(threads)}) GROUP BY thread_id",
        threads,
    ).fetchall()
    return {row["thread_id"]: row["count"] for row in found}
