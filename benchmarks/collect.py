"""Collecting: how fast, with how many requests, in how much memory, and who waits for whom.

python benchmarks/collect.py                    everything, with a back-fill of 500,000 messages
python benchmarks/collect.py --backfill 20000   a smaller one; the output says so
python benchmarks/collect.py --only sources     one part: speed, backfill, sources
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.rig import machine, percentile, spread
from bot.collect import collect
from bot.config import parse_config
from bot.desk import Desk, wall_clock
from bot.home import FileSecrets
from bot.logins import LoginSetup, close_all
from bot.supervise import Bell, Step, run_forever
from connectors import bluesky, mastodon
from connectors.contract import Connector
from storage import open_store

OPEN = {"mastodon": mastodon.connect, "bluesky": bluesky.connect}
SECRETS = {
    "mastodon": {"access_token": "good"},
    "bluesky": {"identifier": "tern.test", "password": "app-pass-word"},
}
POLL_S = 0.5
EVERY_S = 0.5


@dataclass
class Platforms:
    """Simulated platforms in another process."""

    process: asyncio.subprocess.Process
    bases: list[str]

    async def requests(self) -> list[int]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"\n")
        await self.process.stdin.drain()
        return list(json.loads(await self.process.stdout.readline()))


@contextlib.asynccontextmanager
async def platforms(**asked: Any) -> AsyncIterator[Platforms]:
    """Start simulated platforms; they end with the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(Path(__file__).with_name("platforms.py")), json.dumps(asked)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield Platforms(process, json.loads(await process.stdout.readline()))
    finally:
        process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def desk_for(bases: Sequence[str], platform: str) -> AsyncIterator[tuple[Desk, Any]]:
    """Open a home with one login and one source for each address."""
    names = [f"s{number}" for number in range(len(bases))]
    config = parse_config(
        {
            "brand": {"name": "Tern"},
            "logins": {name: {"platform": platform} for name in names},
            "sources": {
                name: {"login": name, "answer_since": "2999-01-01T00:00:00Z"} for name in names
            },
        }
    )
    with tempfile.TemporaryDirectory(prefix="byname-collect-") as folder:
        home = Path(folder)
        store = await open_store(home, clock=wall_clock)
        desk = Desk(home, config, store)
        connectors = {
            name: _open(desk, platform, name, base) for name, base in zip(names, bases, strict=True)
        }
        try:
            yield desk, connectors
        finally:
            await close_all(connectors)
            await store.close()


def _open(desk: Desk, platform: str, name: str, base: str) -> Connector:
    secrets = FileSecrets(desk.home, {})
    secrets.write(name, SECRETS[platform])
    settings = {"base_url": base, "timeout_s": 10.0}
    setup = LoginSetup(name, platform, desk.home, settings, secrets, wall_clock)
    return OPEN[platform](setup)


async def speed(count: int, runs: int) -> None:
    """Messages parsed and stored per second, and requests per 1,000 mentions."""
    print(f"\nmessages parsed and stored from each simulator ({count:,} mentions, {runs} runs)")
    for kind in ("mastodon", "under_ours", "bluesky"):
        rates, asked = [], 0
        for _ in range(runs):
            rate, asked = await _once(kind, count)
            rates.append(rate)
        said = "mastodon, all under one post of ours" if kind == "under_ours" else kind
        print(f"  {said:<38} {spread(rates, '/s', 0)}; {1000 * asked / count:.1f} requests/1,000")


async def _once(kind: str, count: int) -> tuple[float, int]:
    platform = "bluesky" if kind == "bluesky" else "mastodon"
    async with (
        platforms(kind=kind, count=count) as there,
        desk_for(there.bases, platform) as (desk, connectors),
    ):
        began = time.perf_counter()
        taken = await collect(desk, connectors["s0"], desk.config.source("s0"))
        took = time.perf_counter() - began
        assert taken.added >= count, taken.added
        return taken.added / took, (await there.requests())[0]


