"""Worlds, clocks and set-ups that the connector tests share."""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import openapi
import pytest
from lexicons import Lexicons
from simulators import bluesky_answers, reddit_answers, x_answers
from simulators.bluesky import Network
from simulators.hackernews import News
from simulators.mastodon import Instance
from simulators.reddit import Site
from simulators.x import Square
from stands.reddit import APPROVED
from stands.x import secret

from connectors import bluesky, x
from connectors.contract import CapReached, Free, Meter
from connectors.model import Charge
from connectors.reddit import connect as open_reddit

FIRST_START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@dataclass
class Wall:
    """A clock that only moves when a test moves it."""

    now: datetime = FIRST_START

    def __call__(self) -> datetime:
        return self.now

    def go(self, **distance: float) -> None:
        self.now += timedelta(**distance)


@dataclass
class Drawer:
    """Secrets kept in memory."""

    values: dict[str, dict[str, str]] = field(default_factory=dict)

    def read(self, login: str) -> Mapping[str, str]:
        return self.values.get(login, {})

    def write(self, login: str, values: Mapping[str, str]) -> None:
        self.values[login] = dict(values)

    async def refresh(
        self, login: str, renew: Callable[[Mapping[str, str]], Awaitable[Mapping[str, str]]]
    ) -> Mapping[str, str]:
        self.write(login, await renew(self.read(login)))
        return self.read(login)


@dataclass
class Desk:
    """A Setup as bot would hand it over."""

    home: Path
    clock: Wall
    platform: str = "mastodon"
    login: str = "desk"
    settings: Mapping[str, object] = field(default_factory=dict)
    secrets: Drawer = field(default_factory=Drawer)
    meter: Meter = field(default_factory=Free)


@pytest.fixture
def wall() -> Wall:
    return Wall()


def recordings() -> Path | None:
    """Find the recorded answers beside a developer's checkout, if they are there."""
    beside = Path(__file__).resolve().parents[3] / "shared"
    path = Path(os.environ.get("BYNAME_SHARED", beside)) / "recorded"
    return path if path.is_dir() else None


