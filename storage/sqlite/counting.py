"""What digests and measures read: counts by local day, response times, activity of people.

A message of an import without times is nobody's yesterday: it counts in no day.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from storage.model import DayNumbers, Exchange, Message, PersonActivity
from storage.sqlite import rows
from storage.sqlite.days import IS_DATED
from storage.sqlite.engine import Connection
from storage.sqlite.rows import Row, one, value
from storage.sqlite.times import day_bounds, from_ms, from_ms_or_none, zone

_QUARTER_MS = 15 * 60 * 1000  # every offset of a time zone in use today is a multiple of it

_INBOUND = f"""
SELECT m.platform, t.intent, t.sentiment, t.crisis, t.offensive, t.needs_reply,
  m.answer_id IS NOT NULL AS is_answered, count(*) AS count
FROM messages m LEFT JOIN current_tags t ON t.message_id = m.id
WHERE m.direction = 'in' AND m.at >= ? AND m.at < ? AND {IS_DATED}
GROUP BY m.platform, t.intent, t.sentiment, t.crisis, t.offensive, t.needs_reply, is_answered
"""

_PEOPLE = f"""
SELECT count(*) AS people, coalesce(sum(NOT EXISTS (
  SELECT 1 FROM persons q JOIN accounts b ON b.person_id = q.id
  JOIN messages e ON e.account_id = b.id WHERE q.root_id = day.root_id AND e.at < ?)), 0) AS new
FROM (
  SELECT DISTINCT p.root_id FROM messages m JOIN accounts a ON a.id = m.account_id
  JOIN persons p ON p.id = a.person_id
  WHERE m.direction = 'in' AND m.at >= ? AND m.at < ? AND {IS_DATED}
) day
"""


_CONVERSATIONS = f"""
SELECT count(*) AS conversations, coalesce(sum(
  EXISTS (SELECT 1 FROM messages i WHERE i.thread_id = day.thread_id AND i.account_id = day.whose
    AND i.at < ?)
  AND EXISTS (SELECT 1 FROM messages o WHERE o.thread_id = day.thread_id
    AND o.to_account_id = day.whose AND o.at < ?)), 0) AS two_way
