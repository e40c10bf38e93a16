"""Everything a digest is made from, fetched once; what follows is pure.

The only module of the digest that asks the store for content.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import dropwhile
from zoneinfo import ZoneInfo

from bot.config import Policy
from bot.costs import Cost, costs
from bot.desk import Desk
from bot.overdue import Overdue, overdue
from bot.people.moves import AWAY_DAYS
from connectors._platforms import data_rules
from storage.model import (
    Brake,
    DayNumbers,
    Decision,
    Exchange,
    Message,
    PersonActivity,
    PersonDay,
    QueueEntry,
    QueueFilter,
    Reply,
    SourceState,
)

HISTORY_DAYS = 56
MONTH_DAYS = 28
HABIT_DAYS = 196  # six windows of 28 days before the last one
MOST_PEOPLE = 60
MOST_WAITING = 200
MOST_MESSAGES = 20_000


@dataclass(frozen=True, slots=True)
class Facts:
    brand: str
    zone: ZoneInfo
    day: date
    now: datetime
    base_url: str
    numbers: DayNumbers
    history: tuple[DayNumbers, ...] = ()  # oldest first, from the first day with a message
    exchanges: tuple[Exchange, ...] = ()
    messages: tuple[Message, ...] = ()  # of the day, in and out
    before: tuple[Message, ...] = ()  # of the days of `history`
    active: tuple[PersonActivity, ...] = ()
    month: tuple[PersonActivity, ...] = ()
    habitual: tuple[PersonActivity, ...] = ()  # used to be here; only where profiling is allowed
    person_days: Mapping[int, Sequence[PersonDay]] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    queue: tuple[QueueEntry, ...] = ()
    waiting: int = 0
    sources: tuple[SourceState, ...] = ()
    stuck: tuple[Reply, ...] = ()
    brakes: tuple[Brake, ...] = ()
    policy: Policy = field(default_factory=Policy)
    unread: int = 0  # texts that broke their stage three times
    approved: frozenset[str] = frozenset()  # platforms whose written approval is on record
    costs: tuple[Cost, ...] = ()
    overdue: tuple[Overdue, ...] = ()

    def may_profile(self, platform: str) -> bool:
        return data_rules(platform, is_approved=platform in self.approved).may_profile

    @property
    def start(self) -> datetime:
        return midnight(self.day, self.zone)

    @property
    def end(self) -> datetime:
        return midnight(self.day + timedelta(days=1), self.zone)

    @property
    def is_partial(self) -> bool:
        return self.now < self.end

    @property
    def is_latest(self) -> bool:
        """Whether what waits now belongs on this page."""
        return self.now < self.end + timedelta(days=1)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment a local day begins, in UTC."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def page_address(desk: Desk) -> str:
    """Return where the review pages are, without a slash at the end."""
    web = desk.config.web
    return (web.public_url or f"http://{web.host}:{web.port}").rstrip("/")


async def gather(desk: Desk, day: date) -> Facts:
    """Read what the digest of a local day needs."""
    store, zone, now = desk.store, desk.config.zone, desk.clock()
    start = midnight(day, zone)
    end = min(midnight(day + timedelta(days=1), zone), max(now, start))
    past = midnight(day - timedelta(days=HISTORY_DAYS), zone)
    days = [day - timedelta(days=back) for back in range(HISTORY_DAYS, -1, -1)]
    *before, numbers = await store.day_numbers(days, desk.config.brand.time_zone)
    active = tuple(await store.activity(start, end))
    month_start = midnight(day - timedelta(days=MONTH_DAYS - 1), zone)
    month = tuple(await store.activity(month_start, end))
    habitual = await _habitual(desk, day, month_start)
    waiting = (await store.queue_counts(now)).get("needs_you", 0)
    return Facts(
        brand=desk.config.brand.name,
        zone=zone,
        day=day,
        now=now,
        base_url=page_address(desk),
        numbers=numbers,
        history=tuple(dropwhile(lambda one: not one.inbound, before)),
        exchanges=tuple(await store.exchanges(past, end)),
        messages=tuple(await store.messages_between(start, end, limit=MOST_MESSAGES)),
        before=tuple(await store.messages_between(past, start, limit=MOST_MESSAGES)),
        active=active,
        month=month,
        habitual=habitual,
        person_days=await _person_days(desk, day, _known(desk, active) + habitual),
        decisions=tuple(await store.decisions(start, end)),
        queue=tuple(await store.queue(QueueFilter(), now, limit=MOST_WAITING)),
        waiting=waiting,
        sources=tuple(await store.source_states()),
        stuck=tuple(await store.replies("needs_human", "unknown", "held")),
        brakes=tuple(await store.brakes()),
        policy=desk.config.policy,
        unread=(await store.work_left()).get("dead", 0),
        approved=frozenset(desk.config.approvals),
        costs=await costs(store, desk.config, min(now, end - timedelta(microseconds=1))),
        overdue=tuple(await overdue(desk)),
    )


async def _habitual(desk: Desk, day: date, until: datetime) -> tuple[PersonActivity, ...]:
    """People who were often here before the last 28 days, where we may look at that."""
    since = midnight(day - timedelta(days=HABIT_DAYS), desk.config.zone)
    people = await desk.store.activity(since, until)
    often = [
        who for who in people if who.in_count >= 8 and desk.config.rules(who.platform).may_profile
    ]
    often.sort(key=lambda who: -who.in_count)
    return tuple(often[:MOST_PEOPLE])


def _known(desk: Desk, active: Sequence[PersonActivity]) -> tuple[PersonActivity, ...]:
    """People of the day who had written before and may be called regulars."""
    known = [who for who in active if who.before_in and desk.config.rules(who.platform).may_profile]
    return tuple(known[:MOST_PEOPLE])


async def _person_days(
    desk: Desk, day: date, people: Sequence[PersonActivity]
) -> dict[int, Sequence[PersonDay]]:
    since = day - timedelta(days=HABIT_DAYS + AWAY_DAYS)
    ids = {who.person_id for who in people}
    return {one: await desk.store.person_days(one, since) for one in sorted(ids)}
