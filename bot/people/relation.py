"""One line on who somebody is to us, for the person page, the queue and the digest.

Only counts of interactions with us go into it; "regular" is said only where the platform's rules
allow looking at one person over time.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo

from bot.measures.presence import WINDOW_DAYS, Trend, presence, trend
from bot.measures.tiers import Tier, tier_by_days
from storage.model import Person, PersonDay

TIER_WINDOW_DAYS = 90
WINDOWS_BEFORE = 6


def relation_line(
    person: Person, days: Sequence[PersonDay], now: datetime, zone: tzinfo, *, may_profile: bool
) -> str:
    """Return a line like "regular since March, 4 exchanges, last answered 2 days ago"."""
    today = now.astimezone(zone).date()
    parts = [_since(person, days, today, zone, may_profile=may_profile), _exchanges(person)]
    answered = [day.day for day in days if day.out_count]
    if answered:
        parts.append(f"last answered {days_ago(max(answered), today)}")
    elif person.in_count and not person.out_count:
        parts.append("never answered yet")
    return ", ".join(part for part in parts if part)


def tier(days: Iterable[PersonDay], today: date) -> Tier:
    """Tier of a person by their active days in the last 90."""
    return tier_by_days(active_days(days, today, TIER_WINDOW_DAYS))


def person_trend(days: Sequence[PersonDay], today: date, *, may_profile: bool) -> Trend:
    """Cooling, steady or warming against the person's own six windows of 28 days before.

    Windows before the first word of a person do not count, and less than two are no habit.
    """
    if not may_profile or not days:
        return "steady"
    now = active_days(days, today, WINDOW_DAYS)
    before = windows_before(days, today)
    return trend(presence(now, before)) if len(before) >= 2 else "steady"


def windows_before(days: Sequence[PersonDay], today: date) -> list[int]:
    """Active days in each of the six windows before the last 28 days, newest first."""
    first = min((day.day for day in days if day.in_count), default=today)
    known = (today - first).days + 1
    count = min(WINDOWS_BEFORE, known // WINDOW_DAYS - 1)
    return [
        active_days(days, today, WINDOW_DAYS, skip=n * WINDOW_DAYS) for n in range(1, count + 1)
    ]


def active_days(days: Iterable[PersonDay], today: date, width: int, skip: int = 0) -> int:
    """Count days with a word from the person, among `width` days that end `skip` before today."""
    return sum(day.in_count > 0 and 0 <= (today - day.day).days - skip < width for day in days)


def days_ago(day: date, today: date) -> str:
    """Return "today", "yesterday", "5 days ago", "in March" or "in March 2024"."""
    age = (today - day).days
    if age <= 0:
        return "today"
    if age == 1:
        return "yesterday"
    return f"{age} days ago" if age < 31 else f"in {month(day, today)}"


def month(day: date, today: date) -> str:
    return f"{day:%B}" if (today - day).days < 330 else f"{day:%B %Y}"


def _since(
    person: Person, days: Sequence[PersonDay], today: date, zone: tzinfo, *, may_profile: bool
) -> str:
    if person.first_at is None:
        return "not heard yet" if not person.in_count else "known from an import"
    first = person.first_at.astimezone(zone).date()
    if first >= today:
        return "wrote today for the first time"
    is_regular = may_profile and tier(days, today) in {"heavy", "medium"}
    when = month(first, today) if (today - first).days >= 31 else days_ago(first, today)
    if is_regular:
        return f"regular since {when.removesuffix(' ago')}" if " ago" not in when else "regular"
    return f"first wrote {days_ago(first, today)}"


def _exchanges(person: Person) -> str:
    count = min(person.in_count, person.out_count)
    return f"{count} exchange{'' if count == 1 else 's'}" if count else ""
