"""The Bluesky connector: every verb of the contract for one login.

What we wrote is asked of the account's own server, which knows it at once; what others see is asked
of the network's view, which lags behind. Not here: calls (api), sign-in (session), lists (hear),
what answers say (parse), what we write (record), who may reply (permit).
"""

from collections.abc import AsyncIterator, Sequence

from connectors._http import before_sending
from connectors._platforms import length
from connectors._text import matching_form
from connectors.bluesky import parse, permit
from connectors.bluesky.api import Api, Told
from connectors.bluesky.facets import handles_in
from connectors.bluesky.hear import Ear
from connectors.bluesky.record import POST, post_record
from connectors.bluesky.session import scopes_of
from connectors.bluesky.syntax import at_uri, is_did, moment, record_key
from connectors.bluesky.views import Views, is_blocked
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

MAIN_PASSWORD = "com.atproto.access"  # noqa: S105 - the scope of a session made with it


class Bluesky:
    """One login on one server."""

    def __init__(self, api: Api, *, team: Sequence[str] = ()) -> None:
        self._api = api
        self._team = frozenset(one.removeprefix("@").lower() for one in team)
        self._views, self._later = Views(api.get), Views(api.browse)
        self._ear = Ear(api)

    async def check(self) -> Health:
        session = await self._api.get("com.atproto.server.getSession")
        who = await self._api.who()
        profile = await self._api.get("app.bsky.actor.getProfile", [("actor", who.did)])
        scopes = scopes_of(who.access)
        is_active = session.get("active") is not False
        return Health(
            who=f"@{session.get('handle', who.handle)} on {who.pds}",
            ok=is_active,
            scopes=scopes,
            budget=await self.budget(),
            has_automation_label=parse.has_bot_label(profile),
            todo=_todo(scopes, "" if is_active else str(session.get("status") or "not active")),
        )

    async def pages(self, source: Source, after: str | None) -> AsyncIterator[Page]:
        """Yield what is new, oldest first in each of the source's lists."""
        async for page in self._ear.poll(source, after, await self._us()):
            yield page

    async def thread(self, message: MessageRef) -> Sequence[Message]:
        """Return what is above, down from the first that is neither gone nor blocked."""
        us, told = await self._us(), []
        for view in await self._later.above(message.ref):
            try:
                told.append(parse.message(view, us))
            except parse.BROKEN:
                told.clear()  # what is above a gap is not what this one answered
        return told

    async def recheck(self, refs: Sequence[MessageRef]) -> Sequence[Recheck]:
        us = await self._us()
        views = await self._later.some([one.ref for one in refs])
        return [await self._recheck(one, views.get(one.ref), us) for one in refs]

    async def may_reply(self, message: MessageRef) -> Permission:
        return (await self._look(message))[1]

    async def post(self, reply: Outgoing) -> Posted:
        """Try once: a record whose key and time were fixed by the reply is put in its place.

        `swapRecord: null` says that nothing else may stand there (com.atproto.repo.putRecord): the
        same record once more changes nothing, another one is refused and looked up.
        """
        size = length(parse.PLATFORM, reply.text)
        if not size.fits:
            raise Rejected(f"{size.used} {size.unit}, {size.limit} fit", code="too_long")
        key, record = record_key(reply.key, reply.created_at), await self._record(reply)
        body = {"collection": POST, "rkey": key, "record": record, "swapRecord": None}
        did = (await self._api.who()).did
        told = await self._api.send("com.atproto.repo.putRecord", {"repo": did, **body})
        if told.get("uri") != _uri(did, key) or not told.get("cid"):
            raise UnexpectedAnswer("another record was written", raw=str(told)[:4000])
        return await self._posted(key, str(told["cid"]), record)

    async def find_reply(self, reply: Outgoing) -> Posted | None:
        """Ask our own server for the record: it knows it as soon as it is written."""
        key, did = record_key(reply.key, reply.created_at), (await self._api.who()).did
        try:
            told = await self._api.get(
                "com.atproto.repo.getRecord", [("repo", did), ("collection", POST), ("rkey", key)]
            )
        except Rejected as error:
            if error.code == "parent_gone":
                return None
            raise UnexpectedAnswer(f"the server refused to look: {error.reason}") from error
        record = told.get("value")
        if not isinstance(record, dict) or not isinstance(record.get("text"), str):
            raise UnexpectedAnswer("a record that cannot be read", raw=str(told)[:4000])
        if matching_form(record["text"]) != matching_form(reply.text):
            raise Rejected("Another post of ours stands where this reply would.")
        return await self._posted(key, str(told.get("cid", "")), record)

    async def delete(self, posted: Posted) -> None:
        """Delete a post of ours; one that is gone already stays gone."""
        who, there = await self._api.who(), at_uri(posted.ref)
        if there.authority != who.did:
            raise Rejected("Only posts of this login can be deleted.", code="not_allowed")
        body = {"repo": who.did, "collection": there.collection, "rkey": there.key}
        await self._api.send("com.atproto.repo.deleteRecord", body)

    async def budget(self) -> Budget:
        """Return the tighter of what reading and what writing may still use."""
        known = [one for one in (self._api.posting, self._api.reading) if one.left is not None]
        return min(known, key=lambda one: one.left or 0, default=Budget())

    async def close(self) -> None:
        await self._api.close()

    async def _us(self) -> parse.Us:
        return parse.Us((await self._api.who()).did, self._team)

    async def _look(self, message: MessageRef) -> tuple[Told | None, Permission]:
        """Return a message as it is shown now, and whether it may be answered."""
        views = await self._views.some([message.ref, message.root_ref])
        view = views.get(message.ref)
        if view is not None:
            return view, permit.permission(view, views.get(message.root_ref))
        alone = await self._views.alone(message.ref)
        return None, permit.BLOCKED if is_blocked(alone) else permit.GONE

    async def _record(self, reply: Outgoing) -> Told:
        """Find out what the record needs. Nothing has left for as long as this takes."""
        async with before_sending():
            parent, permission = await self._look(reply.parent)
            if parent is None or not permission.allowed:
                code = "parent_gone" if permission == permit.GONE else "not_allowed"
                raise Rejected(permission.rule, code=code)
            dids = {one: await self._did(one, reply.parent) for one in handles_in(reply.text)}
            try:
                return post_record(reply, parent, dids.get)
            except parse.BROKEN as error:
                raise UnexpectedAnswer("the parent cannot be read") from error

    async def _did(self, handle: str, parent: MessageRef) -> str | None:
        """Return whose handle this is; the author we answer is known by the permanent id."""
        if handle == parent.author_handle.lower() and is_did(parent.author_ref):
            return parent.author_ref
        try:
            told = await self._api.get("com.atproto.identity.resolveHandle", [("handle", handle)])
        except Rejected:
            return None
        did = told.get("did")
        return did if isinstance(did, str) and is_did(did) else None

    async def _posted(self, key: str, cid: str, record: Told) -> Posted:
        who = await self._api.who()
        return Posted(
            ref=_uri(who.did, key),
            url=parse.url_of(who.handle, who.did, key),
            server_ref=cid or None,
            created_at=moment(record["createdAt"]),
            text=record["text"],
        )

    async def _recheck(self, one: MessageRef, view: Told | None, us: parse.Us) -> Recheck:
        """Say what became of a post. Blocked is not deleted: its words may stay."""
        if view is None:
            alone = await self._later.alone(one.ref)
            if alone is None:
                return Recheck(one.ref, "deleted")
            view = alone.get("post")
        try:
            now = parse.message(view or {}, us)
        except parse.BROKEN:
            return Recheck(one.ref, "unknown")
        is_other = one.server_ref not in (None, now.server_ref)
        return Recheck(one.ref, "edited" if is_other else "there", now)


def _uri(did: str, key: str) -> str:
    return f"at://{did}/{POST}/{key}"


def _todo(scopes: Sequence[str], status: str) -> tuple[str, ...]:
    todo = []
    if status:
        todo.append(f"This account is {status}: nothing can be posted until that is settled.")
    if MAIN_PASSWORD in scopes:
        todo.append("This login uses the account's main password: connect it with an app password.")
    return tuple(todo)
