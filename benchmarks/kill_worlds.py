"""Where the killed service lives: a replayed world, or simulated platforms over real HTTP.

A world makes the home, says when to kill and what visitors see in the end. Not here: approving and
counting (kill_loop.py), what each platform is made of (kill_platforms.py).
"""

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from aiohttp import web

from benchmarks.kill_platforms import Shown, Simulated, make_all
from benchmarks.rig import Home, Running, client, until, write_playbook
from benchmarks.weather import READS, WRITES, Weather
from bot.desk import wall_clock
from bot.home import FileSecrets
from connectors._load import sign_in
from storage import open_reader

LAG_S, IN_FLIGHT_S = 0.3, 0.25
POLICY: Mapping[str, float] = {
    "post_timeout_seconds": 0.8,
    "settle_seconds": 1.2,
    "lookup_gap_seconds": 0.4,
}
FIRST_KILL_S, LAST_KILL_S = 0.03, 1.45  # and 50 ms for our own slowness
BACKLOG = 0.3  # of the messages are there from the start, the others come life by life


@dataclass
class Seen:
    """What the outside saw: every visible reply, and what was asked for."""

    shown: list[Shown]
    attempts: int
    faults: Counter[str]


class World(Protocol):
    path: Path

    def opened(self) -> AbstractAsyncContextManager[None]: ...

    def speak(self, lives: int) -> None:
        """Say a share of what is left, if so many lives are still to come."""
        ...

    async def kill(self, running: Running, luck: random.Random, number: int) -> bool:
        """Kill at a random moment; say whether a post was in flight."""
        ...

    def seen(self) -> Seen: ...

    def is_slower_than_settling(self) -> bool: ...

    def said(self) -> str:
        """Say what happened there, in a line or two."""
        ...


FAULTS = f"""\
visibility_lag_s = {LAG_S}
in_flight_s = {IN_FLIGHT_S}
rules = [
  {{fault = "error_before", probability = 0.04}},
  {{fault = "error_after", probability = 0.04}},
  {{fault = "cut", probability = 0.04}},
  {{fault = "rate_limited", probability = 0.02, until_s = 0.2}},
  {{fault = "timeout_after", probability = 0.08, wait_s = 0.3}},
  {{fault = "garbled", probability = 0.02}},
  {{fault = "refused", probability = 0.01}},
  {{fault = "slow", probability = 0.04, wait_s = 1.0}},
  {{fault = "slow", probability = 1.0, wait_s = 0.12}},
]
"""
MEET_S = 3.0


class Replayed:
    """The replay connector's world: in flight is what the store says after the kill."""

    def __init__(self, path: Path, messages: int, seed: int) -> None:
        self.path = path
        faults = f"seed = {seed}\n{FAULTS}"
        self.home = Home(path, messages, policy=POLICY, faults=faults, seed=seed)

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        self.home.make()
        yield

    def speak(self, lives: int) -> None:
        """Everybody has spoken before the start."""

    async def kill(self, running: Running, luck: random.Random, number: int) -> bool:
        await asyncio.sleep(luck.uniform(FIRST_KILL_S, LAST_KILL_S))
        if number % 2:
            await self._meet_a_post(luck)
        running.kill()
        await running.ended()
        reader = await open_reader(self.path)
        try:
            return bool(await reader.replies("sending"))
        finally:
            await reader.close()

    async def _meet_a_post(self, luck: random.Random) -> None:
        """Wait for the next post that is in flight, if one comes soon, and for a part of it."""
        reader = await open_reader(self.path)
        with contextlib.suppress(TimeoutError):
            await until(lambda: reader.replies("sending"), MEET_S, pause=0.002)
            await asyncio.sleep(luck.uniform(0.0, 0.1))
        await reader.close()

    def seen(self) -> Seen:
        rows = [
            json.loads(line) for line in self.home.ledger.read_text(encoding="utf-8").splitlines()
        ]
        tries = [row for row in rows if row["type"] == "attempt"]
        shown = [
            Shown("replay", row["parent"], row["text"]) for row in rows if row["type"] == "reply"
        ]
        return Seen(shown, len(tries), Counter(row["fault"] for row in tries if row["fault"]))

    def is_slower_than_settling(self) -> bool:
        return False  # it lives in the killed process

    def said(self) -> str:
        return ""


