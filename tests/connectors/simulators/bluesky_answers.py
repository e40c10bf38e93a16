"""What the network in miniature answers: its calls, its views, and its scripted faults."""

import json

from aiohttp import web
from lexicons import Lexicons

from connectors._length import graphemes
from simulators.bluesky import POST, US, Network, Passed, Post, cid, stamp

PROCEDURES = (
    *("com.atproto.server.createSession", "com.atproto.server.refreshSession"),
    *("com.atproto.server.deleteSession",),
    *("com.atproto.repo.putRecord", "com.atproto.repo.deleteRecord"),
)
PUBLIC = ("com.atproto.server.createSession", "com.atproto.identity.resolveHandle")

PAGES = {
    "html": (502, "<html>Bad gateway</html>"),
    "html_404": (404, "<html>Not found</html>"),
    "html_200": (200, "<html>Welcome</html>"),
}
EARLY = {
    "error_before": (500, {"error": "InternalServerError", "message": "Internal"}),
    "rejected": (400, {"error": "InvalidRequest", "message": "Invalid record"}),
    "auth_failed": (401, {"error": "AuthMissing", "message": "Authentication Required"}),
    "expired": (400, {"error": "ExpiredToken", "message": "Token has expired"}),
    "no_table": (200, ["?"]),
}


class Refused(Exception):
    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status, self.body = status, {"error": error, "message": message}


def app(network: Network) -> web.Application:
    made = web.Application()
    made.router.add_route("*", "/xrpc/{nsid}", Answers(network).handle)
    return made


