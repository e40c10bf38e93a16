"""Looking up messages: one, a thread, a person's, and by words. Never writes."""

import sqlite3
from collections.abc import Sequence
from datetime import date

from connectors.model import MessageRef
from nlp.model import Tags
from storage.model import Message, PersonDay, Version
from storage.sqlite import people, rows
from storage.sqlite.engine import Connection
from storage.sqlite.times import from_ms
from storage.sqlite.words import clean_ref, search_terms
from storage.store import NotFound

_EXPORT_STEP = 500


def message(conn: Connection, message_id: int) -> Message:
    found = rows.messages(conn, "WHERE m.id = ?", message_id)
    if not found:
        raise NotFound(f"there is no message {message_id}")
    return found[0]


def find_message(conn: Connection, platform: str, ref: str) -> Message | None:
    found = rows.messages(conn, "WHERE m.platform = ? AND m.ref = ?", platform, clean_ref(ref))
    return found[0] if found else None


def thread(conn: Connection, message_id: int, limit: int) -> Sequence[Message]:
    """Return the newest `limit` messages of the thread, oldest first.

    An import without times has positions; then these give the order.
    """
    thread_id = message(conn, message_id).thread_id
    found = rows.messages(
        conn,
        "WHERE m.thread_id = ?"
        " ORDER BY m.position IS NULL DESC, m.position DESC, m.at DESC, m.id DESC LIMIT ?",
        thread_id,
        limit,
    )
    return found[::-1]


def versions(conn: Connection, message_id: int) -> Sequence[Version]:
    found = conn.execute(
        "SELECT text, until_at FROM message_versions WHERE message_id = ? ORDER BY id",
        (message_id,),
    ).fetchall()
    return [Version(row["text"], from_ms(row["until_at"])) for row in found]


def addresses(conn: Connection, message_ids: Sequence[int]) -> dict[int, MessageRef]:
    """Return how connectors address messages."""
    found = conn.execute(
        "SELECT m.id, m.platform, m.ref, m.server_ref, m.visibility, h.root_ref,"
        " a.ref AS author_ref, a.handle FROM messages m JOIN threads h ON h.id = m.thread_id"
        f" JOIN accounts a ON a.id = m.account_id WHERE m.id IN ({rows.marks(message_ids)})",
        tuple(message_ids),
    ).fetchall()
    return {
        row["id"]: MessageRef(
            row["platform"],
            row["ref"],
            row["root_ref"],
            row["server_ref"],
            row["author_ref"],
            row["handle"],
            row["visibility"],
        )
        for row in found
    }


def search(conn: Connection, query: str, limit: int, before: int | None) -> Sequence[Message]:
    """Find words, newest first: ordering by rank reads every hit of a common word."""
    terms = search_terms(query)
    if not terms:
        return []
    try:
        hits = conn.execute(
            "SELECT rowid FROM messages_fts WHERE messages_fts MATCH ?"
            " AND (? IS NULL OR rowid < ?) ORDER BY rowid DESC LIMIT ?",
            (terms, before, before, limit),
        ).fetchall()
    except sqlite3.OperationalError as error:
        if "fts5" not in str(error):  # a query that the index cannot read finds nothing
            raise
        return []
    found = rows.messages_by_id(conn, [row["rowid"] for row in hits])
    return [found[row["rowid"]] for row in hits if row["rowid"] in found]


def person_messages(
    conn: Connection, person_id: int, limit: int, before: int | None
) -> Sequence[Message]:
    root = people.root_of(conn, person_id)
    either = f"(m.account_id IN {people.ACCOUNTS_OF} OR m.to_account_id IN {people.ACCOUNTS_OF})"
    if before is None:
        tail = f"WHERE {either} ORDER BY m.at DESC, m.id DESC LIMIT ?"
        return rows.messages(conn, tail, root, root, limit)
    tail = (
        f"WHERE {either} AND (m.at, m.id) < (SELECT b.at, b.id FROM messages b WHERE b.id = ?)"
        " ORDER BY m.at DESC, m.id DESC LIMIT ?"
    )
    return rows.messages(conn, tail, root, root, before, limit)


def person_days(conn: Connection, person_id: int, since: date) -> Sequence[PersonDay]:
    root = people.root_of(conn, person_id)
    found = conn.execute(
        "SELECT day, sum(in_count) AS in_count, sum(out_count) AS out_count,"
        " sum(positive) AS positive, sum(neutral) AS neutral, sum(negative) AS negative"
        f" FROM account_days WHERE account_id IN {people.ACCOUNTS_OF} AND day >= ?"
        " GROUP BY day ORDER BY day",
        (root, since.isoformat()),
    ).fetchall()
    return [
        PersonDay(
            day=date.fromisoformat(row["day"]),
            in_count=row["in_count"],
            out_count=row["out_count"],
            positive=row["positive"],
            neutral=row["neutral"],
            negative=row["negative"],
        )
        for row in found
    ]


def tagged_after(conn: Connection, message_id: int) -> list[tuple[Message, Tags]]:
    """Return the next step of an export; no transaction stays open between two steps."""
    found = rows.messages(
        conn,
        "WHERE m.id > ? AND t.message_id IS NOT NULL AND m.state <> 'gone' ORDER BY m.id LIMIT ?",
        message_id,
        _EXPORT_STEP,
    )
    return [(each, each.tags) for each in found if each.tags is not None]
