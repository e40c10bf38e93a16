"""The two doors of the store. Both are awaited: checking a large file takes its time."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

from storage.sqlite.engine import Readers, Writer
from storage.sqlite.opening import Clock, check_readable, prepare, take_lock
from storage.sqlite.store import SqliteStore
from storage.store import Store


async def open_store(home: Path, *, clock: Clock) -> Store:
    """Lock the home, create, check and migrate its database, and open it to write.

    Raises StoreLocked, StoreReadOnly, StoreTooNew or StoreBroken. Leases of a process that is gone
    are not taken back here: call lose_leases before the first claim.
    """
    lock = await asyncio.to_thread(take_lock, home)
    try:
        path = await asyncio.to_thread(prepare, home, clock)
        writer = Writer(path)
        writer.start()
        return SqliteStore(home, clock, readers=Readers(path), writer=writer, lock=lock)
    except BaseException:
        os.close(lock)
        raise


async def open_reader(home: Path) -> Store:
    """Open the database of a home to read only; works beside a process that writes.

    Raises StoreMissing where there is none yet, StoreTooNew or StoreBroken.
    """
    path = await asyncio.to_thread(check_readable, home)
    return SqliteStore(home, _utc_now, readers=Readers(path))


def _utc_now() -> datetime:
    return datetime.now(UTC)
