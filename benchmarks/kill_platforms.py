"""The simulated platforms of the kill loop: what each is made of and what its visitors see.

One class per platform, listed in make_all; a further one needs these few methods and nothing
else: its requests go through weather.py, its login and source through kill_network.py.
"""

import random
import sys
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from aiohttp import web

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "connectors")]

from simulators import bluesky, bluesky_answers, mastodon  # noqa: E402 - they stand with the tests

from benchmarks.kill_worlds import Shown  # noqa: E402 - after the path of the simulators
from bot.desk import wall_clock  # noqa: E402
from connectors._load import sign_in  # noqa: E402
from connectors._text import html_to_text  # noqa: E402
from connectors.replay.load import SENTENCES  # noqa: E402

QUESTIONS = tuple(one for one in SENTENCES if one.endswith("?") and "Just so" not in one)
PEOPLE = 50


class Simulated(Protocol):
    """One login on one simulated platform."""

    name: str  # of the login
    platform: str
    kind: str  # of the source

    def settings(self, base: str) -> Mapping[str, object]:
        """Return what stands in byname.toml about the login when it is served there."""
        ...

    async def secrets(self, base: str) -> Mapping[str, str]:
        """Sign in as `byname connect` does and return what it keeps."""
        ...

    def app(self) -> web.Application: ...

    def settle_at(self, base: str) -> None:
        """Take in under which address it is served."""
        ...

    def is_write(self, request: web.Request) -> bool:
        """Tell a request that makes a reply visible from all others."""
        ...

    def speak(self) -> None:
        """Let somebody say something to us that wants an answer."""
        ...

    def shown(self) -> list[Shown]:
        """Return every reply of ours, doubles as often as they are there."""
        ...


async def connected(
    platform: str, answers: Mapping[str, str], returned: Mapping[str, str]
) -> Mapping[str, str]:
    """Walk through a platform's sign-in: what a human types in, what the page sends back."""
    flow = sign_in(platform)
    await flow.begin(answers, None, wall_clock)
    return await flow.finish(answers, returned, wall_clock)


class Wall:
    """The real time, never the same millisecond twice where somebody speaks."""

    def __init__(self) -> None:
        self._last = datetime.now(UTC)
        self._is_speaking = False

    def __call__(self) -> datetime:
        return self._last if self._is_speaking else datetime.now(UTC)

    def __enter__(self) -> None:
        self._last = max(datetime.now(UTC), self._last + timedelta(milliseconds=2))
        self._is_speaking = True

    def __exit__(self, *_: object) -> None:
        self._is_speaking = False


class Mastodon:
    """An instance. One that forgets keys is as all are after an hour: only read-back is left."""

    platform, kind = "mastodon", "mentions"

    def __init__(
        self, number: int, luck: random.Random, lag_s: float, *, is_forgetful: bool = False
    ) -> None:
        self.name = "forgetful" if is_forgetful else "mastodon"
        self.luck, self.wall, self.said = luck, Wall(), 0
        self.here = mastodon.Instance(self.wall, f"{self.name}.example")
        self.here._ids += number * 10**9  # noqa: SLF001 - each instance has ids of its own
        self.here.has_idempotency_key = not is_forgetful
        self.here.lag = timedelta(seconds=lag_s)
        for person in range(PEOPLE):
            self.here.accounts[f"p{person}"] = self.here.account(f"p{person}", f"person{person}")
        self.ours = self.here.say(mastodon.US, "New kettles are in.")["id"]

    def settings(self, base: str) -> Mapping[str, object]:
        return {"base_url": base}

    async def secrets(self, base: str) -> Mapping[str, str]:
        return await connected(self.platform, {"base_url": base}, {"code": "right"})

    def app(self) -> web.Application:
        return self.here.app()

    def settle_at(self, base: str) -> None:
        self.here.base = base

    def is_write(self, request: web.Request) -> bool:
        return request.method == "POST" and request.path == "/api/v1/statuses"

    def speak(self) -> None:
        self.said += 1
        text = f"@tern {self.luck.choice(QUESTIONS)} ({self.said})"
        with self.wall:
            self.here.say(
                f"p{self.luck.randrange(PEOPLE)}", text, None if self.said % 3 else self.ours
            )

    def shown(self) -> list[Shown]:
        there = self.here.statuses
        return [
            self._shown(one, there[one["in_reply_to_id"]])
            for one in there.values()
            if one["account"]["id"] == mastodon.US and one["in_reply_to_id"] in there
        ]

    def _shown(self, one: Mapping[str, str], parent: Mapping[str, Mapping[str, str]]) -> Shown:
        text = html_to_text(one["content"]).removeprefix(f"@{parent['account']['acct']} ")
        return Shown(self.name, str(parent["uri"]), text)


class Bluesky:
    """A network whose servers show even to the author only after a while what they have taken."""

    name, platform, kind = "bluesky", "bluesky", "mentions"

    def __init__(self, _: int, luck: random.Random, lag_s: float) -> None:
        self.luck, self.wall, self.said = luck, Wall(), 0
        self.here = bluesky.Network(self.wall)
        self.here.lag = self.here.own_lag = timedelta(seconds=lag_s)
        self.here.passed = deque(maxlen=10)  # type: ignore[assignment] - thousands will pass
        self.people = [bluesky.did(f"person{person}") for person in range(PEOPLE)]
        for person, did in enumerate(self.people):
            self.here.handles[did] = f"person{person}.test"
        self.ours = self.here.say(bluesky.US, "New kettles are in.")

    def settings(self, base: str) -> Mapping[str, object]:
        return {"base_url": base}

    async def secrets(self, base: str) -> Mapping[str, str]:
        who = {"identifier": "tern.test", "password": self.here.password}
        return await connected(self.platform, {"base_url": base, **who}, {})

    def app(self) -> web.Application:
        return bluesky_answers.app(self.here)

    def settle_at(self, base: str) -> None:
        self.here.base = base

    def is_write(self, request: web.Request) -> bool:
        self.here.left = 3000  # its five minutes are over at every call
        return request.path.endswith("com.atproto.repo.putRecord")

    def speak(self) -> None:
        self.said += 1
        text = f"@tern.test {self.luck.choice(QUESTIONS)} ({self.said})"
        with self.wall:
            self.here.say(self.luck.choice(self.people), text, None if self.said % 3 else self.ours)

    def shown(self) -> list[Shown]:
        return [
            Shown(self.name, one.parent, one.record["text"])
            for one in self.here.posts.values()
            if one.author == bluesky.US and one.parent
        ]


def make_all(luck: random.Random, lag_s: float) -> list[Simulated]:
    """Make one of each: a new platform is one line more."""
    return [
        Mastodon(0, luck, lag_s),
        Mastodon(1, luck, lag_s, is_forgetful=True),
        Bluesky(2, luck, lag_s),
    ]
