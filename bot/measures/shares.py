"""Shares of small numbers, never without the room for error they leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Interval:
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float
    count: int


def wilson(yes: int, count: int, z: float = Z95) -> Interval | None:
    """Return a share with its score interval (Wilson 1927); None for nothing counted."""
    if count <= 0:
        return None
    share = yes / count
    center = share + z * z / (2 * count)
    spread = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return Interval(share, (center - spread) / scale, (center + spread) / scale, count)


def beta_share(yes: int, count: int) -> float:
    """Posterior mean of a share under Beta(1, 1): 1 of 1 is 0.67, never 100 % (Laplace 1774)."""
    return (yes + 1) / (count + 2)


def net_sentiment(positive: int, neutral: int, negative: int) -> Interval | None:
    """Share of positive minus share of negative, in -1..1, with its 95 % interval.

    Variance of a difference of two multinomial shares, (p + n - (p - n)^2) / N, taken on counts
    with one added to each of the three (Agresti and Caffo's way with small numbers).
    """
    count = positive + neutral + negative
    if count == 0:
        return None
    plus, minus, total = positive + 1, negative + 1, count + 3
    middle = (plus - minus) / total
    spread = Z95 * sqrt(max((plus + minus) / total - middle * middle, 0.0) / total)
    return Interval(
        (positive - negative) / count, max(middle - spread, -1.0), min(middle + spread, 1.0), count
    )


def effective_number(sizes: Sequence[float]) -> float:
    """Over how many acts engagement is spread: exp of its entropy (Hill 1973, order 1).

    Ten equal acts are 10; one of 91 beside nine of 1 is 1.65.
    """
    total = sum(sizes)
    if total <= 0:
        return 0.0
    return exp(-sum(size / total * log(size / total) for size in sizes if size > 0))