@dataclass
class Platforms:
    """Simulated platforms, served by this process; the service meets them over real HTTP."""

    path: Path
    messages: int
    seed: int
    writes: Mapping[str, float] = field(default_factory=lambda: WRITES)
    reads: Mapping[str, float] = field(default_factory=lambda: READS)
    policy: Mapping[str, float] = field(default_factory=lambda: POLICY)
    kills_at: list[float] = field(default_factory=list)  # seconds after it was ready
    before_effect: int = 0
    latest_s: float = 0.0  # how late this process was at most: so late may a write be heard

    def __post_init__(self) -> None:
        self.luck = random.Random(self.seed)
        self.all = make_all(self.luck, LAG_S)
        self.began = asyncio.Event()
        self.weather = [self._weather(one) for one in self.all]
        self.left = self.messages

    def _weather(self, one: Simulated) -> Weather:
        luck = random.Random(self.luck.random())
        return Weather(one.is_write, luck, IN_FLIGHT_S, self.writes, self.reads, self.began)

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            bases = {}
            for one, weather in zip(self.all, self.weather, strict=True):
                app = one.app()
                app.middlewares.insert(0, weather.middleware())
                bases[one.name] = await stack.enter_async_context(_serving(app))
                one.settle_at(bases[one.name])
            await self._make_home(bases)
            for weather in self.weather:
                weather.is_bad = True
            self._say(round(BACKLOG * self.messages))
            ticking = asyncio.create_task(self._tick())
            try:
                yield
            finally:
                ticking.cancel()

    async def _make_home(self, bases: Mapping[str, str]) -> None:
        """Write what `byname init` and `byname connect` would."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_playbook(self.path / "playbook")
        settings = HOME + "".join(f"{name} = {value}\n" for name, value in self.policy.items())
        secrets = FileSecrets(self.path, {})
        for one in self.all:
            settings += LOGIN.format(name=one.name, platform=one.platform, base=bases[one.name])
            secrets.write(one.name, await _sign_in(one, bases[one.name]))
        (self.path / "byname.toml").write_text(settings, encoding="utf-8")

    def speak(self, lives: int) -> None:
        self._say(self.left // max(1, lives))

    def _say(self, many: int) -> None:
        for _ in range(many):
            self.all[self.left % len(self.all)].speak()
            self.left -= 1

    async def kill(self, running: Running, luck: random.Random, number: int) -> bool:
        await _be_ready(self.path)
        ready = time.monotonic()
        if number % 3:
            await self._meet_a_write(luck)
        else:
            await asyncio.sleep(luck.uniform(FIRST_KILL_S, LAST_KILL_S))
        is_caught = any(one.in_flight() for one in self.weather)
        self.before_effect += any(one.not_yet_done() for one in self.weather)
        running.kill()
        self.kills_at.append(time.monotonic() - ready)
        await running.ended()
        return is_caught

    async def _meet_a_write(self, luck: random.Random) -> None:
        """Wait some time and then until a write is in flight, or the last moment has come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_KILL_S):
                await asyncio.sleep(luck.uniform(FIRST_KILL_S, LAST_KILL_S / 2))
                while True:
                    self.began.clear()
                    if not any(one.in_flight() for one in self.weather):
                        await self.began.wait()
                    await asyncio.sleep(luck.uniform(0.0, 0.15))
                    if any(one.in_flight() for one in self.weather):
                        return

    async def _tick(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.02)
            self.latest_s = max(self.latest_s, time.monotonic() - before - 0.02)

    def seen(self) -> Seen:
        faults: Counter[str] = Counter()
        for one in self.weather:
            faults += one.faults
        shown = [reply for one in self.all for reply in one.shown()]
        return Seen(shown, sum(one.attempts for one in self.weather), faults)

    def is_slower_than_settling(self) -> bool:
        """Say whether an effect may have come later than our outbox waits for it."""
        latest = max(one.latest_s for one in self.weather) + self.latest_s
        return latest + LAG_S >= self.policy["settle_seconds"]

    def said(self) -> str:
        each = Counter(one.place for one in self.seen().shown)
        first, last = min(self.kills_at, default=0), max(self.kills_at, default=0)
        effect = max(one.latest_s for one in self.weather)
        return (
            f"  posts: {', '.join(f'{count} {name}' for name, count in each.items())}; killed "
            f"{1000 * first:.0f} to {1000 * last:.0f} ms after /readyz, {self.before_effect} times "
            f"before a post that was heard had taken effect\n"
            f"  effects came at most {effect:.2f} s after their request was heard; the platforms' "
            f"process was at most {self.latest_s:.2f} s late\n"
        )


HOME = """\
[brand]
name = "Tern"
signature = "Ines"
[suggest]
min_playbook = 0.0
memory = false
[policy]
undo_seconds = 0
max_posts_per_hour = 1000000
"""
LOGIN = """
[logins.{name}]
platform = "{platform}"
base_url = "{base}"
timeout_s = 0.8

[sources.{name}-mentions]
login = "{name}"
kind = "mentions"
answer_since = 2000-01-01T00:00:00Z
poll_seconds = 0.5
"""


async def _sign_in(one: Simulated, base: str) -> Mapping[str, str]:
    flow, answers = sign_in(one.platform), {"base_url": base, **one.answers}
    await flow.begin(answers, None, wall_clock)
    return await flow.finish(answers, {"code": one.code} if one.code else {}, wall_clock)


async def _be_ready(home: Path) -> None:
    async with client(home) as api, api.session.get("http://byname/readyz") as answer:
        answer.raise_for_status()


@contextlib.asynccontextmanager
async def _serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
