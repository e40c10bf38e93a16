"""The thread above what is said to us, fetched once and kept as history: a reviewer sees it.

What is brought here is never answered: it is listen-only. A platform that refuses to tell costs
nothing but the context. Not here: hearing new messages (bot.collect).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import structlog

from bot.desk import Desk
from bot.logins import connector_name
from bot.supervise import or_error
from connectors.contract import Connector, ConnectorError, Rejected, UnexpectedAnswer
from connectors.model import Message, MessageRef, Page, Seen, Source
from storage.model import Message as Kept
from storage.model import QueueFilter

log = structlog.get_logger()
MOST_CALLS = 20  # for one page
MOST_ABOVE = 50  # messages of one thread: its first, and the nearest
NEWEST = 200  # how far back a later look goes
_ONLY_THIS_ONE = (Rejected, UnexpectedAnswer)  # other errors mean that asking on is useless


@dataclass(frozen=True, slots=True)
class Hanging:
    """A message that answers one which may be unknown here."""

    address: MessageRef
    parent_ref: str


def hanging(source: Source, page: Page, *, is_learning: bool = False) -> list[Hanging]:
    """Return the messages of a page whose thread above should be known, one per root."""
    said = [event.message for event in page.events if isinstance(event, Seen)]
    here = {message.ref for message in said}
    found = {
        message.root_ref: Hanging(address(message), message.parent_ref)
        for message in said
        if message.parent_ref
        and message.parent_ref not in here
        and (is_learning or _may_be_answered(source, message))
    }
    return list(found.values())


def address(message: Message) -> MessageRef:
    return MessageRef(
        message.platform,
        message.ref,
        message.root_ref,
        message.server_ref,
        message.author.ref,
        message.author.handle,
        message.visibility,
    )


async def bring_above(
    desk: Desk, connector: Connector, source: Source, wanted: Iterable[Hanging]
) -> int:
    """Ask for what is above messages that hang on nothing yet; return how many messages came."""
    brought = 0
    for one in await _unknown(desk, wanted):
        told = await or_error(connector.thread(one.address))
        if not isinstance(told, ConnectorError):
            brought += await keep_above(desk, source, told)
            continue
        log.info("the thread above is not told", source=source.name, error=str(told)[:200])
        if not isinstance(told, _ONLY_THIS_ONE):
            break
    return brought


async def keep_above(desk: Desk, source: Source, told: Sequence[Message]) -> int:
    """Store messages of a thread as history: theirs without a login, ours as the login's."""
    nearest = told if len(told) <= MOST_ABOVE else (told[0], *told[1 - MOST_ABOVE :])
    added = 0
    for is_ours, messages in groupby(nearest, key=lambda message: message.author.is_ours):
        login = source.login if is_ours else None
        listener = replace(source, listen_only=True, by_hand=False, login=login)
        page = Page(tuple(Seen(message) for message in messages), None)
        added += (await desk.store.take_page(listener, page, desk.clock())).added
    return added


async def catch_up(desk: Desk, connectors: Mapping[str, Connector], asked: set[int]) -> int:
    """Look at the newest that wait and whose thread was not told when they came; each once."""
    brought = 0
    for entry in await desk.store.queue(QueueFilter(view="all"), desk.clock(), limit=NEWEST):
        message = entry.message
        if message.id in asked or not _waits_and_hangs(message, desk):
            continue
        asked.add(message.id)
        source = desk.config.source(message.source)
        there = (await desk.store.addresses([message.id]))[message.id]
        connector = connectors[connector_name(desk.config, source.name)]
        wanted = [Hanging(there, message.parent_ref or "")]
        brought += await bring_above(desk, connector, source, wanted)
    return brought


def _waits_and_hangs(message: Kept, desk: Desk) -> bool:
    waits = message.state in {"new", "waiting", "suggested"}
    hangs = message.parent_ref is not None and message.parent_id is None
    return waits and hangs and message.source in desk.config.sources


def _may_be_answered(source: Source, message: Message) -> bool:
    is_closed = source.login is None or source.listen_only
    if message.author.is_ours or (is_closed and not source.by_hand):
        return False
    is_dated = message.created_at is not None and source.answer_since is not None
    return not (is_dated and message.created_at < source.answer_since)  # type: ignore[operator]


async def _unknown(desk: Desk, wanted: Iterable[Hanging]) -> list[Hanging]:
    found = [
        one
        for one in wanted
        if await desk.store.find_message(one.address.platform, one.parent_ref) is None
    ]
    return found[:MOST_CALLS]
