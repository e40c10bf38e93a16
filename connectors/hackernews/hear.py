"""Listening: what was said since the cursor, oldest first, nothing lost and nothing twice.

The search answers newest first and never tells more than 1,000 hits. So where there are more, the
time between the cursor and now is halved until its older part can be told whole; that part is given
out, and the rest is looked at anew. Only one answer is held at a time.

A cursor is a small JSON table: for each list the time up to which everything is known, and the
numbers known above it. What is indexed late appears under what was read, so that time stays an hour
behind the newest. All of Hacker News says some 600 things an hour: the numbers stay few. Not here:
HTTP (api), what a hit says (parse).
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from connectors.contract import ConnectorError
from connectors.hackernews import parse
from connectors.hackernews.api import Api, Told
from connectors.model import Event, Page, Seen, Source

LATE_S = 3600
PAGE = 50
KINDS = ("search", "keyword")

List = tuple[str, str, str]  # its name in the cursor, query, tags


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a list is known: up to `floor`, and what is in `named` (number: time) above it."""

    floor: int = 0
    named: Mapping[str, int] = field(default_factory=dict)

    def plus(self, found: Mapping[str, int]) -> "Mark":
        named = {**self.named, **found}
        floor = max(self.floor, max(named.values(), default=0) - LATE_S)
        return Mark(floor, {name: at for name, at in named.items() if at > floor})


Cursor = dict[str, Mark]


class Ear:
    """What one listener hears."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def poll(self, source: Source, after: str | None, us: parse.Us) -> AsyncIterator[Page]:
        """Yield what is new: what we said ourselves first, so that an answer is known as one."""
        cursor = read_cursor(after)
        for name, query, tags in lists(source, us):
            mark = cursor.get(name)
            async for hits in self._newer((name, query, tags), source, mark):
                for part in _parts(hits, (mark or Mark()).named):
                    mark = (mark or Mark()).plus({number_of(hit): time_of(hit) for hit in part})
                    cursor[name] = mark
                    events = tuple(_event(hit, us) for hit in part)
                    yield Page(events, write_cursor(cursor))

    async def _newer(
        self, one: List, source: Source, mark: Mark | None
    ) -> AsyncIterator[Sequence[Any]]:
        """Yield answers that are whole, oldest first; each answer's hits oldest first too."""
        _, query, tags = one
        floor = mark.floor if mark else await self._beginning(one, source)
        upto: int | None = None
        while True:
            told = await self._api.search(query, tags, floor, upto)
            width = _newest(told) - floor
            if told.is_cut and width > 1:
                upto = floor + width // 2
                continue
            yield sorted(
                told.hits, key=lambda hit: (time_of(hit), len(number_of(hit)), number_of(hit))
            )
            if upto is None:
                return
            floor, upto = upto, None

    async def _beginning(self, one: List, source: Source) -> int:
        """Return where a first look begins: as far back as one answer goes, and as we answer."""
        _, query, tags = one
        told = await self._api.search(query, tags, 0)
        if not told.is_cut:
            return 0
        since = int(source.answer_since.timestamp()) if source.answer_since else _newest(told)
        return min(since, *(time_of(hit) for hit in told.hits)) - 1


def lists(source: Source, us: parse.Us) -> Sequence[List]:
    """Return the lists that a source reads."""
    if source.kind not in KINDS:
        known = ", ".join(KINDS)
        raise ConnectorError(f"hackernews has no source of kind {source.kind!r}: {known}")
    if not source.query.strip():
        raise ConnectorError(
            f"sources.{source.name}: query is empty; say which words to listen for"
        )
    names = ",".join(f"author_{one}" for one in us.names)
    own = [("own", "", f"comment,({names})")] if names else []
    return (*own, ("found", source.query, "(story,comment,poll)"))


def number_of(hit: Any) -> str:
    """Return the name under which a hit is known; one without a number goes by what it says."""
    number = hit.get("objectID") if isinstance(hit, dict) else None
    if isinstance(number, str) and number:
        return number
    return blake2b(json.dumps(hit, sort_keys=True).encode(), digest_size=8).hexdigest()


def time_of(hit: Any) -> int:
    at = hit.get("created_at_i") if isinstance(hit, dict) else None
    return at if isinstance(at, int) else 0


def read_cursor(cursor: str | None) -> Cursor:
    told = json.loads(cursor) if cursor else {}
    return {name: Mark(floor, named) for name, (floor, named) in told.items()}


def write_cursor(cursor: Cursor) -> str:
    told = {name: (one.floor, dict(one.named)) for name, one in cursor.items()}
    return json.dumps(told, separators=(",", ":"), sort_keys=True)


def _parts(hits: Sequence[Any], known: Mapping[str, int]) -> Iterator[Sequence[Any]]:
    fresh = [hit for hit in hits if number_of(hit) not in known]
    for start in range(0, len(fresh), PAGE):
        yield fresh[start : start + PAGE]


def _newest(told: Told) -> int:
    return max((time_of(hit) for hit in told.hits), default=0)


def _event(hit: Any, us: parse.Us) -> Event:
    try:
        return Seen(parse.message(hit, us))
    except parse.BROKEN as error:
        return parse.unreadable(hit, error)
