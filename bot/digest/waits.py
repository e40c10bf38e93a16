"""How long people waited for a first answer, and how many got one, by local day.

Answers are compared at the same age: for last Tuesday we look at what had been answered as long
after its midnight as we are after this one. So the page is fair at any hour.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from bot.digest.facts import Facts, midnight
from bot.measures.survival import Curve, Wait, first_response


def day_curve(facts: Facts, day: date) -> Curve:
    """Waiting curve of one local day, seen at the age that the digest's day has now."""
    start, end = midnight(day, facts.zone), midnight(day + timedelta(days=1), facts.zone)
    cutoff = start + (facts.now - facts.start)
    return first_response(_waits(facts, start, min(end, cutoff), cutoff))


def month_curve(facts: Facts) -> Curve:
    """Waiting curve of the 28 days before the day, as it stands now."""
    start = midnight(facts.day - timedelta(days=28), facts.zone)
    return first_response(_waits(facts, start, facts.start, facts.now))


def helped(facts: Facts, day: date) -> int:
    """People who got a first answer on a local day."""
    start, end = midnight(day, facts.zone), midnight(day + timedelta(days=1), facts.zone)
    return len(
        {
            one.person_id
            for one in facts.exchanges
            if one.answered_at is not None and start <= one.answered_at < end
        }
    )


def _waits(facts: Facts, start: datetime, end: datetime, cutoff: datetime) -> Iterator[Wait]:
    """Yield what was asked from start to end and wanted an answer, as known at `cutoff`."""
    for one in facts.exchanges:
        if one.needs_reply and start <= one.asked_at < end:
            answered = one.answered_at is not None and one.answered_at <= cutoff
            until = one.answered_at if answered and one.answered_at else cutoff
            yield Wait(max((until - one.asked_at) / timedelta(minutes=1), 0.0), answered)
