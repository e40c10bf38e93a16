"""A real store on a real file, a clock that only moves when told, and short words for long acts."""

import asyncio
import itertools
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from connectors.model import Author, Deleted, Edited, Message, Page, Posted, Seen, Source
from nlp.model import Flag, Scored, Tags, Vector
from storage import open_store
from storage.model import Approval, Draft, Evidence, QueueFilter

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MENTIONS = Source(
    "masto-mentions", "replay", "mastodon", login="masto", answer_since=NOON - timedelta(days=1)
)
TAGS = Tags(
    language="en",
    model="tagger@1",
    sentiment=Scored("negative", 0.9),
    intents=(Scored("question", 0.8), Scored("complaint", 0.4)),
    offensive=Flag(False, 0.1),
    crisis=Flag(False, 0.01),
    needs_reply=Flag(True, 0.9),
)
OURS = Author("ours", "brand", "The Brand", is_ours=True)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self):
        return self.now

    def on(self, **passed):
        self.now += timedelta(**passed)
        return self.now


@dataclass
class Desk:
    """What a whole service would do around a store, one step at a time."""

    store: object
    clock: Clock
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))
    mentions: Source = MENTIONS
    tags: Tags = TAGS
    ours: Author = OURS

    @property
    def now(self):
        return self.clock.now

    def said(self, text="where is my order?", ref=None, *, by="ann", **fields):
        ref = ref or f"ref{next(self.numbers)}"
        author = by if isinstance(by, Author) else Author(f"id-{by}", by, by.title())
        defaults = {"created_at": self.now, "kind": "mention", "root_ref": ref}
        return Message("mastodon", ref, author, text, **(defaults | fields))

    async def take(self, *events, source=None, cursor="c"):
        return await self.store.take_page(source or self.mentions, Page(events, cursor), self.now)

    async def hear(self, text="where is my order?", *, source=None, **fields):
        """Take one message in; return its id."""
        taken = await self.take(Seen(self.said(text, **fields)), source=source)
        return taken.taken_ids[0]

    async def edit(self, text, ref, **fields):
        return await self.take(Edited(self.said(text, ref, **fields)))

    async def delete(self, ref, platform="mastodon"):
        return await self.take(Deleted(platform, ref))

    async def claim(self, stage, owner="worker", limit=50, seconds=60):
        until = self.now + timedelta(seconds=seconds)
        return await self.store.claim(stage, owner, limit, self.now, until)

    async def tag(self, tags=None, state="waiting", vector=None, answer_by_at=None, reason="asks"):
        """Tag all that is to be tagged."""
        return [
            await self.store.save_tags(
                work,
                tags or self.tags,
                vector,
                self.now,
                state=state,
                answer_by_at=answer_by_at,
                reason=reason,
            )
            for work in await self.claim("tag")
        ]

    async def suggest(self, *texts, silence="", evidence=()):
        """Suggest the same options, or silence, for all that wants a suggestion."""
        drafts = [
            Draft(text, "playbook", 0.9, evidence=evidence, lane_key="late@1") for text in texts
        ]
        return [
            await self.store.save_suggestion(
                work, drafts, self.now, silence=silence, reason="first contact"
            )
            for work in await self.claim("suggest")
        ]

    async def suggested(self, text="where is my order?", answer="It is on its way.", **fields):
        """Bring one message to `suggested`; return its suggestion."""
        await self.hear(text, **fields)
        await self.tag()
        return (await self.suggest(answer))[-1]

    def approval(self, suggestion, text=None, request_id=None, **fields):
        option = suggestion.options[0]
        defaults = {
            "request_id": request_id or f"request{next(self.numbers)}",
            "message_id": suggestion.message_id,
            "reviewer_id": 1,
            "text": text or option.text,
            "send_after": self.now,
            "kind": "edited" if text else "approved",
            "suggestion_id": suggestion.id,
            "suggestion_version": suggestion.version,
            "option": option.number,
            "shown_hash": option.hash,
        }
        return Approval(**(defaults | fields))

    async def approved(self, words=None, **fields):
        """Bring a message to an approved reply."""
        suggestion = await self.suggested(**fields)
        return await self.store.approve(self.approval(suggestion, words), self.now)

    async def claim_reply(self, login="masto", owner="sender", seconds=60):
        until = self.now + timedelta(seconds=seconds)
        return await self.store.claim_reply(login, owner, self.now, until)

    async def move(self, reply, after, **fields):
        if after == "sent" and reply.state != "withdrawing":
            fields.setdefault("posted", Posted(f"post-{reply.id}", f"https://m.example/{reply.id}"))
        return await self.store.move_reply(reply, after, self.now, actor="outbox", **fields)

    async def sending(self, **fields):
        await self.approved(**fields)
        return await self.claim_reply()

    async def sent(self, **fields):
        return await self.move(await self.sending(**fields), "sent")

    async def learned(self, question, answer, vector, **fields):
        """Bring a question and its sent answer into memory; return the question's id."""
        reply = await self.sent(text=question, answer=answer, **fields)
        for work in await self.claim("embed"):
            await self.store.save_vector(work, vector, self.now)
        return reply.message_id

    async def queue(self, view="needs_you", limit=50, after=None, **narrow):
        return await self.store.queue(QueueFilter(view=view, **narrow), self.now, limit, after)

    async def queued_ids(self, view="needs_you", **narrow):
        return [entry.message.id for entry in await self.queue(view, **narrow)]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture(scope="session")
def fresh_home(tmp_path_factory):
    """A home whose database is new and migrated: copying it is faster than making one each time."""

    async def make(folder):
        await (await open_store(folder, clock=Clock())).close()

    folder = tmp_path_factory.mktemp("fresh") / "home"
    asyncio.run(make(folder))
    return folder


@pytest.fixture
async def store(home, clock, fresh_home):
    shutil.copytree(fresh_home, home)
    opened = await open_store(home, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
def desk(store, clock):
    return Desk(store, clock)


@pytest.fixture
def vector():
    """Make a small vector from whole numbers between -127 and 127."""

    def make(*numbers, model="encoder@1"):
        return Vector(model, bytes(number % 256 for number in numbers))

    return make


@pytest.fixture
def evidence():
    def make(ref, quote="", kind="memory"):
        return Evidence(kind, str(ref), "an earlier answer", 0.9, quote=quote)

    return make
