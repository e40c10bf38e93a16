"""Listening on Bluesky: which lists a source reads, what their rows say, where a cursor stands.

Not here: reading a list down (down), HTTP and sessions (api), JSON (parse).
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.bluesky import parse
from connectors.bluesky.api import Api, Params
from connectors.bluesky.down import Down, Mark
from connectors.bluesky.record import COLLECTION
from connectors.contract import ConnectorError
from connectors.model import Event, Page, Seen, Source


@dataclass(slots=True)
class Cursor:
    """How far each list was read: marks of those that are read down, a key of our own records."""

    marks: dict[str, Mark] = field(default_factory=dict)
    own: str = ""

    @classmethod
    def read(cls, text: str | None) -> "Cursor":
        told = json.loads(text) if text else {}
        marks = {
            name: Mark(floor, tuple((at, one) for at, one in latest))
            for name, (floor, latest) in told.get("marks", {}).items()
        }
        return cls(marks, told.get("own", ""))

    def write(self) -> str:
        marks = {name: [mark.floor, mark.latest] for name, mark in self.marks.items()}
        return json.dumps({"marks": marks, "own": self.own}, separators=(",", ":"))


async def poll(api: Api, source: Source, cursor: Cursor, us: parse.Us) -> AsyncIterator[Page]:
    """Yield what is new, oldest first: what others say to us, then what we say ourselves."""
    match source.kind:
        case "mentions":
            asked = [("reasons", one) for one in parse.REASONS]
            name = "app.bsky.notification.listNotifications"
            async for page in _down(api, name, "notifications", asked, cursor=cursor, us=us):
                yield page
            async for page in _own(api, cursor, us):
                yield page
        case "search" | "hashtag":
            query = source.query if source.kind == "search" else f"#{source.query.lstrip('#')}"
            asked = [("q", query), ("sort", "latest")]
            async for page in _down(
                api, "app.bsky.feed.searchPosts", "posts", asked, cursor=cursor, us=us
            ):
                yield page
        case kind:
            raise ConnectorError(
                f"bluesky has no source of kind {kind!r}: mentions, search, hashtag"
            )


async def _down(
    api: Api, name: str, rows: str, asked: Params, *, cursor: Cursor, us: parse.Us
) -> AsyncIterator[Page]:
    async def fetch(limit: str) -> Any:
        more = [("cursor", limit)] if limit else []
        return await api.browse(name, [*asked, ("limit", "100"), *more])

    async for reading in Down(fetch, rows).newer(cursor.marks.get(rows, Mark())):
        cursor.marks[rows] = reading.mark
        events = [_event(row, us) for row in reading.rows]
        yield Page(tuple(one for one in events if one), cursor.write())


async def _own(api: Api, cursor: Cursor, us: parse.Us) -> AsyncIterator[Page]:
    """Yield our own posts from our own repository, which can be read forward by key."""
    while records := await _records(api, us, cursor.own):
        cursor.own = parse.key_of(records[-1]["uri"])
        events = [_event(_view(one, us), us) for one in records]
        yield Page(tuple(one for one in events if one), cursor.write())


async def _records(api: Api, us: parse.Us, after: str) -> Sequence[Any]:
    asked = [("repo", us.did), ("collection", COLLECTION), ("limit", "100"), ("reverse", "true")]
    told = await api.browse(
        "com.atproto.repo.listRecords", [*asked, *([("cursor", after)] if after else [])]
    )
    records: Sequence[Any] = told["records"]
    return [one for one in records if parse.key_of(one["uri"]) > after]


def _view(record: Any, us: parse.Us) -> Any:
    return {
        "uri": record["uri"],
        "cid": record["cid"],
        "author": {"did": us.did, "handle": us.handle},
        "record": record["value"],
        "indexedAt": record["value"].get("createdAt"),
    }


def _event(row: Any, us: parse.Us) -> Event | None:
    """Read a notification or a post. One that cannot be read never costs its page."""
    try:
        reason = row.get("reason", "")
        if reason and reason not in parse.REASONS:
            return None
        return Seen(parse.message(row, us, reason))
    except parse.BROKEN as error:
        return parse.unreadable(row, error)
