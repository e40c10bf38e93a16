"""The kill loop's world of simulated platforms: all served by this process, over real HTTP.

It writes the home that `byname init` and `byname connect` would, kills while a write is seen to be
in flight, and says how late everything was. Not here: what each platform is made of
(kill_platforms.py), what goes wrong between it and the service (weather.py).
"""

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from benchmarks.kill_platforms import USUAL, Simulated, make
from benchmarks.kill_worlds import (
    FIRST_KILL_S,
    IN_FLIGHT_S,
    LAG_S,
    LAST_KILL_S,
    POLICY,
    Seen,
)
from benchmarks.rig import Running, client, write_playbook
from benchmarks.weather import READS, WRITES, Weather
from bot.home import FileSecrets

BACKLOG = 0.3  # of the messages are there from the start, the others come life by life


@dataclass
class Platforms:
    """Simulated platforms, served by this process; the service meets them over real HTTP."""

    path: Path
    messages: int
    seed: int
    names: Sequence[str] = USUAL
    writes: Mapping[str, float] = field(default_factory=lambda: WRITES)
    reads: Mapping[str, float] = field(default_factory=lambda: READS)
    policy: Mapping[str, float] = field(default_factory=lambda: POLICY)
    kills_at: list[float] = field(default_factory=list)  # seconds after it was ready
    before_effect: int = 0
    latest_s: float = 0.0  # how late this process was at most: so late may a write be heard

    def __post_init__(self) -> None:
        self.luck = random.Random(self.seed)
        self.all = make(self.names, self.luck, LAG_S)
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
            settings += _tables(one, bases[one.name])
            secrets.write(one.name, await one.secrets(bases[one.name]))
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
        remarks = "".join(f"  {said}\n" for one in self.all if (said := one.remarks()))
        return (
            f"  posts: {', '.join(f'{count} {name}' for name, count in each.items())}; killed "
            f"{1000 * first:.0f} to {1000 * last:.0f} ms after /readyz, {self.before_effect} times "
            f"before a post that was heard had taken effect\n"
            f"  effects came at most {effect:.2f} s after their request was heard; the platforms' "
            f"process was at most {self.latest_s:.2f} s late\n{remarks}"
        )


HOME = """\
[brand]
name = "Tern"
signature = "Ines"
[suggest]
min_playbook = 0.0
memory = false
[approvals.reddit]
reference = "RB-2026-0042"
date = 2026-01-15
[policy]
undo_seconds = 0
max_posts_per_hour = 1000000
"""
LOGIN = """
[logins.{name}]
platform = "{platform}"
timeout_s = 0.8
{settings}
[sources.{name}-{kind}]
login = "{name}"
kind = "{kind}"
answer_since = 2000-01-01T00:00:00Z
poll_seconds = 0.5
"""


def _tables(one: Simulated, base: str) -> str:
    keys = "".join(f"{key} = {json.dumps(value)}\n" for key, value in one.settings(base).items())
    return LOGIN.format(name=one.name, platform=one.platform, kind=one.kind, settings=keys)


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
