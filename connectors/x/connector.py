"""The X connector: every verb of the contract for one login.

Facts of the platform and their sources are in platforms' data and in the docstrings beside the
rules. Not here: the way to X (wire), calls and their price (api), JSON (parse), lists (hear).
"""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from connectors._http import before_sending
from connectors._length import X_NEVER
from connectors._platforms import length, platform
from connectors._prices import x_price_list
from connectors._text import matching_form
from connectors.contract import Clock, ConnectorError, Rejected, UnexpectedAnswer
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
from connectors.x import parse, permit
from connectors.x.api import Api, Listing
from connectors.x.hear import Ear, listed, searched
from connectors.x.marks import read_cursor
from connectors.x.newest import Reach, newer
from connectors.x.people import People
from connectors.x.posts import Shelf
from connectors.x.recheck import recheck
from connectors.x.sign_in import SCOPES
from connectors.x.snowflake import first_of
from connectors.x.tokens import Values
from connectors.x.wire import Wire

SKEW = timedelta(minutes=10)  # how far X's clock may be off when we look for a reply
MOST_ABOVE = 30
LABEL_TODO = (
    "Set the automated account label (on x.com: Settings, Your account, Automation), then write"
    " automation_label = true under this login in byname.toml: X does not tell us."
)
_CASHTAG = re.compile(r"(?<![\w$])\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?(?![\w$])")