@pytest.fixture
def recorded() -> Path:
    """The recorded answers."""
    path = recordings()
    if path is None:
        pytest.skip("the recorded answers do not stand beside this checkout")
    return path


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def a_world() -> str:
    """A small world: two people, a colleague, an open question, live messages, scripted answers."""
    return lines(
        {"type": "world", "name": "small", "brand": "Tern", "time_zone": "Europe/Berlin",
         "platforms": ["mastodon", "x", "hackernews"]},
        {"type": "account", "platform": "mastodon", "ref": "us", "handle": "tern", "ours": True},
        {"type": "account", "platform": "mastodon", "ref": "kim", "handle": "kim", "ours": True},
        {"type": "account", "platform": "mastodon", "ref": "ada", "handle": "ada", "followers": 9},
        {"type": "account", "platform": "mastodon", "ref": "bo", "handle": "bo", "bot": True},
        {"type": "account", "platform": "x", "ref": "x-us", "handle": "tern", "ours": True},
        {"type": "account", "platform": "x", "ref": "x-ada", "handle": "ada_x"},
        {"type": "account", "platform": "hackernews", "ref": "hn-us", "handle": "t", "ours": True},
        {"type": "message", "platform": "mastodon", "ref": "post", "author": "us",
         "at": "-2d 09:00", "kind": "post", "text": "New saddles are in."},
        {"type": "message", "platform": "mastodon", "ref": "comment", "author": "ada",
         "at": "-2d 09:30", "kind": "comment", "text": "Which sizes?", "parent": "post",
         "attachments": [{"kind": "image", "alt": "a saddle"}]},
        {"type": "message", "platform": "mastodon", "ref": "aside", "author": "bo",
         "at": "-26h10m", "kind": "reply", "text": "I wonder too", "parent": "comment"},
        {"type": "message", "platform": "mastodon", "ref": "chat", "author": "bo", "at": "-40m",
         "kind": "post", "text": "Somebody said saddle."},
        {"type": "message", "platform": "mastodon", "ref": "ask", "author": "ada", "at": "-30m",
         "kind": "mention", "text": "@tern my order is late", "visibility": "unlisted"},
        {"type": "edit", "platform": "mastodon", "ref": "ask", "at": "-20m",
         "text": "@tern my order 7 is late"},
        {"type": "message", "platform": "mastodon", "ref": "oops", "author": "bo", "at": "-25m",
         "kind": "mention", "text": "@tern wrong person"},
        {"type": "delete", "platform": "mastodon", "ref": "oops", "at": "-24m"},
        {"type": "message", "platform": "mastodon", "ref": "shut", "author": "bo", "at": "-23m",
         "kind": "mention", "text": "@tern no replies please", "closed": True},
        {"type": "garbled", "platform": "mastodon", "at": "-22m", "raw": "<html>"},
        {"type": "message", "platform": "mastodon", "ref": "live", "author": "bo",
         "at": "+4m30s", "kind": "mention", "text": "@tern hello"},
        {"type": "message", "platform": "x", "ref": "x-ask", "author": "x-ada", "at": "-10m",
         "kind": "mention", "text": "@tern and here?"},
        {"type": "answer", "to": "ask", "author": "ada", "after_s": 600, "text": "Thanks!",
         "then": [{"after_s": 60, "text": "All good now."}]},
    )  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path, wall: Wall) -> Callable[..., Desk]:
    """Make a set-up for the small world; settings by keyword."""
    (tmp_path / "world.jsonl").write_text(a_world(), encoding="utf-8")

    def make(platform: str = "mastodon", login: str = "desk", **settings: object) -> Desk:
        all_settings = {"world": "world.jsonl", "platform": platform, **settings}
        return Desk(tmp_path, wall, platform, login, all_settings)

    return make


