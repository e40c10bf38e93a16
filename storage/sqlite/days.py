"""account_days: how much each account said and heard on each local date of the brand."""

from typing import Literal
from zoneinfo import ZoneInfo

from storage.sqlite.engine import Connection
from storage.sqlite.rows import one, value
from storage.sqlite.times import local_day, zone

Count = Literal["in_count", "out_count", "positive", "neutral", "negative"]
TIME_ZONE_SETTING = "time_zone"
IS_DATED = "NOT (m.is_history = 1 AND m.created_at IS NULL)"
"""A message of an import without times belongs to no day."""

_SENTIMENTS: dict[str | None, Count] = {
    "positive": "positive",
    "neutral": "neutral",
    "negative": "negative",
}


def brand_zone(conn: Connection) -> ZoneInfo:
    return zone(value(conn, "SELECT value FROM settings WHERE name = ?", TIME_ZONE_SETTING) or "")


def count(conn: Connection, account_id: int, day: str, column: Count, by: int = 1) -> None:
    conn.execute(
        f"INSERT INTO account_days (account_id, day, {column}) VALUES (?, ?, ?)"
        f" ON CONFLICT (account_id, day) DO UPDATE SET {column} = {column} + excluded.{column}",
        (account_id, day, by),
    )


def recount_sentiment(
    conn: Connection, message_id: int, before: str | None, after: str | None
) -> None:
    """Move one message of a day from one sentiment to another; unsure counts nowhere."""
    if before == after:
        return
    message = one(
        conn, f"SELECT m.account_id, m.at FROM messages m WHERE m.id = ? AND {IS_DATED}", message_id
    )
    if message is None:
        return
    day = local_day(message["at"], brand_zone(conn))
    if before in _SENTIMENTS:
        count(conn, message["account_id"], day, _SENTIMENTS[before], -1)
    if after in _SENTIMENTS:
        count(conn, message["account_id"], day, _SENTIMENTS[after])


def rebuild(conn: Connection) -> None:
    """Count everything again: the brand has moved to another time zone."""
    time_zone = brand_zone(conn)
    conn.execute("DELETE FROM account_days")
    found = conn.execute(
        "SELECT m.direction, m.account_id, m.to_account_id, m.at, t.sentiment"
        " FROM messages m JOIN accounts a ON a.id = coalesce(m.to_account_id, m.account_id)"
        f" LEFT JOIN current_tags t ON t.message_id = m.id"
        f" WHERE a.erased_at IS NULL AND {IS_DATED}"
    ).fetchall()
    for row in found:
        day = local_day(row["at"], time_zone)
        if row["direction"] == "out":
            if row["to_account_id"] is not None:
                count(conn, row["to_account_id"], day, "out_count")
            continue
        count(conn, row["account_id"], day, "in_count")
        if row["sentiment"] in _SENTIMENTS:
            count(conn, row["account_id"], day, _SENTIMENTS[row["sentiment"]])