class Answers:
    """One handler; each call is a method named after the last part of its name."""

    def __init__(self, network: Network) -> None:
        self.net = network

    async def handle(self, request: web.Request) -> web.StreamResponse:
        nsid = request.match_info["nsid"]
        params = list(request.query.items())
        body = await request.json() if request.body_exists else None
        self.net.calls[nsid] += 1
        fault = self.net.faults.get(nsid, [])
        fault = fault.pop(0) if fault else ""
        if (early := await self.fail_early(fault, request)) is not None:
            return early
        self.under = {}
        for one in self.net.shown():
            self.under.setdefault(one.parent, []).append(one)
        try:
            assert (request.method == "POST") == (nsid in PROCEDURES), nsid
            self.let_in(request, nsid)
            answer, status = getattr(self, nsid.split(".")[-1])(dict(params), params, body), 200
        except Refused as no:
            answer, status = no.body, no.status
        self.net.passed.append(Passed(nsid, params, body, status, answer))
        if (late := await self.fail_late(fault, request)) is not None:
            return late
        return self.said(status, answer)

    def said(self, status: int, answer: object, **headers: str) -> web.Response:
        self.net.left -= 1
        reset = int((self.net.clock() + self.net.skew).timestamp()) + 300
        limits = {
            "RateLimit-Limit": "3000", "RateLimit-Remaining": str(self.net.left),
            "RateLimit-Reset": str(reset), "RateLimit-Policy": "3000;w=300",
        }  # fmt: skip
        return self.plain(status, json.dumps(answer), "application/json", **limits, **headers)

    def plain(self, status: int, text: str, kind: str, **headers: str) -> web.Response:
        now = self.net.clock() + self.net.skew
        date = now.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return web.Response(
            status=status, text=text, content_type=kind, headers={"Date": date, **headers}
        )

    async def fail_early(self, fault: str, request: web.Request) -> web.StreamResponse | None:
        """Go wrong before anything has taken effect."""
        if fault == "rate_limited":
            told = json.dumps({"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"})
            return self.plain(429, told, "application/json", **self.net.headers)
        if fault in PAGES:
            return self.plain(*PAGES[fault], "text/html")
        if fault == "timeout_before":
            await self.net.released.wait()
            fault = "error_before"
        return self.said(*EARLY[fault]) if fault in EARLY else None

    async def fail_late(self, fault: str, request: web.Request) -> web.StreamResponse | None:
        """Go wrong after everything has taken effect."""
        match fault:
            case "error_after":
                return self.said(500, {"error": "InternalServerError", "message": "Internal"})
            case "timeout_after":
                await self.net.released.wait()
            case "cut":
                request.transport.abort()
            case "garbled":
                return self.plain(200, '{"uri": "at://did', "application/json")
            case "other":
                return self.said(200, {"uri": f"at://{US}/{POST}/3zzzzzzzzzzzz", "cid": cid("?")})
        return None

    def let_in(self, request: web.Request, nsid: str) -> None:
        if nsid in PUBLIC or nsid.endswith(("refreshSession", "deleteSession")):
            self.bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
            return
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            raise Refused(401, "AuthMissing", "Authentication Required")
        match self.net.tokens.get(token):
            case "good":
                return
            case "expired":
                raise Refused(400, "ExpiredToken", "Token has expired")
        raise Refused(400, "InvalidToken", "Token could not be verified")

    # Accounts

    def createSession(self, _, __, body):  # noqa: N802
        known = {US, self.net.handles[US]}
        if body["identifier"] not in known or body["password"] != (self.net.password or None):
            raise Refused(401, "AuthenticationRequired", "Invalid identifier or password")
        return self.net.sign_in()

    def refreshSession(self, *_):  # noqa: N802
        if self.bearer not in self.net.refreshers:
            raise Refused(400, "ExpiredToken", "Token has been revoked")
        self.net.refreshers.discard(self.bearer)
        return self.net.sign_in()

    def deleteSession(self, *_):  # noqa: N802
        if self.bearer not in self.net.refreshers:
            raise Refused(400, "InvalidToken", "Token could not be verified")
        self.net.refreshers.discard(self.bearer)
        return {}

    def getSession(self, *_):  # noqa: N802
        told = {"did": US, "handle": self.net.handles[US], "active": not self.net.status}
        return told | ({"status": self.net.status} if self.net.status else {})

    def resolveHandle(self, query, *_):  # noqa: N802
        for did, handle in self.net.handles.items():
            if handle == query["handle"].lower():
                return {"did": did}
        raise Refused(400, "HandleNotFound", "Unable to resolve handle")

    def getProfile(self, query, *_):  # noqa: N802
        return self.author(query["actor"]) | {"followersCount": 3, "postsCount": 2}

    # Records

    def putRecord(self, _, __, body):  # noqa: N802
        record, now = body["record"], self.net.clock()
        if graphemes(record["text"]) > 300 or len(record["text"].encode()) > 3000:
            raise Refused(400, "InvalidRequest", f"Invalid {POST} record: Record/text is too long")
        uri = f"at://{US}/{POST}/{body['rkey']}"
        known = self.net.posts.get(uri)
        if known and known.record != record and "swapRecord" in body:
            raise Refused(400, "InvalidSwap", "Record was at another cid")
        if not known or known.record != record:
            self.net.put(US, body["rkey"], record)
        commit = {"cid": cid(stamp(now)), "rev": "3zzzzzzzzzzzz"}
        return {
            "uri": uri, "cid": cid(record), "commit": commit, "validationStatus": "valid",
        }  # fmt: skip

    def deleteRecord(self, _, __, body):  # noqa: N802
        self.net.delete(f"at://{US}/{body['collection']}/{body['rkey']}")
        return {}

    def getRecord(self, query, *_):  # noqa: N802
        post = self.net.own_post(f"at://{query['repo']}/{query['collection']}/{query['rkey']}")
        if post is None:
            raise Refused(400, "RecordNotFound", "Could not locate record")
        return {"uri": post.uri, "cid": post.cid, "value": post.record}

    # Views

    def getPosts(self, _, params, __):  # noqa: N802
        uris = [one for _, one in params]
        if len(uris) > 25:
            raise Refused(400, "InvalidRequest", "Error: uris must not have more than 25 elements")
        found = (self.net.post(one) for one in uris)
        shown = [one for one in found if one and not self.net.is_blocked(one.author)]
        return {"posts": [self.view(one) for one in shown]}

    def getPostThread(self, query, *_):  # noqa: N802
        post = self.net.post(query["uri"])
        if post is None:
            raise Refused(400, "NotFound", f"Post not found: {query['uri']}")
        told = self.node(query["uri"])
        if told["$type"].endswith("#threadViewPost"):
            self.hang_above(told, int(query["parentHeight"]))
            self.hang_under(told, int(query["depth"]))
        return {"thread": told}

    def node(self, uri: str) -> dict:
        post, defs = self.net.post(uri), "app.bsky.feed.defs"
        if post is None:
            return {"$type": f"{defs}#notFoundPost", "uri": uri, "notFound": True}
        if self.net.is_blocked(post.author):
            viewer = self.net.viewer[post.author]
            return {
                "$type": f"{defs}#blockedPost", "uri": uri, "blocked": True,
                "author": {"did": post.author, "viewer": viewer},
            }  # fmt: skip
        return {"$type": f"{defs}#threadViewPost", "post": self.view(post)}

    def hang_above(self, node: dict, height: int) -> None:
        above = node.get("post", {}).get("record", {}).get("reply")
        if above and height:
            node["parent"] = self.node(above["parent"]["uri"])
            self.hang_above(node["parent"], height - 1)

    def hang_under(self, node: dict, depth: int) -> None:
        if "post" in node and depth:
            under = self.under.get(node["post"]["uri"], ())
            node["replies"] = [self.node(one.uri) for one in under]
            for one in node["replies"]:
                self.hang_under(one, depth - 1)

    def view(self, post: Post) -> dict:
        told = {
            "uri": post.uri, "cid": post.cid, "author": self.author(post.author),
            "record": post.record, "indexedAt": stamp(post.indexed_at), "labels": [],
            "replyCount": len(self.under.get(post.uri, ())),
            "repostCount": 0, "likeCount": 0, "quoteCount": 0, "bookmarkCount": 0,
            "viewer": {"threadMuted": False, "embeddingDisabled": False},
        }  # fmt: skip
        root = self.net.root(post)["uri"]
        if (gate := self.net.gates.get(root)) is not None:
            told["viewer"]["replyDisabled"] = True
            if root == post.uri:
                record = {"$type": "app.bsky.feed.threadgate", "post": root, **gate}
                record["createdAt"] = stamp(post.indexed_at)
                told["threadgate"] = {"uri": root, "cid": cid(gate), "record": record, "lists": []}
        return told

    def author(self, did: str) -> dict:
        labels = [
            {"src": did, "uri": f"at://{did}/app.bsky.actor.profile/self", "val": one,
             "cts": "2026-01-01T00:00:00.000Z"}
            for one in self.net.labels.get(did, ())
        ]  # fmt: skip
        viewer = {"muted": False, "blockedBy": False, **self.net.viewer.get(did, {})}
        name = self.net.handles[did].split(".")[0].title()
        return {
            "did": did, "handle": self.net.handles[did], "displayName": name,
            "viewer": viewer, "labels": labels, "createdAt": "2026-01-01T00:00:00.000Z",
        }  # fmt: skip

    # Lists

    def listNotifications(self, query, params, _):  # noqa: N802
        wanted = {one for name, one in params if name == "reasons"}
        rows = [
            (post.sort_at, self.notification(post, reason))
            for post in self.net.shown() for who, reason in post.notifies
            if who == US and (reason in wanted or not wanted or self.net.ignores_reasons)
        ]  # fmt: skip
        return self.listed("notifications", rows + self.net.broken, query)

    def notification(self, post: Post, reason: str) -> dict:
        above = post.parent
        return {
            "uri": post.uri, "cid": post.cid, "author": self.author(post.author),
            "reason": reason, "record": post.record, "isRead": False,
            "indexedAt": post.sort_at, "labels": [],
            **({"reasonSubject": above} if above else {}),
        }  # fmt: skip

    def getAuthorFeed(self, query, *_):  # noqa: N802
        posts = [one for one in self.net.shown() if one.author == query["actor"]]
        rows = [(one.sort_at, {"post": self.view(one)}) for one in posts]
        return self.listed("feed", rows, query)

    def searchPosts(self, query, *_):  # noqa: N802
        words = query["q"].casefold()
        posts = [one for one in self.net.shown() if words in one.record["text"].casefold()]
        return self.listed("posts", [(one.sort_at, self.view(one)) for one in posts], query)

    def listed(self, field: str, rows: list, query: dict) -> dict:
        """Return one page, newest first, and where the next one begins.

        As on the reference server that is a time, so that what is left of an instant is skipped.
        """
        rows = sorted(rows, reverse=True, key=lambda one: (one[0], _name(one[1])))
        limit, place = min(int(query["limit"]), self.net.page), query.get("cursor", "")
        if self.net.has_offsets:
            start = int(place or 0)
            rows, further = rows[start : start + limit + 1], str(start + limit)
        else:
            rows = [one for one in rows if not place or one[0] < place][: limit + 1]
            further = rows[limit - 1][0] if len(rows) > limit else ""
        told = {field: [row for _, row in rows[:limit]]}
        if len(rows) > limit:
            told["cursor"] = further
        if self.net.hidden_pages:
            self.net.hidden_pages -= 1
            told[field] = []
        if self.net.after_page:
            self.net.after_page()
        return told


def mistakes(network: Network, lexicons: Lexicons) -> list[str]:
    """Check what was asked, answered and written against the lexicons; broken rows are meant."""
    broken = [row for _, row in network.broken]
    found = []
    for one in network.passed:
        found += lexicons.asked(one.nsid, one.params, one.body)
        if one.nsid.endswith("putRecord"):
            found += lexicons.record(one.body["record"])
        if one.status == 200:
            rows = one.answer.get("notifications", [])
            told = {"notifications": [row for row in rows if row not in broken]} if rows else {}
            found += lexicons.answered(one.nsid, {**one.answer, **told})
    return found


def _name(row: object) -> str:
    post = row.get("post", row) if isinstance(row, dict) else {}
    return str(post.get("uri", ""))
