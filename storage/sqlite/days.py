"""account_days: how much each account said and heard on each local date of the brand."""

from typing import Literal
from zoneinfo import ZoneInfo

from storage.sqlite.engine import Connection
from storage.sqlite.rows import value
from storage.sqlite.times import local_day, zone

Count = Literal["in_count", "out_count", "positive", "neutral", "negative"]
TIME_ZONE_SETTING = "time_zone"


def brand_zone(conn: Connection) -> ZoneInfo:
    return zone(value(conn, "SELECT value FROM settings WHERE name = ?", TIME_ZONE_SETTING) or "")


def count(conn: Connection, account_id: int, day: str, column: Count, by: int = 1) -> None:
    conn.execute(
        f"INSERT INTO account_days (account_id, day, {column}) VALUES (?, ?, ?)"
        f" ON CONFLICT (account_id, day) DO UPDATE SET {column} = {column} + excluded.{column}",
        (account_id, day, by),
    )


def recount_sentiment(
    conn: Connection, account_id: int, at: int, before: str | None, after: str | None
) -> None:
    """Move one message of a day from one sentiment to another; unsure counts nowhere."""
    if before == after:
        return
    day = local_day(at, brand_zone(conn))
    columns: dict[str, Count] = {
        "positive": "positive", "neutral": "neutral", "negative": "negative",
    }  # fmt: skip
    if before in columns:
        count(conn, account_id, day, columns[before], -1)
    if after in columns:
        count(conn, account_id, day, columns[after])


def rebuild(conn: Connection) -> None:
    """Count everything again: the brand has moved to another time zone."""
    time_zone = brand_zone(conn)
    conn.execute("DELETE FROM account_days")
    rows = conn.execute(
        "SELECT m.id, m.direction, m.account_id, m.to_account_id, m.at, t.sentiment"
        " FROM messages m LEFT JOIN current_tags t ON t.message_id = m.id"
        " WHERE m.state <> 'gone' OR m.direction = 'out'"
    )
    for row in rows.fetchall():
        day = local_day(row["at"], time_zone)
        if row["direction"] == "in":
            count(conn, row["account_id"], day, "in_count")
            recount_sentiment(conn, row["account_id"], row["at"], None, row["sentiment"])
        elif row["to_account_id"] is not None:
            count(conn, row["to_account_id"], day, "out_count")
