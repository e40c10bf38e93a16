"""Listening: which lists a source reads.

    mentions   notifications, what we say ourselves, and replies under our posts that did not notify
    search     posts that hold some words (listen-only);  hashtag: posts that carry a tag

A reply notifies nobody if the network saw it before its parent, so our posts of the last week are
looked under when their number of replies changes. Not here: reading a list (newest), rows (rows).
"""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

from connectors._cursor import Cursor, Entry
from connectors.bluesky import parse, rows
from connectors.bluesky.api import Api, Params
from connectors.bluesky.newest import Fetch, Mark, Recent, entries_of, newer
from connectors.bluesky.syntax import at_uri
from connectors.contract import ConnectorError, Rejected, UnexpectedAnswer
from connectors.model import Page, Source

LOOK_UNDER = timedelta(days=7)
UNDER_DEPTH = "6"
FIRST_SEARCH = 10  # pages of what was said before we began to search

_REASONS = tuple(("reasons", one) for one in rows.REASONS)
_NOTIFICATIONS = ("notes", "app.bsky.notification.listNotifications", _REASONS, "notifications")

List = tuple[str, str, Params, str]  # its name in the cursor, call, parameters, field of its rows


class Ear:
    """What one login hears."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def poll(self, source: Source, after: str | None, us: parse.Us) -> AsyncIterator[Page]:
        """Yield what is new, each list oldest first."""
        look = _Look(self._api, after, us)
        try:
            for one in _lists(source, us):
                async for page in look.at(one):
                    yield page
            if source.kind == "mentions":
                async for page in look.under_our_posts():
                    yield page
        except Rejected as error:
            raise UnexpectedAnswer(f"the server refused to read: {error.reason}") from error
        if look.cursor.is_moved:
            yield Page((), look.cursor.write())


class _Look:
    """One look at all lists of a source."""

    def __init__(self, api: Api, after: str | None, us: parse.Us) -> None:
        self.cursor = Cursor(after, Mark)
        self._start = Cursor(after, Mark)
        self._api = api
        self._us = us
        self._given = Recent()
        self._own: list[Any] = []  # the newest of what we said, as it stands now

    async def at(self, one: List) -> AsyncIterator[Page]:
        name = one[0]
        low = self._start.mark(name).settled(int(self._api.clock().timestamp() * 1000))
        most = FIRST_SEARCH if name == "search" and name not in self._start.marks else None

        def known(entry: Entry) -> bool:
            return self._start.covers(name, entry)

        async for entries in newer(self._fetch(one), known, low=low, most_pages=most):
            if most is not None:
                self.cursor.begin(name, entries[0])
            if page := self._page(name, entries):
                yield page

    async def under_our_posts(self) -> AsyncIterator[Page]:
        """Give out what nobody was notified of; what is on the notifications' list comes there."""
        counts = self._counts()
        found: list[Entry] = []
        for uri, count in counts.items():
            if self.cursor.counts.get(at_uri(uri).key) != count:
                found += entries_of(await self._replies(uri), rows.place_of_post, 0)
        found.sort(key=lambda one: one.at)
        fresh = await self._not_notified(
            [one for one in found if not self.cursor.covers("under", one)]
        )
        self.cursor.count({at_uri(uri).key: count for uri, count in counts.items()})
        self.cursor.move("under", [one for one in found if self._is_told(one)])
        if page := self._page("under", fresh):
            yield page

    def _counts(self) -> dict[str, int]:
        """Return how many replies stand under our posts of the last days."""
        since = (self._api.clock() - LOOK_UNDER).timestamp() * 1000
        ours = rows.replied_to(self._own, self._us.did)
        return {uri: count for uri, count, at in ours if at >= since}

    def _is_told(self, entry: Entry) -> bool:
        """Tell whether a reply was given out: here, or as a notification (then or now)."""
        return self.cursor.covers("under", entry) or self.cursor.covers("notes", entry)

    def _page(self, name: str, entries: Sequence[Entry]) -> Page | None:
        """Make a page of what was not given out yet; rows that are not for us make none."""
        taken = self._given.take(entries)
        self.cursor.move(name, entries)
        events = [event for one in taken if (event := rows.event(one.told, self._us))]
        return Page(tuple(events), self.cursor.write()) if events else None

    def _fetch(self, one: List) -> Fetch:
        name, nsid, params, field = one
        place = rows.place_of_notification if name == "notes" else rows.place_of_post
        floor = self._start.mark(name).low

        async def fetch(cursor: str | None) -> tuple[list[Entry], str | None]:
            more = [("cursor", cursor)] if cursor else []
            told = await self._api.browse(nsid, [*params, ("limit", "100"), *more])
            found = told.get(field)
            if not isinstance(found, list):
                raise UnexpectedAnswer(f"{nsid} told no {field}", raw=str(told)[:4000])
            if name == "own" and cursor is None:
                self._own = found
            further = told.get("cursor")
            return entries_of(found, place, floor), further if isinstance(further, str) else None

        return fetch

    async def _replies(self, uri: str) -> list[rows.Row]:
        """Return the posts under a post, but for those whose authors we have muted or blocked."""
        params = [("uri", uri), ("depth", UNDER_DEPTH), ("parentHeight", "0")]
        try:
            told = await self._api.browse("app.bsky.feed.getPostThread", params)
        except Rejected:
            return []
        return [one for one in rows.under(told.get("thread")) if not rows.is_muted(one)]

    async def _not_notified(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return the rows that are not on the list of notifications, read back to the oldest."""
        missing = {one.name: one for one in self._given.without(entries)}
        if not missing:
            return []
        oldest = min(one.at for one in missing.values())
        fetch = self._fetch(_NOTIFICATIONS)
        async for page in newer(fetch, lambda one: one.at < oldest, low=oldest):
            for one in page:
                missing.pop(one.name, None)
        return list(missing.values())


def _lists(source: Source, us: parse.Us) -> Sequence[List]:
    match source.kind:
        case "mentions":
            own = (("actor", us.did), ("filter", "posts_with_replies"))
            return (_NOTIFICATIONS, ("own", "app.bsky.feed.getAuthorFeed", own, "feed"))
        case "search" | "keyword" | "hashtag":
            words = f"#{source.query.lstrip('#')}" if source.kind == "hashtag" else source.query
            query = (("q", words), ("sort", "latest"))
            return (("search", "app.bsky.feed.searchPosts", query, "posts"),)
        case kind:
            known = "mentions, search, hashtag"
            raise ConnectorError(f"bluesky has no source of kind {kind!r}: {known}")
