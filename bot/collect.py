"""Brings what a source says into the store, page by page, each with its cursor in one transaction.

Not here: what a platform's errors mean for the source (bot.service supervises), nor any tagging.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.above import bring_above, hanging
from bot.desk import Desk
from connectors.contract import Connector
from connectors.model import Event, Message, Page, Seen, Source
from storage.model import Taken

MOST_IDS = 1000  # of what came in are named; a long back-fill is only counted
Heard = Callable[[Taken], None]


async def collect(
    desk: Desk,
    connector: Connector,
    source: Source,
    *,
    heard: Heard | None = None,
    is_learning: bool = False,
) -> Taken:
    """Read a source from its cursor to its end (a stream has none). Returns what came in.

    `heard` is told of each page; `is_learning` brings the threads above old answers of ours too.
    """
    source, total = await since_first_start(desk, source), Taken()
    after = await desk.store.cursor(source.name)
    async for page in connector.pages(source, after):
        taken = await desk.store.take_page(source, page, desk.clock())
        above = hanging(source, page, is_learning=is_learning)
        await bring_above(desk, connector, source, above)
        total = add(total, taken)
        _tell(desk, page, taken, heard)
    await desk.store.note_source(source.name, desk.clock())
    return total


async def back_fill(
    desk: Desk, connector: Connector, source: Source, since: datetime, *, heard: Heard | None = None
) -> Taken:
    """Read what was said between two moments, from the platform's beginning, as history.

    What came in until now is collected first, so that nothing that still wants an answer turns
    into history. The cursor stays; doing it again adds nothing twice.
    """
    began = desk.clock()
    total = await collect(desk, connector, source, heard=heard)
    past = replace(source, answer_since=began)
    async for page in connector.pages(source, None):
        events = tuple(event for event in page.events if _is_between(event, since, began))
        old = Page(events, None)
        taken = await desk.store.take_page(past, old, desk.clock())
        await bring_above(desk, connector, past, hanging(past, old, is_learning=True))
        total = add(total, taken)
        _tell(desk, old, taken, heard)
    return total


async def since_first_start(desk: Desk, source: Source) -> Source:
    """Return the source with the moment from which its messages are answered.

    Without `answer_since` in the settings that is when the source was first listened to: whoever
    connects a login with years behind it answers nothing of them.
    """
    if source.answer_since is not None:
        return source
    name = f"answer_since:{source.name}"
    kept = await desk.store.get_setting(name)
    if kept is None:
        kept = desk.clock().isoformat()
        await desk.store.put_setting(name, kept, "system", desk.clock())
    return replace(source, answer_since=datetime.fromisoformat(kept))


def add(one: Taken, other: Taken) -> Taken:
    """Add up what became of two pages."""
    return replace(
        one,
        added=one.added + other.added,
        known=one.known + other.known,
        conflicting=one.conflicting + other.conflicting,
        edited=one.edited + other.edited,
        deleted=one.deleted + other.deleted,
        unreadable=one.unreadable + other.unreadable,
        taken_ids=(one.taken_ids + other.taken_ids)[-MOST_IDS:],
    )


def _tell(desk: Desk, page: Page, taken: Taken, heard: Heard | None) -> None:
    if page.events:
        desk.hub.tell("queue")
    if heard is not None:
        heard(taken)


def _is_between(event: Event, since: datetime, until: datetime) -> bool:
    message: Message | None = event.message if isinstance(event, Seen) else None
    if message is None or message.created_at is None:
        return False
    return since <= message.created_at < until
