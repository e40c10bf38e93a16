"""Settings, the sign of life, and backups."""

import os
import sqlite3
from pathlib import Path

from storage.sqlite import audit, brakes, days
from storage.sqlite.engine import Connection
from storage.sqlite.listening import end_quarantine
from storage.sqlite.rows import value
from storage.sqlite.words import clean, clean_line
from storage.store import StoreBroken

RESTORED = "restored from a backup: see what was posted since, then take the brake off"


def ping(conn: Connection, now: int) -> None:
    """Write something small; that it commits is the sign of life. What is overdue goes with it."""
    end_quarantine(conn, now)
    conn.execute("UPDATE counters SET value = value + 1 WHERE name = 'ping'")


def get_setting(conn: Connection, name: str) -> str | None:
    found: str | None = value(conn, "SELECT value FROM settings WHERE name = ?", name)
    return found


def put_setting(conn: Connection, name: str, text: str, by: str, now: int) -> None:
    before = get_setting(conn, name)
    after = clean(text)
    if before == after:
        return
    put_state(conn, name, after, now)
    audit.record(conn, now, clean_line(by), "set", ("setting", None), detail=clean_line(name))
    if name == days.TIME_ZONE_SETTING:
        days.rebuild(conn)


def put_state(conn: Connection, name: str, text: str, now: int) -> None:
    """Keep a passing state under the settings: nobody decided it, so no audit entry."""
    conn.execute(
        "INSERT INTO settings (name, value, at) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at",
        (clean_line(name), clean(text), now),
    )


def backup(conn: Connection, path: str, now: int) -> None:
    """Copy one snapshot into a file of its own. Opened as a store, it starts with the brake on."""
    target_path = Path(path)
    os.close(os.open(target_path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    target = sqlite3.connect(target_path, isolation_level=None)
    try:
        target.row_factory = sqlite3.Row
        conn.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
        target.execute("BEGIN IMMEDIATE")
        brakes.set_brake(target, "home", "", now, on=True, by="backup", reason=RESTORED)
        target.execute("COMMIT")
        verdict = target.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        target.close()
    if verdict != "ok":
        raise StoreBroken(f"the backup is damaged: {verdict}")
