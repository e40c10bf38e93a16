"""How fast the store takes messages so that each one survives a power cut when it is acknowledged.

    python benchmarks/store.py [--rows 10000] [--tasks 200] [--folder DIR]

Every row is one take_page() of one new message with search on: thread, account, conversation, work,
day count and cursor included, awaited until it is on the disk. Beside it, in the same run and in
turns, the same work with one commit per row, as a program without a writer thread would do it.
Rates depend on the machine and on what else it does: compare the ratio, and read CPU us per row.
"""

import argparse
import asyncio
import itertools
import os
import platform
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from connectors.model import (  # noqa: E402 - the repository need not be installed
    Author,
    Message,
    Page,
    Seen,
    Source,
)
from nlp.model import Flag, Scored, Tags, Vector  # noqa: E402
from storage import open_store  # noqa: E402
from storage.model import QueueFilter  # noqa: E402
from storage.sqlite import engine, listening  # noqa: E402
from storage.sqlite.opening import prepare  # noqa: E402

BAR = 2_000  # rows a second, each durable when acknowledged, with search on
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOURCE = Source("bench", "replay", "mastodon", login="brand")
WORDS = """
the a order parcel is late broken lovely when where why not working update phone help please thanks
refund store open closed battery screen again still never always love hate wait hours
""".split()  # noqa: SIM905 - easier to read than a list
TAGS = Tags(
    language="en",
    model="tagger@1",
    sentiment=Scored("negative", 0.9),
    intents=(Scored("question", 0.8),),
    offensive=Flag(False, 0.1),
    crisis=Flag(False, 0.1),
    needs_reply=Flag(True, 0.9),
)


@dataclass
class Run:
    rows: int
    seconds: float
    cpu_seconds: float
    latencies_ms: list[float]

    @property
    def rate(self):
        return self.rows / self.seconds

    def line(self, name):
        ranked = sorted(self.latencies_ms)
        p99 = ranked[int(len(ranked) * 0.99) - 1]
        return (
            f"{name:<34} {self.rate:>8,.0f} {1e6 * self.cpu_seconds / self.rows:>9,.0f}"
            f" {statistics.median(ranked):>9.2f} {p99:>9.2f}"
        )


def message(number: int, chance: random.Random) -> Message:
    author = chance.randrange(2_000)
    text = " ".join(chance.choices(WORDS, k=25)) + f" number{number}"
    return Message(
        "mastodon",
        f"https://social.example/{number}",
        Author(f"id{author}", f"person{author}", f"Person {author}"),
        text,
        "mention",
        f"https://social.example/{number}",
        created_at=NOW + timedelta(milliseconds=number),
    )


def pages(start: int, count: int) -> list[Page]:
    chance = random.Random(start)
    return [Page((Seen(message(n, chance)),), str(n)) for n in range(start, start + count)]


async def grouped(store, start: int, count: int, tasks: int) -> Run:
    """Many tasks, each awaiting its own message."""
    todo, latencies = iter(pages(start, count)), []

    async def one():
        for page in todo:
            began = time.perf_counter()
            await store.take_page(SOURCE, page, NOW)
            latencies.append(1000 * (time.perf_counter() - began))

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one() for _ in range(tasks)))
    return Run(count, time.perf_counter() - began, time.process_time() - cpu, latencies)


def naive(path: Path, start: int, count: int) -> Run:
    """Do the same work with one commit per row."""
    conn, latencies = engine.connect(path), []
    todo = pages(start, count)
    began, cpu = time.perf_counter(), time.process_time()
    for page in todo:
        row_began = time.perf_counter()
        conn.execute("BEGIN IMMEDIATE")
        listening.take_page(conn, SOURCE, page, NOW)
        conn.execute("COMMIT")
        latencies.append(1000 * (time.perf_counter() - row_began))
    run = Run(count, time.perf_counter() - began, time.process_time() - cpu, latencies)
    conn.close()
    return run


def describe_machine(folder: Path) -> str:
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in _read("/proc/cpuinfo").splitlines()
            if line.startswith("model name")
        ),
        platform.processor() or "unknown CPU",
    )
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{cpu}, {os.cpu_count()} cores, load {load} | {platform.system()} {platform.release()}\n"
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
        f" | one flush to this disk: {_flush_ms(folder):.2f} ms (median of 50)"
    )


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""


def _flush_ms(folder: Path) -> float:
    times = []
    with (folder / "flush").open("wb") as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


async def timed(name: str, act: Callable, times: int = 20) -> str:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        await act()
        took.append(1000 * (time.perf_counter() - began))
    ranked = sorted(took)
    return (
        f"{name:<34} {statistics.median(ranked):>9.2f} {ranked[int(len(ranked) * 0.95) - 1]:>9.2f}"
    )


