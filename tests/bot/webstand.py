"""What the web and browser tests share: a desk with a real store, and messages that arrived."""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.config import parse_config
from bot.desk import Desk
from connectors.model import Author, Deleted, Edited, Message, Page, Seen, Source
from nlp.model import Attribution, Flag, Scored, Tags
from storage import open_store
from storage.model import Draft, Evidence

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SETTINGS = {
    "brand": {"name": "Kettlewren", "time_zone": "Europe/London"},
    "logins": {"x": {"platform": "x"}, "masto": {"platform": "mastodon"}},
    "sources": {
        "x-all": {"login": "x", "kind": "all"},
        "masto-all": {"login": "masto", "kind": "all"},
        "heard": {"connector": "replay", "platform": "reddit", "kind": "search"},
    },
    "policy": {"allowed_links": ["kettlewren.example"]},
}


@dataclass
class Wall:
    """A clock that only moves when a test moves it."""

    now: datetime = NOON

    def __call__(self):
        return self.now

    def go(self, **distance):
        self.now += timedelta(**distance)


async def explain(message):
    """Stand in for the model: the first word carried the sentiment."""
    return {"neutral": [Attribution(0, len(message.text.split()[0]), 2.0)]}


@asynccontextmanager
async def open_desk(home, clock, **tables):
    store = await open_store(home, clock=clock)
    try:
        yield Desk(home, parse_config(SETTINGS | tables), store, clock, explain=explain)
    finally:
        await store.close()


def tags(
    sentiment="neutral", intents=("question",), *, language="en", offensive=False, crisis=False
):
    if language != "en":
        return Tags(language, "test-1")
    return Tags(
        language,
        "test-1",
        Scored(sentiment, 0.91),
        tuple(Scored(one, 0.8) for one in intents),
        Flag(offensive, 0.97 if offensive else 0.02),
        Flag(crisis, 0.95 if crisis else 0.01),
        Flag(True, 0.9),
    )


def draft(text, label="a try", quote="You can descale it with vinegar."):
    evidence = Evidence("playbook", "descale@3f2a", "descale", 0.88, quote)
    return Draft(text, "playbook", 0.88, label, (evidence,), "descale@3f2a")


@dataclass
class Stage:
    """Puts messages where a test needs them, by the same doors as the running service."""

    desk: Desk
    count: int = 0
    refs: dict = field(default_factory=dict)

    async def hear(self, text, source="x-all", *, who="ann", name="Ann Other", **more):
        """Let a message arrive; returns its id. `more` goes into connectors.model.Message."""
        self.count += 1
        config = self.desk.config.source(source)
        is_ours = more.pop("is_ours", False)
        ref = more.pop("ref", f"{config.platform}:{self.count}")
        author = Author(f"{config.platform}:@{who}", who, name, is_ours=is_ours)
        said = Message(
            platform=config.platform,
            ref=ref,
            author=author,
            text=text,
            kind=more.pop("kind", "mention"),
            root_ref=more.pop("root_ref", ref),
            created_at=more.pop("created_at", self.desk.clock() - timedelta(minutes=20)),
            **more,
        )
        await self.tell(config, Seen(said))
        kept = await self.desk.store.find_message(config.platform, ref)
        self.refs[kept.id] = (config, said)
        return kept.id

    async def tell(self, source: Source, event):
        page = Page((event,), f"after-{self.count}")
        await self.desk.store.take_page(source, page, self.desk.clock())

    async def edit(self, message_id, text):
        config, said = self.refs[message_id]
        changed = replace(said, text=text, edited_at=self.desk.clock())
        await self.tell(config, Edited(changed))

    async def delete(self, message_id):
        config, said = self.refs[message_id]
        await self.tell(config, Deleted(said.platform, said.ref))

    async def tag(self, how=None, *, minutes=60, state="waiting", reason="question"):
        """Tag everything that arrived."""
        now, store = self.desk.clock(), self.desk.store
        for work in await store.claim("tag", "test", 500, now, now + timedelta(minutes=5)):
            due = now + timedelta(minutes=minutes)
            await store.save_tags(
                work, how or tags(), None, now, state=state, answer_by_at=due, reason=reason
            )

    async def suggest(self, *drafts, silence="", reason="question, first time"):
        """Suggest the same to everything that waits for a suggestion."""
        now, store = self.desk.clock(), self.desk.store
        found = None
        for work in await store.claim("suggest", "test", 500, now, now + timedelta(minutes=5)):
            found = await store.save_suggestion(work, drafts, now, silence=silence, reason=reason)
        return found

    async def waiting(
        self, text="How do I descale it?", reply="Vinegar, then rinse twice.", **more
    ):
        """Let a message arrive, be tagged, and wait with a suggestion; returns its id."""
        how = more.pop("how", None)
        message_id = await self.hear(text, **more)
        await self.tag(how)
        await self.suggest(draft(reply), draft("Have you tried citric acid?", "ask back"))
        self.desk.hub.tell("queue", message_id)
        return message_id

    async def reviewer(self, role="review", name=None):
        return await self.desk.store.add_reviewer(name or f"{role} one", role, self.desk.clock())
