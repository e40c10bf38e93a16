"""Reading lists that X tells newest first: down to what is known, and given out oldest first.

Pages are asked for by `until_id`, which stays true while newer posts come in; by X's own token only
where a page came back empty and more is beneath. Pages are held while we go down, for they are paid
for; beyond HELD of them they are asked for once more on the way up, so that memory does not grow
with the gap. Not here: which lists there are (hear).
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from connectors.x.api import PAGE, Listing

HELD = 40

Fetch = Callable[[dict[str, Any]], Awaitable[Listing]]


@dataclass(frozen=True, slots=True)
class Reach:
    """How deep a list goes at X, and how many pages of it we want."""

    depth: int | None = None  # posts: what is older is not told
    most_pages: int | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    asked: dict[str, Any]
    listing: Listing | None


async def newer(fetch: Fetch, since: int, reach: Reach, gaps: list[int]) -> AsyncIterator[Listing]:
    """Yield the pages above an id, the oldest first.

    If X ends before it has told everything down to `since`, the oldest id it told goes to `gaps`.
    """
    steps = await _down(fetch, reach, gaps if since else [])
    while steps:
        step = steps.pop()
        yield step.listing or await fetch(step.asked)


async def _down(fetch: Fetch, reach: Reach, gaps: list[int]) -> list[_Step]:
    steps: list[_Step] = []
    asked: dict[str, Any] = {}
    told, oldest = 0, 0
    while True:
        listing = await fetch(asked)
        steps.append(_Step(asked, listing if len(steps) < HELD else None))
        ids = [one for row in listing.rows if (one := id_of(row))]
        told, oldest = told + len(listing.rows), min(ids, default=oldest)
        if listing.further is None or len(steps) == reach.most_pages:
            break
        asked = {"until_id": min(ids)} if ids else {**asked, "pagination_token": listing.further}
    if reach.depth is not None and told > reach.depth - PAGE and listing.further is None:
        gaps.append(oldest)
    return steps


def id_of(row: Any) -> int:
    """Return a row's id as a number, 0 where it has none that can be read."""
    told = row.get("id") if isinstance(row, dict) else None
    return int(told) if isinstance(told, str) and told.isdecimal() else 0
