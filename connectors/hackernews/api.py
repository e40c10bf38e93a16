"""The three calls that we use: Algolia's search by date, and Firebase's things and users.

One call is one attempt. Algolia allows about 10,000 calls an hour and address, without saying in
its answers how many are left; each listener keeps to a part of that by counting. Not here: what the
answers mean (parse) and in which order we ask (hear).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import aiohttp

from connectors._http import Answer, ask, ensure_ok, session
from connectors.contract import Clock, RateLimited, Rejected, UnexpectedAnswer
from connectors.model import Budget

USER_AGENT = "byname (answers people one to one, approved by a human)"
MOST_HITS = 500  # of the 1,000 that can be asked for: comments are long, and each comes twice
CALLS_AN_HOUR = 2_000  # several listeners and people's browsers may share an address

Hit = Mapping[str, Any]
_WORD = re.compile(r'"[^"]*"|\S+')


@dataclass(frozen=True, slots=True)
class Told:
    """One answer of the search, newest first; `is_cut`: there may be more than it tells."""

    hits: Sequence[Any]
    is_cut: bool


class Api:
    """One listener's way to both services."""

    def __init__(
        self, search_url: str, items_url: str, clock: Clock, *, timeout_s: float = 30.0
    ) -> None:
        self.clock = clock
        self._search_url = search_url.rstrip("/")
        self._items_url = items_url.rstrip("/")
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._hour_ends: datetime | None = None
        self._calls = 0

    async def search(
        self, query: str, tags: str, over: int, upto: int | None = None, most: int = MOST_HITS
    ) -> Told:
        """Find what was said after `over` and not after `upto` (seconds since 1970).

        More than 1,000 hits of a query cannot be had, whatever page is asked for
        (github.com/algolia/hn-search, issue 230): ask for shorter times instead.
        """
        times = [f"created_at_i>{over}"] + ([] if upto is None else [f"created_at_i<={upto}"])
        asked = {
            "query": as_written(query),
            "tags": tags,
            "numericFilters": ",".join(times),
            "hitsPerPage": str(most),
        }
        told = await self._get(f"{self._search_url}/search_by_date", asked)
        hits, count = _field(told, "hits"), _field(told, "nbHits")
        if not isinstance(hits, list) or not isinstance(count, int):
            raise UnexpectedAnswer("a search without hits", raw=str(told)[:4000])
        return Told(hits, is_cut=count > len(hits) or len(hits) >= most)  # counts may be guesses

    async def thing(self, ref: str) -> Hit | None:
        """Return a story or comment; None where there is none of this number."""
        return _table_or_none(await self._get(f"{self._items_url}/item/{quote(ref, safe='')}.json"))

    async def user(self, name: str) -> Hit | None:
        return _table_or_none(
            await self._get(f"{self._items_url}/user/{quote(name, safe='')}.json")
        )

    def budget(self) -> Budget:
        self._turn_the_hour()
        return Budget(CALLS_AN_HOUR - self._calls, CALLS_AN_HOUR, self._hour_ends)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _get(self, url: str, params: Mapping[str, str] | None = None) -> Any:
        self._count()
        if self._session is None:
            self._session = session(USER_AGENT)
        answer = await ask(
            self._session, "GET", url, params=dict(params or {}), timeout_s=self._timeout_s
        )
        return self._ok(answer).json()

    def _ok(self, answer: Answer) -> Answer:
        """Here a no is never about a reply: whoever maintains this has to look."""
        try:
            return ensure_ok(answer, self.clock)
        except Rejected as error:
            raise UnexpectedAnswer(f"refused: {error.reason}", raw=answer.text[:4000]) from error

    def _count(self) -> None:
        self._turn_the_hour()
        if self._calls >= CALLS_AN_HOUR:
            raise RateLimited("this hour's calls are used up", until=self._hour_ends)
        self._calls += 1

    def _turn_the_hour(self) -> None:
        now = self.clock()
        if self._hour_ends is None or now >= self._hour_ends:
            self._hour_ends, self._calls = now + timedelta(hours=1), 0


def as_written(query: str) -> str:
    """Put each word into quotes: Algolia would also find words that only begin or look like it.

    What the operator put into quotes is a phrase, what begins with a minus is left out (Algolia's
    advancedSyntax, which this search has on; in quotes it tolerates no typos).
    """
    return " ".join(_quoted(word) for word in _WORD.findall(query))


def _quoted(word: str) -> str:
    return word if '"' in word or word.startswith("-") else f'"{word}"'


def _field(told: Any, name: str) -> Any:
    return told.get(name) if isinstance(told, dict) else None


def _table_or_none(told: Any) -> Hit | None:
    if told is not None and not isinstance(told, dict):
        raise UnexpectedAnswer("neither a thing nor nothing", raw=str(told)[:4000])
    return told
