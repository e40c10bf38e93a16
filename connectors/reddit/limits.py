"""What Reddit says about calls left, shared by all threads of a login.

Reddit counts 100 calls a minute for each OAuth client, averaged over 10 minutes; `remaining` comes
as the text of a float, and `reset` is seconds from now, not a time. Not here: sleeping. Whoever has
no call left is told until when.
"""

from dataclasses import replace
from datetime import datetime
from threading import Lock

from connectors._http import USUAL_WAIT, Answer, budget_of, wait_of
from connectors.contract import Clock, RateLimited
from connectors.model import Budget

HEADERS = ("x-ratelimit-remaining", "x-ratelimit-used", "x-ratelimit-reset")


class Limits:
    """The calls of one login."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._budget = Budget()
        self._shut_until: datetime | None = None

    @property
    def budget(self) -> Budget:
        return self._budget

    def ensure_open(self) -> None:
        """Raise RateLimited where Reddit has asked us to wait, without asking it again."""
        now = self._clock()
        if self._shut_until is not None and now < self._shut_until:
            raise RateLimited("Reddit asked us to wait", until=self._shut_until)
        resets_at = self._budget.resets_at
        if self._budget.left == 0 and resets_at is not None and now < resets_at:
            raise RateLimited("no call is left of these ten minutes", until=resets_at)

    def note(self, answer: Answer) -> None:
        now = self._clock()
        told = budget_of(answer.headers, now)
        with self._lock:
            if told is not None:
                self._budget = replace(told, limit=_limit(answer, told))
            if answer.status == 429:
                self._shut_until = now + (wait_of(answer.headers, now) or USUAL_WAIT)


def _limit(answer: Answer, told: Budget) -> int | None:
    try:
        return int(float(answer.headers.get("x-ratelimit-used", ""))) + (told.left or 0)
    except (ValueError, OverflowError):
        return None
