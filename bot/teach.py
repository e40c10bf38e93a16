"""The model as this home uses it, and what people's corrections teach it.

Loads the shipped weights, the head that was learned here, and another sentiment model if one is
named. Not here: how a head is fitted and judged (nlp.learn).
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.config import Config
from bot.desk import Desk, Explain
from bot.tag import Reader, Understands
from nlp.explain import explain_all
from nlp.folder import SHIPPED
from nlp.learn import Correction, Lesson, learn, read_head, take_back, write_head
from nlp.model import Attribution, Tags
from nlp.tagger import Tagger, load_tagger
from storage.model import Message
from storage.store import Store

HEAD_NAME = "learned.json"
LEARNED_SETTING = "learned_corrections"
OTHERS = 400  # messages that nobody corrected, on which the model should stay as it is


@dataclass(frozen=True, slots=True)
class Learning:
    """What one night's learning did. `lessons` is empty while there is too little to learn from."""

    corrections: int
    lessons: tuple[Lesson, ...]
    adopted: bool


def load_model(config: Config, home: Path | None = None) -> Tagger:
    """Load the weights and, if there is one that fits them, the head that was learned here."""
    tagger = load_tagger(Path(config.nlp.weights) if config.nlp.weights else SHIPPED)
    path = home / HEAD_NAME if home else None
    if path is None or not path.exists():
        return tagger
    head = read_head(path)
    return tagger.with_head(head) if head.model == tagger.folder.version else tagger


def load_reader(config: Config, home: Path | None = None) -> Reader:
    """Load what the service reads with; a sentiment model of the operator's choice included."""
    tagger: Understands = load_model(config, home)
    if config.nlp.sentiment_model:
        from nlp.foreign import WithSentiment, load_foreign  # noqa: PLC0415 - needs torch

        other = load_foreign(config.nlp.sentiment_model, config.nlp.sentiment_labels)
        assert isinstance(tagger, Tagger)
        tagger = WithSentiment(tagger, other)
    return Reader(tagger)


def explainer(reader: Reader) -> Explain:
    """Return what tells which words carried a message's tags (under 150 ms a message)."""

    async def explain(message: Message) -> Mapping[str, Sequence[Attribution]]:
        tagger, tags = reader.tagger, given_tags(message.tags)
        plain = tagger if isinstance(tagger, Tagger) else getattr(tagger, "tagger", None)
        if not isinstance(plain, Tagger) or not tags:
            return {}
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(reader.pool, explain_all, plain, message.text, tags)

    return explain


def given_tags(tags: Tags | None) -> list[str]:
    """List the tags that a message was given, as the model's explanations call them."""
    if tags is None or tags.sentiment is None:
        return []
    flags = {"offensive": tags.offensive, "crisis": tags.crisis}
    given = [name for name, flag in flags.items() if flag is not None and flag.value]
    return [*given, *(scored.label for scored in tags.intents), "sentiment"]


async def learn_here(desk: Desk) -> Learning:
    """Learn from all corrections, adopt what cross-validation says helps, and keep the old head."""
    corrections = await corrections_of(desk.store, desk.config)
    others = await _others(desk)
    tagger = load_model(desk.config)
    learned = await asyncio.to_thread(learn, tagger, corrections, others, _name(desk.clock()))
    if learned.head is not None:
        write_head(learned.head, desk.home / HEAD_NAME)
    texts = len({correction.text for correction in corrections})
    return Learning(texts, learned.lessons, learned.head is not None)


async def learn_if_due(desk: Desk) -> Learning | None:
    """Learn when there are corrections that the last lesson did not know."""
    rows = await desk.store.corrections()
    known = await desk.store.get_setting(LEARNED_SETTING)
    if not desk.config.nlp.learn or str(len(rows)) == (known or "0"):
        return None
    learning = await learn_here(desk)
    await desk.store.put_setting(LEARNED_SETTING, str(len(rows)), "learn", desk.clock())
    return learning


def forget(home: Path) -> bool:
    """Take the last lesson back. False when there is none."""
    return take_back(home / HEAD_NAME)


async def corrections_of(store: Store, config: Config) -> list[Correction]:
    """Return people's corrections as the model's label groups; a platform's law comes first."""
    rows = await store.corrections()
    return [
        correction
        for message, changes in rows
        if config.rules(message.platform).may_train and message.visibility != "direct"
        for correction in as_corrections(message, changes)
    ]


def as_corrections(message: Message, changes: Mapping[str, object]) -> list[Correction]:
    """Turn one message's corrections into one per label group."""
    made = []
    for group, value in changes.items():
        if group == "intents" and isinstance(value, Sequence):
            labels = [str(label) for label in value]
            made.append(Correction(message.text, "intents", frozenset(labels)))
            made += [Correction(message.text, "primary", frozenset(labels[:1]))] if labels else []
        elif isinstance(value, bool):
            made.append(Correction(message.text, group, frozenset([group] if value else [])))
        elif group == "sentiment" and value != "unsure":
            made.append(Correction(message.text, group, frozenset([str(value)])))
    return made


async def _others(desk: Desk) -> list[str]:
    corrected = {message.id for message, _ in await desk.store.corrections()}
    texts = []
    async for message, _ in desk.store.export_tags():
        may_train = desk.config.rules(message.platform).may_train
        is_open = message.text and message.visibility != "direct"
        if message.id not in corrected and is_open and may_train:
            texts.append(message.text)
        if len(texts) >= OTHERS:
            break
    return texts


def _name(now: datetime) -> str:
    return now.strftime("%Y%m%d-%H%M%S")