@pytest.fixture
def write_world(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: dict[str, Any], text: str | None = None) -> Path:
        path = tmp_path / "other.jsonl"
        path.write_text(lines(*rows) if text is None else text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def setup_type() -> type[Desk]:
    return Desk


@pytest.fixture
async def site(aiohttp_server: Any, wall: Wall) -> AsyncIterator[Site]:
    """A simulated Reddit."""
    one = Site(wall)
    server = await aiohttp_server(reddit_answers.app(one))
    one.base = str(server.make_url("")).rstrip("/")
    yield one
    one.release()


@pytest.fixture
async def reddit(site: Site, tmp_path: Path, wall: Wall) -> AsyncIterator[Callable[..., Any]]:
    """Open our account on the simulated Reddit; settings by keyword."""
    opened: list[Any] = []
    drawer = Drawer({"desk": dict(APPROVED)})

    def make(**settings: object) -> Any:
        known = {"reddit_url": site.base, "oauth_url": site.base, "timeout_s": 5, **settings}
        opened.append(open_reddit(Desk(tmp_path, wall, "reddit", "desk", known, drawer)))
        return opened[-1]

    make.drawer = drawer  # type: ignore[attr-defined]
    yield make
    site.release()
    for one in opened:
        await one.close()


@pytest.fixture
async def instance(aiohttp_server: Any, wall: Wall) -> AsyncIterator[Instance]:
    """A simulated Mastodon instance."""
    one = Instance(wall)
    server = await aiohttp_server(one.app())
    one.base = str(server.make_url("")).rstrip("/")
    yield one
    one.release()


@pytest.fixture
async def news(aiohttp_server: Any, wall: Wall) -> AsyncIterator[News]:
    """A simulated Hacker News, with its search."""
    one = News(wall)
    server = await aiohttp_server(one.app())
    one.base = str(server.make_url("")).rstrip("/")
    yield one
    one.release()


@cache
def all_lexicons(path: Path) -> Lexicons:
    return Lexicons(path / "bluesky" / "lexicons")


@pytest.fixture
def lexicons(recorded: Path) -> Lexicons:
    return all_lexicons(recorded)


@pytest.fixture
async def network(aiohttp_server: Any, wall: Wall) -> AsyncIterator[Network]:
    """A simulated network; whatever passed keeps to the lexicons, where they are."""
    one = Network(wall)
    server = await aiohttp_server(bluesky_answers.app(one))
    one.base = str(server.make_url("")).rstrip("/")
    yield one
    one.release()
    if (path := recordings()) is not None:
        assert bluesky_answers.mistakes(one, all_lexicons(path)) == []


@pytest.fixture
async def sky(network: Network, tmp_path: Path, wall: Wall) -> AsyncIterator[Callable[..., Any]]:
    """Open our account on the simulated network; settings by keyword."""
    opened: list[Any] = []
    drawer = Drawer({"desk": {"identifier": "tern.test", "password": "app-pass-word"}})

    def make(**settings: object) -> Any:
        known = {"base_url": network.base, "timeout_s": 20, **settings}
        setup = Desk(tmp_path, wall, "bluesky", "desk", known, drawer)
        opened.append(bluesky.connect(setup))
        return opened[-1]

    make.drawer = drawer  # type: ignore[attr-defined]
    yield make
    for one in opened:
        await one.close()


@pytest.fixture
async def square(aiohttp_server: Any, wall: Wall) -> AsyncIterator[Square]:
    """X in miniature; whatever passed keeps to X's specification, where that is."""
    one = Square(wall)
    server = await aiohttp_server(x_answers.app(one))
    one.base = str(server.make_url("")).rstrip("/")
    yield one
    one.release()
    if (path := recordings()) is not None:
        assert openapi.mistakes(one, specification_of(path)) == []


@cache
def specification_of(path: Path) -> openapi.Specification:
    return openapi.Specification(path / "x" / "openapi-v2-trimmed.json")


@pytest.fixture
def specification(recorded: Path) -> openapi.Specification:
    return specification_of(recorded)


@dataclass
class Purse:
    """A meter that notes what it was asked for, and stops at a cap (micro-dollars)."""

    clock: Wall
    cap: int | None = None
    asked: list[tuple[str, int]] = field(default_factory=list)
    charges: list[tuple[str, Charge]] = field(default_factory=list)
    paid: set[tuple[str, str]] = field(default_factory=set)

    async def ask(self, purpose: str, at_most: int) -> None:
        if self.cap is not None and self.total + at_most > self.cap:
            raise CapReached("this month's money is spent")
        self.asked.append((purpose, at_most))

    async def spent(self, purpose: str, charge: Charge) -> None:
        assert self.asked, "somebody paid without having asked"
        self.charges.append((purpose, charge))
        self.paid |= {(self._today(), one) for one in charge.refs}

    async def paid_today(self, refs: Sequence[str]) -> frozenset[str]:
        return frozenset(one for one in refs if (self._today(), one) in self.paid)

    @property
    def total(self) -> int:
        return sum(one.micro_dollars for _, one in self.charges)

    def _today(self) -> str:
        return self.clock().date().isoformat()


@pytest.fixture
async def on_x(square: Square, tmp_path: Path, wall: Wall) -> AsyncIterator[Callable[..., Any]]:
    """Open our account on X in miniature; settings by keyword. It has a purse and a drawer."""
    opened: list[Any] = []
    drawer, purse = Drawer({"desk": secret(square)}), Purse(wall)

    def make(**settings: object) -> Any:
        known = {"base_url": square.base, "timeout_s": 5, **settings}
        opened.append(x.connect(Desk(tmp_path, wall, "x", "desk", known, drawer, purse)))
        return opened[-1]

    make.drawer, make.purse = drawer, purse  # type: ignore[attr-defined]
    yield make
    for one in opened:
        await one.close()
