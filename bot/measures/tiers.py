"""How much a person engages with us: a decaying sum, and three tiers by share of the whole."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

HALF_LIFE_DAYS = 30.0
MOST_PER_DAY = 3
Tier = Literal["heavy", "medium", "light", "dormant"]
WEIGHTS: Mapping[str, float] = {
    "like": 1, "follow": 2, "share": 4, "reply": 5, "comment": 5, "mention": 6, "quote": 6,
    "direct": 5, "post": 8, "unfollow": -2,
}  # fmt: skip
"""Weight of one interaction; crowd.dev's grid served as the prior."""


@dataclass(frozen=True, slots=True)
class Act:
    day: date
    weight: float


def engagement(acts: Iterable[Act], today: date) -> float:
    """L = sum of weight x 2^(-age / 30 days), the three heaviest acts of a day counted."""
    by_day: dict[date, list[float]] = defaultdict(list)
    for act in acts:
        by_day[act.day].append(act.weight)
    return sum(
        weight * 2 ** (-(today - day).days / HALF_LIFE_DAYS)
        for day, weights in by_day.items()
        for weight in sorted(weights, reverse=True)[:MOST_PER_DAY]
    )


def tiers_by_share(levels: Sequence[float]) -> list[Tier]:
    """Heavy are those who together bring the first 50 %, medium up to 80 %, the rest light.

    A person belongs to a tier when those above them had not yet reached its bound. Nothing is
    dormant. The order of the answer is that of the levels given.
    """
    total = sum(level for level in levels if level > 0)
    tiers: list[Tier] = ["dormant"] * len(levels)
    before = 0.0
    for index in sorted(range(len(levels)), key=lambda i: -levels[i]):
        if levels[index] <= 0:
            continue
        share = before / total
        tiers[index] = "heavy" if share < 0.5 else "medium" if share < 0.8 else "light"
        before += levels[index]
    return tiers


def tier_by_days(active_days: int) -> Tier:
    """Tier by active days in the last 90: 8 or more, 3 to 7, 1 or 2, none."""
    if active_days >= 8:
        return "heavy"
    if active_days >= 3:
        return "medium"
    return "light" if active_days else "dormant"
