"""One thread that writes, two that read.

All writes go through one connection in one thread; what arrives while a commit is on its way to the
disk joins the next one (group commit), so that synchronous=FULL costs one flush for many writers.
A request that fails takes nobody with it: its group runs again, each in its own savepoint. All
other connections are query_only, because SQLite before 3.51.3 can damage a file to which two
connections write.

Not here: what is written. Functions take a connection and return values.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.store import NotFound, StoreBroken, StoreError, StoreReadOnly

Connection = sqlite3.Connection

MAX_GROUP = 200
MAX_WAITING = 2_000
BUSY_SECONDS = 30.0
WAL_LIMIT_BYTES = 256 * 1024 * 1024
READ_SECONDS = 5.0
_OPCODES_BETWEEN_LOOKS = 20_000


def connect(path: Path, *, reads_only: bool = False, **options: Any) -> Connection:
    """Open the database with every pragma set: they hold per connection, not per file."""
    conn: Connection = sqlite3.connect(
        path, timeout=5.0, isolation_level=None, cached_statements=512, **options
    )
    conn.row_factory = sqlite3.Row
    for pragma in (
        "busy_timeout=5000",
        "foreign_keys=1",
        "synchronous=FULL",
        "wal_autocheckpoint=1000",
        "journal_size_limit=67108864",
        "secure_delete=1",  # an erased word must not stay in a free page
        "cache_size=-65536",
        "temp_store=MEMORY",
    ):
        conn.execute(f"PRAGMA {pragma}")
    if reads_only:
        conn.execute("PRAGMA query_only=1")
    return conn


@dataclass(slots=True, eq=False)
class _Request:
    run: Callable[[Connection], Any]
    future: asyncio.Future[Any]
    alone: bool  # a checkpoint cannot run inside a transaction
    result: Any = None
    error: BaseException | None = None


class Writer:
    """The only connection that writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inbox: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._slots = asyncio.Semaphore(MAX_WAITING)
        self._thread = threading.Thread(target=self._work, name="byname-writer", daemon=True)
        self._held_back: _Request | None = None
        self._stopping = False
        self.commits = 0
        self.requests = 0

    def start(self) -> None:
        self._thread.start()

    async def run(self, function: Callable[[Connection], Any], *, alone: bool = False) -> Any:
        """Run in the writer thread; what it returns is durable when it is returned."""
        if self._stopping:
            raise StoreError("the store is closed")
        async with self._slots:
            future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._inbox.put(_Request(function, future, alone))
            return await future

    async def stop(self) -> None:
        """Finish what is queued, leave a small file behind, end the thread."""
        if not self._stopping:
            self._stopping = True
            self._inbox.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        try:
            conn = connect(self._path)
        except sqlite3.Error as error:
            self._refuse_all(as_store_error(error))
            return
        while (group := self._gather()) is not None:
            if group[0].alone:
                _run_alone(conn, group[0])
            else:
                self._commit(conn, group)
            _answer(group)
        with contextlib.suppress(sqlite3.Error):
            conn.execute("PRAGMA optimize")
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        conn.close()

    def _refuse_all(self, error: StoreError) -> None:
        """Without a connection nobody must wait for ever."""
        while (group := self._gather()) is not None:
            for request in group:
                request.error = error
            _answer(group)

    def _gather(self) -> list[_Request] | None:
        """Wait for one request and take along all that already stand behind it."""
        first, self._held_back = self._held_back or self._inbox.get(), None
        if first is None:
            return None
        group = [first]
        while not first.alone and len(group) < MAX_GROUP:
            try:
                another = self._inbox.get_nowait()
            except queue.Empty:
                break
            if another is None:
                self._inbox.put(None)
                break
            if another.alone:
                self._held_back = another
                break
            group.append(another)
        return group

    def _commit(self, conn: Connection, group: list[_Request]) -> None:
        """Commit a group as a whole; if one of it fails, go again with a savepoint for each.

        A savepoint makes full text search write out what it has gathered, and most groups have
        nothing to take back. Requests only read and write the database, so they may run twice.
        """
        if not _commit_as_one(conn, group):
            _commit_each(conn, group)
        self.commits += 1
        self.requests += len(group)
        if self.commits % 50 == 0:
            self._guard_wal(conn)

    def _guard_wal(self, conn: Connection) -> None:
        """A slow reader lets the log grow; shrink it as soon as nobody stands in the way."""
        wal = self._path.with_name(self._path.name + "-wal")
        with contextlib.suppress(OSError, sqlite3.Error):
            if wal.stat().st_size > WAL_LIMIT_BYTES:
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _begin(conn: Connection) -> None:
    """Take the write lock; an outside tool may hold it for a while."""
    give_up_at = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > give_up_at:
                raise
        else:
            return


