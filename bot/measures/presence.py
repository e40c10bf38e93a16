"""Is somebody here more or less than they used to be? Compared with themselves only."""

from collections.abc import Sequence
from statistics import median
from typing import Literal

WINDOW_DAYS = 28
COOLING = 0.5
WARMING = 1.5
Trend = Literal["cooling", "steady", "warming"]


def presence(active_days: int, windows_before: Sequence[int]) -> float | None:
    """Active days of the last 28 over the median of six windows before (Orbit's presence gauge).

    None when the person had no usual presence to compare with.
    """
    usual = median(windows_before) if windows_before else 0
    return active_days / usual if usual else None


def trend(value: float | None) -> Trend:
    if value is None:
        return "steady"
    if value < COOLING:
        return "cooling"
    return "warming" if value > WARMING else "steady"
