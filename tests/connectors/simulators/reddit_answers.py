"""What simulated Reddit answers, over HTTP: through praw's oauth_url and reddit_url."""

import asyncio

from aiohttp import web

from simulators import reddit_rows as rows
from simulators.reddit import DEEP, US, Site

HTML = """<!doctype html>
<html><head><title>Too Many Requests</title></head>
<body><h1>whoa there, pardner!</h1><p>we've seen too many requests from you lately.</p></body>
</html>"""
QUOTED = {  # codes and sentences as people have quoted them
    "locked": ("THREAD_LOCKED", "Comments are locked.", "parent"),
    "deleted_parent": ("DELETED_COMMENT", "Dieser Kommentar wurde gelöscht", "parent"),
    "too_many": ("TOO_MANY_COMMENTS", "The number of comments allowed has been exceeded", "text"),
    "rejected": ("NO_TEXT", "we need something here", "text"),
    "user_required": ("USER_REQUIRED", "Please log in to do that.", None),
    "broken": ("SOMETHING_IS_BROKEN", "something is broken, please try again later", None),
}


EMPTY = {
    "reply_none": {"errors": [], "data": {"things": []}},
    "errors_null": {"errors": None},
}
NO_SCOPE = {"WWW-Authenticate": 'Bearer realm="reddit", error="insufficient_scope"'}
STATUSES = {  # status, body, headers
    "rate_limited": (429, {"message": "Too Many Requests", "error": 429}, {}),
    "rate_limited_html": (429, HTML, {}),
    "odd_wait": (429, "", {"Retry-After": "Tue, 10 Mar 2026 12:30:00 GMT"}),
    "forbidden": (403, {"message": "Forbidden", "error": 403}, {}),
    "scope": (403, {"error": 403}, NO_SCOPE),
    "blocked_page": (403, "<html>", {}),
    "redirect": (302, "", {"Location": "{base}/elsewhere"}),
    "error_before": (503, "<html>", {}),
    "error_520": (520, "", {}),
}


def app(site: Site) -> web.Application:
    return Answers(site).app()


