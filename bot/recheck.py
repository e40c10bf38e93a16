"""Compares what we hold with its platform: edits and deletions there are honoured here.

How often is a rule of the platform (connectors._platforms, DataRules). Not here: what an edit or a
deletion does to a message, its suggestion and its reply (storage), nor when this runs (bot.rounds).
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.desk import Desk
from bot.logins import connector_name
from bot.supervise import or_error
from connectors.contract import Connector, ConnectorError, Rejected, UnexpectedAnswer
from connectors.model import Deleted, Edited, Event, Message, Page, Recheck, Source
from storage.model import Message as Kept

BATCH = 100
EARLY = 1 / 12  # of the hours: what is due is spread out and bulk, and must be done in time
_ONLY_THIS_ONE = (Rejected, UnexpectedAnswer)


@dataclass(frozen=True, slots=True)
class Looked:
    """What became of messages that were looked at again."""

    there: int = 0
    edited: int = 0
    deleted: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        return self.there + self.edited + self.deleted + self.unknown


async def recheck_due(desk: Desk, connector: Connector, name: str) -> Looked:
    """Look again at the oldest that are due among what a connector brought, one batch of them.

    What a source brought that is no longer in byname.toml falls to its platform's first connector.
    """
    sources = sources_of(desk, name)
    for platform in sorted({desk.config.source(one).platform for one in sources}):
        hours = desk.config.rules(platform).recheck_hours
        if hours is None:
            continue
        before = desk.clock() - timedelta(hours=hours * (1 - EARLY))
        due = await desk.store.to_recheck(platform, before, BATCH, sources)
        if not due and name == _first_of(desk, platform):
            everything = list(desk.config.sources)
            due = await desk.store.to_recheck(platform, before, BATCH, but_not=everything)
        if due:
            return await recheck(desk, connector, due)
    return Looked()


def _first_of(desk: Desk, platform: str) -> str:
    names = (connector_name(desk.config, one) for one in desk.config.sources)
    return next(one for one in names if platform in platforms_of(desk, one))


async def recheck(desk: Desk, connector: Connector, messages: Sequence[Kept]) -> Looked:
    """Ask what became of messages and honour it. Raises what the connector raises."""
    addresses = await desk.store.addresses([one.id for one in messages])
    told = await or_error(connector.recheck(list(addresses.values())))
    if isinstance(told, _ONLY_THIS_ONE):
        if len(messages) > 1:
            return await _one_by_one(desk, connector, messages)
        told = [Recheck(one.ref, "unknown") for one in messages]
    if isinstance(told, ConnectorError):
        raise told
    fates = {one.ref: one for one in told}
    pairs = [(one, fates.get(one.ref, Recheck(one.ref, "unknown"))) for one in messages]
    await _honour(desk, pairs)
    await desk.store.note_checked([one.id for one in messages], desk.clock())
    counts = Counter(fate.fate for _, fate in pairs)
    return Looked(counts["there"], counts["edited"], counts["deleted"], counts["unknown"])


async def forget_old(desk: Desk, platform: str) -> int:
    """Let go of words that a platform allows to be kept for so long only."""
    days = desk.config.rules(platform).retain_days
    if days is None:
        return 0
    now = desk.clock()
    return await desk.store.forget_words(platform, now - timedelta(days=days), now)


def sources_of(desk: Desk, name: str) -> list[str]:
    """Return the sources that go through one connector."""
    return [one for one in desk.config.sources if connector_name(desk.config, one) == name]


def platforms_of(desk: Desk, name: str) -> set[str]:
    """Return the platforms that a connector listens to."""
    return {desk.config.source(one).platform for one in sources_of(desk, name)}


async def _one_by_one(desk: Desk, connector: Connector, messages: Sequence[Kept]) -> Looked:
    """One message that the platform will not talk about does not keep the others from it."""
    total = Looked()
    for one in messages:
        looked = await recheck(desk, connector, [one])
        total = Looked(
            total.there + looked.there,
            total.edited + looked.edited,
            total.deleted + looked.deleted,
            total.unknown + looked.unknown,
        )
    return total


async def _honour(desk: Desk, pairs: Sequence[tuple[Kept, Recheck]]) -> None:
    """Hand what happened to the store as events of the source that brought each message.

    Listen-only: an edit of what stands above a mention does not make it answerable.
    """
    events: defaultdict[str, list[Event]] = defaultdict(list)
    for message, told in pairs:
        if (event := _event(message, told)) is not None:
            events[message.source].append(event)
            desk.hub.tell("message", message.id)
    for name, happened in events.items():
        await desk.store.take_page(_listener(desk, name), Page(tuple(happened), None), desk.clock())
    if events:
        desk.hub.tell("queue")


def _listener(desk: Desk, name: str) -> Source:
    """Return the source that brought a message, in the settings or not, as one that listens."""
    if name in desk.config.sources:
        return replace(desk.config.source(name), listen_only=True, by_hand=False)
    return Source(name, "", "", listen_only=True)


def _event(message: Kept, told: Recheck) -> Event | None:
    if told.fate == "deleted":
        return Deleted(message.platform, message.ref)
    now: Message | None = told.message if told.fate == "edited" else None
    return None if now is None else Edited(replace(now, ref=message.ref))