def _is_busy(error: sqlite3.Error) -> bool:
    return error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _commit_as_one(conn: Connection, group: list[_Request]) -> bool:
    try:
        _begin(conn)
        for request in group:
            request.result = request.run(conn)
        conn.execute("COMMIT")
    except Exception:  # noqa: BLE001 - the second run finds whose it is, and hands it over
        _roll_back(conn)
        return False
    return True


def _commit_each(conn: Connection, group: list[_Request]) -> None:
    try:
        _begin(conn)
        for request in group:
            _run_in_savepoint(conn, request)
        conn.execute("COMMIT")
    except sqlite3.Error as error:
        # Nothing of this group is on the disk, so nobody in it may believe that it is.
        _roll_back(conn)
        for request in group:
            request.error = request.error or as_store_error(error)


def _roll_back(conn: Connection) -> None:
    with contextlib.suppress(sqlite3.Error):
        conn.execute("ROLLBACK")


def _run_in_savepoint(conn: Connection, request: _Request) -> None:
    conn.execute("SAVEPOINT request")
    try:
        request.result = request.run(conn)
    except Exception as error:
        request.error = _in_our_words(error)
        if not conn.in_transaction:  # a full disk ends the whole transaction
            raise sqlite3.OperationalError(str(error)) from error
        conn.execute("ROLLBACK TO request")
    conn.execute("RELEASE request")


def _run_alone(conn: Connection, request: _Request) -> None:
    try:
        request.result = request.run(conn)
    except Exception as error:  # noqa: BLE001 - the caller gets it
        request.error = _in_our_words(error)


def _answer(group: list[_Request]) -> None:
    loop = group[0].future.get_loop()
    with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
        loop.call_soon_threadsafe(_resolve, group)


def _resolve(group: list[_Request]) -> None:
    for request in group:
        if request.future.done():
            continue
        if request.error is not None:
            request.future.set_exception(request.error)
        else:
            request.future.set_result(request.result)


class Readers:
    """Connections that cannot write, each lent to one short read at a time."""

    def __init__(self, path: Path, count: int = 2) -> None:
        self._idle: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        for _ in range(count):
            self._idle.put(connect(path, reads_only=True, check_same_thread=False))
        self._count = count
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="byname-reader")

    async def run(
        self, function: Callable[[Connection], Any], seconds: float = READ_SECONDS
    ) -> Any:
        """Run in a reader thread, on one snapshot; interrupted when it takes too long."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._call, function, seconds)

    def _call(self, function: Callable[[Connection], Any], seconds: float) -> Any:
        conn = self._idle.get()
        give_up_at = time.monotonic() + seconds
        conn.set_progress_handler(lambda: time.monotonic() > give_up_at, _OPCODES_BETWEEN_LOOKS)
        try:
            conn.execute("BEGIN")
            return function(conn)
        except (sqlite3.Error, OverflowError) as error:
            raise _in_our_words(error) from error
        finally:
            conn.set_progress_handler(None, 0)
            with contextlib.suppress(sqlite3.Error):
                conn.execute("ROLLBACK")
            self._idle.put(conn)

    async def stop(self) -> None:
        await asyncio.to_thread(self._pool.shutdown)
        for _ in range(self._count):
            self._idle.get().close()


def _in_our_words(error: Exception) -> Exception:
    if isinstance(error, OverflowError):
        return NotFound("no id is that large")
    return as_store_error(error) if isinstance(error, sqlite3.Error) else error


def as_store_error(error: sqlite3.Error) -> StoreError:
    """Say who must act on an error of SQLite."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return StoreBroken(f"the database is damaged ({error}): restore a backup")
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return StoreReadOnly(
            f"the database cannot be written ({error}): look at the owner and the rights of the"
            " home folder"
        )
    if code == sqlite3.SQLITE_INTERRUPT:
        return StoreError("this look-up took too long and was stopped: narrow it")
    if code == sqlite3.SQLITE_FULL:
        return StoreError("the disk is full: nothing of this was kept; make room and try again")
    return StoreError(f"the database refused: {error}")
