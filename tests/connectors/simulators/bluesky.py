"""A Bluesky server and its view of the network in miniature: records, notifications, faults."""

import asyncio
import json
from base64 import b32encode
from collections import Counter
from datetime import datetime
from hashlib import sha256

from aiohttp import web

from connectors.bluesky.syntax import tid

US, ADA, BO = ("did:plc:" + name * 6 for name in ("tern", "adaa", "boob"))
POST = "app.bsky.feed.post"


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cid(value) -> str:
    digest = sha256(json.dumps(value, sort_keys=True).encode()).digest()
    return "bafyrei" + b32encode(digest).decode().lower().rstrip("=")


class No(Exception):
    """An XRPC error."""

    def __init__(self, status: int, name: str, said: str = "said") -> None:
        super().__init__(name)
        self.answer = web.json_response({"error": name, "message": said}, status=status)


class Server:
    """The state of the network, and how it misbehaves."""

    def __init__(self, clock) -> None:
        self.clock = clock
        self.base = ""
        self.handles = {US: "tern.test", ADA: "ada.test", BO: "bo.test"}
        self.posts: dict[str, dict] = {}  # by uri: uri, cid, value, indexedAt
        self.notifications: list[dict] = []
        self.labels: dict[str, list[dict]] = {}
        self.password = "app-pass"
        self.access, self.refresh = "access-0", "refresh-0"
        self.sessions = 0
        self.status = ""
        self.closed: set[str] = set()  # uris of threads that take no replies from us
        self.blocked_by: set[str] = set()
        self.page = 100
        self.calls: Counter[str] = Counter()
        self.queries: list[tuple[str, str]] = []
        self.faults: dict[str, list[str]] = {}
        self.headers: dict[str, str] = {}
        self.lexicons = None
        self.violations: list[str] = []
        self.released = asyncio.Event()
        self._made = 0

    # What happens there

    def say(self, author: str, text: str, parent: dict | None = None, **more) -> dict:
        """Make a post; we are notified of a reply to us, of a mention and of a quote."""
        self._made += 1
        value = {"$type": POST, "text": text, "createdAt": stamp(self.clock()), "langs": ["en"]}
        if parent:
            root = parent["value"].get("reply", {}).get("root") or self.strong(parent)
            value["reply"] = {"root": root, "parent": self.strong(parent)}
        value |= more
        micros = int(self.clock().timestamp() * 1_000_000) + self._made
        post = self.put(author, tid(micros, 0), value)
        if author != US and (reason := self.reason(post, parent)):
            self.notify(reason, post)
        return post

    def reason(self, post: dict, parent: dict | None) -> str:
        if parent and parent["uri"].startswith(f"at://{US}"):
            return "reply"
        if "embed" in post["value"]:
            return "quote"
        return "mention" if "@tern" in post["value"]["text"] else ""

    def put(self, author: str, key: str, value: dict) -> dict:
        uri = f"at://{author}/{POST}/{key}"
        post = {"uri": uri, "cid": cid(value), "value": value, "indexedAt": stamp(self.clock())}
        self.posts[uri] = post
        return post

    def notify(self, reason: str, post: dict, **more) -> None:
        who = self.profile(post["uri"].split("/")[2])
        row = {
            "uri": post["uri"], "cid": post["cid"], "author": who,
            "reason": reason, "record": post["value"], "isRead": False,
            "indexedAt": post["indexedAt"], "labels": [],
        }  # fmt: skip
        self.notifications.append({**row, **more})

    def delete(self, post: dict) -> None:
        self.posts.pop(post["uri"], None)
        self.notifications = [one for one in self.notifications if one["uri"] != post["uri"]]

    def strong(self, post: dict) -> dict:
        return {"uri": post["uri"], "cid": post["cid"]}

    def profile(self, did: str) -> dict:
        viewer = {"muted": False, "blockedBy": did in self.blocked_by}
        return {
            "did": did, "handle": self.handles[did], "displayName": self.handles[did].title(),
            "labels": self.labels.get(did, []), "viewer": viewer,
        }  # fmt: skip

    def view(self, post: dict) -> dict:
        root = post["value"].get("reply", {}).get("root", post)["uri"]
        viewer = {"threadMuted": False, "replyDisabled": root in self.closed}
        return {
            "uri": post["uri"], "cid": post["cid"],
            "author": self.profile(post["uri"].split("/")[2]), "record": post["value"],
            "replyCount": 0, "likeCount": 0, "indexedAt": post["indexedAt"],
            "viewer": viewer, "labels": [],
        }  # fmt: skip

    # What it answers

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/xrpc/{name}", self._door)
        return app

    async def _door(self, request):
        name = request.match_info["name"]
        self.calls[name] += 1
        self.queries.append((name, request.query_string))
        fault = self.faults[name].pop(0) if self.faults.get(name) else ""
        try:
            return await self._go_wrong(fault, request, name)
        except No as no:
            return no.answer

    async def _go_wrong(self, fault, request, name):
        match fault:
            case "rate_limited":
                no = No(429, "RateLimitExceeded").answer
                no.headers.update(self.headers)
                return no
            case "auth_failed":
                raise No(401, "AuthMissing")
            case "rejected":
                raise No(400, "InvalidRequest", "Record/text must not be longer")
            case "error_before":
                raise No(502, "UpstreamFailure")
            case "timeout_before":
                await self.released.wait()
        answer = await self._answer(request, name)
        match fault:
            case "error_after":
                raise No(500, "InternalServerError")
            case "timeout_after":
                await self.released.wait()
            case "cut":
                request.transport.abort()
            case "garbled":
                return web.Response(text='{"uri": "at', content_type="application/json")
        return answer

    async def _answer(self, request, name):
        body = await request.json() if request.can_read_body else None
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if name == "com.atproto.server.refreshSession":
            self._check(token, self.refresh)
        elif name != "com.atproto.server.createSession":
            self._check(token, self.access)
        if self.lexicons:
            self.violations += self.lexicons.parameters(name, request.query)
            self.violations += self.lexicons.input(name, body) if body else ()
        told = getattr(self, "_" + name.rpartition(".")[2])(body or request.query)
        if self.lexicons and told is not None:
            self.violations += self.lexicons.output(name, told)
        limits = {
            "ratelimit-limit": "3000", "ratelimit-remaining": "2999",
            "ratelimit-reset": str(int(self.clock().timestamp()) + 300),
            "ratelimit-policy": "3000;w=300",
        }  # fmt: skip
        return web.json_response(told, headers=limits)

    def _check(self, token: str, right: str) -> None:
        if not token:
            raise No(401, "AuthMissing", "Authentication Required")
        if token != right:
            raise No(400, "ExpiredToken", "Token has expired")

    def expire(self, *, refresh: bool = False) -> None:
        """Let the tokens we gave out run out."""
        self.access = "nobody has this"
        if refresh:
            self.refresh = "nor this"

    def _session(self):
        self.sessions += 1
        self.access, self.refresh = f"access-{self.sessions}", f"refresh-{self.sessions}"
        tokens = {"accessJwt": self.access, "refreshJwt": self.refresh}
        return {**tokens, "handle": self.handles[US], "did": US, "active": True}

    def _createSession(self, body):  # noqa: N802
        if (body["identifier"], body["password"]) != (self.handles[US], self.password):
            raise No(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._session()

    def _refreshSession(self, _):  # noqa: N802
        return self._session()

    def _getSession(self, _):  # noqa: N802
        more = {"status": self.status, "active": False} if self.status else {"active": True}
        return {"handle": self.handles[US], "did": US, **more}

    def _getProfile(self, asked):  # noqa: N802
        return self.profile(asked["actor"])

    def _resolveHandle(self, asked):  # noqa: N802
        for did, handle in self.handles.items():
            if handle == asked["handle"]:
                return {"did": did}
        raise No(400, "HandleNotFound", "Unable to resolve handle")

    def _listNotifications(self, asked):  # noqa: N802
        reasons = asked.getall("reasons", [])
        rows = [one for one in self.notifications if one["reason"] in reasons]
        return self._newest_first(asked, rows, "notifications")

    def _searchPosts(self, asked):  # noqa: N802
        posts = [one for one in self.posts.values() if asked["q"] in one["value"]["text"]]
        return self._newest_first(asked, [self.view(one) for one in posts], "posts")

    def _getAuthorFeed(self, asked):  # noqa: N802
        mine = [one for uri, one in self.posts.items() if uri.startswith(f"at://{asked['actor']}/")]
        told = self._newest_first(asked, [self.view(one) for one in mine], "feed")
        return {**told, "feed": [{"post": one} for one in told["feed"]]}

    def _newest_first(self, asked, rows, field):
        """Answer a page; the cursor is a time and a number within it, as a place in the list."""
        rows = [(f"{row.get('indexedAt')}::{number:08}", row) for number, row in enumerate(rows)]
        rows = sorted(rows, key=lambda pair: pair[0], reverse=True)
        if "cursor" in asked:
            rows = [one for one in rows if one[0] < asked["cursor"]]
        rows = rows[: min(self.page, int(asked.get("limit", 50)))]
        told = {field: [row for _, row in rows]}
        return {**told, "cursor": rows[-1][0]} if rows else told

    def _getPosts(self, asked):  # noqa: N802
        found = [self.posts[one] for one in asked.getall("uris") if one in self.posts]
        shown = [one for one in found if one["uri"].split("/")[2] not in self.blocked_by]
        return {"posts": [self.view(one) for one in shown]}

    def _getPostThread(self, asked):  # noqa: N802
        if asked["uri"] not in self.posts:
            raise No(400, "NotFound", f"Post not found: {asked['uri']}")
        return {"thread": self._upward(asked["uri"], int(asked["parentHeight"]))}

    def _upward(self, uri: str, height: int):
        did, kind = uri.split("/")[2], "app.bsky.feed.defs#"
        if uri not in self.posts:
            return {"$type": f"{kind}notFoundPost", "uri": uri, "notFound": True}
        if did in self.blocked_by:
            author = {"did": did}
            return {"$type": f"{kind}blockedPost", "uri": uri, "blocked": True, "author": author}
        post = self.posts[uri]
        told = {"$type": f"{kind}threadViewPost", "post": self.view(post)}
        if "reply" in post["value"] and height:
            told["parent"] = self._upward(post["value"]["reply"]["parent"]["uri"], height - 1)
        return told

    def _getRecord(self, asked):  # noqa: N802
        post = self.posts.get(f"at://{asked['repo']}/{asked['collection']}/{asked['rkey']}")
        if post is None:
            raise No(400, "RecordNotFound", "Could not locate record")
        return {"uri": post["uri"], "cid": post["cid"], "value": post["value"]}

    def _listRecords(self, asked):  # noqa: N802
        mine = f"at://{asked['repo']}/{asked['collection']}/"
        keys = sorted(uri.removeprefix(mine) for uri in self.posts if uri.startswith(mine))
        keys = [key for key in keys if key > asked.get("cursor", "")][: int(asked["limit"])]
        posts = [self.posts[mine + key] for key in keys]
        records = [{"uri": one["uri"], "cid": one["cid"], "value": one["value"]} for one in posts]
        return {"records": records, **({"cursor": keys[-1]} if keys else {})}

    def _putRecord(self, body):  # noqa: N802
        if self.lexicons:
            self.violations += self.lexicons.record(POST, body["record"])
        here = f"at://{body['repo']}/{POST}/{body['rkey']}"
        is_other = here in self.posts and self.posts[here]["value"] != body["record"]
        if "swapRecord" in body and is_other:
            raise No(400, "InvalidSwap", "Record was at another version")
        post = self.put(body["repo"], body["rkey"], body["record"])
        return {"uri": post["uri"], "cid": post["cid"], "validationStatus": "valid"}

    def _deleteRecord(self, body):  # noqa: N802
        self.posts.pop(f"at://{body['repo']}/{body['collection']}/{body['rkey']}", None)
        return {}

    def release(self) -> None:
        """Let go of everybody who waits, so that the server can end."""
        self.released.set()
