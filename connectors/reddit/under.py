"""Listening under posts: our own of the last weeks, or those that a source names.

The number of comments tells which posts to look under, at most 100 posts a call. A number may come
before its comment does, so a post is looked under once more after its number stands still. What
Reddit leaves out of a tree ("more", "continue this thread") is asked for. Not here: what a comment
says (parse), and replies to us, which the inbox tells (hear).
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from connectors._cursor import Cursor, Entry
from connectors.contract import Rejected
from connectors.reddit import parse
from connectors.reddit.api import Api, path_of
from connectors.reddit.marks import Mark
from connectors.reddit.newest import PAGE, entries_of

LOOK_UNDER = timedelta(days=30)
MOST_CALLS = 20  # for what was left out of one tree, in one look

_ADDRESS = re.compile(r"(?:/comments/|redd\.it/)([0-9a-z]{4,10})\b", re.IGNORECASE)
_NAME = re.compile(r"(?:t3_)?([0-9a-z]{4,10})", re.IGNORECASE)


class Under:
    """One look under posts."""

    def __init__(self, api: Api, cursor: Cursor[Mark], us: parse.Us) -> None:
        self._api = api
        self._cursor = cursor
        self._us = us

    async def newer(self, query: str) -> AsyncIterator[list[Entry]]:
        """Yield comments that were not given out yet, oldest first, a page at a time."""
        counts = await self._counts(query)
        due = [post for post, count in counts.items() if self._cursor.counts.get(post) != count]
        found: list[Entry] = []
        for post in due:
            found += entries_of(await self._comments(post))
        mark = self._cursor.mark("under")
        fresh = {one.name: one for one in found if not mark.covers(one)}
        ordered = sorted(fresh.values(), key=lambda one: (one.at, one.name))
        for start in range(0, len(ordered), PAGE):
            yield ordered[start : start + PAGE]
        self._cursor.count({post: self._settled(post, count) for post, count in counts.items()})

    def _settled(self, post: str, count: int) -> int:
        """Return what to remember: a number that is new is remembered as one to look at again."""
        known = self._cursor.counts.get(post)
        return count if known in (count, -count - 1) else -count - 1

    async def _counts(self, query: str) -> dict[str, int]:
        """Return how many comments stand under each post."""
        if names := posts_in(query):
            asked = [names[start : start + PAGE] for start in range(0, len(names), PAGE)]
            told = [await self._api.browse(path_of("info"), {"id": ",".join(one)}) for one in asked]
        else:
            path = path_of("user", user=self._us.name) + "submitted/"
            told = [await self._api.browse(path, {"sort": "new", "limit": str(PAGE)})]
        rows = [row for one in told for row in parse.children(one)[0]]
        return dict(one for row in rows if (one := self._count(row, is_named=bool(names))))

    def _count(self, row: Any, *, is_named: bool) -> tuple[str, int] | None:
        try:
            told = row["data"]
            is_due = is_named or parse.moment(told["created_utc"]) >= self._since()
            return (str(told["name"]), int(told["num_comments"])) if is_due else None
        except parse.BROKEN:
            return None

    def _since(self) -> Any:
        return self._api.clock() - LOOK_UNDER

    async def _comments(self, post: str) -> list[Any]:
        """Return all comments under a post; one that is gone or closed to us has none."""
        asked = {"sort": "new", "limit": "500", "depth": "10"}
        try:
            found, more = parse.tree(await self._tree(post, asked))
            for _ in range(MOST_CALLS):
                if not more:
                    break
                told, further = await self._left_out(post, more.pop(0))
                found, more = found + told, more + further
        except Rejected:
            return []
        return found

    async def _tree(self, post: str, asked: Mapping[str, str]) -> Sequence[Any]:
        told = await self._api.browse(path_of("submission", id=post.removeprefix("t3_")), asked)
        return parse.children(told[1])[0] if isinstance(told, list) and len(told) > 1 else ()

    async def _left_out(
        self, post: str, more: Mapping[str, Any]
    ) -> tuple[list[Any], list[Mapping[str, Any]]]:
        """Ask for comments that a tree named only, or for the rest of a deep branch."""
        names = [str(one) for one in more.get("children") or ()]
        if not names:
            parent = str(more.get("parent_id", "")).removeprefix("t1_")
            return parse.tree(await self._tree(post, {"comment": parent, "depth": "10"}))
        asked = {
            "link_id": post, "children": ",".join(names[:PAGE]), "sort": "new",
            "api_type": "json", "limit_children": "false",
        }  # fmt: skip
        told = await self._api.browse(path_of("morechildren"), asked)
        things = told.get("json", {}).get("data", {}).get("things", [])
        found, further = parse.tree(things)
        rest = [{**more, "children": names[PAGE:]}] if names[PAGE:] else []
        return found, [*rest, *further]


def posts_in(query: str) -> list[str]:
    """Return the fullnames of the posts that a source names: fullnames, ids or addresses."""
    words = re.split(r"[\s,]+", query.strip())
    found = [_ADDRESS.search(one) or _NAME.fullmatch(one) for one in words]
    return [f"t3_{one[1].lower()}" for one in found if one]
