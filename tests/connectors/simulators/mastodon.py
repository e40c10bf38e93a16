"""A Mastodon instance in miniature: accounts, statuses, notifications, streams and faults."""

import asyncio
import html
import json
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta

from aiohttp import web

US = "1001"
PUBLIC = ("/api/v1/timelines/tag/", "/api/v1/statuses", "/api/v2/instance", "/api/v1/instance")


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Instance:
    """The state of one instance, and how it misbehaves."""

    def __init__(self, clock, host="here.example") -> None:
        self.clock = clock
        self.host = host
        self.base = ""
        self.tokens = {"good": US}
        self.accounts: dict[str, dict] = {}
        self.statuses: dict[str, dict] = {}
        self.deleted: dict[str, dict] = {}
        self.notifications: list[dict] = []
        self.keys: dict[str, str] = {}
        self.calls: Counter[str] = Counter()
        self.queries: list[tuple[str, str]] = []
        self.faults: dict[str, list[str]] = {}  # "POST /api/v1/statuses" -> what goes wrong next
        self.headers: dict[str, str] = {}  # what a 429 says besides
        self.left = 299
        self.min_id = "works"  # or "ignored", or "since": the newest page above it
        self.heeds_types = True
        self.most_characters = 500
        self.has_batches = True
        self.is_public = True  # tags and statuses are shown to who is not signed in
        self.has_idempotency_key = True
        self.lag = timedelta()  # until a status that was posted is shown
        self.shown_at: dict[str, datetime] = {}  # of what was posted with such a lag
        self.stream_by = "events"  # or "socket", or "" for none
        self.policy = {"for_private_mentions": "filter", "for_not_following": "accept"}
        self.blocked_by: set[str] = set()
        self.released = asyncio.Event()
        self.listening = asyncio.Event()
        self.listeners: list[asyncio.Queue] = []
        self._told_of = 0
        self._ids = 117_020_000_000_000_000
        for number, name in ((US, "tern"), ("1002", "ada"), ("1003", "bo@far.example")):
            self.accounts[number] = self.account(number, name)

    # What happens there

    def account(self, number: str, acct: str) -> dict:
        user, _, host = acct.partition("@")
        home = f"https://{host or self.host}"
        picture = f"{home}/avatars/missing.png"
        return {
            "id": number, "username": user, "acct": acct, "display_name": user.title(),
            "locked": False, "bot": number == US, "discoverable": None, "indexable": False,
            "group": False, "created_at": "2026-01-01T00:00:00.000Z", "note": "",
            "url": f"{home}/@{user}", "uri": f"{home}/ap/users/{number}",
            "avatar": picture, "avatar_static": picture, "avatar_description": "",
            "header": picture, "header_static": picture, "header_description": "",
            "followers_count": 3, "following_count": 0, "statuses_count": 2,
            "last_status_at": "2026-03-01", "hide_collections": None, "show_media": True,
            "show_media_replies": True, "show_featured": True, "noindex": False,
            "feature_approval": {"automatic": [], "manual": [], "current_user": "denied"},
            "emojis": [], "roles": [], "fields": [],
        }  # fmt: skip

    def say(self, author: str, text: str, parent: str | None = None, **more) -> dict:
        """Make a status; whoever it mentions is notified."""
        self._ids += 1
        number, who = str(self._ids), self.accounts[author]
        above = self.statuses.get(parent or "")
        status = {
            "id": number, "created_at": stamp(self.clock()),
            "in_reply_to_id": parent, "in_reply_to_account_id": above and above["account"]["id"],
            "sensitive": False, "spoiler_text": more.get("spoiler_text", ""),
            "visibility": more.get("visibility", "public"), "language": "en",
            "uri": f"{who['uri']}/statuses/{number}", "url": f"{who['url']}/{number}",
            "replies_count": 0, "reblogs_count": 0, "favourites_count": 0, "quotes_count": 0,
            "edited_at": None, "favourited": False, "reblogged": False, "muted": False,
            "bookmarked": False, "content": self.markup(text), "filtered": [],
            "reblog": None, "application": {"name": "byname", "website": None}, "account": who,
            "media_attachments": [], "mentions": [], "tags": [], "emojis": [],
            "tagged_collections": [], "quote": more.get("quote"), "card": None, "poll": None,
            "quote_approval": {"automatic": ["public"], "manual": [], "current_user": "automatic"},
        }  # fmt: skip
        self.statuses[number] = status
        if author != US and "@tern" in text:
            self.notify("mention", status)
        return status

    def markup(self, text: str) -> str:
        words = [self.word(one) for one in html.escape(text, quote=False).split(" ")]
        return f"<p>{' '.join(words)}</p>".replace("\n\n", "</p><p>").replace("\n", "<br />")

    def word(self, word: str) -> str:
        if word.startswith("@"):
            user = word[1:].split("@", maxsplit=1)[0]
            return (
                f'<span class="h-card" translate="no"><a href="https://{self.host}/@{user}"'
                f' class="u-url mention">@<span>{user}</span></a></span>'
            )
        if word.startswith("https://"):
            return (
                f'<a href="{word}"><span class="invisible">https://</span>'
                f'<span class="ellipsis">{word[8:20]}</span>'
                f'<span class="invisible">{word[20:]}</span></a>'
            )
        return word

    def notify(self, kind: str, status: object, **more) -> None:
        self._told_of += 1
        number = str(self._told_of)
        row = {
            "id": number, "type": kind, "created_at": stamp(self.clock()),
            "group_key": f"ungrouped-{number}", "account": self.accounts["1002"], "status": status,
        }  # fmt: skip
        self.notifications.append({**row, **more})
        self.tell("notification", json.dumps(self.notifications[-1]))

    def edit(self, number: str, text: str) -> None:
        status = self.statuses[number]
        status |= {"content": self.markup(text), "edited_at": stamp(self.clock())}
        self.tell("status.update", json.dumps(status))

    def delete(self, number: str) -> None:
        self.deleted[number] = self.statuses.pop(number)
        for one in self.statuses.values():
            if one["in_reply_to_id"] == number:
                one |= {"in_reply_to_id": None, "in_reply_to_account_id": None}
        gone = self.deleted[number]
        self.notifications = [one for one in self.notifications if one["status"] is not gone]
        self.tell("delete", number)

    def shown(self) -> dict[str, dict]:
        """Return the statuses that readers see now."""
        now = self.clock()
        late = {one for one, at in self.shown_at.items() if at > now}
        return {number: one for number, one in self.statuses.items() if number not in late}

    def tell(self, event: str, payload: str) -> None:
        for one in self.listeners:
            one.put_nowait((event, payload))

    # What it answers

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._door])
        app.add_routes([
            web.get("/api/v1/accounts/verify_credentials", self._me),
            web.get("/api/v1/apps/verify_credentials", self._app),
            web.get("/api/v2/instance", self._instance),
            web.get("/api/v2/notifications/policy", self._policy),
            web.get("/api/v1/notifications", self._notifications),
            web.get("/api/v1/accounts/relationships", self._relationships),
            web.get("/api/v1/accounts/{id}/statuses", self._own),
            web.get("/api/v1/statuses", self._some),
            web.get("/api/v1/statuses/{id}", self._one),
            web.get("/api/v1/statuses/{id}/context", self._context),
            web.get("/api/v1/timelines/tag/{tag}", self._tag),
            web.get("/api/v2/search", self._search),
            web.post("/api/v1/statuses", self._post),
            web.delete("/api/v1/statuses/{id}", self._delete),
            web.get("/api/v1/streaming/user", self._events),
            web.get("/api/v1/streaming", self._socket),
            web.post("/api/v1/apps", self._new_app),
            web.post("/oauth/token", self._token),
            web.post("/oauth/revoke", self._revoke),
        ])  # fmt: skip
        return app

    @web.middleware
    async def _door(self, request, handler):
        name = f"{request.method} {request.path}"
        self.calls[name] += 1
        self.queries.append((request.path, request.query_string))
        if not request.path.startswith(("/oauth", "/api/v1/apps")) or request.method == "GET":
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            is_open = self.is_public and not token and request.path.startswith(PUBLIC)
            if token not in self.tokens and not is_open:
                return self._no(401, "The access token is invalid")
        fault = self.faults[name].pop(0) if self.faults.get(name) else ""
        return await self._go_wrong(fault, request, handler)

    async def _go_wrong(self, fault, request, handle):
        match fault:
            case "rate_limited":
                return self._no(429, "Too many requests", self.headers)
            case "auth_failed":
                return self._no(401, "The access token was revoked")
            case "forbidden":
                return self._no(403, "This action is outside the authorized scopes")
            case "rejected":
                return self._no(422, "Validation failed: Text can't be blank")
            case "html_404":
                return web.Response(status=404, text="<html>", content_type="text/html")
            case "error_before":
                return web.Response(status=503, text="<html>", content_type="text/html")
            case "timeout_before":
                await self.released.wait()
        return await self._go_wrong_after(fault, request, await handle(request))

    async def _go_wrong_after(self, fault, request, answer):
        match fault:
            case "error_after":
                return web.Response(status=502, text="<html>", content_type="text/html")
            case "timeout_after":
                await self.released.wait()
            case "cut":
                request.transport.abort()
            case "garbled":
                return web.Response(text='{"id": "11', content_type="application/json")
        return answer

    def _no(self, status: int, error: str, headers=None) -> web.Response:
        return web.json_response({"error": error}, status=status, headers=headers)

    def _yes(self, told, **headers) -> web.Response:
        limits = {
            "X-RateLimit-Limit": "300", "X-RateLimit-Remaining": str(self.left),
            "X-RateLimit-Reset": stamp(self.clock() + timedelta(minutes=5)),
        }  # fmt: skip
        return web.json_response(told, headers={**limits, **headers})

    async def _me(self, _):
        return self._yes(self.accounts[US])

    async def _app(self, _):
        return self._yes(
            {"id": "1", "name": "byname", "website": None, "scopes": ["read", "write"]}
        )

    async def _instance(self, _):
        streaming = {"events": self.base, "socket": self.base.replace("http", "ws")}
        urls = {"streaming": streaming.get(self.stream_by)}
        most = {"max_characters": self.most_characters, "characters_reserved_per_url": 23}
        told = {"domain": self.host, "version": "4.6.4"}
        return self._yes({**told, "configuration": {"urls": urls, "statuses": most}})

    async def _policy(self, _):
        return self._yes({**self.policy, "summary": {"pending_requests_count": 0}})

    async def _notifications(self, request):
        types = request.query.getall("types[]", [])
        rows = [one for one in self.notifications if one["type"] in types or not self.heeds_types]
        if request.query.get("include_filtered") != "true":
            rows = [one for one in rows if not one.get("filtered")]
        return self._list(request, rows, 80)

    async def _relationships(self, request):
        ids = request.query.getall("id[]")
        told = [{"id": one, "blocking": False, "blocked_by": one in self.blocked_by} for one in ids]
        return self._yes(told)

    async def _own(self, request):
        rows = [
            one for one in self.shown().values()
            if one["account"]["id"] == request.match_info["id"]
        ]  # fmt: skip
        return self._list(request, rows, 40)

    async def _tag(self, request):
        tag = f"#{request.match_info['tag']}".casefold()
        rows = [one for one in self.shown().values() if tag in one["content"].casefold()]
        return self._list(request, rows, 40)

    def _list(self, request, rows, most: int):
        """Answer a page, newest first, as `max_id`, `since_id` and `min_id` ask for."""
        asked, limit = request.query, min(most, int(request.query.get("limit", "20")))
        key = lambda row: int(row["id"])  # noqa: E731
        rows = sorted(rows, key=key)
        if "max_id" in asked:
            rows = [row for row in rows if key(row) < int(asked["max_id"])]
        if "min_id" in asked and self.min_id != "ignored":
            rows = [row for row in rows if key(row) > int(asked["min_id"])]
        forward = "min_id" in asked and self.min_id == "works"
        page = rows[:limit] if forward else rows[-limit:]
        link = f'<{request.url.with_query({})}?min_id={page[-1]["id"]}>; rel="prev"' if page else ""
        return self._yes(page[::-1], Link=link)

    async def _some(self, request):
        if not self.has_batches:
            return self._no(404, "Not found")
        ids = request.query.getall("id[]")[:20]
        shown = self.shown()
        return self._yes([shown[one] for one in ids if one in shown])

    async def _one(self, request):
        status = self.shown().get(request.match_info["id"])
        return self._yes(status) if status else self._no(404, "Record not found")

    async def _context(self, request):
        shown = self.shown()
        status = shown.get(request.match_info["id"])
        if status is None:
            return self._no(404, "Record not found")
        above, number = [], status["in_reply_to_id"]
        while number in shown:
            above.append(shown[number])
            number = above[-1]["in_reply_to_id"]
        under = [one for one in shown.values() if one["in_reply_to_id"] == status["id"]]
        return self._yes({"ancestors": above[::-1], "descendants": under})

    async def _search(self, request):
        wanted = request.query["q"]
        found = [one for one in self.shown().values() if wanted in (one["uri"], one["url"])]
        return self._yes({"accounts": [], "statuses": found, "hashtags": []})

    async def _post(self, request):
        asked = await request.json()
        key = request.headers.get("Idempotency-Key")
        if self.has_idempotency_key and key in self.keys:
            return self._yes(self.statuses[self.keys[key]])
        if asked["in_reply_to_id"] not in self.statuses:
            return self._no(404, "Record not found")
        if not asked["status"].strip():
            return self._no(422, "Validation failed: Text can't be blank")
        more = {name: asked[name] for name in ("visibility", "spoiler_text")}
        status = self.say(US, asked["status"], asked["in_reply_to_id"], **more)
        if key:
            self.keys[key] = status["id"]
        if self.lag:
            self.shown_at[status["id"]] = self.clock() + self.lag
        return self._yes(status)

    async def _delete(self, request):
        number = request.match_info["id"]
        if number not in self.statuses:
            return self._no(404, "Record not found")
        told = {**self.statuses[number], "text": "as it was written"}
        self.delete(number)
        return self._yes(told)

    async def _events(self, request):
        if self.stream_by != "events":
            return self._no(404, "Not found")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b":)\n")
        with suppress(ConnectionResetError):  # whoever listened is gone
            async for event, payload in self._told():
                text = f":thump\n\nevent: {event}\ndata: {payload}\n\n"
                await response.write(text.encode())
        return response

    async def _socket(self, request):
        if self.stream_by != "socket":
            return self._no(404, "Not found")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        with suppress(ConnectionResetError):
            async for event, payload in self._told():
                frame = {"stream": ["user"], "event": event, "payload": payload}
                await socket.send_str(json.dumps(frame))
        return socket

    async def _told(self):
        """Yield what happens until the instance is told to hang up."""
        queue: asyncio.Queue = asyncio.Queue()
        self.listeners.append(queue)
        self.listening.set()
        try:
            while (told := await queue.get()) is not None:
                yield told
        finally:
            self.listeners.remove(queue)

    def hang_up(self) -> None:
        for one in self.listeners:
            one.put_nowait(None)

    def release(self) -> None:
        """Let go of everybody who waits, so that the server can end."""
        self.released.set()
        self.hang_up()

    async def _new_app(self, _):
        return web.json_response({"client_id": "app", "client_secret": "hush", "name": "byname"})

    async def _token(self, request):
        form = await request.post()
        if form["code"] != "right" or not form["code_verifier"]:
            told = {"error": "invalid_grant", "error_description": "The grant is invalid."}
            return web.json_response(told, status=400)
        self.tokens["fresh"] = US
        return web.json_response({"access_token": "fresh", "scope": "read write"})

    async def _revoke(self, request):
        form = await request.post()
        self.tokens.pop(form["token"], None)
        return web.json_response({})
