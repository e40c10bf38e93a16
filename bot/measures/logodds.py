"""Which words or intents are more frequent now than before, beyond what chance would do."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, lgamma, log, sqrt

PRIOR_WEIGHT = 10.0


@dataclass(frozen=True, slots=True)
class Shift:
    """A term, in how many messages it stood now and before, and how surprising that is.

    `z` is the size of the change, `chance` how often luck alone would bring one as large.
    """

    term: str
    now: int
    now_of: int
    before: int
    before_of: int
    z: float
    chance: float

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
        z = (odds_now - odds_before) / spread
        chance = tail_chance(a, now_of, b, before_of)
        shifts.append(Shift(term, a, now_of, b, before_of, z, chance))
    return sorted(shifts, key=lambda shift: (-shift.z, shift.term))


def tail_chance(now: int, now_of: int, before: int, before_of: int) -> float:
    """Chance of a split at least as uneven, had now and before been the same (Fisher 1935, exact).

    One-sided, towards the side on which it lies. Log-odds alone trust a term too little that was
    never seen before, and z values of counts below five are no normal deviates.
    """
    held, total = now + before, now_of + before_of
    if not held or not now_of or not before_of:
        return 1.0
    most, least = min(held, now_of), max(0, held - before_of)
    rose = now * before_of >= before * now_of
    tail = range(now, most + 1) if rose else range(least, now + 1)
    all_ways = _log_choose(total, held)
    return min(
        1.0,
        sum(
            exp(_log_choose(now_of, k) + _log_choose(before_of, held - k) - all_ways) for k in tail
        ),
    )


def _log_choose(count: int, taken: int) -> float:
    return lgamma(count + 1) - lgamma(taken + 1) - lgamma(count - taken + 1)
