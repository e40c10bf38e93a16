"""The simulated platforms of the kill loop: what each is made of and what its visitors see.

One class per platform, listed in PLATFORMS; a further one needs these few methods and nothing
else: its requests go through weather.py, its login and source through kill_network.py.
"""

import random
import sys
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "connectors")]

from simulators import (  # noqa: E402 - they stand with the tests
    bluesky,
    bluesky_answers,
    mastodon,
    reddit,
    reddit_answers,
    x,
    x_answers,
)
from stands.reddit import APPROVED, SECRET  # noqa: E402

from benchmarks.kill_worlds import Shown  # noqa: E402 - after the path of the simulators
from benchmarks.weather import Handler, Handles  # noqa: E402
from bot.desk import wall_clock  # noqa: E402
from connectors._load import sign_in  # noqa: E402
from connectors._text import html_to_text  # noqa: E402
from connectors.contract import SignIn  # noqa: E402
from connectors.reddit.api import Place  # noqa: E402
from connectors.reddit.sign_in import Flow as RedditFlow  # noqa: E402
from connectors.replay.load import SENTENCES  # noqa: E402
from connectors.x.sign_in import Flow as XFlow  # noqa: E402

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

    def remarks(self) -> str:
        """Say what this platform alone does to replies, and how often it did; "" for nothing."""
        ...


async def connected(
    flow: SignIn, answers: Mapping[str, str], returned: Mapping[str, str]
) -> Mapping[str, str]:
    """Walk through a platform's sign-in: what a human types in, what the page sends back."""
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
        return await connected(sign_in("mastodon"), {"base_url": base}, {"code": "right"})

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

    def remarks(self) -> str:
        return ""

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
        return await connected(sign_in("bluesky"), {"base_url": base, **who}, {})

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

    def remarks(self) -> str:
        return ""


class X:
    """X: no idempotency key, no reply to who has not summoned us, a price for every call.

    It refuses a reply that it has taken before, as long as it remembers: about every second time.
    """

    name, platform, kind = "x", "x", "mentions"
    wall_share = 0.02  # of the replies meet a page of whatever stands in front of X
    forget_share = 0.5  # of the replies come when it has forgotten all before

    def __init__(self, _: int, luck: random.Random, lag_s: float) -> None:
        self.luck, self.wall, self.said = luck, Wall(), 0
        self.refused: Counter[str] = Counter()
        self.here = x.Square(self.wall)
        self.here.same_text_everywhere = True  # the playbook has few texts
        self.here.lag = timedelta(seconds=lag_s)
        self.here.passed, self.here.heard = deque(maxlen=10), deque(maxlen=10)  # type: ignore[assignment]
        ada = self.here.users[x.ADA]
        self.people = [str(2000 + person) for person in range(PEOPLE)]
        for one in self.people:
            self.here.users[one] = {**ada, "id": one, "username": f"p{one}"}
        self.ours = self.here.say(x.US, "New kettles are in.")["id"]

    def settings(self, base: str) -> Mapping[str, object]:
        return {"base_url": base, "monthly_cap_dollars": 10_000, "automation_label": True}

    async def secrets(self, base: str) -> Mapping[str, str]:
        answers = {"client_id": "app", "owns_app": "yes"}
        return await connected(XFlow(base), answers, {"code": "right"})

    def app(self) -> web.Application:
        made = x_answers.app(self.here)
        made.middlewares.insert(0, _in_front(self.is_write, self._before, self._after))
        return made

    def settle_at(self, base: str) -> None:
        self.here.base = base

    def is_write(self, request: web.Request) -> bool:
        return request.method == "POST" and request.path == "/2/tweets"

    def speak(self) -> None:
        self.said += 1
        text = f"@tern {self.luck.choice(QUESTIONS)} ({self.said})"
        with self.wall:
            self.here.say(self.luck.choice(self.people), text, None if self.said % 3 else self.ours)

    def shown(self) -> list[Shown]:
        return [
            self._shown(one.row)
            for one in self.here.posts.values()
            if one.author == x.US and "in_reply_to_user_id" in one.row
        ]

    def remarks(self) -> str:
        return (
            f"x: {self.refused['wall']} walls, {self.refused['duplicate']} refused as duplicates, "
            f"{self.refused['not summoned']} as not summoned, ${self.here.cost / 1e6:.2f} charged"
        )

    def _shown(self, row: Mapping[str, Any]) -> Shown:
        handle = self.here.users[row["in_reply_to_user_id"]]["username"]
        parent = row["referenced_tweets"][0]["id"]
        return Shown(self.name, parent, row["text"].removeprefix(f"@{handle} "))

    def _before(self) -> None:
        if self.luck.random() < self.forget_share:
            self.here.said.clear()
        if self.luck.random() < self.wall_share:
            self.here.faults["POST /2/tweets"] = ["wall"]

    def _after(self, said: str) -> None:
        signs = {
            "wall": "who are you",
            "duplicate": x_answers.DUPLICATE,
            "not summoned": x_answers.NOT_SUMMONED,
        }
        self.refused.update(name for name, sign in signs.items() if sign in said)


