"""The Mastodon connector: every verb of the contract for one login on one instance.

Facts of the platform and their sources are in platforms' data and in the docstrings beside the
rules. Not here: HTTP (api), JSON (parse), paging (feed), streams (stream), places (above).
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from connectors._http import before_sending
from connectors._platforms import length
from connectors._text import html_to_text, matching_form
from connectors.contract import AuthFailed, Rejected, UnexpectedAnswer
from connectors.mastodon import parse
from connectors.mastodon.above import Threads
from connectors.mastodon.api import Api, at
from connectors.mastodon.feed import Rows
from connectors.mastodon.hear import Ear, read_cursor
from connectors.model import (
    Budget,
    Fate,
    Health,
    Message,
    MessageRef,
    Outgoing,
    Page,
    Permission,
    Posted,
    Recheck,
    Source,
)

SKEW = timedelta(minutes=10)  # how far the instance's clock may be off when we look for a reply
SCOPES = ("read:accounts", "read:notifications", "read:search", "read:statuses", "write:statuses")
_BATCH = 20


class Mastodon:
    """One login on one instance."""

    def __init__(
        self,
        api: Api,
        *,
        team: Sequence[str] = (),
        is_streaming: bool = True,
        look_anyway_s: float = 120.0,
        granted: Sequence[str] = (),
        is_public: bool = False,
    ) -> None:
        """Open a login; `is_public`: nobody is signed in, only what everybody sees is read."""
        self._api = api
        self._is_public = is_public
        self._team = tuple(one.removeprefix("@") for one in team)
        self._is_streaming = is_streaming
        self._granted = tuple(granted)
        self._threads = Threads(api)
        self._ear = Ear(api, self._threads, look_anyway_s)
        self._us: parse.Us | None = None

    async def check(self) -> Health:
        if self._is_public:
            return await self._check_public()
        account = await self._account()
        scopes = await self._scopes()
        instance = await self._api.instance()
        return Health(
            who=f"@{account['acct']} on {self._api.base_url} ({instance.version or 'unknown'})",
            scopes=scopes,
            budget=self._api.reading,
            has_automation_label=account.get("bot") is True,
            todo=(*_missing(scopes), *await self._dropped()),
        )

    async def pages(self, source: Source, after: str | None) -> AsyncIterator[Page]:
        """Yield what is new, oldest first; go on with what happens where that is streamed."""
        us, cursor = await self._who(), read_cursor(after)
        async for page in self._ear.poll(source, cursor, us):
            yield page
        if self._is_streaming and source.may_stream and source.kind == "mentions":
            async for page in self._ear.stream(source, cursor, us):
                yield page

    async def thread(self, message: MessageRef) -> Sequence[Message]:
        us = await self._who()
        above = await self._threads.above(await self._server_ref(message))
        return [parse.message(one, await self._threads.place(one), us) for one in above]

    async def recheck(self, refs: Sequence[MessageRef]) -> Sequence[Recheck]:
        """Look at many at once where the instance can (4.3); what is missing is asked for alone."""
        us = await self._who()
        found: dict[str, Any] = {}
        ids = [one.server_ref for one in refs if one.server_ref]
        for start in range(0, len(ids), _BATCH):
            found |= await self._some(ids[start : start + _BATCH])
        return [await self._recheck(one, found, us) for one in refs]

    async def may_reply(self, message: MessageRef) -> Permission:
        if self._is_public:
            return Permission(False, "Nobody is signed in here: answer by hand.", "byname.toml")
        status = await self._status(await self._server_ref(message))
        if status is None:
            return Permission(False, "The message is gone.", "the instance answers 404")
        author = status["account"]
        told = await self._api.get("/api/v1/accounts/relationships", [("id[]", author["id"])])
        relation = told[0] if told else {}
        if relation.get("blocked_by"):
            return Permission(
                False, f"@{author['acct']} has blocked us.", "the account's relations"
            )
        if relation.get("blocking"):
            return Permission(
                False, f"We have blocked @{author['acct']}.", "the account's relations"
            )
        return Permission(True)

    async def post(self, reply: Outgoing) -> Posted:
        """Try once, with the reply's key: the same key within an hour returns the same status.

        Source: docs.joinmastodon.org/methods/statuses, Idempotency-Key. Some servers ignore it.
        """
        if self._is_public:
            raise Rejected("Nobody is signed in here: answer by hand.", code="not_allowed")
        text = addressed(reply)
        async with before_sending():
            most = await self._most_characters()
            parent = await self._server_ref(reply.parent)
        size = length("mastodon", text + reply.content_warning, most)
        if not size.fits:
            raise Rejected(f"{size.used} {size.unit}, {size.limit} fit", code="too_long")
        body = {
            "status": text,
            "in_reply_to_id": parent,
            "visibility": parse.THEIR_VISIBILITY[reply.parent.visibility],
            "spoiler_text": reply.content_warning,
            "language": reply.language,
        }
        told = await self._api.send("POST", "/api/v1/statuses", body, key=reply.key)
        return _read_posted(told)

    async def find_reply(self, reply: Outgoing) -> Posted | None:
        """Read our own statuses back to the moment of the reply, newest first."""
        us, since = await self._who(), reply.created_at - SKEW
        limit: list[tuple[str, str]] = []
        while rows := await self._own(us, [("limit", "40"), *limit]):
            young = [row for row in rows if parse.moment(row["created_at"]) >= since]
            for row in young:
                if _is_shown_as(row, reply):
                    return parse.posted(row)
            oldest = ("max_id", rows[-1]["id"])
            if len(young) < len(rows) or oldest in limit:
                return None
            limit = [oldest]
        return None

    async def delete(self, posted: Posted) -> None:
        server_ref = posted.server_ref or await self._find_server_ref(posted.ref)
        try:
            await self._api.send("DELETE", at("/api/v1/statuses/{}", server_ref))
        except Rejected as error:
            if error.code != "parent_gone":
                raise

    async def budget(self) -> Budget:
        return self._api.reading

    async def close(self) -> None:
        await self._api.close()

    async def _check_public(self) -> Health:
        instance = await self._api.instance()
        return Health(
            who=f"nobody on {self._api.base_url} ({instance.version or 'unknown'}): read only",
            scopes=("read:statuses",),
            budget=self._api.reading,
        )

    async def _who(self) -> parse.Us:
        if self._is_public:
            return parse.Us("", "", self._team)
        if self._us is None:
            account = await self._account()
            self._us = parse.Us(account["id"], account["acct"], self._team)
        return self._us

    async def _account(self) -> Any:
        """Return our account. A no to this call is about the token; snac2 says it with 422."""
        try:
            return await self._api.get("/api/v1/accounts/verify_credentials")
        except Rejected as error:
            if error.code == "parent_gone":
                raise UnexpectedAnswer(f"this is no Mastodon server: {error.reason}") from error
            raise AuthFailed(error.reason) from error

    async def _scopes(self) -> tuple[str, ...]:
        """Return what was granted to our token, or to our app; some servers tell neither."""
        if self._granted:
            return self._granted
        try:
            told = await self._api.get("/api/v1/apps/verify_credentials")
        except Rejected:
            return SCOPES
        scopes = told.get("scopes")
        return tuple(scopes) if scopes else SCOPES

    async def _dropped(self) -> tuple[str, ...]:
        """Say whose mentions the account's notification policy drops: nobody can read those."""
        try:
            policy = await self._api.get("/api/v2/notifications/policy")
        except Rejected:
            return ()
        who = [one for one, does in policy.items() if does == "drop"]
        return tuple(
            f"Mentions are dropped by the notification policy ({one}): set it to filter or accept."
            for one in who
        )

    async def _most_characters(self) -> int:
        return (await self._api.instance()).most_characters

    async def _server_ref(self, message: MessageRef) -> str:
        return message.server_ref or await self._find_server_ref(message.ref)

    async def _find_server_ref(self, ref: str) -> str:
        """Ask the instance for its own id of a status that is known by its uri."""
        asked = [("q", ref), ("type", "statuses"), ("resolve", "true"), ("limit", "1")]
        told = await self._api.get("/api/v2/search", asked)
        for status in told.get("statuses", ()):
            if ref in (status.get("uri"), status.get("url")):
                return str(status["id"])
        raise Rejected("this instance does not know the message", code="parent_gone")

    async def _status(self, server_ref: str) -> Mapping[str, Any] | None:
        try:
            told: Mapping[str, Any] = await self._api.get(at("/api/v1/statuses/{}", server_ref))
        except Rejected as error:
            if error.code == "parent_gone":
                return None
            raise
        return told

    async def _some(self, ids: Sequence[str]) -> dict[str, Any]:
        try:
            rows = await self._api.browse("/api/v1/statuses", [("id[]", one) for one in ids])
        except (Rejected, UnexpectedAnswer):
            return {}
        return {row["id"]: row for row in rows} if isinstance(rows, list) else {}

    async def _recheck(self, one: MessageRef, found: Mapping[str, Any], us: parse.Us) -> Recheck:
        if not one.server_ref:
            return Recheck(one.ref, "unknown")
        status = found.get(one.server_ref) or await self._status(one.server_ref)
        if status is None:
            return Recheck(one.ref, "deleted")
        above = parse.Above(None, one.root_ref)
        fate: Fate = "edited" if status.get("edited_at") else "there"
        return Recheck(one.ref, fate, parse.message(status, above, us))

    async def _own(self, us: parse.Us, params: Sequence[tuple[str, str]]) -> Rows:
        path = at("/api/v1/accounts/{}/statuses", us.server_ref)
        rows: Rows = await self._api.get(path, [("exclude_reblogs", "true"), *params])
        return rows


