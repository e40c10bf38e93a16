"""Taking a page: its events, then its cursor, in the caller's one transaction.

One bad message never costs its page: it goes to quarantine and the page goes on.
"""

import sqlite3
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from connectors.model import Deleted, Edited, Event, Page, Seen, Source, Unreadable
from storage.model import SourceState, Taken
from storage.sqlite import changing, hearing, tidying
from storage.sqlite.days import TIME_ZONE_SETTING
from storage.sqlite.engine import Connection
from storage.sqlite.hearing import Listener
from storage.sqlite.rows import Row, one, value
from storage.sqlite.times import from_ms_or_none, to_ms, zone
from storage.sqlite.words import clean, clean_line

QUARANTINE_MS = 7 * 24 * 3600 * 1000
_UNFIT = (
    TypeError,
    ValueError,
    OverflowError,
    AttributeError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one event came to; the name of a field of Taken, and the new message's id."""

    field: str
    message_id: int | None = None


class UnfitEvent(Exception):
    """An event cannot be stored; take the page again with a savepoint around each event."""


def take_page(
    conn: Connection, source: Source, page: Page, now: datetime, *, carefully: bool = False
) -> Taken:
    at = to_ms(now)
    listener = _listener(conn, source, at)
    take = _take_carefully if carefully else _take
    outcomes = [take(conn, listener, event) for event in page.events]
    counts = Counter(outcome.field for outcome in outcomes)
    _advance(conn, source.name, page, at, counts["added"])
    return Taken(
        added=counts["added"],
        known=counts["known"],
        conflicting=counts["conflicting"],
        edited=counts["edited"],
        deleted=counts["deleted"],
        unreadable=counts["unreadable"],
        taken_ids=tuple(each.message_id for each in outcomes if each.message_id is not None),
    )


def _listener(conn: Connection, source: Source, at: int) -> Listener:
    row = one(
        conn,
        "SELECT (SELECT value FROM settings WHERE name = ?) AS time_zone,"
        " EXISTS (SELECT 1 FROM erased) AS has_erased",
        TIME_ZONE_SETTING,
    )
    return Listener(source, at, zone(row["time_zone"] or ""), bool(row["has_erased"]))


def _take(conn: Connection, listener: Listener, event: Event) -> _Outcome:
    try:
        return _take_event(conn, listener, event)
    except _UNFIT as error:
        raise UnfitEvent from error


def _take_carefully(conn: Connection, listener: Listener, event: Event) -> _Outcome:
    conn.execute("SAVEPOINT event")
    try:
        outcome = _take_event(conn, listener, event)
    except _UNFIT as error:
        conn.execute("ROLLBACK TO event")
        raw, reason = repr(event), f"{type(error).__name__}: {error}"
        quarantine(conn, listener.source.name, raw, reason, listener.now)
        outcome = _Outcome("unreadable")
    conn.execute("RELEASE event")
    return outcome


def _take_event(conn: Connection, listener: Listener, event: Event) -> _Outcome:
    match event:
        case Unreadable():
            quarantine(conn, listener.source.name, event.raw, event.reason, listener.now)
            return _Outcome("unreadable")
        case Deleted():
            deleted = changing.delete(conn, event.platform, event.ref, listener.now)
            return _Outcome("deleted" if deleted else "known")
        case Seen() | Edited():
            return _take_message(conn, listener, event)


def _take_message(conn: Connection, listener: Listener, event: Seen | Edited) -> _Outcome:
    heard = tidying.tidy(event.message, listener.now)
    if listener.has_erased and tidying.is_erased(conn, heard):
        return _Outcome("known")
    known = one(
        conn, "SELECT * FROM messages WHERE platform = ? AND ref = ?", heard.platform, heard.ref
    )
    if known is None:
        return _Outcome("added", hearing.add(conn, listener, heard))
    hearing.see_again(conn, listener, known, heard)
    is_edit = isinstance(event, Edited)
    return _Outcome(changing.compare(conn, listener, known, heard, is_edit=is_edit))


def _advance(conn: Connection, source: str, page: Page, now: int, added: int) -> None:
    """Move the cursor in the transaction that stores its page. No cursor leaves the old one."""
    cursor = None if page.cursor is None else clean(page.cursor)
    conn.execute(
        "INSERT INTO cursors (source, cursor, last_event_at, last_ok_at, messages)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET"
        " cursor = coalesce(excluded.cursor, cursor),"
        " last_event_at = coalesce(excluded.last_event_at, last_event_at),"
        " last_ok_at = excluded.last_ok_at, error = '', error_at = NULL,"
        " messages = messages + excluded.messages",
        (source, cursor, now if page.events else None, now, added),
    )


def cursor(conn: Connection, source: str) -> str | None:
    found: str | None = value(conn, "SELECT cursor FROM cursors WHERE source = ?", source)
    return found


def note_source(conn: Connection, source: str, now: int, error: str) -> None:
    """Remember that a source answered, or why it did not."""
    ok_at, error_at = (None, now) if error else (now, None)
    conn.execute(
        "INSERT INTO cursors (source, last_ok_at, error, error_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (source) DO UPDATE SET error = excluded.error,"
        " error_at = excluded.error_at, last_ok_at = coalesce(excluded.last_ok_at, last_ok_at)",
        (source, ok_at, clean_line(error), error_at),
    )


def source_states(conn: Connection) -> list[SourceState]:
    rows = conn.execute("SELECT * FROM cursors ORDER BY source").fetchall()
    return [_source_state(row) for row in rows]


def _source_state(row: Row) -> SourceState:
    return SourceState(
        name=row["source"],
        cursor=row["cursor"],
        last_event_at=from_ms_or_none(row["last_event_at"]),
        last_ok_at=from_ms_or_none(row["last_ok_at"]),
        error=row["error"],
        error_at=from_ms_or_none(row["error_at"]),
        messages=row["messages"],
    )


def quarantine(conn: Connection, source: str, raw: str, reason: str, now: int) -> None:
    """Keep an unreadable answer for 7 days, so that a human can look at it."""
    end_quarantine(conn, now)
    conn.execute(
        "INSERT INTO rejects (source, raw, reason, at) VALUES (?, ?, ?, ?)",
        (source, clean(raw), clean_line(reason), now),
    )


def end_quarantine(conn: Connection, now: int) -> None:
    conn.execute("DELETE FROM rejects WHERE at < ?", (now - QUARANTINE_MS,))
