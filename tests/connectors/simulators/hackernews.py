"""Hacker News in miniature: Algolia's search by date, Firebase's things and users, and faults.

Algolia's shapes are written from its documentation (hn.algolia.com/api), the limit on hits from
what github.com/algolia/hn-search says; Firebase's are those of github.com/HackerNews/API.
"""

import asyncio
import html
import re
from collections import Counter
from datetime import UTC, datetime

from aiohttp import web

SEARCH = "GET /api/v1/search_by_date"
MOST = 1000  # hits that a query gives, over all its pages
_FILTER = re.compile(r"created_at_i(>=|<=|>|<)(\d+)")
_TERM = re.compile(r'-?"[^"]+"|\S+')


class News:
    """The state of the site, and how it misbehaves."""

    def __init__(self, clock) -> None:
        self.clock = clock
        self.base = ""
        self.things: dict[str, dict] = {}
        self.unindexed: set[str] = set()  # the search does not know them yet
        self.broken: list[dict] = []  # hits that make no sense
        self.users = {"tern_bikes", "ada", "bo"}
        self.most = MOST
        self.counts_well = True  # large counts are guessed (Algolia's exhaustiveNbHits)
        self.calls: Counter[str] = Counter()
        self.queries: list[dict[str, str]] = []
        self.faults: dict[str, list[str]] = {}
        self.released = asyncio.Event()
        self._ids = 40_000_000

    # What happens there

    def story(self, by: str, title: str, text: str = "", url: str = "") -> dict:
        thing = self._thing("story", by, title=title, score=1, descendants=0)
        if text:
            thing["text"] = text
        if url:
            thing["url"] = url
        return thing

    def comment(self, by: str, text: str, parent: dict) -> dict:
        return self._thing("comment", by, text=text, parent=parent["id"])

    def _thing(self, kind: str, by: str, **more) -> dict:
        self._ids += 1
        at = int(self.clock().timestamp())
        thing = {"by": by, "id": self._ids, "time": at, "type": kind, **more}
        self.things[str(self._ids)] = thing
        return thing

    def delete(self, thing: dict) -> None:
        kept = {name: thing[name] for name in ("id", "time", "type", "parent") if name in thing}
        thing.clear()
        thing.update(kept, deleted=True)

    def kill(self, thing: dict) -> None:
        thing["dead"] = True

    def root(self, thing: dict) -> dict:
        while "parent" in thing:
            thing = self.things[str(thing["parent"])]
        return thing

    # What it answers

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._door])
        app.add_routes([
            web.get("/api/v1/search_by_date", self._search),
            web.get("/v0/item/{id}.json", self._item),
            web.get("/v0/user/{id}.json", self._user),
        ])  # fmt: skip
        return app

    @web.middleware
    async def _door(self, request, handler):
        name = f"{request.method} {request.path}"
        self.calls[name] += 1
        match self.faults[name].pop(0) if self.faults.get(name) else "":
            case "rate_limited":
                return web.json_response({"message": "Too many requests"}, status=429)
            case "rejected":
                return web.json_response({"message": "invalid numericFilters"}, status=400)
            case "error":
                return web.Response(status=503, text="<html>", content_type="text/html")
            case "garbled":
                return web.Response(text='{"hits": [', content_type="application/json")
            case "other":
                return web.json_response(["what"])
            case "cut":
                request.transport.abort()
            case "timeout":
                await self.released.wait()
        return await handler(request)

    async def _search(self, request):
        asked = dict(request.query)
        self.queries.append(asked)
        size, number = min(int(asked.get("hitsPerPage", "20")), 1000), int(asked.get("page", "0"))
        hits = [one for one in self._hits() if _fits(one, asked)]
        hits.sort(key=lambda one: (one["created_at_i"], str(one["objectID"])), reverse=True)
        page = hits[: self.most][number * size : (number + 1) * size]
        return web.json_response({
            "hits": page, "nbHits": len(hits if self.counts_well else page), "page": number,
            "nbPages": -(-min(len(hits), self.most) // size), "hitsPerPage": size,
            "exhaustiveNbHits": self.counts_well,
            "query": asked.get("query", ""), "processingTimeMS": 3,
            "params": "advancedSyntax=true&analytics=true&analyticsTags=backend",
        })  # fmt: skip

    def _hits(self):
        for ref, thing in self.things.items():
            if ref not in self.unindexed and not (thing.get("deleted") or thing.get("dead")):
                yield self.hit(thing)
        yield from self.broken

    def hit(self, thing: dict) -> dict:
        root = self.root(thing)
        is_comment = thing["type"] == "comment"
        tags = [thing["type"], f"author_{thing['by']}", f"story_{root['id']}"]
        told = {
            "objectID": str(thing["id"]), "author": thing["by"], "_tags": tags,
            "created_at": datetime.fromtimestamp(thing["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "created_at_i": thing["time"], "updated_at": "2026-03-10T12:00:00Z",
            "story_id": root["id"], "_highlightResult": {},
        }  # fmt: skip
        if is_comment:
            return {**told, "comment_text": thing["text"], "parent_id": thing["parent"],
                    "story_title": root.get("title"), "story_url": root.get("url")}  # fmt: skip
        more = {"title": thing["title"], "points": thing["score"], "num_comments": 0}
        words = {name: thing[key] for name, key in (("story_text", "text"), ("url", "url"))
                 if key in thing}  # fmt: skip
        return {**told, **more, **words}

    async def _item(self, request):
        return web.json_response(self.things.get(request.match_info["id"]))

    async def _user(self, request):
        name = request.match_info["id"]
        known = {"id": name, "created": 1_173_923_446, "karma": 7, "submitted": []}
        return web.json_response(known if name in self.users else None)

    def release(self) -> None:
        self.released.set()


def _fits(hit: dict, asked: dict[str, str]) -> bool:
    in_time = all(
        _holds(hit["created_at_i"], sign, int(number))
        for sign, number in _FILTER.findall(asked.get("numericFilters", ""))
    )
    return in_time and _has_tags(hit, asked.get("tags", "")) and _has_words(hit, asked["query"])


def _holds(at: int, sign: str, number: int) -> bool:
    return {">": at > number, ">=": at >= number, "<": at < number, "<=": at <= number}[sign]


def _has_tags(hit: dict, tags: str) -> bool:
    """All of these, separated by commas; one of those in brackets."""
    wanted = [part for group in re.findall(r"\(([^)]*)\)", tags) for part in [group.split(",")]]
    wanted += [[one] for one in re.sub(r"\([^)]*\)", "", tags).split(",") if one]
    return all(set(some) & set(hit["_tags"]) for some in wanted)


def _has_words(hit: dict, query: str) -> bool:
    """Find phrases in quotes as they are, other words as beginnings of words, as Algolia does."""
    fields = ("title", "story_text", "comment_text", "url", "author")
    text = " ".join(html.unescape(str(hit.get(name) or "")) for name in fields).casefold()
    for term in _TERM.findall(query.casefold()):
        bare = term.removeprefix("-").strip('"')
        tail = r"(?!\w)" if '"' in term else ""
        if bool(re.search(rf"(?<!\w){re.escape(bare)}{tail}", text)) == term.startswith("-"):
            return False
    return True
