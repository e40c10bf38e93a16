"""Asking how posts are shown now: many at once, one alone, and what stands above one.

Posts that are gone and posts of people who block us are both missing among many; only one asked
alone tells which. Not here: what a view says (parse), and what follows from it (connector, permit).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from connectors.bluesky.api import Params, Told
from connectors.bluesky.syntax import at_uri
from connectors.contract import Rejected, UnexpectedAnswer

BATCH = 25  # app.bsky.feed.getPosts, uris, maxLength
HEIGHT = "300"  # a thread is a table in a table: deeper ones could not be read

Get = Callable[[str, Params], Awaitable[Told]]


class Views:
    """The network's view, as one login sees it. `get` is how it asks: at once, or what can wait."""

    def __init__(self, get: Get) -> None:
        self._get = get

    async def some(self, refs: Iterable[str]) -> Mapping[str, Told]:
        """Return the views of those posts that are shown."""
        asked = [one for one in dict.fromkeys(refs) if _is_address(one)]
        found: dict[str, Told] = {}
        for start in range(0, len(asked), BATCH):
            uris = [("uris", one) for one in asked[start : start + BATCH]]
            told = await self._read("app.bsky.feed.getPosts", uris)
            posts = told.get("posts")
            if not isinstance(posts, list):
                raise UnexpectedAnswer("getPosts told no posts", raw=str(told)[:4000])
            found |= {
                str(one["uri"]): one for one in posts if isinstance(one, dict) and "uri" in one
            }
        return found

    async def alone(self, ref: str) -> Told | None:
        """Return a post's node in its thread, which may be a blocked one; None if it is gone."""
        return await self._node(ref, "0")

    async def above(self, ref: str) -> Sequence[Told]:
        """Return the views above a post, oldest first, down from the first gap."""
        node = await self._node(ref, HEIGHT) or {}
        views = []
        while isinstance(node := node.get("parent") or {}, dict) and "post" in node:
            views.append(node["post"])
        return views[::-1]

    async def _node(self, ref: str, height: str) -> Told | None:
        if not _is_address(ref):
            return {}
        params = [("uri", ref), ("depth", "0"), ("parentHeight", height)]
        try:
            told = await self._read("app.bsky.feed.getPostThread", params)
        except Rejected as error:
            if error.code == "parent_gone":
                return None
            raise
        node = told.get("thread")
        if not isinstance(node, dict):
            raise UnexpectedAnswer("getPostThread told no thread", raw=str(told)[:4000])
        return None if node.get("notFound") is True else node

    async def _read(self, nsid: str, params: Params) -> Told:
        """Ask; a refusal to read is no refusal of a reply."""
        try:
            return await self._get(nsid, params)
        except Rejected as error:
            if error.code == "parent_gone":
                raise
            raise UnexpectedAnswer(f"the server refused to read: {error.reason}") from error


def is_blocked(node: Told | None) -> bool:
    return node is not None and node.get("blocked") is True


def _is_address(ref: Any) -> bool:
    try:
        return bool(at_uri(ref).key)
    except ValueError:
        return False
