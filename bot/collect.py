"""Brings what a source says into the store, page by page, each with its cursor in one transaction.

Not here: what a platform's errors mean for the source (bot.service supervises), nor any tagging.
"""

from dataclasses import replace

from bot.desk import Desk
from connectors.contract import Connector
from connectors.model import Source, Unreadable
from storage.model import Taken


async def collect(desk: Desk, connector: Connector, source: Source) -> Taken:
    """Read a source from its cursor to its end (a stream has none). Returns what came in."""
    total = Taken()
    after = await desk.store.cursor(source.name)
    async for page in connector.pages(source, after):
        now = desk.clock()
        taken = await desk.store.take_page(source, page, now)
        for event in page.events:
            if isinstance(event, Unreadable):
                await desk.store.quarantine(source.name, event.raw, event.reason, now)
        total = add(total, taken)
        if page.events:
            desk.hub.tell("queue")
    await desk.store.note_source(source.name, desk.clock())
    return total


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
        taken_ids=one.taken_ids + other.taken_ids,
    )