class Reddit:
    """Reddit: no idempotency key, the same text as often as one likes, limits inside a 200."""

    name, platform, kind = "reddit", "reddit", "mentions"
    limited_share = 0.02  # of the replies are told to wait

    def __init__(self, _: int, luck: random.Random, lag_s: float) -> None:
        self.luck, self.wall, self.said, self.limited = luck, Wall(), 0, 0
        self.here = reddit.Site(self.wall)
        self.here.sentence = "Take a break for 1 second before trying again."
        self.here.lag = timedelta(seconds=lag_s)
        self.here.asked, self.here.authorizations = deque(maxlen=10), deque(maxlen=10)  # type: ignore[assignment]
        reddit.IDS.update({f"person{person}": f"3p{person}" for person in range(PEOPLE)})
        self.ours = self.here.submit(reddit.US, "New kettles are in")
        self.theirs = self.here.submit("person0", "Which kettle do you have?")

    def settings(self, base: str) -> Mapping[str, object]:
        return {"reddit_url": base, "oauth_url": base}

    async def secrets(self, base: str) -> Mapping[str, str]:
        flow = RedditFlow(Place(reddit_url=base, oauth_url=base))
        approval = {
            "approval_reference": APPROVED.reference,
            "approval_date": APPROVED.given_on.isoformat(),
            "approval_covers_data": "no",
        }
        return await connected(flow, {**SECRET, **approval}, {})

    def app(self) -> web.Application:
        made = reddit_answers.app(self.here)
        made.middlewares.insert(0, _in_front(self.is_write, self._before, self._after))
        return made

    def settle_at(self, base: str) -> None:
        self.here.base = base

    def is_write(self, request: web.Request) -> bool:
        return request.method == "POST" and request.path.rstrip("/") == "/api/comment"

    def speak(self) -> None:
        self.said += 1
        text = f"u/tern {self.luck.choice(QUESTIONS)} ({self.said})"
        parent = self.theirs if self.said % 3 else self.ours
        with self.wall:
            self.here.say(f"person{self.luck.randrange(PEOPLE)}", text, parent)

    def shown(self) -> list[Shown]:
        return [
            Shown(self.name, one.parent, one.text)
            for one in self.here.things.values()
            if one.author == reddit.US and one.kind == "t1"
        ]

    def remarks(self) -> str:
        return f"reddit: {self.limited} RATELIMITs inside a 200"

    def _before(self) -> None:
        if self.luck.random() < self.limited_share:
            self.here.faults["POST /api/comment"] = ["ratelimit"]

    def _after(self, said: str) -> None:
        self.limited += "RATELIMIT" in said


def _in_front(
    is_write: Callable[[web.Request], bool],
    before: Callable[[], None],
    after: Callable[[str], None],
) -> Handles:
    """Be told of each write that reaches a platform, and of its answer."""

    @web.middleware
    async def pass_on(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_write(request):
            return await handler(request)
        before()
        answer = await handler(request)
        after(str(getattr(answer, "text", "")))
        return answer

    return pass_on


PLATFORMS: Mapping[str, Callable[[int, random.Random, float], Simulated]] = {
    "mastodon": Mastodon,
    "forgetful": partial(Mastodon, is_forgetful=True),
    "bluesky": Bluesky,
    "x": X,
    "reddit": Reddit,
}
USUAL = ("mastodon", "forgetful", "bluesky")


def make(names: Sequence[str], luck: random.Random, lag_s: float) -> list[Simulated]:
    """Make one of each."""
    return [PLATFORMS[name](number, luck, lag_s) for number, name in enumerate(names)]
