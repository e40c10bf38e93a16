"""The meter of a login on a platform that takes money: reading pauses before its cap is exceeded.

What was spent stands in the store, by UTC day; a cap is for a calendar month (UTC). A reply was
approved by somebody who saw its price: it counts and is not stopped, nor is what has to be looked
up to send it. Not here: prices (the connectors), and how all this is shown (bot.costs).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from bot.config import LISTEN_ONLY, Config
from bot.estimates import estimate_of
from bot.money import amount, day_in_words, micro_dollars, month_end, month_start, price
from bot.purposes import NEVER_STOPPED, purpose_of
from connectors.contract import CapReached
from connectors.model import Charge
from storage.model import Spending
from storage.store import Store

PAUSED = "paused: "  # what a source that has spent its cap says begins like this
NOT_STARTED = "not started: "  # and like this where a human has to set one first
UNANSWERED = timedelta(minutes=2)  # an ask that nothing was spent for holds its money so long


@dataclass(frozen=True, slots=True)
class Caps:
    """What a login may spend in a month, in micro-dollars. None: nobody has said it yet."""

    login: str
    platform: str
    month: int | None
    setting: str  # where the cap stands in byname.toml
    sources: Mapping[str, int] = field(default_factory=dict)
    uncapped_searches: frozenset[str] = frozenset()


def caps_of(config: Config, connector: str, platform: str) -> Caps:
    """Return the caps of a connector; one for a source without login has that source's own."""
    source = connector.removeprefix("source:")
    mine = {
        name: table
        for name, table in config.sources.items()
        if (table.login == connector if connector in config.logins else name == source)
    }
    caps = {name: micro_dollars(table.monthly_cap_dollars) for name, table in mine.items()}
    if connector in config.logins:
        month = micro_dollars(config.logins[connector].monthly_cap_dollars)
        setting = f"logins.{connector}.monthly_cap_dollars"
    else:
        month, setting = caps.get(source), _setting(source)
    return Caps(
        connector,
        platform,
        month,
        setting,
        {name: cap for name, cap in caps.items() if cap is not None},
        frozenset(
            name for name, table in mine.items() if table.kind in LISTEN_ONLY and caps[name] is None
        ),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    purpose: str
    at_most: int
    at: datetime


class StoreMeter:
    """One login's meter, kept in the store (connectors.contract.Meter)."""

    def __init__(self, store: Store, clock: Callable[[], datetime], caps: Caps) -> None:
        self._store = store
        self._clock = clock
        self._caps = caps
        self._one_at_a_time = asyncio.Lock()
        # What each task has asked for and not spent yet: one call at a time, and with its task it
        # goes.
        self._running: WeakKeyDictionary[asyncio.Task[Any], _Asked] = WeakKeyDictionary()

    async def ask(self, purpose: str, at_most: int, /) -> None:
        """Raise CapReached where so many micro-dollars more might exceed a cap."""
        purpose = purpose_of(purpose)
        if at_most <= 0:
            return
        async with self._one_at_a_time:
            if purpose not in NEVER_STOPPED:
                await self._refuse_unlimited(purpose)
                await self._refuse_too_much(purpose, at_most)
            if (task := asyncio.current_task()) is not None:
                self._running[task] = _Asked(purpose, at_most, self._clock())

    async def spent(self, purpose: str, charge: Charge, /) -> None:
        purpose = purpose_of(purpose)
        await self._store.note_spending(self._caps.login, purpose, charge, self._clock())
        if (task := asyncio.current_task()) is not None:
            self._running.pop(task, None)

    async def paid_today(self, refs: Sequence[str], /) -> frozenset[str]:
        return await self._store.paid_today(self._caps.login, refs, self._clock())

    async def _refuse_unlimited(self, purpose: str) -> None:
        """Refuse to read where nobody has said what it may cost."""
        caps = self._caps
        if purpose in caps.uncapped_searches:
            raise self._reached(
                f"{NOT_STARTED}a search on {caps.platform} costs money"
                f"{await self._about(purpose)}: set {_setting(purpose)} and restart"
            )
        if caps.month is None:
            raise self._reached(
                f"{NOT_STARTED}reading {caps.platform} costs money: "
                f"say how much a month in {caps.setting} and restart"
            )

    async def _refuse_too_much(self, purpose: str, at_most: int) -> None:
        caps, lines = self._caps, await self._lines()
        for setting, cap, counted in (
            (caps.setting, caps.month, None),
            (_setting(purpose), caps.sources.get(purpose), purpose),
        ):
            if cap is None:
                continue
            spent = _sum(lines, counted)
            if spent + self._asked(counted) + at_most > cap:
                raise self._reached(self._sentence(spent, cap, at_most, setting))

    async def _lines(self) -> Sequence[Spending]:
        now = self._clock()
        lines = await self._store.spending(month_start(now).date(), month_end(now).date())
        return [line for line in lines if line.login == self._caps.login]

    async def _about(self, source: str) -> str:
        """Say what a search would cost, if its connector has told."""
        told = await estimate_of(self._store, source)
        if told is None:
            return ""
        return f", {told.says}"

    def _asked(self, purpose: str | None) -> int:
        """Add up what other tasks have asked for and not spent yet."""
        since, me = self._clock() - UNANSWERED, asyncio.current_task()
        return sum(
            one.at_most
            for task, one in self._running.items()
            if task is not me and one.at > since and purpose in (None, one.purpose)
        )

    def _sentence(self, spent: int, cap: int, at_most: int, setting: str) -> str:
        again = day_in_words(month_end(self._clock()))
        return (
            f"{PAUSED}{amount(spent)} of this month's {amount(cap)} dollars are spent and one more "
            f"call may cost {price(at_most)}; it goes on on {again}, "
            f"or when you raise {setting} and restart"
        )

    def _reached(self, sentence: str) -> CapReached:
        return CapReached(sentence, until=month_end(self._clock()))


def _sum(lines: Sequence[Spending], purpose: str | None) -> int:
    return sum(one.micro_dollars for one in lines if purpose in (None, one.purpose))


def _setting(source: str) -> str:
    return f"sources.{source}.monthly_cap_dollars"
