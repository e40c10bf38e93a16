"""Opening a home: the lock, the file, its health and its schema. Errors say what to do."""

import fcntl
import os
import secrets
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from storage.sqlite import erasing
from storage.sqlite.engine import Connection, as_store_error, connect
from storage.sqlite.migrations import is_current, migrate, refuse_newer
from storage.sqlite.times import to_ms
from storage.store import StoreBroken, StoreLocked, StoreMissing, StoreReadOnly

DATABASE = "byname.db"
LOCK = "lock"

Clock = Callable[[], datetime]


def take_lock(home: Path) -> int:
    """Return the open lock file. The kernel frees it when the process ends, however it ends."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreReadOnly(
            f"{home} cannot be written ({error.strerror}): look at its owner and rights"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise StoreLocked(
            f"another byname works in {home}: stop it, or use a command that only reads"
        ) from error
    return handle


def prepare(home: Path, clock: Clock) -> Path:
    """Create or check the database and bring it to the present schema; return its path."""
    path = home / DATABASE
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreReadOnly(
            f"{path} cannot be written ({error.strerror}): look at its owner and rights"
        ) from error
    try:
        conn = connect(path)
        try:
            now = to_ms(clock())
            _bring_up(conn, now)
            _erase_again(conn, home / erasing.LEDGER, now)
        finally:
            conn.close()
    except sqlite3.Error as error:
        raise as_store_error(error) from error
    return path


def _bring_up(conn: Connection, now: int) -> None:
    conn.execute("PRAGMA journal_mode=WAL")
    verdict = conn.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise StoreBroken(f"the database is damaged ({verdict}): restore a backup")
    migrate(conn)
    conn.execute(
        "INSERT INTO settings (name, value, at) VALUES ('erasure_key', ?, ?)"
        " ON CONFLICT (name) DO NOTHING",
        (secrets.token_hex(32), now),
    )


def _erase_again(conn: Connection, ledger: Path, now: int) -> None:
    """A backup that was put back may hold people who were erased since."""
    conn.execute("BEGIN IMMEDIATE")
    come_back = erasing.replay(conn, ledger, now)
    conn.execute("COMMIT")
    if come_back:
        erasing.finish(conn)


def check_readable(home: Path) -> Path:
    """Return the path of a database that this version can read."""
    path = home / DATABASE
    if not path.exists():
        raise StoreMissing(f"there is no database in {home} yet: run byname there once")
    try:
        conn = connect(path, reads_only=True)
        try:
            refuse_newer(conn)
            if not is_current(conn):
                raise StoreMissing(
                    f"the database in {home} is older than this byname: start byname once"
                )
        finally:
            conn.close()
    except sqlite3.Error as error:
        raise as_store_error(error) from error
    return path
