"""Listening on X: which lists a source reads, what their rows say, and what cannot be reached.

    mentions       what mentions us, and what we and our colleagues say by our account: the cheap
                   lists, if the account owns the developer app
    conversation   whatever is said under our own posts of the last 7 days, mention or not (search)
    quotes         who quotes our own posts of the last 7 days (search: asking in vain is free)
    search         posts by keyword, listen-only; begins with the newest page

Not here: paging (newest), marks (marks), calls (api).
"""

from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from connectors.contract import AuthFailed, Clock, ConnectorError, Rejected, UnexpectedAnswer
from connectors.model import Edited, Event, Page, Seen, Source, Unreadable
from connectors.x import parse
from connectors.x.api import PAGE, Api, Listing
from connectors.x.marks import Cursor, Mark, write_cursor
from connectors.x.newest import Fetch, Reach, id_of, newer
from connectors.x.people import People
from connectors.x.posts import OwnPosts, Shelf
from connectors.x.snowflake import made_at

MENTIONS_DEPTH, OWN_DEPTH = 800, 3200  # docs.x.com, timelines
FIRST_OWN_PAGES = 8
SEARCH_DEPTH = timedelta(days=7) - timedelta(minutes=10)
QUERY = 512  # characters; docs.x.com, search
KINDS = "mentions, conversation, quotes, search"


_ANY = Reach()


@dataclass(frozen=True, slots=True)
class _List:
    name: str
    fetches: Sequence[Fetch]
    reach: Reach = _ANY
    is_search: bool = False


class Ear:
    """What one login hears."""

    def __init__(self, api: Api, people: People, shelf: Shelf, clock: Clock) -> None:
        self._api = api
        self._people = people
        self._shelf = shelf
        self._clock = clock
        self._own = OwnPosts(api, clock)

    async def poll(self, source: Source, cursor: Cursor, us: parse.Us) -> AsyncIterator[Page]:
        """Yield what is new, oldest first in each list, and move the cursor."""
        for one in await self._lists(source, cursor, us):
            mark = cursor.get(one.name, Mark()).settled(self._clock())
            gaps = self._too_old(one, mark)
            async for listing in _pages(one, mark.floor, gaps):
                fresh = _fresh(listing, mark)
                events = await self._events(fresh, source, us)
                notices = [_notice(one, mark, oldest) for oldest in gaps]
                gaps.clear()
                mark = mark.plus((id_of(row) for row in fresh.rows), self._clock())
                if events or notices or mark != cursor.get(one.name):
                    cursor[one.name] = mark
                    yield Page((*notices, *events), write_cursor(cursor))
            if (risen := mark.risen(self._clock())) != mark:
                cursor[one.name] = risen
                yield Page((), write_cursor(cursor))

    async def _lists(self, source: Source, cursor: Cursor, us: parse.Us) -> Sequence[_List]:
        match source.kind:
            case "mentions":
                own = None if cursor.get("own") else FIRST_OWN_PAGES
                return (
                    _List("mentions", [self._mentions(source, cursor, us)], Reach(MENTIONS_DEPTH)),
                    _List("own", [self._said(source, cursor, us)], Reach(OWN_DEPTH, own)),
                )
            case "conversation" | "quotes":
                operator = _OPERATORS[source.kind]
                posts = await listed(self._own.lately(source, us))
                queries = queries_for(operator, posts, f"-from:{us.handle} -is:retweet")
                fetches = [self._found(source, cursor, one) for one in queries]
                return (_List("found", fetches, is_search=True),)
            case "search" | "keyword":
                fetch = self._found(source, cursor, searched(source.query))
                reach = Reach(most_pages=None if cursor.get("found") else 1)
                return (_List("found", [fetch], reach, is_search=True),)
            case kind:
                raise ConnectorError(f"x has no source of kind {kind!r}: {KINDS}")

    def _mentions(self, source: Source, cursor: Cursor, us: parse.Us) -> Fetch:
        async def fetch(asked: dict[str, Any]) -> Listing:
            where = {**self._since(cursor, "mentions"), **asked}
            return await listed(self._api.mentions(source.name, us.id, **where))

        return fetch

    def _said(self, source: Source, cursor: Cursor, us: parse.Us) -> Fetch:
        async def fetch(asked: dict[str, Any]) -> Listing:
            where = {**self._since(cursor, "own"), **asked}
            return await listed(self._api.own(source.name, us.id, **where))

        return fetch

    def _found(self, source: Source, cursor: Cursor, query: str) -> Fetch:
        async def fetch(asked: dict[str, Any]) -> Listing:
            where = {**self._since(cursor, "found"), **asked}
            if (since := where.get("since_id")) and self._is_out_of_reach(since):
                where |= {"since_id": None, "start_time": self._clock() - SEARCH_DEPTH}
            return await listed(self._api.search(source.name, query, **where))

        return fetch

    def _since(self, cursor: Cursor, name: str) -> dict[str, Any]:
        floor = cursor.get(name, Mark()).settled(self._clock()).floor
        return {"since_id": floor} if floor else {}

    def _is_out_of_reach(self, since: int) -> bool:
        return made_at(since) < self._clock() - SEARCH_DEPTH

    def _too_old(self, one: _List, mark: Mark) -> list[int]:
        """Say if a search cannot look back to its mark: X tells the last 7 days."""
        is_gap = one.is_search and mark.floor > 0 and self._is_out_of_reach(mark.floor)
        return [0] if is_gap else []

    async def _events(self, fresh: Listing, source: Source, us: parse.Us) -> list[Event]:
        rows = sorted((one for one in fresh.rows if not _shows_another(one)), key=id_of)
        await self._people.meet(rows, source.name)
        problems = [parse.unreadable(one, "X could not give this") for one in fresh.errors]
        return [*problems, *(self._event(one, fresh, us) for one in rows)]

    def _event(self, row: Any, listing: Listing, us: parse.Us) -> Event:
        """Read a row. One that cannot be read never costs its page."""
        try:
            message = parse.message(row, self._people.known, listing.media, us)
        except parse.BROKEN as error:
            return parse.unreadable(row, error)
        self._shelf.put(row)
        return Edited(message) if message.edited_at else Seen(message)


