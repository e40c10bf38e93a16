"""The Bluesky connector: every verb of the contract for one account.

Not here: sessions and XRPC (api), JSON (parse), what a reply's record holds (record), lists (hear).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from connectors._http import before_sending
from connectors._platforms import length
from connectors.bluesky import parse
from connectors.bluesky.api import Api
from connectors.bluesky.hear import Cursor, poll
from connectors.bluesky.record import COLLECTION, handles, post_record, record_key
from connectors.contract import Rejected, UnexpectedAnswer
from connectors.model import (
    Budget,
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

_BATCH = 25
_ABOVE = "80"
_DEFINED = "app.bsky.feed.defs#"


class Bluesky:
    """One account."""

    def __init__(self, api: Api, *, team: Sequence[str] = ()) -> None:
        self._api = api
        self._team = tuple(one.removeprefix("@") for one in team)

    async def check(self) -> Health:
        told = await self._api.get("com.atproto.server.getSession")
        profile = await self._api.get("app.bsky.actor.getProfile", [("actor", told["did"])])
        is_active = told.get("active", True)
        why = f"The account is {told.get('status') or 'not active'}: see the app."
        return Health(
            who=f"@{told['handle']} ({told['did']}) at {self._api.base_url}",
            ok=is_active,
            scopes=("read", "write"),
            budget=self._api.reading,
            has_automation_label=parse.is_bot(profile),
            todo=() if is_active else (why,),
        )

    async def pages(self, source: Source, after: str | None) -> AsyncIterator[Page]:
        async for page in poll(self._api, source, Cursor.read(after), self._us()):
            yield page

    async def thread(self, message: MessageRef) -> Sequence[Message]:
        asked = [("uri", message.ref), ("depth", "0"), ("parentHeight", _ABOVE)]
        told = await self._api.browse("app.bsky.feed.getPostThread", asked)
        above: list[Message] = []
        view = told["thread"].get("parent")
        while view and "post" in view:  # where it ends: the first post, one deleted, one blocked
            above.append(parse.message(view["post"], self._us()))
            view = view.get("parent")
        return above[::-1]

    async def recheck(self, refs: Sequence[MessageRef]) -> Sequence[Recheck]:
        found: dict[str, Any] = {}
        for start in range(0, len(refs), _BATCH):
            found |= await self._posts([one.ref for one in refs[start : start + _BATCH]])
        return [await self._recheck(one, found.get(one.ref)) for one in refs]

    async def may_reply(self, message: MessageRef) -> Permission:
        """Look for what forbids a reply: a deleted post, a threadgate, a block."""
        view = (await self._posts([message.ref])).get(message.ref)
        if view is None:
            return Permission(False, "The message is gone.", "the network does not show it")
        if (view.get("viewer") or {}).get("replyDisabled"):
            rule = "Whoever began this thread lets only some people reply."
            return Permission(False, rule, "its threadgate")
        relation = view["author"].get("viewer") or {}
        if relation.get("blockedBy"):
            return Permission(False, f"@{view['author']['handle']} has blocked us.", "their blocks")
        if relation.get("blocking") or relation.get("blockingByList"):
            return Permission(False, f"We block @{view['author']['handle']}.", "our blocks")
        return Permission(True)

    async def post(self, reply: Outgoing) -> Posted:
        """Write the reply's record at its own key: a repeated attempt writes the same again.

        An existing record of another content at that key is never written over.
        """
        size = length("bluesky", reply.text)
        if not size.fits:
            raise Rejected(f"{size.used} {size.unit}, {size.limit} fit", code="too_long")
        async with before_sending():
            if known := await self._record(reply):
                return _same(known, reply)
            parent = await self._parent(reply.parent)
            record = post_record(reply, parent, await self._dids(reply.text))
        told = await self._api.send(
            "com.atproto.repo.putRecord",
            {
                "repo": self._api.did,
                "collection": COLLECTION,
                "rkey": record_key(reply),
                "record": record,
            },
        )
        return _read_posted(told, record)

    async def find_reply(self, reply: Outgoing) -> Posted | None:
        """Look at the reply's own place in our repository, which knows it at once."""
        known = await self._record(reply)
        return _same(known, reply) if known else None

    async def delete(self, posted: Posted) -> None:
        body = {
            "repo": self._api.did,
            "collection": COLLECTION,
            "rkey": parse.key_of(posted.ref),
        }
        await self._api.send("com.atproto.repo.deleteRecord", body)

    async def budget(self) -> Budget:
        return self._api.reading

    async def close(self) -> None:
        await self._api.close()

    def _us(self) -> parse.Us:
        return parse.Us(self._api.did, self._api.handle, self._team)

    async def _posts(self, uris: Sequence[str]) -> dict[str, Any]:
        told = await self._api.get("app.bsky.feed.getPosts", [("uris", one) for one in uris])
        return {one["uri"]: one for one in told["posts"]}

    async def _record(self, reply: Outgoing) -> Mapping[str, Any] | None:
        asked = [("repo", self._api.did), ("collection", COLLECTION), ("rkey", record_key(reply))]
        try:
            told: Mapping[str, Any] = await self._api.get("com.atproto.repo.getRecord", asked)
        except Rejected as error:
            if error.code == "parent_gone":
                return None
            raise
        return told

    async def _parent(self, message: MessageRef) -> Mapping[str, Any]:
        view: Mapping[str, Any] | None = (await self._posts([message.ref])).get(message.ref)
        if view is None:
            raise Rejected("The message is gone.", code="parent_gone")
        if (view.get("viewer") or {}).get("replyDisabled"):
            raise Rejected("This thread takes no reply from us.", code="not_allowed")
        return view

    async def _dids(self, text: str) -> Mapping[str, str]:
        names = sorted(set(handles(text)))
        found = await asyncio.gather(*(self._did(one) for one in names))
        return {name: did for name, did in zip(names, found, strict=True) if did}

    async def _did(self, handle: str) -> str:
        """Return the DID behind a handle; one that nobody has stays plain text."""
        try:
            told = await self._api.get("com.atproto.identity.resolveHandle", [("handle", handle)])
        except Rejected:
            return ""
        return str(told["did"])

    async def _recheck(self, one: MessageRef, view: Mapping[str, Any] | None) -> Recheck:
        if view is None:
            return Recheck(one.ref, "unknown" if await self._is_hidden(one) else "deleted")
        message = parse.message(view, self._us())
        is_edited = one.server_ref is not None and one.server_ref != message.server_ref
        return Recheck(one.ref, "edited" if is_edited else "there", message)

    async def _is_hidden(self, one: MessageRef) -> bool:
        """Tell whether a post is only hidden from us, by a block, and not deleted."""
        asked = [("uri", one.ref), ("depth", "0"), ("parentHeight", "0")]
        try:
            told = await self._api.get("app.bsky.feed.getPostThread", asked)
        except Rejected as error:
            if error.code == "parent_gone":
                return False
            raise
        return str(told["thread"].get("$type")) != f"{_DEFINED}notFoundPost"


def _same(known: Mapping[str, Any], reply: Outgoing) -> Posted:
    """Return a record as posted, if it says what the reply says."""
    value = known["value"]
    parent = ((value.get("reply") or {}).get("parent") or {}).get("uri")
    if value.get("text") != reply.text or parent != reply.parent.ref:
        raise Rejected("another record stands at the place of this reply", code="duplicate")
    return parse.posted(known["uri"], known.get("cid"), value)


def _read_posted(told: Any, record: Mapping[str, Any]) -> Posted:
    try:
        return parse.posted(told["uri"], told["cid"], record)
    except parse.BROKEN as error:
        raise UnexpectedAnswer(
            "the answer to a post cannot be read", raw=str(told)[:400]
        ) from error
