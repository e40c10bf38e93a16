"""Which words or intents are more frequent now than before, beyond what chance would do."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt

PRIOR_WEIGHT = 10.0


@dataclass(frozen=True, slots=True)
class Shift:
    """A term, in how many messages it stood now and before, and how surprising that is."""

    term: str
    now: int
    now_of: int
    before: int
    before_of: int
    z: float

    @property
    def expected(self) -> float:
        """How many messages would have held it, had it stayed as frequent as before."""
        return self.before / self.before_of * self.now_of if self.before_of else 0.0


def log_odds(
    now: Mapping[str, int], now_of: int, before: Mapping[str, int], before_of: int
) -> list[Shift]:
    """Compare shares of messages by log-odds with an informative Dirichlet prior, as z values.

    Monroe, Colaresi and Quinn 2008, equations 16 to 22, on messages instead of words: the prior
    is the term's share in both periods together, worth ten messages.
    """
    together = now_of + before_of
    shifts = []
    for term in now.keys() | before.keys():
        a, b = now.get(term, 0), before.get(term, 0)
        prior = PRIOR_WEIGHT * (a + b) / together
        rest = PRIOR_WEIGHT - prior + 1e-9
        odds_now = log((a + prior) / (now_of - a + rest))
        odds_before = log((b + prior) / (before_of - b + rest))
        spread = sqrt(1 / (a + prior) + 1 / (b + prior))
        shifts.append(Shift(term, a, now_of, b, before_of, (odds_now - odds_before) / spread))
    return sorted(shifts, key=lambda shift: (-shift.z, shift.term))
