"""The brake: stops everything that has not left yet, for the home, a login or a source."""

from storage.model import Brake, BrakeScope
from storage.sqlite import audit
from storage.sqlite.engine import Connection
from storage.sqlite.rows import Row
from storage.sqlite.times import from_ms
from storage.sqlite.words import clean_line

APPLIES = """EXISTS (SELECT 1 FROM brakes b WHERE b.scope = 'home'
  OR (b.scope = 'login' AND b.target = r.login) OR (b.scope = 'source' AND b.target = r.source))"""


def set_brake(
    conn: Connection,
    scope: BrakeScope,
    target: str,
    now: int,
    *,
    on: bool,
    by: str,
    reason: str,
) -> None:
    target = "" if scope == "home" else clean_line(target)
    if on:
        conn.execute(
            "INSERT INTO brakes (scope, target, by_whom, at, reason) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (scope, target) DO UPDATE SET by_whom = excluded.by_whom,"
            " at = excluded.at, reason = excluded.reason",
            (scope, target, clean_line(by), now, clean_line(reason)),
        )
    else:
        conn.execute("DELETE FROM brakes WHERE scope = ? AND target = ?", (scope, target))
    act = "brake on" if on else "brake off"
    audit.record(conn, now, clean_line(by), act, (scope, None), detail=target)


def brakes(conn: Connection) -> list[Brake]:
    found = conn.execute("SELECT * FROM brakes ORDER BY at, scope, target").fetchall()
    return [_brake(row) for row in found]


def _brake(row: Row) -> Brake:
    return Brake(
        scope=row["scope"],
        target=row["target"],
        by=row["by_whom"],
        at=from_ms(row["at"]),
        reason=row["reason"],
    )
