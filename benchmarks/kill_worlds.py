"""Where the killed service lives: what every such world can do, and the replayed one.

A world makes the home, says when to kill and what visitors see in the end. Not here: approving and
counting (kill_loop.py), platforms over real HTTP (kill_network.py).
"""

import asyncio
import contextlib
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.rig import Home, Running, until
from storage import open_reader

LAG_S, IN_FLIGHT_S = 0.3, 0.25
POLICY: Mapping[str, float] = {
    "post_timeout_seconds": 0.8,
    "settle_seconds": 1.2,
    "lookup_gap_seconds": 0.6,
}
FIRST_KILL_S, LAST_KILL_S = 0.03, 1.45  # and 50 ms for our own slowness


@dataclass(frozen=True, slots=True)
class Shown:
    """A reply of ours that visitors see."""

    place: str
    parent: str  # ref of the message it answers
    text: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the outside saw: every visible reply, and what was asked for."""

    shown: list[Shown]
    attempts: int
    faults: Counter[str]


class World(Protocol):
    path: Path
    messages: int  # that will have been said in the end

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
        self.path, self.messages = path, messages
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
