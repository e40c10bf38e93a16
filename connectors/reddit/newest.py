"""Reading Reddit's listings: newest first, 100 a page, about 1000 deep; told oldest first.

Nothing is asked with `before`: a listing goes empty, without an error, when the thing named there
has vanished (recorded). Nor is an empty page believed after a row that may have vanished while we
read: the rows above it are tried. Not here: which listings there are (hear).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Any

from connectors._cursor import Entry
from connectors.reddit import parse
from connectors.reddit.marks import Mark

PAGE = 100
MOST_PAGES = 20  # twice as deep as listings go
SURE = 10  # rows at the end of a page: where these are known, so is what stands below them
TRIES = 4  # rows that may all have vanished between two pages

Fetch = Callable[[str | None], Awaitable[Any]]


def entries_of(rows: Sequence[Any]) -> list[Entry]:
    """Name and date rows; a broken one stands where its neighbour above stands, or below."""
    entries: list[Entry] = []
    for row in rows:
        try:
            at, name = parse.place(row)
        except parse.BROKEN:
            at = entries[-1].at if entries else _first_time(rows)
            name = _name_of_broken(row)
        entries.append(Entry(at, name, row))
    return entries


async def newer(fetch: Fetch, mark: Mark) -> AsyncIterator[list[Entry]]:
    """Yield what a mark does not cover, a page at a time, oldest first; end at the newest.

    Because the oldest is told first, nothing new stands below what is known, but for a row that was
    let through late among the last ten.
    """
    pages: list[list[Entry]] = []
    given: set[str] = set()
    async for entries in _down(fetch):
        fresh = [one for one in entries if not mark.covers(one) and one.name not in given]
        given.update(one.name for one in fresh)
        if fresh:
            pages.append(fresh)
        if entries and all(mark.covers(one) for one in entries[-SURE:]):
            break
    while pages:
        yield list(reversed(pages.pop()))


async def _down(fetch: Fetch) -> AsyncIterator[list[Entry]]:
    """Yield the pages of a listing, newest first."""
    rows, further = parse.children(await fetch(None))
    for _ in range(MOST_PAGES):
        entries = entries_of(rows)
        yield entries
        if further is None or not entries:
            return
        rows, further = await _after(fetch, further, entries)


async def _after(
    fetch: Fetch, further: str, entries: Sequence[Entry]
) -> tuple[list[Any], str | None]:
    """Ask for the page after a row; where that is empty, for the page after the rows above it."""
    names = [one.name for one in reversed(entries) if parse.is_fullname(one.name)]
    ways = [further, *(one for one in names if one != further)]
    rows: list[Any] = []
    after: str | None = None
    for name in ways[:TRIES]:
        rows, after = parse.children(await fetch(name))
        if rows:
            break
    return rows, after


def _name_of_broken(row: Any) -> str:
    """Name a row that cannot be dated: by its own name, because its other fields may change."""
    told = row.get("data") if isinstance(row, dict) else None
    name = told.get("name") if isinstance(told, dict) else None
    if isinstance(name, str) and parse.is_fullname(name):
        return name
    return sha256(repr(row).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _first_time(rows: Sequence[Any]) -> int:
    for row in rows:
        try:
            return parse.place(row)[0]
        except parse.BROKEN:
            continue
    return 0
