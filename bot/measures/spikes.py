"""When is an hour's count an alert? Robust against one old spike in the history."""

from collections.abc import Sequence
from math import sqrt
from statistics import median

from bot.measures.band import median_deviation

SIGMAS = 6.0
MIN_MESSAGES = 5
CHANCE_SIGMAS = 4.0


def alert_threshold(counts: Sequence[float], k: float = SIGMAS) -> float | None:
    """Median + k x 1.4826 x MAD of the same hour before; None without history.

    4, 5, 3, 6, 4, 5 and one old 80 give 13.9; mean plus three sigma would wait for 94.6.
    """
    if not counts:
        return None
    return median(counts) + k * median_deviation(counts)


def is_spike(count: int, before: Sequence[float]) -> bool:
    """Say whether a count stands out: over the threshold, and not by chance.

    Where the history hardly varies the MAD is 0 and anything would stand out: so a count must
    also beat four deviations of a Poisson count with the same median, and five messages.
    """
    threshold = alert_threshold(before)
    if threshold is None or count < MIN_MESSAGES:
        return False
    middle = median(before)
    return count > max(threshold, middle + CHANCE_SIGMAS * sqrt(max(middle, 1.0)))
