"""The kill loop over real HTTP: X in miniature instead of a replayed world.

    python -m benchmarks.kill_loop_x [--kills 300] [--messages 500] [--seed 1]

As benchmarks/kill_loop.py, but the service speaks through the X connector and tweepy to a server in
this process, which outlives every kill and does what it was asked even for a client that is dead.
X has no idempotency key: what became of a reply is known only by reading our own posts.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "connectors"))

from aiohttp import web
from simulators.x import ADA, BO, US, Square
from simulators.x_answers import app

from benchmarks.kill_loop import (
    IN_FLIGHT_S,
    LAG_S,
    POLICY,
    Tally,
    _compare,
    drain,
    report,
    run_and_kill,
    settings,
)
from benchmarks.rig import Home, machine
from bot.home import FileSecrets

POST = "POST /2/tweets"
PROBABLE = {
    "error_before": 4, "error_after": 4, "cut": 4, "rate_limited": 3,
    "timeout_after": 8, "garbled": 2, "wall": 2, "late": 10, "slow": 63,
}  # fmt: skip
ASKS = ("has it arrived yet?", "it stopped working, why?", "what does it cost?", "can I send it?")
SECRET = {"access_token": "good", "refresh_token": "again", "client_id": "app", "id": US,
          "username": "tern"}  # fmt: skip


@dataclass
class XHome(Home):
    """A home whose login is on X in miniature."""

    base: str = ""

    def _settings(self) -> str:
        replayed = super()._settings()
        start, _, _ = replayed.partition("[logins.load]")
        return (
            f'{start}[logins.load]\nplatform = "x"\nbase_url = "{self.base}"\ntimeout_s = 0.6\n'
            '[sources.all]\nlogin = "load"\nkind = "mentions"\n'
            f"answer_since = 2000-01-01T00:00:00Z\npoll_seconds = {self.poll_seconds}\n"
        )


def misfortune(luck: random.Random, tally: Tally) -> Callable[[str], str]:
    """Say what goes wrong with each call: every post is slow, or worse."""

    def chance(name: str) -> str:
        if name != POST:
            return luck.choices(("", "error_before", "cut"), (96, 2, 2))[0]
        tally.attempts += 1
        fault = luck.choices(list(PROBABLE), list(PROBABLE.values()))[0]
        tally.faults[fault] += 1
        return fault

    return chance


async def serve(square: Square) -> web.AppRunner:
    runner = web.AppRunner(app(square), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    square.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return runner


def crowd(count: int) -> Square:
    """Make X, and let people have asked in the last hour."""
    now = datetime.now(UTC)
    square = Square(lambda: datetime.now(UTC))
    square.lag, square.same_text_everywhere = timedelta(seconds=LAG_S), True
    for number in range(count):
        at = now - timedelta(seconds=3600 - 3600 * number / count)
        square.clock = lambda at=at: at
        who = ADA if number % 2 else BO
        square.say(who, f"@tern about kettle {number}: {ASKS[number % len(ASKS)]}")
    square.clock = lambda: datetime.now(UTC)
    square.headers = {"Retry-After": "1"}  # X itself would say a quarter of an hour
    return square


async def count(home: Home, square: Square, tally: Tally) -> None:
    """Compare what the store says with what X shows."""
    posted = [
        (row["referenced_tweets"][0]["id"], row["text"].partition(" ")[2]) for row in square.by(US)
    ]
    tally.posts = len(posted)
    tally.doubled = sum(many - 1 for many in Counter(parent for parent, _ in posted).values())
    tally.unapproved = sum(text not in tally.asked.get(parent, ()) for parent, text in posted)
    await _compare(home, tally, {parent for parent, _ in posted})


async def kill_loop(folder: Path, *, kills: int, messages: int, seed: int) -> Tally:
    began, tally, luck = time.monotonic(), Tally(), random.Random(seed)
    square = crowd(messages)
    square.chance = misfortune(random.Random(seed + 1), tally)
    runner = await serve(square)
    home = XHome(folder, 1, policy=POLICY, base=square.base).make()
    FileSecrets(folder, locks={}).write("load", SECRET)
    for _ in range(kills):
        await run_and_kill(folder, tally, luck, "bot")
    await drain(folder, tally, "bot")
    await asyncio.sleep(LAG_S + IN_FLIGHT_S)
    await count(home, square, tally)
    square.release()
    await runner.cleanup()
    tally.seconds = time.monotonic() - began
    print(json.dumps(dict(square.calls)))
    return tally


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(machine())
    print(settings())
    with tempfile.TemporaryDirectory() as there:
        counted = asyncio.run(
            kill_loop(
                Path(there) / "home", kills=asked.kills, messages=asked.messages, seed=asked.seed
            )
        )
    print(report("byname on X", counted))
    raise SystemExit(0 if counted.is_clean() else 1)
