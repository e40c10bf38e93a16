"""Moments of a world, told relative to its first start, and the pace at which it plays.

What lies before the first start keeps its distance to it; what lies after comes sooner by speed.
Pure functions of what the world says, the anchor and the pace; nobody asks for the time here.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from math import inf, isinf
from zoneinfo import ZoneInfo

_TICK = timedelta(microseconds=1)
_LOCAL = re.compile(r"([+-]\d+)d (\d{1,2}):(\d{2})")
_RELATIVE = re.compile(r"([+-])(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@dataclass(frozen=True, slots=True)
class When:
    """`days` and `clock`: a local date and time; else `offset` from the first start."""

    offset: timedelta = timedelta()
    days: int | None = None
    clock: time = time()


def read_when(value: object) -> When:
    """Read "-5d 14:05" (local) or "-26h10m", "-40m", "+90s", "+4m30s" (from the first start)."""
    if isinstance(value, When):
        return value
    if isinstance(value, str):
        if found := _LOCAL.fullmatch(value):
            days, hour, minute = (int(one) for one in found.groups())
            return When(days=days, clock=time(hour, minute))
        if (found := _RELATIVE.fullmatch(value)) and any(found.groups()[1:]):
            return When(_offset(*found.groups()))
    raise ValueError(f'{value!r} is no moment: write "-5d 14:05", "-26h10m", "-40m" or "+4m30s"')


def _offset(sign: str, *parts: str | None) -> timedelta:
    days, hours, minutes, seconds = (int(one or 0) for one in parts)
    distance = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -distance if sign == "-" else distance


def offset_of(when: When, anchor: datetime, zone: ZoneInfo) -> timedelta:
    """Return how far a moment of the world lies from its first start."""
    if when.days is None:
        return when.offset
    date = anchor.astimezone(zone).date() + timedelta(days=when.days)
    return datetime.combine(date, when.clock, zone).astimezone(UTC) - anchor


@dataclass(frozen=True, slots=True)
class Leg:
    """From `since` on, when the world stood at `offset`, it plays at `speed`."""

    since: datetime
    offset: timedelta
    speed: float


@dataclass(frozen=True, slots=True)
class Pace:
    """The speeds at which a world has been played, oldest first; the first starts the world.

    Whole microseconds, rounded so that what is visible now is exactly what lies up to `offset_at`.
    """

    legs: tuple[Leg, ...]

    @property
    def anchor(self) -> datetime:
        return self.legs[0].since

    def visible_at(self, offset: timedelta) -> datetime:
        """Return when something of the world comes to pass on the clock of the wall."""
        if offset <= timedelta():
            return self.anchor + offset
        leg = next(one for one in reversed(self.legs) if one.offset < offset)
        if isinf(leg.speed):
            return leg.since
        ticks, per = leg.speed.as_integer_ratio()
        return leg.since + _TICK * -(-((offset - leg.offset) // _TICK * per) // ticks)

    def offset_at(self, now: datetime) -> timedelta:
        leg = next((one for one in reversed(self.legs) if one.since <= now), self.legs[0])
        if isinf(leg.speed) or leg.offset == timedelta.max:
            return timedelta.max
        ticks, per = leg.speed.as_integer_ratio()
        return leg.offset + _TICK * ((now - leg.since) // _TICK * ticks // per)

    def at_speed(self, speed: float, since: datetime) -> "Pace":
        """Return the pace that goes on at another speed; nothing that was visible moves."""
        if speed == self.legs[-1].speed:
            return self
        since = max(since, self.legs[-1].since)
        return Pace((*self.legs, Leg(since, self.offset_at(since), speed)))


def start(anchor: datetime, speed: float) -> Pace:
    return Pace((Leg(anchor, timedelta(), speed),))


def read_speed(value: object) -> float:
    if value == "max":
        return inf
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    raise ValueError(f'speed is {value!r}: write a number above 0, or "max"')