async def backfill(count: int) -> None:
    """How much memory a long back-fill takes; the instance makes its mentions when asked."""
    async with (
        platforms(kind="endless", count=count) as there,
        desk_for(there.bases, "mastodon") as (desk, connectors),
    ):
        print(f"\nback-fill of {count:,} messages (each made when it is asked for)")
        began, came, steps = time.perf_counter(), 0, iter(_steps(count))
        print(f"  before       {memory('VmRSS'):6.0f} MB")
        wanted = next(steps)

        def heard(taken: Any) -> None:
            nonlocal came, wanted
            came += taken.added
            if came >= wanted:
                rate = came / (time.perf_counter() - began)
                print(f"  {came:>9,}    {memory('VmRSS'):6.0f} MB   {rate:,.0f}/s", flush=True)
                wanted = next(steps, sys.maxsize)

        await collect(desk, connectors["s0"], desk.config.source("s0"), heard=heard)
        size = sum(path.stat().st_size for path in desk.home.glob("byname.db*")) / 2**20
        print(f"  most at once {memory('VmHWM'):6.0f} MB; the database is {size:,.0f} MB")
        assert came == count, came


def _steps(count: int) -> list[int]:
    return [max(1, count * tenth // 10) for tenth in range(1, 11)]


def memory(what: str) -> float:
    """Return a number of /proc/self/status in MB."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    return float("nan")


async def sources(seconds: float) -> None:
    """Ten sources at once: how long after it was said a mention is stored, seven good ones."""
    print(f"\nten sources, {seconds:g} s; mentioned every {EVERY_S} s, polled every {POLL_S} s")
    sick = ["slow", "lying"]
    for label, kinds, dead in (
        ("all ten healthy", ["mastodon"] * 10, 0),
        ("one dead, one slow, one lying", ["mastodon"] * 7 + sick, 1),
    ):
        lags = await _lags(kinds, dead, seconds)
        good = [lag for name in [f"s{number}" for number in range(7)] for lag in lags[name]]
        print(
            f"  {label:<32} lag of the seven: p50 {percentile(good, 0.5):.2f} s, "
            f"p95 {percentile(good, 0.95):.2f} s, {len(good)} mentions"
        )
        if dead:
            others = zip(("slow", "lying", "dead"), ("s7", "s8", "s9"), strict=True)
            print(
                "    heard from " + ", ".join(f"{one}: {len(lags[name])}" for one, name in others)
            )


async def _lags(kinds: list[str], dead: int, seconds: float) -> dict[str, list[float]]:
    began = datetime.now(UTC)
    async with platforms(kind="", kinds=kinds, count=0, every_s=EVERY_S) as there:
        bases = [*there.bases, *["http://127.0.0.1:9"] * dead]
        async with desk_for(bases, "mastodon") as (desk, connectors):
            stopping = asyncio.Event()
            loops = [
                asyncio.create_task(run_forever(name, _step(desk, one, name), Bell(), stopping))
                for name, one in connectors.items()
            ]
            await asyncio.sleep(seconds)
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            heard = await desk.store.messages_between(began, datetime.now(UTC), limit=100_000)
            lags: dict[str, list[float]] = {name: [] for name in connectors}
            for one in heard:
                if one.created_at is not None and one.direction == "in":
                    lags[one.source].append((one.seen_at - one.created_at).total_seconds())
            return lags


def _step(desk: Desk, connector: Connector, name: str) -> Step:
    async def step() -> float:
        await collect(desk, connector, desk.config.source(name))
        return POLL_S

    return step


async def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["speed", "backfill", "sources"])
    parser.add_argument("--backfill", type=int, default=500_000)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30)
    asked = parser.parse_args()
    parts: dict[str, Callable[[], Any]] = {
        "speed": lambda: speed(asked.count, asked.runs),
        "backfill": lambda: backfill(asked.backfill),
        "sources": lambda: sources(asked.seconds),
    }
    print(machine())
    for name, part in parts.items():
        if asked.only in (None, name):
            await part()


if __name__ == "__main__":
    asyncio.run(main())