FROM (
  SELECT DISTINCT m.thread_id, coalesce(m.to_account_id, m.account_id) AS whose FROM messages m
  WHERE m.at >= ? AND m.at < ? AND {IS_DATED}
    AND (m.conversation_id IS NOT NULL OR m.platform = 'import')
    AND (m.direction = 'in' OR m.to_account_id IS NOT NULL)
) day
"""


def day_numbers(conn: Connection, days: Sequence[date], time_zone: str) -> list[DayNumbers]:
    brand_zone = zone(time_zone)
    return [_day_numbers(conn, day, brand_zone) for day in days]


def _day_numbers(conn: Connection, day: date, time_zone: ZoneInfo) -> DayNumbers:
    start, end = day_bounds(day, time_zone)
    people = one(conn, _PEOPLE, start, start, end)
    return DayNumbers(
        day=day,
        people=people["people"],
        first_timers=people["new"],
        by_hour=_by_hour(conn, start, end, time_zone),
        **_inbound(conn, start, end),
        **_outbound(conn, start, end),
        **_work_done(conn, start, end),
    )


def _outbound(conn: Connection, start: int, end: int) -> dict[str, Any]:
    """Count what we said, to somebody or to nobody, and how many conversations have two sides."""
    ours = one(
        conn,
        "SELECT count(*) AS outbound, coalesce(sum(m.to_account_id IS NULL), 0) AS posts"
        f" FROM messages m WHERE m.direction = 'out' AND m.at >= ? AND m.at < ? AND {IS_DATED}",
        start,
        end,
    )
    both = one(conn, _CONVERSATIONS, end, end, start, end)
    return {**ours, **both}


def _inbound(conn: Connection, start: int, end: int) -> dict[str, Any]:
    """Count what came in, by what it is and how it sounds."""
    found = conn.execute(_INBOUND, (start, end)).fetchall()
    return {
        "inbound": sum(row["count"] for row in found),
        "needs_reply": sum(row["count"] for row in found if row["needs_reply"]),
        "answered": sum(row["count"] for row in found if row["is_answered"]),
        "positive": sum(row["count"] for row in found if row["sentiment"] == "positive"),
        "neutral": sum(row["count"] for row in found if row["sentiment"] == "neutral"),
        "negative": sum(row["count"] for row in found if row["sentiment"] == "negative"),
        "crisis": sum(row["count"] for row in found if row["crisis"]),
        "offensive": sum(row["count"] for row in found if row["offensive"]),
        "by_intent": _sum_by(found, "intent"),
        "by_platform": _sum_by(found, "platform"),
        "by_intent_sentiment": {
            intent: _sum_by([row for row in found if row["intent"] == intent], "sentiment")
            for intent in _sum_by(found, "intent")
        },
    }


def _sum_by(found: Sequence[Row], column: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in found:
        if row[column] is not None:
            sums[row[column]] = sums.get(row[column], 0) + row["count"]
    return sums


def _by_hour(conn: Connection, start: int, end: int, time_zone: ZoneInfo) -> tuple[int, ...]:
    """Count by local hour; on a day with 25 hours two of them share a place."""
    found = conn.execute(
        f"SELECT m.at / {_QUARTER_MS} AS quarter, count(*) AS count FROM messages m"
        f" WHERE m.direction = 'in' AND m.at >= ? AND m.at < ? AND {IS_DATED} GROUP BY quarter",
        (start, end),
    ).fetchall()
    hours = [0] * 24
    for row in found:
        hours[from_ms(row["quarter"] * _QUARTER_MS).astimezone(time_zone).hour] += row["count"]
    return tuple(hours)


def _work_done(conn: Connection, start: int, end: int) -> dict[str, Any]:
    """Count what the machine proposed, what people decided, and what left."""
    suggestions = one(
        conn,
        "SELECT coalesce(sum(is_silent = 0), 0) AS suggested, coalesce(sum(is_silent), 0) AS silent"
        " FROM suggestions WHERE created_at >= ? AND created_at < ?",
        start,
        end,
    )
    decided = conn.execute(
        "SELECT kind, count(*) AS count FROM decisions WHERE at >= ? AND at < ? GROUP BY kind",
        (start, end),
    ).fetchall()
    ended = conn.execute(
        "SELECT state, count(*) AS count FROM replies WHERE ended_at >= ? AND ended_at < ?"
        " AND state IN ('sent', 'failed') GROUP BY state",
        (start, end),
    ).fetchall()
    kinds = ("approved", "edited", "own_words", "by_hand", "rejected", "no_reply", "automatic")
    by_kind = {row["kind"]: row["count"] for row in decided}
    by_state = {row["state"]: row["count"] for row in ended}
    return {
        "suggested": suggestions["suggested"],
        "silent": suggestions["silent"],
        "sent": by_state.get("sent", 0),
        "failed": by_state.get("failed", 0),
        **{kind: by_kind.get(kind, 0) for kind in kinds},
    }


def exchanges(conn: Connection, since: int, until: int) -> list[Exchange]:
    """Return what wanted an answer, and what got one though the model saw no need."""
    found = conn.execute(
        "SELECT m.id, p.root_id, m.at, m.answered_at, t.intent, t.needs_reply FROM messages m"
        " JOIN accounts a ON a.id = m.account_id JOIN persons p ON p.id = a.person_id"
        " LEFT JOIN current_tags t ON t.message_id = m.id"
        f" WHERE m.direction = 'in' AND m.at >= ? AND m.at < ? AND {IS_DATED}"
        " AND (m.answer_id IS NOT NULL OR (t.needs_reply = 1"
        " AND (m.platform = 'import' OR (m.login IS NOT NULL AND m.is_history = 0))))"
        " ORDER BY m.at, m.id",
        (since, until),
    ).fetchall()
    return [
        Exchange(
            message_id=row["id"],
            person_id=row["root_id"],
            asked_at=from_ms(row["at"]),
            answered_at=from_ms_or_none(row["answered_at"]),
            intent=row["intent"] or "",
            needs_reply=bool(row["needs_reply"]),
        )
        for row in found
    ]


_ACTIVITY = f"""
WITH heard AS (
  SELECT p.root_id, count(*) AS in_count, max(m.id) AS last_message_id,
    sum(coalesce(t.sentiment, '') = 'negative') AS negative,
    sum(coalesce(t.sentiment, '') = 'positive') AS positive
  FROM messages m JOIN accounts a ON a.id = m.account_id JOIN persons p ON p.id = a.person_id
  LEFT JOIN current_tags t ON t.message_id = m.id
  WHERE m.direction = 'in' AND m.at >= :since AND m.at < :until AND {IS_DATED}
  GROUP BY p.root_id
), told AS (
  SELECT p.root_id, count(*) AS out_count
  FROM messages m JOIN accounts a ON a.id = m.to_account_id JOIN persons p ON p.id = a.person_id
  WHERE m.direction = 'out' AND m.at >= :since AND m.at < :until AND {IS_DATED}
  GROUP BY p.root_id
)
SELECT heard.*, coalesce(told.out_count, 0) AS out_count, w.platform, w.handle, w.name,
  w.is_bot, w.opted_out_at,
  (SELECT count(*) FROM messages e JOIN accounts b ON b.id = e.account_id
    JOIN persons q ON q.id = b.person_id
    WHERE q.root_id = heard.root_id AND e.at < :since) AS before_in,
  (SELECT max(e.at) FROM messages e JOIN accounts b ON b.id = e.account_id
    JOIN persons q ON q.id = b.person_id
    WHERE q.root_id = heard.root_id AND e.at < :since) AS last_before_at
