"""One writer thread with group commit, readers that cannot write, and what a kill leaves."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from connectors.model import Seen
from storage import open_store
from storage.sqlite import engine
from storage.store import NotFound, StoreError

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def writer(tmp_path):
    path = tmp_path / "plain.db"
    conn = engine.connect(path)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE)")
    conn.close()
    writer = engine.Writer(path)
    writer.start()
    yield writer
    await writer.stop()


@pytest.fixture
async def readers(writer):
    readers = engine.Readers(writer._path)
    yield readers
    await readers.stop()


def put(word):
    return lambda conn: conn.execute("INSERT INTO kept (word) VALUES (?)", (word,)).lastrowid


def words(conn):
    return [row["word"] for row in conn.execute("SELECT word FROM kept ORDER BY id").fetchall()]


async def test_many_writes_share_few_commits(writer, readers):
    await asyncio.gather(*(writer.run(put(str(number))) for number in range(500)))
    assert len(await readers.run(words)) == 500
    assert writer.requests == 500
    assert writer.commits < 100


async def test_what_was_answered_is_seen_by_the_next_read(writer, readers):
    for number in range(20):
        await writer.run(put(str(number)))
        assert str(number) in await readers.run(words)


async def test_one_request_that_fails_takes_nobody_with_it(writer, readers):
    results = await asyncio.gather(
        *(writer.run(put(word)) for word in ("one", "two", "one", "three")), return_exceptions=True
    )
    assert [isinstance(result, StoreError) for result in results] == [False, False, True, False]
    assert await readers.run(words) == ["one", "two", "three"]


async def test_a_request_that_fails_half_way_leaves_nothing(writer, readers):
    def half(conn):
        put("half")(conn)
        raise NotFound("the other half")

    with pytest.raises(NotFound):
        await writer.run(half)
    assert await readers.run(words) == []


async def test_an_abandoned_write_is_whole_or_absent_and_harms_nobody(writer, readers):
    tasks = [asyncio.ensure_future(writer.run(put(str(number)))) for number in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await writer.run(put("after"))
    kept = await readers.run(words)
    assert {str(number) for number in range(1, 50, 2)} | {"after"} <= set(kept)


async def test_a_reader_cannot_write(readers):
    with pytest.raises(StoreError):
        await readers.run(put("sneaked in"))


async def test_a_read_that_takes_too_long_is_stopped_and_the_next_one_works(readers):
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
    with pytest.raises(StoreError, match="too long"):
        await readers.run(lambda conn: conn.execute(endless).fetchone(), seconds=0.05)
    assert await readers.run(words) == []


async def test_a_read_sees_one_moment(writer, readers):
    await writer.run(put("first"))
    loop = asyncio.get_running_loop()

    def twice(conn):
        before = words(conn)
        asyncio.run_coroutine_threadsafe(writer.run(put("second")), loop).result(5)
        return before, words(conn)

    before, after = await readers.run(twice)
    assert before == after == ["first"]


async def test_a_short_lock_by_an_outside_tool_is_waited_for(writer, readers):
    outside = sqlite3.connect(writer._path, isolation_level=None)
    outside.execute("BEGIN IMMEDIATE")
    write = asyncio.ensure_future(writer.run(put("patient")))
    await asyncio.sleep(0.1)
    assert not write.done()
    outside.execute("COMMIT")
    outside.close()
    await write
    assert await readers.run(words) == ["patient"]


async def test_a_full_disk_keeps_nothing_and_says_so(writer, readers):
    def fill(conn):
        pages = conn.execute("PRAGMA page_count").fetchone()[0]
        conn.execute(f"PRAGMA max_page_count={pages + 2}")

    await writer.run(fill, alone=True)
    with pytest.raises(StoreError, match="disk is full"):
        await writer.run(put("x" * 1_000_000))
    assert await readers.run(words) == []
    await writer.run(put("small"))
    assert await readers.run(words) == ["small"]


async def test_the_log_is_shortened_when_it_grew_too_long(writer, monkeypatch):
    monkeypatch.setattr(engine, "WAL_LIMIT_BYTES", 100_000)
    wal = writer._path.with_name("plain.db-wal")
    for number in range(100):
        await writer.run(put(f"{number}" + "x" * 4_000))
    assert wal.stat().st_size < 100_000


async def test_a_stopped_writer_has_finished_what_was_queued(writer):
    tasks = [asyncio.ensure_future(writer.run(put(str(number)))) for number in range(100)]
    await asyncio.sleep(0)
    await writer.stop()
    assert len(await asyncio.gather(*tasks)) == 100
    with pytest.raises(StoreError, match="closed"):
        await writer.run(put("late"))


CHILD = """
import asyncio, itertools, sys
from datetime import UTC, datetime
from pathlib import Path
from connectors.model import Author, Message, Page, Seen, Source
from storage import open_store

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOURCE = Source("s", "replay", "mastodon", login="masto")
numbers = itertools.count(int(sys.argv[2]))

async def one(store):
    while True:
        ref = str(next(numbers))
        message = Message("mastodon", ref, Author("a", "a"), "word " + ref, "mention", ref)
        await store.take_page(SOURCE, Page((Seen(message),), ref), NOW)
        sys.stdout.write(ref + "\\n")
        sys.stdout.flush()

async def main():
    store = await open_store(Path(sys.argv[1]), clock=lambda: NOW)
    await asyncio.gather(*(one(store) for _ in range(20)))

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_kill_9(home, clock):
    acknowledged = set()
    for life in range(2):
        child = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
            [sys.executable, "-c", CHILD, str(home), str(life * 1_000_000)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        first = child.stdout.readline()  # it works; now let it run for a moment
        deadline = time.monotonic() + 0.3
        lines = [first]
        while time.monotonic() < deadline:
            lines.append(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.readlines()
        child.wait()
        child.stdout.close()
        acknowledged |= {line.strip() for line in lines if line.endswith("\n")}
    assert len(acknowledged) > 20
    store = await open_store(home, clock=clock)
    try:
        for ref in acknowledged:
            message = await store.find_message("mastodon", ref)
            assert message is not None, ref
            assert message.text == f"word {ref}"
        assert len(await store.search("word", limit=10**6)) >= len(acknowledged)
        work = await store.work_left()
        assert work["tag"] >= len(acknowledged)
    finally:
        await store.close()


async def test_a_log_cut_at_any_frame_opens_with_what_came_before(
    desk, store, home, tmp_path, clock
):
    """After a power loss the end of the log may be missing; what stands before it must open."""
    ids = [await desk.hear(f"message {number}") for number in range(5)]
    main, wal = (home / name for name in ("byname.db", "byname.db-wal"))
    content, log = main.read_bytes(), wal.read_bytes()
    frames = range(32, len(log), 4096 + 24)
    for number, cut in enumerate([*frames[:: max(1, len(frames) // 12)], len(log)]):
        copy = tmp_path / f"cut{number}"
        copy.mkdir(mode=0o700)
        (copy / "byname.db").write_bytes(content)
        (copy / "byname.db-wal").write_bytes(log[:cut])
        opened = await open_store(copy, clock=clock)
        found = sorted(message.id for message in await opened.search("message"))
        assert found == ids[: len(found)]
        assert await opened.verify_audit() is None
        await opened.close()


async def test_many_tasks_write_and_read_together(desk, store):
    async def one(number):
        await desk.take(Seen(desk.said(f"word {number}", by=f"person{number % 7}")))
        return len(await store.search(f"word {number}"))

    assert all(await asyncio.gather(*(one(number) for number in range(100))))
    assert (await store.queue_counts(desk.now))["all"] == 100
