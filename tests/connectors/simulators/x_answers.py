"""What X in miniature answers, and how that goes wrong."""

import asyncio
import json
import re
from datetime import datetime, timedelta

from aiohttp import web

from connectors._length import x_links
from simulators.x import US, Passed, Square, stamp

PROBLEM = "https://api.x.com/2/problems/"
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
NOT_SUMMONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise"
    " engaged by the author of the post you are replying to."
)
GONE = "You attempted to reply to a Tweet that is deleted or not visible to you."
LIMITS = {
    "GET /2/users/:id/mentions": 300, "GET /2/tweets/search/recent": 300, "POST /2/tweets": 100,
    "DELETE /2/tweets/:id": 50, "GET /2/tweets": 5000, "GET /2/users/:id/tweets": 900,
}  # fmt: skip
TO_POSTS = {
    "edit_history_tweet_ids": "edit_history_post_ids", "referenced_tweets": "referenced_posts",
    "note_tweet": "note_post", "total_tweet_count": "total_post_count", "tweets": "posts",
    "tweet_count": "post_count",
}  # fmt: skip


def app(square: Square) -> web.Application:
    answers = Answers(square)
    made = web.Application(middlewares=[answers.door])
    made.add_routes([
        web.get("/2/users/me", answers.me),
        web.get("/2/users", answers.some_users),
        web.get("/2/users/{id}/mentions", answers.mentions),
        web.get("/2/users/{id}/tweets", answers.own),
        web.get("/2/tweets", answers.lookup),
        web.get("/2/tweets/search/recent", answers.search),
        web.get("/2/tweets/counts/recent", answers.counts),
        web.post("/2/tweets", answers.create),
        web.delete("/2/tweets/{id}", answers.delete),
        web.post("/2/oauth2/token", answers.token),
        web.post("/2/oauth2/revoke", answers.revoke),
    ])  # fmt: skip
    return made


