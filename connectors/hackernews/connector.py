"""The Hacker News connector: it hears, looks again, and says where a human can answer.

There is no way to write by program (github.com/HackerNews/API): `post` refuses before anything is
asked. Not here: HTTP (api), lists and cursors (hear), what answers say (parse).
"""

from collections.abc import AsyncIterator, Sequence
from typing import NoReturn

from connectors._platforms import answer_page, may_post
from connectors.contract import Rejected
from connectors.hackernews import parse
from connectors.hackernews.api import Api, Hit
from connectors.hackernews.hear import Ear
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

MOST_ABOVE = 60  # calls for one thread; nobody answers deeper than that


class HackerNews:
    """One listener."""

    def __init__(self, api: Api, *, account: str = "", team: Sequence[str] = ()) -> None:
        self._api = api
        self._account = account
        self._us = parse.Us(tuple(name for name in (account, *team) if name))
        self._ear = Ear(api)

    async def check(self) -> Health:
        await self._api.search("", "story", 0, most=1)
        missing = [name for name in self._us.names if await self._api.user(name) is None]
        return Health(
            who=f"{self._account or 'nobody'} on Hacker News (read only)",
            scopes=("read",),
            budget=self._api.budget(),
            todo=tuple(f"There is no account {name} on Hacker News." for name in missing),
        )

    async def pages(self, source: Source, after: str | None) -> AsyncIterator[Page]:
        """Yield what is new, oldest first in each of the source's lists."""
        async for page in self._ear.poll(source, after, self._us):
            yield page

    async def thread(self, message: MessageRef) -> Sequence[Message]:
        """Return what is above, oldest first; what is deleted there is left out."""
        above = await self._above(message.ref)
        root_ref = str(above[-1]["id"]) if above else message.root_ref
        readable = (one for one in reversed(above) if not parse.is_gone(one))
        return [found for one in readable if (found := self._read(one, root_ref))]

    async def recheck(self, refs: Sequence[MessageRef]) -> Sequence[Recheck]:
        return [await self._recheck(one) for one in refs]

    async def may_reply(self, message: MessageRef) -> Permission:
        no = may_post(parse.PLATFORM)
        is_first = message.ref == message.root_ref  # under a story there is a field to write in
        url = parse.url_of(message.ref)
        where = answer_page(parse.PLATFORM, message.ref, is_first=is_first, url=url)
        return Permission(False, f"{no.rule.rstrip('.')} at {where}", no.source)

    async def post(self, reply: Outgoing) -> Posted:
        await self._refuse(reply.parent)

    async def find_reply(self, _reply: Outgoing) -> Posted | None:
        """Nothing was ever posted from here; what a human wrote there is heard as our own."""
        return None

    async def delete(self, _posted: Posted) -> None:
        raise Rejected("What a human wrote there is deleted by hand.", code="not_allowed")

    async def budget(self) -> Budget:
        return self._api.budget()

    async def close(self) -> None:
        await self._api.close()

    async def _refuse(self, message: MessageRef) -> NoReturn:
        raise Rejected((await self.may_reply(message)).rule, code="not_allowed")

    async def _above(self, ref: str) -> Sequence[Hit]:
        """Return what stands above a message, the nearest first."""
        found: list[Hit] = []
        here = await self._api.thing(ref)
        while here and here.get("parent") and len(found) < MOST_ABOVE:
            here = await self._api.thing(str(here["parent"]))
            found += [here] if here else []
        return found

    async def _recheck(self, one: MessageRef) -> Recheck:
        """Say what became of a message. One that is not known there may only be late."""
        thing = await self._api.thing(one.ref)
        if thing is None:
            return Recheck(one.ref, "unknown")
        if parse.is_gone(thing):
            return Recheck(one.ref, "deleted")
        now = self._read(thing, one.root_ref)
        if now is None:
            return Recheck(one.ref, "unknown")
        is_other = one.server_ref not in (None, now.server_ref)
        return Recheck(one.ref, "edited" if is_other else "there", now)

    def _read(self, thing: Hit, root_ref: str) -> Message | None:
        try:
            return parse.message_of_thing(thing, root_ref, self._us)
        except parse.BROKEN:
            return None
