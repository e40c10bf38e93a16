"""Reading a list that can only be read from its newest row down, and losing nothing of it.

There is no "since" here, a row that we knew may have been deleted, and a row may turn up below
others that we have read (a client may declare an earlier time). So a mark remembers the latest rows
by name: whatever lies above its floor and is not among them is new. Pages are given out oldest
first; only the newest is held, the others are asked for again, so that memory does not grow.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

MOST_REMEMBERED = 120  # somewhat more than a page

Row = Mapping[str, Any]
Fetch = Callable[[str], Awaitable[Any]]  # a page's cursor, "" for the newest -> the answer


@dataclass(frozen=True, slots=True)
class Mark:
    """What has been read: everything up to `floor`, and the rows named in `latest`.

    `latest` pairs a row's time with a short name of it, oldest first.
    """

    floor: str = ""
    latest: tuple[tuple[str, str], ...] = ()

    def is_new(self, row: Any) -> bool:
        return time_of(row) > self.floor and not self.has(row)

    def has(self, row: Any) -> bool:
        name = name_of(row)
        return any(name == one for _, one in self.latest)

    def after(self, rows: Sequence[Any]) -> "Mark":
        """Return the mark after reading rows; of too many it remembers the latest."""
        latest = sorted({*self.latest, *((time_of(row), name_of(row)) for row in rows)})
        if len(latest) <= MOST_REMEMBERED:
            return Mark(self.floor, tuple(latest))
        floor = max(self.floor, latest[-MOST_REMEMBERED - 1][0])
        return Mark(floor, tuple(one for one in latest if one[0] > floor))


def time_of(row: Any) -> str:
    """Return when a row was indexed; one that does not say is always as new as can be."""
    at = row.get("indexedAt") if isinstance(row, dict) else None
    return at if isinstance(at, str) else "~"


def name_of(row: Any) -> str:
    uri = row.get("uri") if isinstance(row, dict) else None
    told = uri if isinstance(uri, str) else json.dumps(row, sort_keys=True)
    return sha256(told.encode()).hexdigest()[:10]


def _oldest_first(rows: Iterable[Any]) -> list[Any]:
    """Turn rows round, each once; those of one instant keep the order that the server gave them."""
    turned = list({name_of(row): row for row in rows}.values())
    turned.reverse()
    return sorted(turned, key=time_of)


@dataclass(frozen=True, slots=True)
class Reading:
    """Rows that are new, oldest first, and the mark after them."""

    rows: tuple[Any, ...]
    mark: Mark


class Down:
    """One list of one server; `field` is where an answer holds its rows."""

    def __init__(self, fetch: Fetch, field: str) -> None:
        self._fetch = fetch
        self._field = field

    async def newer(self, mark: Mark) -> AsyncIterator[Reading]:
        """Yield what is new, a page at a time, oldest first.

        It goes down as long as a page holds something new: a row that was placed late, under rows
        that we know, is met then.
        """
        newest, limits, known = await self._fetch(""), [""], mark
        page = newest
        while (limit := self._under(page, known)) and limit not in limits:
            limits.append(limit)
            page = await self._fetch(limit)
        for one in reversed(limits):
            page = await self._fetch(one) if one else newest
            rows = _oldest_first(row for row in self._rows(page) if known.is_new(row))
            rows = [row for row in rows if not mark.has(row)]
            if rows:
                mark = mark.after(rows)
                yield Reading(tuple(rows), mark)

    def _under(self, page: Any, mark: Mark) -> str:
        """Return the cursor of the page below, if there may be something new in it."""
        cursor = page.get("cursor") if isinstance(page, dict) else None
        is_new = any(mark.is_new(row) for row in self._rows(page))
        return cursor if is_new and isinstance(cursor, str) else ""

    def _rows(self, page: Any) -> Sequence[Any]:
        rows = page.get(self._field) if isinstance(page, dict) else None
        return rows if isinstance(rows, list) else []