class Answers:
    """One square's door and what stands behind it."""

    def __init__(self, square: Square) -> None:
        self.square = square

    @web.middleware
    async def door(self, request, handler):
        name = f"{request.method} {re.sub(r'[0-9]{3,}', ':id', request.path)}"
        self.square.calls[name] += 1
        self.square.heard.append(dict(request.headers))
        faults = self.square.faults.get(name)
        fault = faults.pop(0) if faults else ""
        if self.square.chance:
            fault = self.square.chance(name)
        await request.read()  # what was heard is done, even if nobody waits for the answer
        refused = self._refused(request, fault)
        answer = refused or await self._go_wrong(fault, request, handler, name)
        body = answer.text if isinstance(answer, web.Response) else None
        if body and body.startswith("{") and fault != "garbled":
            passed = Passed(
                request.method, request.path, dict(request.query), answer.status, json.loads(body)
            )
            self.square.passed.append(passed)
        answer.headers["Date"] = self.square.clock().strftime("%a, %d %b %Y %H:%M:%S GMT")
        return answer

    def _refused(self, request, fault):
        if request.path.startswith("/2/oauth2/"):
            return None
        if fault == "auth_failed":
            self.square.revoke()
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        expires_at = self.square.tokens.get(token)
        if expires_at is None or expires_at <= self.square.clock():
            return no(401, "Unauthorized", title="Unauthorized")
        if self.square.credits is not None and self.square.credits <= 0:
            said = "Your enrolled account does not have any credits to fulfill this request."
            return no(402, said, title="CreditsDepleted")
        return None

    async def _go_wrong(self, fault, request, handler, name):
        match fault:
            case "rate_limited":
                return self._limited(name)
            case "rate_limited_page":
                return web.Response(status=429, text="<html>slow down", content_type="text/html")
            case "rejected":
                said = "One or more parameters to your request was invalid."
                return no(400, said, title="Invalid Request")
            case "forbidden":
                return no(403, "You are not permitted to perform this action.", title="Forbidden")
            case "wall":
                return web.Response(status=403, text="<html>who are you", content_type="text/html")
            case "error_before":
                return web.Response(status=503, text="<html>", content_type="text/html")
            case "only_errors":
                told = {"errors": [problem("not-authorized-for-resource", US, "user")]}
                return web.json_response(told)
            case "slow" | "late":  # late: also for a client that is gone meanwhile
                await asyncio.sleep(0.12 if fault == "slow" else 0.25)
            case "timeout_before":
                self.square.arrived.set()
                await self.square.released.wait()
        return await self._go_wrong_after(fault, request, await handler(request), name)

    async def _go_wrong_after(self, fault, request, answer, name):
        match fault:
            case "error_after":
                return web.Response(status=502, text="<html>", content_type="text/html")
            case "timeout_after":
                await self.square.released.wait()
            case "cut":
                request.transport.abort()
            case "garbled":
                return web.Response(text='{"data": {"id"', content_type="application/json")
            case "no_object":
                return web.json_response(["?"])
        for key, value in self._limits(name).items():
            answer.headers[key] = value
        return answer

    def _limits(self, name):
        if name not in LIMITS:
            return {}
        self.square.left[name] += 1
        resets_at = self.square.clock() + timedelta(minutes=15)
        return {
            "x-rate-limit-limit": str(LIMITS[name]),
            "x-rate-limit-remaining": str(LIMITS[name] - self.square.left[name]),
            "x-rate-limit-reset": str(int(resets_at.timestamp())),
        }

    def _limited(self, name):
        headers = self.square.headers
        if headers is None:
            headers = {**self._limits(name), "x-rate-limit-remaining": "0"}
        told = {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank",
                "status": 429}  # fmt: skip
        return web.json_response(told, status=429, headers=headers)

    # Reading

    async def me(self, _):
        user = dict(self.square.users[US])
        if self.square.no_name:
            del user["name"]
        self.square.charge("user read", [f"user:{US}"])
        return self._yes({"data": user})

    async def some_users(self, request):
        ids = request.query["ids"].split(",")
        found = [self.square.users[one] for one in ids if one in self.square.users]
        missing = [problem("resource-not-found", one, "user")
                   for one in ids if one not in self.square.users]  # fmt: skip
        self.square.charge("user read", [f"user:{one['id']}" for one in found])
        return self._yes({**({"data": found} if found else {}),
                          **({"errors": missing} if missing else {})})  # fmt: skip

    async def mentions(self, request):
        rows = self.square.mentioning(request.match_info["id"])[: self.square.mentions_depth]
        return self._list(request, rows, self._owned())

    async def own(self, request):
        rows = self.square.by(request.match_info["id"])[: self.square.own_depth]
        return self._list(request, rows, self._owned())

    async def search(self, request):
        oldest = self.square.clock() - timedelta(days=7)
        since = request.query.get("since_id")
        if since and self._time_of(since) < oldest:
            return no(400, "'since_id' must be a tweet id created after a week ago",
                      title="Invalid Request")  # fmt: skip
        rows = [one.row for one in self.square.shown()
                if self._time_of(one.id) >= oldest and matches(request.query["query"], one.row,
                                                               self.square.users)]  # fmt: skip
        return self._list(request, rows, "post read")

    async def counts(self, request):
        users = self.square.users
        query = request.query["query"]
        found = sum(matches(query, one.row, users) for one in self.square.shown())
        self.square.take("count", 1)
        now = self.square.clock()
        days = [{"start": stamp(now - timedelta(days=1)), "end": stamp(now), "tweet_count": found}]
        return self._yes({"data": days, "meta": {"total_tweet_count": found}})

    async def lookup(self, request):
        ids = request.query["ids"].split(",")
        if len(ids) > 100:
            return no(400, "ids: too many", title="Invalid Request")
        now, rows, missing = self.square.clock(), [], []
        for one in ids:
            post = self.square.posts.get(one)
            if post is None or one in self.square.hidden or post.visible_at > now:
                kind = self.square.hidden.get(one, "resource-not-found")
                missing.append(problem(kind, one, "post"))
            else:
                rows.append(self._asked_for(request, post.row))
        self.square.charge("post read", [row["id"] for row in rows])
        told = {"data": rows} if rows else {}
        return self._yes({**told, **({"errors": missing} if missing else {})})

    def _list(self, request, rows, price):
        """Answer a page, newest first, as the ids, times and tokens ask for."""
        asked = request.query
        below = int(asked.get("until_id", 2**63))
        if token := asked.get("pagination_token") or asked.get("next_token"):
            below = int(token.removeprefix("7140"), 16)
        above = int(asked.get("since_id", "0"))
        since = datetime.fromisoformat(asked.get("start_time", "2010-11-06T00:00:00Z"))
        rows = [row for row in rows if above < int(row["id"]) < below
                and self._time_of(row["id"]) >= since]  # fmt: skip
        size = min(self.square.page, int(asked.get("max_results", "10")))
        page, rest = rows[:size], rows[size:]
        if self.square.empty_pages and rows:
            self.square.empty_pages -= 1
            page, rest = [], rows
        self.square.charge(price, [row["id"] for row in page])
        meta = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": page[0]["id"], "oldest_id": page[-1]["id"]}
        if rest:
            meta["next_token"] = f"7140{int(page[-1]['id']) if page else below:x}"
        told = {"data": [self._asked_for(request, one) for one in page]} if page else {}
        shown = [
            key for row in page for key in (row.get("attachments") or {}).get("media_keys", ())
        ]
        if shown:
            told["includes"] = {"media": [self.square.media[key] for key in shown]}
        if self.square.after_list:
            self.square.after_list()
        return self._yes({**told, "meta": meta})

    def _asked_for(self, request, row):
        """Show only the fields that were asked for, as X does."""
        fields = {"id", "text", "edit_history_tweet_ids",
                  *request.query.get("tweet.fields", "").split(",")}  # fmt: skip
        return {name: value for name, value in row.items() if name in fields}

    def _owned(self):
        return "owned read" if self.square.owns_app else "post read"

    def _time_of(self, number):
        from connectors.x.snowflake import made_at

        return made_at(int(number))

    def _yes(self, told, status=200):
        if self.square.speaks == "posts":
            told = renamed(told)
        return web.json_response(told, status=status)

    # Writing

    async def create(self, request):
        asked = await request.json()
        text, parent = asked["text"], asked["reply"]["in_reply_to_tweet_id"]
        post = self.square.posts.get(parent)
        if post is None or parent in self.square.hidden:
            return no(403, GONE, title="Forbidden")
        if self.square.summoned_only and not self._is_summoned(post.row):
            return no(403, NOT_SUMMONED, title="Forbidden")
        said = (text, parent if self.square.same_text_everywhere else "")
        if said in self.square.said:
            return no(403, DUPLICATE, title="Forbidden")
        self.square.said.add(said)
        row = self.square.say(US, text, parent)
        self.square.take("post with a link" if x_links(text) else "summoned reply", 1)
        if self.square.after_post:
            self.square.after_post(row)
        told = {"id": row["id"], "text": row["text"]}
        return self._yes({"data": told}, status=201)

    def _is_summoned(self, row):
        mentioned = {one["id"] for one in row["entities"].get("mentions", ())}
        quoted = [one["id"] for one in row.get("referenced_tweets", ()) if one["type"] == "quoted"]
        return US in {*mentioned, *(self.square.posts[one].author for one in quoted)}

    async def delete(self, request):
        number = request.match_info["id"]
        if number not in self.square.posts:
            return no(404, "Could not find tweet with id: [it].", title="Not Found Error")
        self.square.delete(number)
        self.square.take("deletion", 1)
        return self._yes({"data": {"deleted": True}})

    # Signing in

    async def token(self, request):
        form = await request.post()
        if "client_id" not in form and "Authorization" not in request.headers:
            return web.json_response({"error": "unauthorized_client"}, status=400)
        if form["grant_type"] == "authorization_code":
            is_good = form["code"] in self.square.codes and bool(form["code_verifier"])
        else:
            is_good = form["refresh_token"] in self.square.refreshers
            self.square.refreshers.discard(form["refresh_token"])
        if not is_good:
            told = {"error": "invalid_request",
                    "error_description": "Value passed for the token was invalid."}  # fmt: skip
            return web.json_response(told, status=400)
        return web.json_response(self.square.new_tokens())

    async def revoke(self, request):
        form = await request.post()
        self.square.tokens.pop(form["token"], None)
        return web.json_response({"revoked": True})