async def screens(store, vectors: int) -> None:
    """Time what a page asks for, on all that was written."""
    print(f"\n{'look-ups':<34} {'median ms':>9} {'p95 ms':>9}")
    chance = random.Random(7)
    dims = 384
    rows = {str(n): Vector("m", chance.randbytes(dims)) for n in range(vectors)}
    await store.put_vectors("knowledge", rows, replace=True)
    query = Vector("m", chance.randbytes(dims))
    for name, act in (
        ("queue, first 50 lines", lambda: store.queue(QueueFilter(), NOW)),
        ("queue counts", lambda: store.queue_counts(NOW)),
        ("search, rare word", lambda: store.search("number77")),
        ("search, common word", lambda: store.search("order")),
        ("search, two words", lambda: store.search("battery refund")),
        ("one person's messages", lambda: store.person_messages(77)),
        ("one thread", lambda: store.thread(77)),
        (f"nearest of {vectors:,} vectors", lambda: store.nearest("knowledge", query, 10)),
        ("numbers of a day", lambda: store.day_numbers([NOW.date()], "UTC")),
    ):
        await act()
        print(await timed(name, act))


async def tag_all(store) -> str:
    """Claim, tag and enqueue the next stage for everything, 100 at a time."""
    count, began, cpu = 0, time.perf_counter(), time.process_time()
    until = NOW + timedelta(minutes=5)
    while works := await store.claim("tag", "bench", 100, NOW, until):
        await asyncio.gather(
            *(
                store.save_tags(
                    work, TAGS, None, NOW, state="waiting", answer_by_at=NOW, reason="question"
                )
                for work in works
            )
        )
        count += len(works)
    while works := await store.claim("suggest", "bench", 100, NOW, until):
        await asyncio.gather(
            *(store.save_suggestion(w, [], NOW, silence="bench", reason="") for w in works)
        )
    seconds = time.perf_counter() - began
    each = 1e6 * (time.process_time() - cpu) / max(1, count)
    return (
        f"claimed, tagged, claimed, suggested: {count / seconds:,.0f} a second, CPU {each:,.0f} us"
    )


async def main(arguments: argparse.Namespace) -> None:
    folder = Path(tempfile.mkdtemp(prefix="byname-bench-", dir=arguments.folder))
    try:
        print(describe_machine(folder))
        naive_path = prepare(_made(folder / "naive"), lambda: NOW)
        store = await open_store(folder / "grouped", clock=lambda: NOW)
        await compare(store, naive_path, arguments)
        print(await tag_all(store))
        await screens(store, arguments.vectors)
        await store.close()
    finally:
        shutil.rmtree(folder)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def compare(store, naive_path: Path, arguments: argparse.Namespace) -> None:
    """Take turns, so that what else the machine does hits both alike."""
    rounds = 5
    per_round, naive_rows = arguments.rows // rounds, max(50, arguments.rows // rounds // 10)
    starts = itertools.count(0, arguments.rows)
    ours, theirs, alone = [], [], []
    for _ in range(rounds):
        ours.append(await grouped(store, next(starts), per_round, arguments.tasks))
        alone.append(await grouped(store, next(starts), naive_rows, 1))
        theirs.append(await asyncio.to_thread(naive, naive_path, next(starts), naive_rows))
    print(
        f"\n{'durable writes, search on':<34} {'rows/s':>8} {'CPU us/r':>9}"
        f" {'median ms':>9} {'p99 ms':>9}"
    )
    together, single, plain = _sum(ours), _sum(alone), _sum(theirs)
    print(together.line(f"group commit, {arguments.tasks} tasks"))
    print(single.line("group commit, 1 task"))
    print(plain.line("one commit per row"))
    print(f"ratio, median of {rounds} rounds: {_ratio(ours, theirs):.1f} times one commit per row")
    verdict = "reached" if together.rate >= BAR else "MISSED"
    print(f"bar of {BAR:,} rows/s: {verdict}")


def _sum(runs: list[Run]) -> Run:
    return Run(
        sum(run.rows for run in runs),
        sum(run.seconds for run in runs),
        sum(run.cpu_seconds for run in runs),
        [each for run in runs for each in run.latencies_ms],
    )


def _ratio(ours: list[Run], theirs: list[Run]) -> float:
    return statistics.median(a.rate / b.rate for a, b in zip(ours, theirs, strict=True))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--vectors", type=int, default=20_000)
    parser.add_argument("--folder", help="where to write; default: the system's temporary folder")
    asyncio.run(main(parser.parse_args()))