FROM heard LEFT JOIN told ON told.root_id = heard.root_id
JOIN messages l ON l.id = heard.last_message_id JOIN accounts w ON w.id = l.account_id
ORDER BY heard.in_count DESC, heard.root_id
"""


def activity(conn: Connection, since: int, until: int) -> list[PersonActivity]:
    """Return everybody who spoke inside the window, the busiest first."""
    found = conn.execute(_ACTIVITY, {"since": since, "until": until}).fetchall()
    return [
        PersonActivity(
            person_id=row["root_id"],
            name=row["name"] or row["handle"],
            handle=row["handle"],
            platform=row["platform"],
            in_count=row["in_count"],
            out_count=row["out_count"],
            before_in=row["before_in"],
            last_before_at=from_ms_or_none(row["last_before_at"]),
            negative=row["negative"],
            positive=row["positive"],
            last_message_id=row["last_message_id"],
            is_bot=bool(row["is_bot"]),
            opted_out=row["opted_out_at"] is not None,
        )
        for row in found
    ]


def messages_between(conn: Connection, since: int, until: int, limit: int) -> list[Message]:
    """Return what was said both ways inside a window, oldest first, without tombstones."""
    return rows.messages(
        conn,
        f"WHERE m.at >= ? AND m.at < ? AND m.state <> 'gone' AND {IS_DATED}"
        " ORDER BY m.at, m.id LIMIT ?",
        since,
        until,
        limit,
    )


def first_day(conn: Connection, time_zone: str) -> date | None:
    at = value(conn, f"SELECT m.at FROM messages m WHERE {IS_DATED} ORDER BY m.at LIMIT 1")
    return None if at is None else from_ms(at).astimezone(zone(time_zone)).date()


def claim_digest(conn: Connection, day: date, now: int) -> bool:
    """Take a day's digest; one that failed may be taken again, one that is out never."""
    row = one(
        conn,
        "INSERT INTO digests (day, claimed_at) VALUES (?, ?) ON CONFLICT (day) DO UPDATE"
        " SET claimed_at = excluded.claimed_at, error = ''"
        " WHERE sent_at IS NULL AND error <> '' RETURNING day",
        day.isoformat(),
        now,
    )
    return row is not None


def digest_sent(conn: Connection, day: date, now: int, error: str) -> None:
    conn.execute(
        "UPDATE digests SET sent_at = ?, error = ? WHERE day = ?",
        (None if error else now, error, day.isoformat()),
    )
