"""Listening on an instance: which lists a source reads, what their rows say, where a cursor stands.

A cursor is a small JSON table: a mark for each list. Not here: paging (feed), HTTP (api).
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import AuthFailed, ConnectorError, Rejected, UnexpectedAnswer
from connectors.mastodon import parse
from connectors.mastodon.above import Threads
from connectors.mastodon.api import Api, Params, at
from connectors.mastodon.feed import Feed, Mark
from connectors.mastodon.stream import Happened, listen
from connectors.model import Deleted, Edited, Event, Kind, Page, Seen, Source

Cursor = dict[str, Mark]
_NO_ID = ValueError("no id")
NOTIFICATIONS = ("mention", "quote")
PAUSE_S, LONG_PAUSE_S = 1.0, 5.0  # between two looks at a busy stream
ASK_AGAIN = timedelta(minutes=10)  # whether it streams by now


class Ear:
    """What one login hears."""

    def __init__(self, api: Api, threads: Threads, look_anyway_s: float) -> None:
        self._api = api
        self._look_anyway_s = look_anyway_s
        self._threads = threads
        self._feeds: dict[str, Feed] = {}
        self._silent_until = datetime.min.replace(tzinfo=UTC)  # nothing is streamed here

    async def poll(self, source: Source, cursor: Cursor, us: parse.Us) -> AsyncIterator[Page]:
        """Yield pages and move the cursor: what others say to us, then what we say ourselves."""
        for name, path, params in _lists(source, us):
            feed = self._feed(f"{source.name} {name}", path, params)
            async for rows, mark in feed.newer(cursor.get(name, Mark()), self._api.clock()):
                broken = [parse.unreadable(one, _NO_ID) for one in _taken(feed)]
                events = [await self._event(row, us) for row in rows]
                cursor[name] = mark
                yield Page((*broken, *(one for one in events if one)), write_cursor(cursor))

    async def stream(self, source: Source, cursor: Cursor, us: parse.Us) -> AsyncIterator[Page]:
        """Go on with what happens until the stream breaks; look after every (re)connect first.

        Ends where nothing is streamed. A stream does not tell what a notification policy put aside
        (docs.joinmastodon.org, methods/streaming), so that there is a look now and then anyway.
        """
        if self._api.clock() < self._silent_until:
            return
        looked_at = time.monotonic()
        async with _heard(self._api, self._look_anyway_s) as happenings:
            async for told in happenings:
                events = [event for one in told if (event := self._told(one, us)) is not None]
                if events:
                    yield Page(tuple(events), write_cursor(cursor))
                is_long_ago = time.monotonic() - looked_at >= self._look_anyway_s
                if is_long_ago or any(_is_time_to_look(one, us) for one in told):
                    async for page in self.poll(source, cursor, us):
                        yield page
                    yield Page((), write_cursor(cursor))  # looked, whatever there was
                    await asyncio.sleep(self._pause_s())
                    looked_at = time.monotonic()
        self._silent_until = self._api.clock() + ASK_AGAIN

    def _pause_s(self) -> float:
        """Say how long to gather what happens: a look is two calls or more of the budget."""
        left, limit = self._api.reading.left, self._api.reading.limit
        is_scarce = left is not None and limit is not None and left < limit / 2
        return LONG_PAUSE_S if is_scarce else PAUSE_S

    def _feed(self, name: str, path: str, params: Params) -> Feed:
        async def fetch(more: Mapping[str, str]) -> Any:
            kept = [one for one in params if one[0] not in more]
            return await _listed(self._api, path, [*kept, *more.items()])

        return self._feeds.setdefault(name, Feed(fetch))

    async def _event(self, row: Mapping[str, Any], us: parse.Us) -> Event | None:
        """Read a notification or a status. One that cannot be read never costs its page."""
        try:
            is_notification = "type" in row and "content" not in row
            if is_notification and row["type"] not in NOTIFICATIONS:
                return None  # not every server heeds `types[]`, and new kinds appear
            status = row["status"] if is_notification else row
            if status.get("reblog"):
                return None
            kind: Kind | None = "quote" if is_notification and row["type"] == "quote" else None
            above = await self._threads.place(status)
            return Seen(parse.message(status, above, us, kind))
        except parse.BROKEN as error:
            return parse.unreadable(row, error)

    def _told(self, happened: Happened, us: parse.Us) -> Event | None:
        """Read what a stream says about a status that we have seen."""
        if happened.event == "delete":
            ref = self._threads.ref(happened.payload.strip())
            return Deleted(parse.PLATFORM, ref) if ref else None
        if happened.event != "status.update":
            return None
        status = happened.json()
        try:
            if self._threads.ref(status["id"]) is None:
                return None
            return Edited(parse.message(status, self._threads.known_above(status), us))
        except parse.BROKEN as error:
            return parse.unreadable(status, error)


@asynccontextmanager
async def _heard(api: Api, patience_s: float) -> AsyncIterator[AsyncIterator[Sequence[Happened]]]:
    """Listen beside whoever looks: all that happened since the last time, or nothing for long."""
    queue: asyncio.Queue[Happened | None] = asyncio.Queue()

    async def listening() -> None:
        try:
            async for happened in listen(api):
                queue.put_nowait(happened)
        finally:
            queue.put_nowait(None)

    async def gathered() -> AsyncIterator[Sequence[Happened]]:
        while True:
            told = await _gather(queue, patience_s)
            if told != [None]:
                yield [one for one in told if one is not None]
            if None in told:
                await task  # raises what broke it
                return

    task = asyncio.create_task(listening())
    try:
        yield gathered()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _gather(
    queue: asyncio.Queue[Happened | None], patience_s: float
) -> list[Happened | None]:
    try:
        told = [await asyncio.wait_for(queue.get(), patience_s)]
    except TimeoutError:
        return []
    while not queue.empty():
        told.append(queue.get_nowait())
    return told


async def _listed(api: Api, path: str, params: Params) -> Any:
    """Read a page of a list. Here a no is not about a reply: a human must connect, or we mend."""
    try:
        return await api.browse(path, params)
    except Rejected as error:
        if error.code == "not_allowed":
            raise AuthFailed(f"this login may not read {path}: {error.reason}") from error
        raise UnexpectedAnswer(f"{path}: {error.reason}") from error


def _is_time_to_look(happened: Happened, us: parse.Us) -> bool:
    """Tell whether an event may have changed our lists; most updates are those whom we follow."""
    if happened.event != "update":
        return happened.event in ("connected", "notification")
    status = happened.json()
    account = status.get("account") if isinstance(status, dict) else None
    return isinstance(account, dict) and account.get("id") == us.server_ref


def read_cursor(cursor: str | None) -> Cursor:
    told = json.loads(cursor) if cursor else {}
    return {
        name: Mark(floor, tuple(named), datetime.fromtimestamp(read_at, UTC))
        for name, (floor, named, read_at) in told.items()
    }


def write_cursor(cursor: Cursor) -> str:
    told = {
        name: (one.floor, one.named, int(one.read_at.timestamp()) if one.read_at else 0)
        for name, one in cursor.items()
    }
    return json.dumps(told, separators=(",", ":"), sort_keys=True)


def _lists(source: Source, us: parse.Us) -> Sequence[tuple[str, str, Params]]:
    """Return the lists a source reads: name in the cursor, path, parameters.

    `include_filtered`: what a notification policy put aside is still said to us.
    """
    match source.kind:
        case "mentions" if not us.server_ref:
            raise AuthFailed(
                "nobody is signed in, so nobody is mentioned: only a hashtag is public"
            )
        case "mentions":
            kinds = [*(("types[]", one) for one in NOTIFICATIONS), ("include_filtered", "true")]
            own = at("/api/v1/accounts/{}/statuses", us.server_ref)
            return (
                ("mentions", "/api/v1/notifications", [*kinds, ("limit", "80")]),
                ("own", own, [("exclude_reblogs", "true"), ("limit", "40")]),
            )
        case "hashtag":
            path = at("/api/v1/timelines/tag/{}", source.query.removeprefix("#"))
            return (("hashtag", path, [("limit", "40")]),)
        case kind:
            raise ConnectorError(f"mastodon has no source of kind {kind!r}: mentions, hashtag")


def _taken(feed: Feed) -> list[Any]:
    broken, feed.broken = feed.broken, []
    return broken
