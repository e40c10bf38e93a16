"""How long people wait for a first answer, with the ones still waiting kept in the count.

Not an average of the answered: that would reward never answering the hard ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Wait:
    """One message that wanted an answer. `answered` False: still open after `minutes`."""

    minutes: float
    answered: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """Share still waiting after each minute at which somebody was answered. Starts at 1."""

    minutes: tuple[float, ...]
    waiting: tuple[float, ...]
    count: int
    answered: int
    longest: float = 0.0  # how far we have seen: beyond it nothing is known

    def still_waiting(self, minutes: float) -> float:
        """S(t): the share that has no answer t minutes after asking."""
        share = 1.0
        for at, left in zip(self.minutes, self.waiting, strict=True):
            if at > minutes:
                break
            share = left
        return share

    def answered_by(self, minutes: float) -> float:
        return 1.0 - self.still_waiting(minutes)

    def percentile(self, share: float) -> float | None:
        """Return the minutes after which `share` of all is answered; None: not reached yet."""
        for at, left in zip(self.minutes, self.waiting, strict=True):
            if left <= 1.0 - share + 1e-9:
                return at
        return None


def first_response(waits: Iterable[Wait]) -> Curve:
    """Estimate the waiting curve with open items censored (Kaplan and Meier 1958).

    S(t) = product over answer times t_i <= t of (1 - answered at t_i / still at risk at t_i);
    an item censored at t_i is at risk at t_i.
    """
    ordered = sorted(waits, key=lambda wait: wait.minutes)
    share, risk = 1.0, len(ordered)
    times, shares = [], []
    for minutes, group in groupby(ordered, key=lambda wait: wait.minutes):
        ended = [wait.answered for wait in group]
        if any(ended):
            share *= 1 - sum(ended) / risk
            times.append(minutes)
            shares.append(share)
        risk -= len(ended)
    longest = ordered[-1].minutes if ordered else 0.0
    answered = sum(wait.answered for wait in ordered)
    return Curve(tuple(times), tuple(shares), len(ordered), answered, longest)


def response_rate(waits: Sequence[Wait]) -> float | None:
    """Answered of all that wanted an answer; None when nobody did."""
    if not waits:
        return None
    return sum(wait.answered for wait in waits) / len(waits)
