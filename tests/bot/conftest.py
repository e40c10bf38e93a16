"""A small brand in a replayed world: real store, real connector, a clock that the test moves."""

import asyncio
import hashlib
import io
import json
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog

from bot.collect import collect
from bot.config import Config, parse_config, read_config
from bot.desk import Desk
from bot.logins import build_connectors, close_all
from bot.outbox import reconcile, send_next
from bot.review import Approve, approve
from bot.suggest.playbook import Playbook
from bot.suggest.suggest import suggest_some
from bot.tag import Reader, tag_some
from nlp.model import Flag, Scored, Tags, Understood, Vector
from storage import open_store
from storage.model import Account, Message, Reply, Reviewer

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DIMENSIONS = 384
STEP = timedelta(milliseconds=5)


@dataclass
class Wall:
    """A clock that only moves when a test moves it."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def go(self, **distance: float) -> None:
        self.now += timedelta(**distance)


@dataclass
class Glossary:
    """Understands by rule: what a text means stands in its first words, its place in its words.

    A text that begins with `poison` cannot be read at all.
    """

    model: str = "glossary-1"
    read: list[str] = field(default_factory=list)

    def understand(self, text: str, languages: tuple[str, ...] = ("en",)) -> Understood:
        self.read.append(text)
        if text.startswith("poison"):
            raise ArithmeticError("this text breaks the model")
        if text.startswith("bonjour"):
            return Understood(Tags("fr", self.model), None)
        said = text.lower()
        intent = "praise" if "thank" in said else "question"
        tags = Tags(
            language="en",
            model=self.model,
            sentiment=Scored("neutral", 0.9),
            intents=(Scored(intent, 0.9),),
            offensive=Flag("idiot" in said, 0.9),
            crisis=Flag("on fire" in said, 0.9),
            needs_reply=Flag("?" in said, 0.9),
        )
        return Understood(tags, place(text, self.model))


def place(text: str, model: str = "glossary-1") -> Vector:
    """Texts that share words lie near each other."""
    sums = np.zeros(DIMENSIONS)
    for word in re.findall(r"\w+", text.lower()):
        sums[int(hashlib.sha256(word.encode()).hexdigest(), 16) % DIMENSIONS] += 1
    length = float(np.linalg.norm(sums)) or 1.0
    return Vector(model, np.round(sums / length * 127).astype(np.int8).tobytes())


BASE: dict[str, Any] = {
    "brand": {"name": "Tern", "signature": "Ines"},
    "logins": {"masto": {"platform": "mastodon", "connector": "replay", "world": "world.jsonl"}},
    "sources": {"all": {"login": "masto", "kind": "all", "answer_since": NOON - timedelta(days=2)}},
}
PEOPLE = (
    {"type": "account", "ref": "us", "handle": "tern", "ours": True},
    {"type": "account", "ref": "ada", "handle": "ada", "name": "Ada Berg"},
    {"type": "account", "ref": "bo", "handle": "bo", "name": "Bo"},
)
ASK = {"type": "message", "ref": "ask", "author": "ada", "at": "-30m", "kind": "mention",
       "text": "@tern where is my order?"}  # fmt: skip
ASK_TOO = {"type": "message", "ref": "ask-too", "author": "bo", "at": "-20m", "kind": "mention",
           "text": "@tern do you ship to Norway?"}  # fmt: skip


def world_text(*rows: dict[str, Any]) -> str:
    head = {"type": "world", "name": "town", "brand": "Tern", "time_zone": "UTC",
            "platforms": ["mastodon"]}  # fmt: skip
    lines = [head, *({"platform": "mastodon", **row} for row in (*PEOPLE, *rows))]
    return "".join(json.dumps(line) + "\n" for line in lines)


def deep_merge(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in more.items():
        old = merged.get(key)
        both = isinstance(value, dict) and isinstance(old, dict)
        merged[key] = deep_merge(old, value) if both else value
    return merged


@dataclass
class Town:
    """One home that works: every step of the service, taken when the test says so."""

    desk: Desk
    wall: Wall
    reader: Reader
    connectors: dict[str, Any]
    admin: Reviewer
    owner: str = "here:1"

    @property
    def home(self) -> Path:
        return self.desk.home

    @property
    def store(self) -> Any:
        return self.desk.store

    @property
    def connector(self) -> Any:
        return self.connectors["masto"]

    async def hear(self, source: str = "all") -> Any:
        return await collect(self.desk, self.connector, self.desk.config.source(source))

    async def hear_and_tag(self) -> None:
        await self.hear()
        while await tag_some(self.desk, self.reader, self.owner):
            pass

    async def message(self, ref: str = "ask") -> Message:
        found = await self.store.find_message("mastodon", ref)
        assert found is not None, ref
        return found

    async def approve(self, ref: str = "ask", text: str = "It left today.", **more: Any) -> Reply:
        """Hear what there is, approve own words to one message, and wait out the undo window."""
        await self.hear_and_tag()
        message = await self.message(ref)
        asked = Approve(request_id=f"req-{ref}-{text}", message_id=message.id, text=text, **more)
        reply = await approve(self.desk, self.admin, asked)
        self.wall.go(seconds=self.desk.config.policy.undo_seconds)
        return reply

    async def send(self) -> Reply | None:
        return await send_next(self.desk, self.connector, "masto", self.owner)

    async def look(self) -> list[Reply | None]:
        """One round of the reconciler."""
        await self.store.lose_leases(self.wall())
        unknown = await self.store.replies("unknown")
        return [await reconcile(self.desk, self.connector, reply) for reply in unknown]

    async def reply(self, reply: Reply) -> Reply:
        found: Reply = await self.store.reply(reply.id)
        return found

    def ledger(self, kind: str = "reply") -> list[dict[str, Any]]:
        """What the world itself says happened."""
        path = self.home / "replay-town.jsonl"
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [row for row in rows if row["type"] == kind]

    async def audit_is_whole(self) -> bool:
        return await self.store.verify_audit() is None

    async def restart(self) -> None:
        """Die and come back: connections are dropped, leases of the former run are lost."""
        await close_all(self.connectors)
        await self.store.close()
        store = await open_store(self.home, clock=self.wall)
        self.desk = Desk(self.home, self.desk.config, store, self.wall)
        self.connectors = build_connectors(self.desk)
        await store.lose_leases(self.wall(), all_owners=True)
        self.owner = "here:2"


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def config() -> Callable[..., Config]:
    """Make settings: the base ones, with tables replaced or added by keyword."""

    def make(**tables: Any) -> Config:
        return parse_config(deep_merge(BASE, tables))

    return make


@pytest.fixture
def glossary() -> Glossary:
    return Glossary()


@pytest.fixture
def reader(glossary: Glossary):
    pool = ThreadPoolExecutor(1)
    yield Reader(glossary, pool)
    pool.shutdown()


@pytest.fixture
async def town(tmp_path: Path, wall: Wall, config, reader):
    """Open a town: `await town(ASK, faults=[...], policy={...})`."""
    opened: list[Town] = []

    async def open_town(*rows: dict[str, Any], faults: Any = None, **tables: Any) -> Town:
        (tmp_path / "world.jsonl").write_text(world_text(*(rows or (ASK, ASK_TOO))))
        if faults is not None:
            table = faults if isinstance(faults, dict) else {"rules": faults}
            tables = deep_merge(tables, {"logins": {"masto": {"faults": table}}})
        store = await open_store(tmp_path, clock=wall)
        desk = Desk(tmp_path, config(**tables), store, wall)
        admin = await store.add_reviewer("Ines", "admin", wall())
        made = Town(desk, wall, reader, build_connectors(desk), admin)
        opened.append(made)
        return made

    yield open_town
    for one in opened:
        await close_all(one.connectors)
        await one.store.close()


@pytest.fixture
def a_message(wall: Wall) -> Callable[..., Message]:
    """Make a message by hand, for functions that take values and return values."""

    def make(text: str = "where is my order?", **more: Any) -> Message:
        handle, name = more.pop("handle", "ada"), more.pop("name", "Ada Berg")
        author = Account(
            1, "mastodon", "ada", handle, name, "", 1, False, False, None, first_seen_at=wall()
        )
        values: dict[str, Any] = {
            "id": 1, "platform": "mastodon", "ref": "ask", "direction": "in", "kind": "mention",
            "visibility": "public", "text": text, "author": author, "thread_id": 1,
            "conversation_id": 1, "state": "waiting", "seen_at": wall(), "created_at": wall(),
            "source": "all", "login": "masto",
        }  # fmt: skip
        return Message(**{**values, **more})

    return make


@pytest.fixture
def shared() -> Path:
    """The labelled and recorded material beside a developer's checkout."""
    beside = Path(__file__).resolve().parents[3] / "shared"
    path = Path(os.environ.get("BYNAME_SHARED", beside))
    if not (path / "data" / "threads").is_dir():
        pytest.skip("the conversations of ../shared do not stand beside this checkout")
    return path