class Answers:
    """The routes of a site."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._door])
        for method, path, handler in (
            ("POST", "/api/v1/access_token", self._token),
            ("POST", "/api/v1/revoke_token", self._revoke),
            ("GET", "/api/v1/me", self._me),
            ("GET", "/message/{where}", self._inbox),
            ("GET", "/user/{name}/{what}", self._of_user),
            ("GET", "/r/{sub}/about", self._about),
            ("GET", "/r/{sub}/{what:new|comments|search}", self._of_subreddit),
            ("GET", "/comments/{id}", self._thread),
            ("GET", "/api/info", self._info),
            ("GET", "/api/morechildren", self._more),
            ("POST", "/api/comment", self._comment),
            ("POST", "/api/del", self._del),
            ("POST", "/api/read_message", self._read),
        ):
            app.router.add_route(method, path, handler)
            app.router.add_route(method, path + "/", handler)
        return app

    # The door: tokens, limits, faults

    @web.middleware
    async def _door(self, request, handler):
        site, name = self.site, f"{request.method} {request.path.rstrip('/')}"
        site.calls[name] += 1
        site.asked.append((name, dict(request.query)))
        site.agents.add(request.headers.get("User-Agent", ""))
        site.authorizations.append(request.headers.get("Authorization", ""))
        site.connections.add(request.headers.get("Connection", ""))
        site.active += 1
        site.most_at_once = max(site.most_at_once, site.active)
        try:
            return await self._let_in(name, request, handler)
        finally:
            site.active -= 1
            if site.on_answer is not None:
                site.on_answer()

    async def _let_in(self, name, request, handler):
        site = self.site
        fault = site.faults[name].pop(0) if site.faults.get(name) else ""
        if "access_token" not in name and "revoke" not in name:
            token = request.headers.get("Authorization", "").removeprefix("bearer ")
            if fault in ("token_expired", "auth_failed"):
                site.tokens.clear()
                site.is_revoked = fault == "auth_failed"
            if token not in site.tokens:
                return self._unauthorized()
        return await self._before(fault, request, handler)

    async def _before(self, fault, request, handler):
        if (refusal := self._refusal(fault)) is not None:
            return refusal
        if fault == "timeout_before":
            await self._hang()
        if fault == "slow":
            await self._tick()
        if fault == "cut_before":
            request.transport.abort()
            return web.Response()
        return await self._after(fault, request, await handler(request))

    def _refusal(self, fault):
        """Return the answer of a fault that takes no effect; None for the others."""
        if fault == "ratelimit":
            return self._errors("RATELIMIT", self.site.sentence, "ratelimit")
        if fault in QUOTED:
            return self._errors(*QUOTED[fault])
        if fault == "empty":
            return self._yes(rows.listing([]))
        if fault in EMPTY:
            return self._yes({"json": EMPTY[fault]})
        if fault not in STATUSES:
            return None
        status, told, headers = STATUSES[fault]
        said = {"base": self.site.base}
        headers = {name: value.format(**said) for name, value in headers.items()}
        headers |= self.site.headers if status == 429 else {}
        if isinstance(told, dict):
            return web.json_response(told, status=status, headers=headers)
        return web.Response(status=status, text=told, content_type="text/html", headers=headers)

    async def _after(self, fault, request, answer):
        match fault:
            case "error_after":
                return web.Response(status=502, text="<html>", content_type="text/html")
            case "timeout_after":
                await self._hang()
            case "cut":
                request.transport.abort()
            case "short":
                return await self._short(request)
            case "drip":
                return await self._drip(request)
            case "garbled":
                return web.Response(text='{"json": {"err', content_type="application/json")
            case "odd_headers":
                answer.headers["x-ratelimit-remaining"] = "many"
                answer.headers["x-ratelimit-reset"] = "53.5"
                answer.headers["x-ratelimit-used"] = "2.0"
        return answer

    async def _hang(self) -> None:
        self.site.waiting.set()
        await self.site.released.wait()

    async def _short(self, request):
        answer = web.StreamResponse(headers={"Content-Length": "400"})
        await answer.prepare(request)
        await answer.write(b'{"json": ')
        request.transport.close()
        return answer

    async def _drip(self, request):
        """Send a byte now and then, always before a time-out for reading would see silence."""
        answer = web.StreamResponse(headers={"Content-Length": "4000"})
        await answer.prepare(request)
        while not self.site.released.is_set():
            await answer.write(b" ")
            await self._tick()
        return answer

    async def _tick(self) -> None:
        try:
            async with asyncio.timeout(0.05):
                await self.site.released.wait()
        except TimeoutError:
            return

    def _unauthorized(self):
        said = {"WWW-Authenticate": 'Bearer realm="reddit", error="invalid_token"'}
        return web.json_response({"message": "Unauthorized", "error": 401}, status=401,
                                 headers=said)  # fmt: skip

    def _errors(self, code, sentence, where):
        return self._yes({"json": {"errors": [[code, sentence, where]]}})

    def _yes(self, told) -> web.Response:
        site = self.site
        limits = {
            "x-ratelimit-remaining": str(site.left), "x-ratelimit-used": str(site.used),
            "x-ratelimit-reset": str(site.reset),
        }  # fmt: skip
        return web.json_response(told, headers=limits)

    # Tokens

    async def _token(self, request):
        site, form = self.site, await request.post()
        asked = (form.get("grant_type"), form.get("password") or form.get("refresh_token"))
        good = (("password", site.password), ("refresh_token", site.refresh))
        is_code = form.get("grant_type") == "authorization_code" and form.get("code") == "right"
        if site.is_revoked or (asked not in good and not is_code):
            return web.json_response({"error": "invalid_grant"})
        token = f"token-{site.calls['POST /api/v1/access_token']}"
        site.tokens.add(token)
        if site.is_exchanging:
            site.refresh = f"exchanged-{site.calls['POST /api/v1/access_token']}"
        told = {
            "access_token": token, "token_type": "bearer", "expires_in": 3600, "scope": site.scope,
        }  # fmt: skip
        if form.get("grant_type") != "password":
            told["refresh_token"] = site.refresh
        return web.json_response(told)

    async def _revoke(self, request):
        form = await request.post()
        self.site.is_revoked = True
        self.site.tokens.discard(form["token"])
        return web.Response(status=200)

    async def _me(self, _):
        page = {"public_description": self.site.description}
        return self._yes({**self.site.me, "subreddit": page})

    # Listings

    def _page(self, request, found: list, most: int = 100):
        """Answer a page of rows that stand newest first; one after something gone is empty."""
        asked, limit = request.query, min(most, int(request.query.get("limit", "25")))
        found = found[:DEEP]
        names = [self._name(one) for one in found]
        if after := asked.get("after"):
            found = found[names.index(after) + 1 :] if after in names else []
        elif before := asked.get("before"):
            found = found[: names.index(before)][-limit:] if before in names else []
        page = found[:limit]
        is_more = len(found) > limit
        return self._yes(rows.listing(page, self._name(page[-1]) if is_more else None))

    def _name(self, row) -> str:
        try:
            return str(row["data"]["name"])
        except (KeyError, TypeError, IndexError):
            return "t1_broken"

    async def _inbox(self, request):
        site, kinds = self.site, {
            "comments": ("comment_reply",), "selfreply": ("post_reply",),
            "mentions": ("username_mention",),
        }.get(request.match_info["where"])  # fmt: skip
        found = []
        for one in reversed(site.inbox):
            if "kind" in one:
                found += [one.get("raw", one)] if kinds is None else []
                continue
            thing = site.things[one["name"]]
            is_asked = kinds is None or one["type"] in kinds
            if request.match_info["where"] == "unread":
                is_asked = one["new"]
            if is_asked and not site.is_gone(thing) and thing.visible_at <= site.clock():
                found.append(rows.inbox_row(site, thing, one["type"], is_new=one["new"]))
                if request.query.get("mark") not in ("false", "False"):
                    one["new"] = False
        return self._page(request, found)

    async def _of_user(self, request):
        site, what = self.site, request.match_info["what"]
        kinds = {"comments": ("t1",), "submitted": ("t3",)}.get(what, ("t1", "t3"))
        return self._page(request, self._rows(
            one for one in site.shown()
            if one.author == request.match_info["name"] and one.kind in kinds
            and one.name not in site.hidden_from_own
        ))  # fmt: skip

    async def _of_subreddit(self, request):
        site, what, names = self.site, request.match_info["what"], request.match_info["sub"]
        kind = "t1" if what == "comments" else "t3"
        words = request.query.get("q", "").casefold()
        return self._page(request, self._rows(
            one for one in site.shown()
            if one.kind == kind and (names == "all" or one.subreddit in names.split("+"))
            and words in f"{one.title} {one.text}".casefold()
        ))  # fmt: skip

    def _rows(self, things) -> list:
        kept = [one for one in things if not self.site.is_gone(one)]
        kept.sort(key=lambda one: (one.at, one.id), reverse=True)
        return [rows.row(self.site, one) for one in kept]

    async def _about(self, request):
        name = request.match_info["sub"]
        told = {
            "display_name": name, "display_name_prefixed": f"r/{name}", "user_is_banned": False,
            "user_is_muted": False, "user_is_contributor": False, "subreddit_type": "public",
            "restrict_commenting": False,
        }  # fmt: skip
        return self._yes({"kind": "t5", "data": {**told, **self.site.abouts.get(name, {})}})

    async def _info(self, request):
        shown = {one.name: one for one in self.site.shown()}
        names = request.query["id"].split(",")[:100]
        found = [rows.row(self.site, shown[one]) for one in names if one in shown]
        return self._yes(rows.listing(found))

    # Threads

    async def _thread(self, request):
        site, asked = self.site, request.query
        post = site.things.get(f"t3_{request.match_info['id']}")
        if post is None:
            return web.json_response({"message": "Not Found", "error": 404}, status=404)
        depth = int(asked.get("depth", "10"))
        if "comment" not in asked:
            top = self._tree(post.name, depth)
            return self._yes([rows.listing([rows.row(site, post)]), rows.listing(top)])
        focus = site.things.get(f"t1_{asked['comment']}")
        if focus is None or focus.visible_at > site.clock():
            return self._yes([rows.listing([rows.row(site, post)]), rows.listing([])])
        branch = self._branch(focus, depth, int(asked.get("context", "0")))
        return self._yes([rows.listing([rows.row(site, post)]), rows.listing([branch])])

    def _branch(self, focus, depth, context):
        """Show a comment with what is under it, inside its nearest parents."""
        shown = rows.row(self.site, focus, self._replies(focus.name, depth - 1))
        for _ in range(context):
            above = self.site.things.get(focus.parent)
            if above is None or above.kind != "t1":
                break
            shown, focus = rows.row(self.site, above, rows.listing([shown])), above
        return shown

    def _replies(self, name, depth):
        under = self._tree(name, depth)
        return rows.listing(under) if under else ""

    def _tree(self, name, depth):
        """Show what is under a thing, newest first; too much or too deep is left out."""
        found = [
            one for one in self.site.under(name)
            if not self.site.is_gone(one) or self.site.under(one.name)
        ][::-1]  # fmt: skip
        if depth <= 0:
            return [_left_out(name, [])] if found else []
        told = [rows.row(self.site, one, self._replies(one.name, depth - 1)) for one in found[:50]]
        return [*told, _left_out(name, [one.id for one in found[50:]])] if found[50:] else told

    async def _more(self, request):
        names = request.query["children"].split(",")[:100]
        found = [rows.row(self.site, self.site.things[f"t1_{one}"]) for one in names]
        return self._yes({"json": {"errors": [], "data": {"things": found}}})

    # Writing

    async def _comment(self, request):
        site, form = self.site, await request.post()
        if site.in_flight is not None:
            await site.in_flight()
        parent = site.things.get(form["thing_id"])
        if parent is None or site.is_gone(parent):
            return self._errors("DELETED_COMMENT", "that comment has been deleted", "parent")
        if len(form["text"]) > 10_000:
            return self._errors("TOO_LONG", "this is too long (max: 10000)", "text")
        one = site.say(US, form["text"].rstrip(), parent, lag=site.lag)
        if site.answering is not None:
            await site.answering()
        things = [rows.row(site, one)]
        return self._yes({"json": {"errors": [], "data": {"things": things}}})

    async def _del(self, request):
        form = await request.post()
        thing = self.site.things.get(form["id"])
        if thing is not None and thing.author == US:
            self.site.delete(thing)
        return self._yes({})

    async def _read(self, request):
        form = await request.post()
        for one in self.site.inbox:
            if one.get("name") in form["id"].split(","):
                one["new"] = False
        return self._yes({})


def _left_out(parent: str, children: list[str]) -> dict:
    one = children[0] if children else "_"
    told = {"count": len(children), "name": f"t1_{one}", "id": one, "parent_id": parent}
    return {"kind": "more", "data": {**told, "depth": 0, "children": children}}
