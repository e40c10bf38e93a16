"""A person's mood towards us, week by week, with the doubt that few messages leave.

Not a personality and not a forecast. Only where the platform's rules allow looking at one person
over time (data rules: may_profile); counts of interactions are always allowed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from typing import Literal

from bot.measures.shares import beta_share
from storage.model import PersonDay

Word = Literal["warm", "mixed", "cold", "too little said"]
SURE = 0.65


@dataclass(frozen=True, slots=True)
class Mood:
    """`share` of kind words among kind and unkind ones; low and high are one deviation away."""

    week: date  # its Monday
    share: float
    low: float
    high: float
    positive: int
    negative: int
    messages: int


def mood_by_week(days: Iterable[PersonDay], *, may_profile: bool) -> list[Mood]:
    """Return one mood per week in which the person wrote, oldest first.

    Posterior of Beta(1, 1) on positive against negative messages; neutral ones do not vote.
    """
    if not may_profile:
        return []
    weeks: dict[date, list[PersonDay]] = defaultdict(list)
    for day in days:
        if day.in_count:
            weeks[monday(day.day)].append(day)
    return [_mood(week, weeks[week]) for week in sorted(weeks)]


def mood_word(moods: Sequence[Mood]) -> Word:
    """Say how the last weeks together felt; careful with few messages."""
    positive = sum(mood.positive for mood in moods[-4:])
    negative = sum(mood.negative for mood in moods[-4:])
    if positive + negative == 0:
        return "too little said"
    share = beta_share(positive, positive + negative)
    if share >= SURE:
        return "warm"
    return "cold" if share <= 1 - SURE else "mixed"


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _mood(week: date, days: Sequence[PersonDay]) -> Mood:
    positive = sum(day.positive for day in days)
    negative = sum(day.negative for day in days)
    share = beta_share(positive, positive + negative)
    deviation = sqrt(share * (1 - share) / (positive + negative + 3))
    return Mood(
        week=week,
        share=share,
        low=max(share - deviation, 0.0),
        high=min(share + deviation, 1.0),
        positive=positive,
        negative=negative,
        messages=sum(day.in_count for day in days),
    )
