"""Listening: which listings a source reads.

    mentions   the inbox (mentions, replies to our posts and comments) and what we say ourselves
    comments   everything under our own posts, or under the posts that `query` names (under)
    subreddit  new posts and comments of one or more subreddits ("kettles+tea"), listen-only
    search     posts that hold some words, "r/kettles leaks" in one subreddit only, listen-only

The inbox is read as a whole (`/message/inbox` holds what mentions, comment replies and post replies
hold: one call for three), with mark=false: what a human has not read stays unread there. Private
messages are not heard. Not here: reading a listing (newest), what a row says (parse).
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from connectors._cursor import Cursor, Entry
from connectors.contract import AuthFailed, ConnectorError, Rejected, UnexpectedAnswer
from connectors.model import Event, Page, Seen, Source
from connectors.reddit import parse
from connectors.reddit.api import Api, Params, path_of
from connectors.reddit.marks import Mark
from connectors.reddit.newest import PAGE, Fetch, newer
from connectors.reddit.under import Under

KINDS = ("mentions", "inbox", "comments", "subreddit", "search")

Listing = tuple[str, str, Params]  # its name in the cursor, path, parameters


class Ear:
    """What one login hears."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def poll(self, source: Source, after: str | None, us: parse.Us) -> AsyncIterator[Page]:
        """Yield what is new, each listing oldest first."""
        cursor = Cursor(after, Mark)
        try:
            if source.kind == "comments":
                async for entries in Under(self._api, cursor, us).newer(source.query):
                    if page := _page(cursor, "under", entries, us):
                        yield page
            else:
                for name, path, params in listings(source, us):
                    fetch = self._fetch(path, params)
                    async for entries in newer(fetch, cursor.mark(name)):
                        if page := _page(cursor, name, entries, us):
                            yield page
        except Rejected as error:
            raise _refused(source, error) from error
        if cursor.is_moved:
            yield Page((), cursor.write())

    def _fetch(self, path: str, params: Params) -> Fetch:
        async def fetch(after: str | None) -> Any:
            more: Mapping[str, str] = {"after": after} if after else {}
            return await self._api.browse(path, {**params, "limit": str(PAGE), **more})

        return fetch


def listings(source: Source, us: parse.Us) -> Sequence[Listing]:
    """Return the listings of a source. Raises ConnectorError for a kind that there is not."""
    match source.kind:
        case "mentions" | "inbox":
            own = path_of("user", user=us.name) + "overview/"
            return (
                ("inbox", path_of("inbox"), {"mark": "false"}),
                ("own", own, {"sort": "new"}),
            )
        case "subreddit":
            names = source.query.strip().removeprefix("/").removeprefix("r/").strip("/")
            base = path_of("subreddit", subreddit=names)
            return (("posts", base + "new/", {}), ("comments", base + "comments/", {}))
        case "search":
            return (("search", *search(source.query)),)
        case kind:
            raise ConnectorError(
                f"reddit has no source of kind {kind!r}: {', '.join(KINDS)}"
            )  # fmt: skip


def search(query: str) -> tuple[str, Params]:
    """Return path and parameters of a search; "r/name words" stays in that subreddit."""
    first, _, rest = query.strip().partition(" ")
    is_in_one = first.startswith("r/") and bool(rest)
    asked = {"q": rest.strip() if is_in_one else query.strip(), "sort": "new", "type": "link"}
    if not is_in_one:
        return path_of("search", subreddit="all"), asked
    return path_of("search", subreddit=first[2:]), {**asked, "restrict_sr": "true"}


def event(row: Any, us: parse.Us) -> Event | None:
    """Read a row. One that cannot be read never costs its page; one without words says nothing."""
    try:
        if not parse.is_ours_to_read(row) or parse.is_gone(row):
            return None
        return Seen(parse.message(row, us))
    except parse.BROKEN as error:
        return parse.unreadable(row, error)


def _page(cursor: Cursor[Mark], name: str, entries: Sequence[Entry], us: parse.Us) -> Page | None:
    cursor.move(name, entries)
    events = [told for one in entries if (told := event(one.told, us)) is not None]
    return Page(tuple(events), cursor.write()) if events else None


def _refused(source: Source, error: Rejected) -> ConnectorError:
    """Say who must act: for our own lists a human connects, for others the source is mended."""
    if error.code == "not_allowed" and source.kind in ("mentions", "inbox"):
        return AuthFailed(f"this login may not read its inbox: {error.reason}")
    return UnexpectedAnswer(f"Reddit refused to read {source.query or source.kind}: {error.reason}")
