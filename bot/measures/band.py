"""What is usual: the band around a median that one old spike does not widen.

Not a forecast and not a test of significance: it says "like other Tuesdays" or "not like them".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

MAD_TO_SIGMA = 1.4826
MIN_DAYS = 3
Place = Literal["below", "inside", "above"]


@dataclass(frozen=True, slots=True)
class Band:
    """The usual range; `days` says on how many days it stands."""

    low: float
    middle: float
    high: float
    days: int

    def place(self, value: float) -> Place:
        if value < self.low:
            return "below"
        return "above" if value > self.high else "inside"

    def distance(self, value: float) -> float:
        """How far outside, in widths of half the band; 0 inside."""
        half = max((self.high - self.low) / 2, 1e-9)
        return max(self.low - value, value - self.high, 0.0) / half


def median_deviation(values: Sequence[float]) -> float:
    """Return the median absolute deviation, scaled to a normal distribution's sigma.

    Hampel 1974; 1.4826 = 1 / Phi^-1(3/4).
    """
    middle = median(values)
    return MAD_TO_SIGMA * median(abs(value - middle) for value in values)


def usual_band(values: Sequence[float], *, k: float = 2.0, floor: float = 0.0) -> Band | None:
    """Return median plus and minus k scaled MAD, or None: not enough history.

    `floor` is the least half width, so that eight equal days do not make one more message news.
    Never below 0: everything counted here is a count, a rate or a time.
    """
    if len(values) < MIN_DAYS:
        return None
    middle = median(values)
    half = max(k * median_deviation(values), floor)
    return Band(max(middle - half, 0.0), middle, middle + half, len(values))


def count_floor(values: Sequence[float]) -> float:
    """Return the least half width for counts: two square roots of the median (Poisson), or 2."""
    return max(2.0, 2 * median(values) ** 0.5) if values else 2.0
