"""A bot whose model cannot be loaded: it hears, shows and sends, and says that nothing is tagged.

What was heard waits for the model; it is loaded as soon as it can be, without a restart. Not here:
loading it (bot.teach), tagging (bot.tag), and running the loops (bot.service).
"""

import asyncio
from typing import NoReturn

import structlog

from bot.desk import Desk
from bot.supervise import Step
from bot.tag import Reader
from nlp.model import NlpError
from storage.store import Store

log = structlog.get_logger()
LOOK_S = 5.0  # between two looks whether there is a model by now
_STATE = "untagged_because"


class NoModel:
    """What stands for a model that cannot be loaded, and why (bot.tag.Understands)."""

    def __init__(self, why: str) -> None:
        self.why = why

    def understand(self, _text: str, _languages: tuple[str, ...] = ("en",)) -> NoReturn:
        raise NlpError(self.why)


def has_model(reader: Reader) -> bool:
    return not isinstance(reader.tagger, NoModel)


async def note_model(desk: Desk, reader: Reader) -> None:
    """Keep why nothing is tagged, or that nothing keeps it, for whoever looks."""
    why = reader.tagger.why if isinstance(reader.tagger, NoModel) else ""
    if await untagged_because(desk.store) != why:
        await desk.store.put_state(_STATE, why, desk.clock())
        desk.hub.tell("brake")  # the line stands where the brake's does


async def untagged_because(store: Store) -> str:
    """Return why nothing is tagged at present; empty when the model is there."""
    return await store.get_setting(_STATE) or ""


def with_model(reader: Reader, step: Step) -> Step:
    """Let a step that reads texts wait as long as there is no model to read them with."""

    async def step_or_wait() -> float:
        return await step() if has_model(reader) else LOOK_S

    return step_or_wait


def loader(desk: Desk, reader: Reader) -> Step:
    """Load the model that could not be loaded at the start, as soon as it can be."""
    from bot.teach import load_reader  # noqa: PLC0415 - not needed again where there is one

    async def step() -> float:
        if not has_model(reader):
            loaded = await asyncio.to_thread(load_reader, desk.config, desk.home)
            reader.tagger = loaded.tagger
            log.info("the model is loaded: what waited is tagged now")
        await note_model(desk, reader)
        return 3600.0

    return step
