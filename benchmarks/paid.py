"""What 1,000 mentions on X cost: byname against a poller that knows no better.

    python -m benchmarks.paid [--mentions 1000] [--days 7] [--poll 300]

X in miniature (the simulator of the tests) keeps the bill, by X's own rules: each thing once per
UTC day, at the prices of docs.x.com as of 2026-08-22. People speak at even distances, some of them
often; both pollers look every `poll` seconds of the simulated time. The naive one asks for its
newest 100 mentions each time, with their authors beside them, and picks out what is new; X charges
it for each post and author once a day, and it pays again every day for what it has long read. Not
measured: time, and what anything but reading costs (byname's day-by-day look for deletions is told
apart).
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "connectors"))

import aiohttp
from aiohttp import web
from simulators.x import US, Square
from simulators.x_answers import app

from benchmarks.rig import machine
from bot.home import FileSecrets
from bot.logins import LoginSetup
from connectors import x
from connectors._prices import dollars
from connectors.contract import Connector
from connectors.model import MessageRef, Source

BEGAN = datetime(2026, 3, 9, tzinfo=UTC)
MENTIONS = Source("mentions", "x", "x", login="x")
Look = Callable[[], Awaitable[int]]


@dataclass
class Wall:
    """A clock that this program moves."""

    now: datetime = BEGAN

    def __call__(self) -> datetime:
        return self.now


def town(wall: Wall, asked: Any) -> tuple[Square, list[tuple[datetime, str]]]:
    """Make X with people, and say when which of them will speak."""
    square, draw = Square(wall), random.Random(7)
    template = square.users[US]
    names = [str(2000 + number) for number in range(asked.people)]
    square.users |= {one: {**template, "id": one, "username": f"u{one}"} for one in names}
    distance = timedelta(days=asked.days) / asked.mentions
    often = [round(len(names) * draw.random() ** 2.5) % len(names) for _ in range(asked.mentions)]
    return square, [(BEGAN + distance * n, names[who]) for n, who in enumerate(often)]


async def play(asked: Any, make: Callable[[Square, Wall], Awaitable[Look]]) -> Square:
    """Let everybody speak, look again and again, and return X with its bill."""
    wall = Wall()
    square, speaking = town(wall, asked)
    runner = web.AppRunner(app(square), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    square.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    look, heard = await make(square, wall), 0
    end = BEGAN + timedelta(days=asked.days)
    while wall.now < end:
        wall.now += timedelta(seconds=asked.poll)
        square.allow()
        while speaking and speaking[0][0] <= wall.now:
            square.say(speaking[0][1], f"@tern my kettle {len(speaking)}")
            speaking.pop(0)
        heard += await look()
    await look.close()  # type: ignore[attr-defined]
    await runner.cleanup()
    assert heard == asked.mentions, f"{heard} of {asked.mentions} mentions were heard"
    return square


class Byname:
    """The connector, as the service uses it: each look from the cursor of the last one."""

    def __init__(self, connector: Connector, *, rechecks: bool) -> None:
        self.connector, self.cursor, self.rechecks = connector, None, rechecks
        self.held: list[MessageRef] = []

    async def __call__(self) -> int:
        heard = 0
        async for page in self.connector.pages(MENTIONS, self.cursor):
            heard += len(page.events)
            self.cursor = page.cursor
            self.held += [
                MessageRef("x", one.message.ref, one.message.root_ref) for one in page.events
            ]
        return heard

    async def close(self) -> None:
        if self.rechecks:
            for start in range(0, len(self.held), 100):
                await self.connector.recheck(self.held[start : start + 100])
        await self.connector.close()


class Naive:
    """Asks for the newest 100 and their authors, every time."""

    def __init__(self, square: Square) -> None:
        self.square, self.seen = square, set()
        self.web = aiohttp.ClientSession(headers={"Authorization": "Bearer good"})

    async def __call__(self) -> int:
        fields = {"max_results": "100", "tweet.fields": "author_id,created_at"}
        url = f"{self.square.base}/2/users/{US}/mentions"
        async with self.web.get(url, params=fields) as answer:
            rows = (await answer.json()).get("data", [])
        authors = dict.fromkeys(row["author_id"] for row in rows)
        self.square.charge("user read", [f"user:{one}" for one in authors])  # expansions=author_id
        new = {row["id"] for row in rows} - self.seen
        self.seen |= new
        return len(new)

    async def close(self) -> None:
        await self.web.close()


def byname(home: Path, *, reads_authors: bool = True, rechecks: bool = False) -> Any:
    async def make(square: Square, wall: Wall) -> Look:
        secrets = FileSecrets(home, locks={})
        kept = {"access_token": "good", "refresh_token": "again", "client_id": "app", "id": US,
                "username": "tern"}  # fmt: skip
        secrets.write("x", kept)
        settings = {"base_url": square.base, "reads_authors": reads_authors}
        setup = LoginSetup("x", "x", home, settings, secrets, wall)
        return Byname(x.connect(setup), rechecks=rechecks)

    return make


async def naive(square: Square, _wall: Wall) -> Look:
    return Naive(square)


def line(name: str, square: Square, mentions: int) -> str:
    units: Counter[str] = Counter()
    for what, count, _ in square.bill:
        units[what] += count
    told = ", ".join(f"{count} {what}s" for what, count in units.most_common())
    calls = sum(square.calls.values())
    cost = square.cost * 1000 // mentions
    return f"{name:<34} {calls * 1000 // mentions:>7} requests  {dollars(cost):>10}   {told}"


async def main(asked: Any) -> None:
    print(machine())
    print(
        f"{asked.mentions} mentions by {asked.people} people in {asked.days} days, a look every"
        f" {asked.poll} s; per 1,000 mentions:\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        runs = {
            "a naive poller": naive,
            "byname": byname(home),
            "byname, people by their ids": byname(home, reads_authors=False),
            "byname, and all looked at again": byname(home, rechecks=True),
        }
        for name, make in runs.items():
            print(line(name, await play(asked, make), asked.mentions), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mentions", type=int, default=1000)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--poll", type=int, default=300)
    asyncio.run(main(parser.parse_args()))