_Told = TypeVar("_Told")
_OPERATORS = {"conversation": "conversation_id", "quotes": "quotes_of_tweet_id"}


async def _pages(one: _List, since: int, gaps: list[int]) -> AsyncIterator[Listing]:
    """Yield the pages of a list; several searches that make one list are put in order first."""
    if len(one.fetches) == 1:
        async for listing in newer(one.fetches[0], since, one.reach, gaps):
            yield listing
        return
    held = [page for fetch in one.fetches async for page in newer(fetch, since, one.reach, gaps)]
    rows = sorted((row for page in held for row in page.rows), key=id_of)
    media = {key: told for page in held for key, told in page.media.items()}
    errors = [error for page in held for error in page.errors]
    for start in range(0, max(len(rows), 1) if held else 0, PAGE):
        yield Listing(rows[start : start + PAGE], media, () if start else errors)


async def listed(asking: Awaitable[_Told]) -> _Told:
    """Read a list. Here a no is not about a reply: a human must connect, or we mend."""
    try:
        return await asking
    except Rejected as error:
        if error.code == "not_allowed":
            raise AuthFailed(f"this login may not read that: {error.reason}") from error
        raise UnexpectedAnswer(error.reason) from error


def queries_for(operator: str, refs: Sequence[int], also: str) -> list[str]:
    """Ask for many posts in few queries, none longer than X takes."""
    queries: list[str] = []
    terms: list[str] = []
    for term in (f"{operator}:{one}" for one in refs):
        if terms and len(_query([*terms, term], also)) > QUERY:
            queries.append(_query(terms, also))
            terms = []
        terms.append(term)
    return [*queries, _query(terms, also)] if terms else queries


def searched(words: str) -> str:
    """Return the query of a search source; X answers what is longer with an error."""
    query = f"({words}) -is:retweet"
    if not words.strip() or len(query) > QUERY:
        raise ConnectorError(f"a search on X has 1 to {QUERY - 16} characters, not {len(words)}")
    return query


def _query(terms: Sequence[str], also: str) -> str:
    return f"({' OR '.join(terms)}) {also}"


def _shows_another(row: Any) -> bool:
    try:
        return parse.is_retweet(row)
    except parse.BROKEN:
        return False


def _fresh(listing: Listing, mark: Mark) -> Listing:
    rows = [row for row in listing.rows if not (id_of(row) and id_of(row) in mark.named)]
    return Listing(rows, listing.media, listing.errors if rows else ())


def _notice(one: _List, mark: Mark, oldest: int) -> Unreadable:
    """Say that something may be missing: X does not tell it any more."""
    most = f"the latest {one.reach.depth}" if one.reach.depth else "the last 7 days"
    told = {"list": one.name, "known_to": str(mark.floor), "told_from": str(oldest)}
    return parse.unreadable(told, f"X tells {most} only: what came before may be missing")
