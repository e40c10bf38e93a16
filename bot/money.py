"""Money as whole millionths of a dollar, months as platforms bill them (UTC), and both in words."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

DOLLAR = 1_000_000
_CENT = DOLLAR // 100


def micro_dollars(dollars: Decimal | None) -> int | None:
    return None if dollars is None else int(dollars * DOLLAR)


def amount(micro: int) -> str:
    """Write a sum in dollars and cents: 4.98. Less than half a cent of something is not nothing."""
    return "less than 0.01" if 0 < micro < _CENT // 2 else f"{micro / DOLLAR:,.2f}"


def price(micro: int) -> str:
    """Write a price to the tenth of a cent where it has one: 0.20, 0.015."""
    return f"{micro / DOLLAR:,.{2 if micro % _CENT == 0 else 3}f}"


def month_start(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_end(at: datetime) -> datetime:
    """Return the first moment of the next month."""
    return month_start(month_start(at) + timedelta(days=32))


def day_in_words(at: datetime) -> str:
    return f"{at.day} {at:%B}"


def projected(spent: int, first_day: date, now: datetime) -> int:
    """Return what a month will have cost at its end if it goes on as it did since its first cost.

    What was spent within less than a day is taken for a day's worth: an hour says little.
    """
    began = datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC)
    gone = max(now - began, timedelta(days=1))
    return spent + round(spent * (month_end(now) - now) / gone)