def no(status: int, detail: str, *, title: str) -> web.Response:
    told = {"title": title, "detail": detail, "type": "about:blank", "status": status}
    return web.json_response(told, status=status, content_type="application/problem+json")


def problem(kind: str, ref: str, what: str) -> dict:
    return {
        "type": PROBLEM + kind, "title": "Not Found Error", "resource_type": what,
        "resource_id": ref,
        "detail": f"Could not find {what} with ids: [{ref}].",
    }  # fmt: skip


def renamed(told):
    """Return an answer in the words of X's specification."""
    if isinstance(told, dict):
        return {TO_POSTS.get(name, name): renamed(value) for name, value in told.items()}
    return [renamed(one) for one in told] if isinstance(told, list) else told


def matches(query: str, row: dict, users: dict) -> bool:
    """Tell whether a post fits a query: words, operators, one group of alternatives in front."""
    group, _, rest = query.removeprefix("(").partition(")")
    is_in = any(_fits_all(one, row, users) for one in group.split(" OR "))
    return is_in and _fits_all(rest, row, users)


def _fits_all(terms: str, row: dict, users: dict) -> bool:
    return all(_fits(term, row, users) for term in terms.split())


def _fits(term: str, row: dict, users: dict) -> bool:
    if term.startswith("-"):
        return not _fits(term[1:], row, users)
    name, _, value = term.partition(":")
    references = row.get("referenced_tweets", ())
    match name:
        case "conversation_id":
            return row.get("conversation_id") == value
        case "quotes_of_tweet_id":
            return {"type": "quoted", "id": value} in references
        case "from":
            return users.get(row.get("author_id"), {}).get("username") == value
        case "is":
            return any(one["type"] == "retweeted" for one in references)
    return term.casefold() in str(row.get("text", "")).casefold().split()
