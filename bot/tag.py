"""Takes untagged messages from the store, asks the model, and decides where each one goes.

One text per run in one worker thread (NLP.md trap 2); the other core belongs to the event loop and
the writer. Which state follows which tags is policy (bot.policy).
"""

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from bot.desk import Desk
from bot.policy import place
from bot.supervise import each_work
from nlp.model import Understood
from storage.model import Message, Work

BULK_LEASE = timedelta(hours=1)
BULK_LIMIT = 100_000
MOST_FRESH = 1_000
Bulk = Callable[..., Iterable[Understood]]


class Understands(Protocol):
    """What the bot needs of a tagger (nlp.tagger.Tagger)."""

    def understand(self, text: str, languages: tuple[str, ...] = ("en",)) -> Understood: ...


@dataclass(slots=True)
class Reader:
    """The model and the one thread it runs in. A lesson learned at night replaces the model.

    What was read to be tagged is read again at once to be suggested: its answer is kept for that,
    under a hash of the text, and handed out once.
    """

    tagger: Understands
    pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="model")
    )

    fresh: dict[tuple[bytes, tuple[str, ...]], tuple[Understands, Understood]] = field(
        default_factory=dict
    )

    async def understand(self, text: str, languages: tuple[str, ...] = ("en",)) -> Understood:
        tagger = self.tagger
        name = hashlib.sha256(text.encode(errors="surrogatepass")).digest(), languages
        known = self.fresh.pop(name, None)
        if known is not None and known[0] is tagger:
            return known[1]
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self.pool, tagger.understand, text, languages)
        self.fresh[name] = tagger, found
        if len(self.fresh) > MOST_FRESH:
            del self.fresh[next(iter(self.fresh))]
        return found


async def tag_some(desk: Desk, reader: Reader, owner: str, limit: int = 48) -> int:
    """Tag up to `limit` messages; return how many were taken."""

    async def tag_one(work: Work) -> None:
        message = await desk.store.message(work.message_id)
        understood = await reader.understand(message.text, languages_of(desk, message))
        await save(desk, work, understood)

    return await each_work(desk, "tag", owner, limit, tag_one)


def languages_of(desk: Desk, message: Message) -> tuple[str, ...]:
    """Return the languages that a message's source declares, else the brand's."""
    source = desk.config.sources.get(message.source)
    return (source and source.languages) or desk.config.brand.languages


async def save(desk: Desk, work: Work, understood: Understood) -> None:
    """Store what the model said about a message, and where that sends it."""
    message = await desk.store.message(work.message_id)
    state, answer_by_at, reason = place(message, understood.tags, desk.config.policy)
    await desk.store.save_tags(
        work,
        understood.tags,
        understood.vector,
        desk.clock(),
        state=state,
        answer_by_at=answer_by_at,
        reason=reason,
    )
    desk.hub.tell("message", message.id)


async def embed_some(desk: Desk, reader: Reader, owner: str, limit: int = 16) -> int:
    """Give answered messages their place in memory; return how many were taken."""

    async def embed_one(work: Work) -> None:
        message = await desk.store.message(work.message_id)
        understood = await reader.understand(message.text)
        await desk.store.save_vector(work, understood.vector, desk.clock())

    return await each_work(desk, "embed", owner, limit, embed_one)


async def tag_in_bulk(desk: Desk, tag_many: Bulk, group: int = 64) -> AsyncIterator[int]:
    """Tag everything that waits, with two processes; yields how many were stored each time.

    `tag_many` (nlp.bulk) gives each text the answer that it would get alone.
    """
    now = desk.clock()
    works = await desk.store.claim("tag", "bulk", BULK_LIMIT, now, now + BULK_LEASE)
    texts = [(await desk.store.message(work.message_id)).text for work in works]
    answers = iter(tag_many(texts, languages=desk.config.brand.languages))
    for start in range(0, len(works), group):
        part = works[start : start + group]
        understood = await asyncio.to_thread(lambda: list(itertools.islice(answers, group)))
        pairs = zip(part, understood, strict=True)
        await asyncio.gather(*(save(desk, work, one) for work, one in pairs))
        yield len(part)