class X:
    """One login on X."""

    def __init__(
        self,
        api: Api,
        wire: Wire,
        signed_in: Values,
        clock: Clock,
        *,
        team: Sequence[str] = (),
        summoned_only: bool = True,
        has_label: bool = False,
        reads_authors: bool = True,
    ) -> None:
        self._api = api
        self._wire = wire
        self._signed_in = signed_in
        self._clock = clock
        self._team = frozenset(one.removeprefix("@").casefold() for one in team)
        self._summoned_only = summoned_only
        self._has_label = has_label
        self._people = People(api, is_reading=reads_authors)
        self._shelf = Shelf()
        self._ear = Ear(api, self._people, self._shelf, clock)
        self._us: parse.Us | None = None

    async def check(self) -> Health:
        me = await self._api.me("check")
        scopes = tuple(self._signed_in.get("scope", "").split())
        return Health(
            who=f"@{me['username']} on X",
            scopes=scopes,
            budget=await self.budget(),
            has_automation_label=self._has_label,
            todo=(*_missing(scopes), *_label(has_label=self._has_label)),
        )

    async def pages(self, source: Source, after: str | None) -> AsyncIterator[Page]:
        """Yield what is new, oldest first in each of the source's lists."""
        async for page in self._ear.poll(source, read_cursor(after), await self._who()):
            yield page

    async def thread(self, message: MessageRef) -> Sequence[Message]:
        """Return what is above a post, as far up as X shows it. What was read lately is free."""
        us = await self._who()
        rows = await self._above(message)
        await self._people.meet(rows, "thread")
        return [parse.message(one, self._people.known, {}, us) for one in reversed(rows)]

    async def recheck(self, refs: Sequence[MessageRef]) -> Sequence[Recheck]:
        return await recheck(self._api, self._people, refs, await self._who())

    async def may_reply(self, message: MessageRef) -> Permission:
        """Look at the post: X refuses most replies that nobody asked for, so that is told before.

        Source: docs.x.com, manage posts, reply restrictions (self-serve; not Enterprise).
        """
        us = await self._who()
        row = await self._look("check", message.server_ref or message.ref)
        if row is None:
            return permit.GONE
        if not self._summoned_only:
            return Permission(True)
        is_ours = await self._quotes_us(row, us)
        return permit.permission(row, us, is_quoting_us=is_ours)

    async def post(self, reply: Outgoing) -> Posted:
        """Try once. X has no idempotency key: who cannot tell what became of it looks it up."""
        size = length("x", reply.text)
        if not size.fits:
            raise Rejected(f"{size.used} {size.unit}, {size.limit} fit", code="too_long")
        if refusal := _refusal(reply.text):
            raise Rejected(refusal, code="not_allowed")
        async with before_sending():
            us = await self._who()
        parent = reply.parent.server_ref or reply.parent.ref
        told = await self._api.create(reply.text, parent, reply.key)
        try:
            return parse.posted(told["data"], us)
        except parse.BROKEN as error:
            raw = json.dumps(told)[:4000]
            raise UnexpectedAnswer("the answer to a post cannot be read", raw=raw) from error

    async def find_reply(self, reply: Outgoing) -> Posted | None:
        """Read our own posts since the attempt, oldest first, and match parent and text."""
        us, since = await self._who(), first_of(reply.created_at - SKEW)

        async def fetch(asked: dict[str, Any]) -> Listing:
            return await listed(self._api.own("reply", us.id, since_id=since, **asked))

        async for listing in newer(fetch, 0, Reach(), []):
            for row in listing.rows:
                if _is_shown_as(row, reply):
                    return parse.posted(row, us, text=parse.text_of(row))
        return None

    async def delete(self, posted: Posted) -> None:
        try:
            await self._api.delete(posted.ref)
        except Rejected as error:
            if error.code != "parent_gone":
                raise

    async def budget(self) -> Budget:
        """Return what is left of reading mentions; X counts every call by itself."""
        known = self._wire.budgets.get("GET /2/users/:id/mentions", Budget())
        return Budget(known.left, known.limit, known.resets_at, x_price_list())

    async def estimate(self, source: Source) -> int:
        """Return what a search is likely to cost a month; asking costs $0.005."""
        estimate = platform("x").search_estimate
        if source.kind not in ("search", "keyword") or estimate is None:
            raise ConnectorError(f"only a search is estimated, not {source.kind}")
        return estimate(await listed(self._api.count(source.name, searched(source.query))))

    async def close(self) -> None:
        await self._api.close()

    async def _who(self) -> parse.Us:
        if self._us is None:
            known: Mapping[str, object] = self._signed_in
            if not (known.get("id") and known.get("username")):
                known = await self._api.me("check")
            self._us = parse.Us(str(known["id"]), str(known["username"]), self._team)
            self._people.keep([{"id": self._us.id, "username": self._us.handle}])
        return self._us

    async def _look(self, purpose: str, ref: str) -> parse.Row | None:
        told = await self._api.lookup(purpose, [ref])
        rows = [one for one in told.rows if isinstance(one, dict) and one.get("id")]
        return rows[0] if rows else None

    async def _quotes_us(self, row: parse.Row, us: parse.Us) -> bool:
        """Tell whether a quoted post is ours; asked only where nothing else allows the reply."""
        quoted = parse.referenced(row, "quoted")
        if quoted is None or parse.mentions_us(row, us):
            return False
        if parse.quotes_us(row, us):
            return True
        found = self._shelf.get(quoted) or await self._look("check", quoted)
        return found is not None and found.get("author_id") == us.id

    async def _above(self, message: MessageRef) -> list[parse.Row]:
        """Walk up from a post; its nearest comes first."""
        row = await self._known(message.server_ref or message.ref)
        above: list[parse.Row] = []
        while row is not None and len(above) < MOST_ABOVE:
            parent = parse.referenced(row, "replied_to")
            row = await self._known(parent) if parent else None
            above += [row] if row else []
        return above

    async def _known(self, ref: str) -> parse.Row | None:
        found = self._shelf.get(ref)
        if found is None and (found := await self._look("thread", ref)):
            self._shelf.put(found)
        return found


def _refusal(text: str) -> str:
    """Say what X would not take in a text, if anything. Sources: manage posts; twitter-text."""
    if len(_CASHTAG.findall(text)) > 1:
        return "X takes at most one cashtag in a post by program"
    if X_NEVER & set(text):
        return "the text has a character that X takes nowhere: U+FEFF, U+FFFE or U+FFFF"
    return ""


def _is_shown_as(row: object, reply: Outgoing) -> bool:
    """Tell whether a post of ours is this reply; X puts mentions in front and shortens links."""
    if not isinstance(row, dict):
        return False
    try:
        parent, text = parse.referenced(row, "replied_to"), parse.text_of(row)
    except parse.BROKEN:
        return False
    is_there = parent in (reply.parent.ref, reply.parent.server_ref) and parent is not None
    return is_there and matching_form(text) == matching_form(reply.text)


def _missing(scopes: Sequence[str]) -> list[str]:
    return [
        f"The scope {one} is missing: connect this login again."
        for one in SCOPES
        if one not in scopes
    ]


def _label(*, has_label: bool) -> list[str]:
    """Ask for the label; X's API does not tell whether it is set."""
    if has_label:
        return []
    return [LABEL_TODO]