@pytest.fixture
def rows():
    """The two questions that most towns begin with."""
    return ASK, ASK_TOO


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def byname(capsys, monkeypatch):
    """Run a command as the console script does: `byname("inbox", "--home", home)`."""
    from bot.cli import main

    def run(*words: object, stdin: str | bytes = "") -> Said:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw), "utf-8"))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    yield run
    structlog.reset_defaults()  # `run` sets up logs on a standard error that ends with the test


SETTINGS = """\
[brand]
name = "Tern"
signature = "Ines"

[logins.masto]
platform = "mastodon"
connector = "replay"
world = "world.jsonl"

[sources.all]
login = "masto"
kind = "all"
answer_since = 2000-01-01T00:00:00Z

[policy]
undo_seconds = 0
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with settings and a world, and nothing in its database yet."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "byname.toml").write_text(SETTINGS)
    (folder / "world.jsonl").write_text(world_text(ASK, ASK_TOO))
    return folder


@pytest.fixture
def heard_home(home: Path, glossary: Glossary) -> Path:
    """A home that has heard and tagged its world."""

    async def fill() -> None:
        wall = Wall(datetime.now(UTC))
        store = await open_store(home, clock=wall)
        desk = Desk(home, read_config(home / "byname.toml", {}), store, wall)
        connectors = build_connectors(desk)
        pool = ThreadPoolExecutor(1)
        await collect(desk, connectors["masto"], desk.config.source("all"))
        await tag_some(desk, Reader(glossary, pool), "me")
        await suggest_some(desk, Reader(glossary, pool), Playbook({}, {}), "me")
        pool.shutdown()
        await close_all(connectors)
        await store.close()

    asyncio.run(fill())
    return home
