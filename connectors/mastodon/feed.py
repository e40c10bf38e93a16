"""Reading a list of an instance forward from what is known, and losing nothing of it.

`min_id` does that, where it works. Some servers ignore it, some answer with the newest page and
leave a gap: that is found out once, by asking what lies under the first page. There we go down from
the newest page to what is known and then give out the pages from the oldest up; only the newest
page is held, the others are asked for again, so that memory does not grow with the gap.

A row may come late, under one that we have read: servers write several at a time, and give out
the number before the row. So for two minutes a mark stands lower and names what is known above.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Rows = Sequence[Mapping[str, Any]]
Fetch = Callable[[Mapping[str, str]], Awaitable[Any]]

FIRST = "0"
NAMED = 60
SETTLES = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a list is known: up to `floor`, and the ids in `named` above it."""

    floor: str = FIRST
    named: tuple[str, ...] = ()
    read_at: datetime | None = None

    def settled(self, now: datetime) -> "Mark":
        """Return the mark without names, if nothing can come late any more."""
        if self.read_at is None or now - self.read_at <= SETTLES:
            return self
        return Mark(max((self.floor, *self.named), key=order))

    def plus(self, rows: Rows, now: datetime) -> "Mark":
        named = sorted({*self.named, *(row["id"] for row in rows)}, key=order)
        known, kept = named[:-NAMED], tuple(named[-NAMED:])
        return Mark(max((self.floor, *known), key=order), kept, now)


def order(one: str) -> tuple[int, str]:
    """Order ids: numbers as strings by size, strings of one length by their letters."""
    return (len(one), one)


def after_in_order(rows: Any, after: str) -> list[Mapping[str, Any]]:
    """Return the rows above an id, oldest first, each id once; rows without an id come first."""
    rows = rows if isinstance(rows, list) else []
    known = {row["id"]: row for row in rows if _has_id(row)}
    newer = sorted((one for one in known if order(one) > order(after)), key=order)
    return [known[one] for one in newer]


def without_id(rows: Any) -> list[Any]:
    return [row for row in rows if not _has_id(row)] if isinstance(rows, list) else [rows]


def _has_id(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("id"), str)


class Feed:
    """One list of one instance. `leaves_gaps`: what we found out about its min_id, if anything."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self.leaves_gaps: bool | None = None
        self.broken: list[Any] = []  # rows without an id: whoever reads the feed takes them away

    async def newer(self, mark: Mark, now: datetime) -> AsyncIterator[tuple[Rows, Mark]]:
        """Yield what is new, a page at a time, oldest first, with the mark after it."""
        mark = mark.settled(now)
        async for page in self._above(mark.floor):
            if rows := [row for row in page if row["id"] not in mark.named]:
                mark = mark.plus(rows, now)
                yield rows, mark

    async def _above(self, after: str) -> AsyncIterator[Rows]:
        """Yield every page above an id, oldest first; end at the newest."""
        while not self.leaves_gaps:
            page = await self._page({"min_id": after}, after)
            if not page:
                return
            if self.leaves_gaps is None:
                self.leaves_gaps = await self._is_something_under(page[0]["id"], after)
            if not self.leaves_gaps:
                yield page
                after = page[-1]["id"]
        async for page in self._up_from_known(after):
            yield page

    async def _page(self, params: Mapping[str, str], after: str) -> Rows:
        rows = await self._fetch(params)
        self.broken += without_id(rows)
        return after_in_order(rows, after)

    async def _is_something_under(self, oldest: str, after: str) -> bool:
        return bool(await self._page({"max_id": oldest, "limit": "1"}, after))

    async def _up_from_known(self, after: str) -> AsyncIterator[Rows]:
        newest = await self._page({}, after)
        limits: list[str] = []
        page = newest
        while page and page[0]["id"] not in limits:
            limits.append(page[0]["id"])
            page = await self._page({"max_id": limits[-1]}, after)
        for limit in reversed(limits):
            page = await self._page({"max_id": limit}, after)
            if page:
                yield page
                after = page[-1]["id"]
        if newest := after_in_order(list(newest), after):
            yield newest