def _is_shown_as(row: Mapping[str, Any], reply: Outgoing) -> bool:
    """Tell whether a status of ours is this reply; a parent deleted meanwhile is named no more."""
    parent = row.get("in_reply_to_id")
    is_there = parent is None or reply.parent.server_ref in (None, parent)
    return is_there and matching_form(html_to_text(row["content"])) == matching_form(reply.text)


def addressed(reply: Outgoing) -> str:
    """Put the mention in front that lets the author know, unless the text has it already.

    Source: docs.joinmastodon.org/methods/statuses: in_reply_to_id alone notifies nobody.
    """
    handle = reply.parent.author_handle.removeprefix("@")
    if not handle or f"@{handle.split('@')[0]}".casefold() in reply.text.casefold():
        return reply.text
    return f"@{handle} {reply.text}"


def _missing(scopes: Sequence[str]) -> Sequence[str]:
    """Say which scopes are missing; `read` covers `read:statuses`."""
    missing = [one for one in SCOPES if one not in scopes and one.split(":")[0] not in scopes]
    return [f"The scope {one} is missing: connect this login again." for one in missing]


def _read_posted(told: Any) -> Posted:
    try:
        return parse.posted(told)
    except parse.BROKEN as error:
        raw = json.dumps(told)[:4000]
        raise UnexpectedAnswer("the answer to a post cannot be read", raw=raw) from error
