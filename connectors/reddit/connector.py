"""The Reddit connector: every verb of the contract for one login.

Reddit knows no idempotency key and accepts duplicates: so a reply is one POST, and what became of
it is looked up among our own comments and under its parent. Not here: calls (api), the door for
them (door), listings (hear), what answers say (parse, refusals), who may reply (permit).
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors._http import before_sending
from connectors._platforms import PLATFORMS, length
from connectors._text import matching_form
from connectors.contract import Rejected, UnexpectedAnswer
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
from connectors.reddit import parse, permit
from connectors.reddit.api import Api, path_of
from connectors.reddit.approval import approval_of
from connectors.reddit.hear import Ear
from connectors.reddit.newest import PAGE
from connectors.reddit.refusals import ensure_no_errors
from connectors.reddit.scopes import missing

SKEW = timedelta(minutes=10)  # how far Reddit's clock may be off when we look for a reply
CONTEXT = 8  # parents that one call tells
DEEPEST = 8  # calls for one thread
FRESH = timedelta(minutes=10)  # of what a subreddit says about us

_SAYS_BOT = re.compile(r"\b(?:bot|automated|automatic)\b", re.IGNORECASE)


class Reddit:
    """One login."""

    def __init__(self, api: Api, *, team: Sequence[str] = ()) -> None:
        self._api = api
        self._team = frozenset(one.removeprefix("u/").casefold() for one in team)
        self._ear = Ear(api)
        self._us: parse.Us | None = None
        self._abouts: dict[str, tuple[datetime, Mapping[str, Any]]] = {}

    async def check(self) -> Health:
        """Say who we are; `who` names the approval that Reddit requires."""
        me = await self._api.get(path_of("me"))
        self._us = _us(me, self._team)
        values = self._api.signed_in.values
        approval = approval_of(values)
        assert approval is not None  # values are read only where there is one
        scopes = tuple(values.get("scope", "").split())
        is_labelled = _has_label(me)
        is_suspended = me.get("is_suspended") is True
        return Health(
            who=f"u/{self._us.name} (approved by Reddit {approval.approved_on}: "
            f"{approval.reference})",
            ok=not is_suspended,
            scopes=scopes,
            budget=self._api.budget,
            has_automation_label=is_labelled,
            todo=(
                *_todo_of_account(is_suspended=is_suspended, is_labelled=is_labelled),
                *missing(scopes),
            ),
        )

    async def pages(self, source: Source, after: str | None) -> AsyncIterator[Page]:
        """Yield what is new, oldest first in each of the source's listings."""
        async for page in self._ear.poll(source, after, await self._who()):
            yield page

    async def thread(self, message: MessageRef) -> Sequence[Message]:
        """Return what is above, down from the first that is neither gone nor unreadable."""
        us, above, ref = await self._who(), list[parse.Thing](), message.ref
        for _ in range(DEEPEST):
            if not ref.startswith("t1_"):
                break
            higher = await self._above(ref, message.root_ref)
            above = [*higher, *above]
            ref = higher[0]["data"]["name"] if higher else ""
        return _told(above, us)

    async def recheck(self, refs: Sequence[MessageRef]) -> Sequence[Recheck]:
        """Look at 100 a call. An answer that knows none of many is asked for once more."""
        us, found = await self._who(), dict[str, parse.Thing]()
        names = [one.ref for one in refs if parse.is_fullname(one.ref)]
        for start in range(0, len(names), PAGE):
            found |= await self._known(names[start : start + PAGE])
        return [_recheck(one, found, us) for one in refs]

    async def may_reply(self, message: MessageRef) -> Permission:
        names = list(dict.fromkeys((message.ref, message.root_ref)))
        things = await self._info([one for one in names if parse.is_fullname(one)])
        parent, post = things.get(message.ref), things.get(message.root_ref)
        about = await self._about(parent) if parent else {}
        return permit.permission(parent, post, about)

    async def post(self, reply: Outgoing) -> Posted:
        """Try once: one POST of /api/comment, whatever becomes of it."""
        size = length(parse.PLATFORM, reply.text)
        if not size.fits:
            raise Rejected(f"{size.used} {size.unit}, {size.limit} fit", code="too_long")
        if not reply.text.strip():
            raise Rejected("There is nothing to say.")
        if not parse.is_fullname(reply.parent.ref):
            raise Rejected("The message has no name on Reddit.", code="parent_gone")
        async with before_sending():
            await self._api.signed_in.token()
        form = {"thing_id": reply.parent.ref, "text": reply.text}
        told = await self._api.send(path_of("comment"), form)
        things = ensure_no_errors(told, self._api.clock).get("things")
        return _posted(things)

    async def find_reply(self, reply: Outgoing) -> Posted | None:
        """Look among our own comments, then under the parent; each may show it first."""
        us = await self._who()
        for look in (self._own(us, reply.created_at - SKEW), self._under(reply.parent)):
            async for thing in look:
                if _is_shown_as(thing, reply, us):
                    return _posted([thing])
        return None

    async def delete(self, posted: Posted) -> None:
        """Delete a comment of ours; one that is gone already stays gone."""
        try:
            await self._api.send(path_of("del"), {"id": posted.ref})
        except Rejected as error:
            if error.code != "parent_gone":
                raise

    async def budget(self) -> Budget:
        return self._api.budget

    async def close(self) -> None:
        await self._api.close()

    async def _who(self) -> parse.Us:
        """Return who we are: kept with the login, or asked once."""
        if self._us is None:
            values = self._api.signed_in.values
            if values.get("username") and values.get("user_ref"):
                self._us = parse.Us(values["username"], values["user_ref"], self._team)
            else:
                self._us = _us(await self._api.get(path_of("me")), self._team)
        return self._us

    async def _above(self, ref: str, root_ref: str) -> list[parse.Thing]:
        """Return at most eight things above a comment, and its post where they reach it."""
        asked = {"comment": ref.removeprefix("t1_"), "context": str(CONTEXT), "limit": "1"}
        path = path_of("submission", id=root_ref.removeprefix("t3_"))
        try:
            posts, comments = _thread(await self._api.browse(path, asked))
        except Rejected:
            return []
        known = _by_name([*posts, *comments])
        above: list[parse.Thing] = []
        while (thing := known.pop(ref, None)) is not None and thing["kind"] == "t1":
            ref = str(thing["data"].get("parent_id"))
            if ref in known:
                above.insert(0, known[ref])
        return above

    async def _info(self, names: Sequence[str]) -> dict[str, parse.Thing]:
        """Return the things that Reddit shows of some fullnames, at most 100."""
        if not names:
            return {}
        told = await self._api.get(path_of("info"), {"id": ",".join(names)})
        return _by_name(parse.children(told)[0])

    async def _known(self, names: Sequence[str]) -> dict[str, parse.Thing]:
        return await self._info(names) or (await self._info(names) if len(names) > 1 else {})

    async def _about(self, thing: parse.Thing) -> Mapping[str, Any]:
        """Return what a subreddit says about us, at most some minutes old."""
        name, now = str(thing["data"].get("subreddit") or ""), self._api.clock()
        known = self._abouts.get(name)
        if not name:
            return {}
        if known is not None and now < known[0] + FRESH:
            return known[1]
        try:
            told = await self._api.get(path_of("subreddit_about", subreddit=name))
        except Rejected:  # it shows us nothing of itself
            told = {"data": {"display_name": name, "subreddit_type": "private"}}
        about = told.get("data") if isinstance(told, dict) else None
        self._abouts[name] = (now, about if isinstance(about, dict) else {})
        return self._abouts[name][1]

    async def _own(self, us: parse.Us, since: datetime) -> AsyncIterator[Any]:
        """Yield our own comments back to a moment, newest first."""
        path = path_of("user", user=us.name) + "comments/"
        asked = {"sort": "new", "limit": str(PAGE)}
        while True:
            rows, further = parse.children(await self._read(path, asked))
            for row in rows:
                yield row
            if further is None or not rows or _is_before(rows[-1], since):
                return
            asked["after"] = further

    async def _under(self, parent: MessageRef) -> AsyncIterator[Any]:
        """Yield the newest comments under a parent."""
        path = path_of("submission", id=parent.root_ref.removeprefix("t3_"))
        asked = {"sort": "new", "limit": "500", "depth": "2"}
        if parent.ref.startswith("t1_"):
            asked["comment"] = parent.ref.removeprefix("t1_")
        try:
            told = await self._api.get(path, asked)
        except Rejected:  # the thread is gone, and what was under it
            return
        for thing in _thread(told)[1]:
            yield thing

    async def _read(self, path: str, asked: Mapping[str, str]) -> Any:
        try:
            return await self._api.get(path, asked)
        except Rejected as error:
            raise UnexpectedAnswer(f"Reddit refused to look: {error.reason}") from error


def _thread(told: Any) -> tuple[list[Any], list[Any]]:
    """Return the post of a thread's page, and all comments on it."""
    if not isinstance(told, list) or len(told) < 2:
        raise UnexpectedAnswer("a thread in another form", raw=str(told)[:4000])
    return parse.children(told[0])[0], parse.tree(parse.children(told[1])[0])[0]


def _us(me: Any, team: frozenset[str]) -> parse.Us:
    try:
        return parse.Us(str(me["name"]), f"t2_{me['id']}", team)
    except parse.BROKEN as error:
        raise UnexpectedAnswer("Reddit does not say who we are", raw=str(me)[:4000]) from error


def _has_label(me: Mapping[str, Any]) -> bool:
    """Tell whether the account's own description says that a bot is at work."""
    page = me.get("subreddit")
    words = page.get("public_description") if isinstance(page, dict) else ""
    return bool(_SAYS_BOT.search(str(words or "")))


def _todo_of_account(*, is_suspended: bool, is_labelled: bool) -> Sequence[str]:
    todo = []
    if is_suspended:
        todo.append("This account is suspended: nothing can be posted until that is settled.")
    if not is_labelled:
        facts = PLATFORMS[parse.PLATFORM]
        todo.append(
            "Say in the account's description that a bot is at work, and for automatic replies add "
            f"{facts.automation_label} ({facts.label_source})."
        )
    return todo


def _by_name(things: Sequence[Any]) -> dict[str, parse.Thing]:
    found = {}
    for thing in things:
        try:
            found[str(thing["data"]["name"])] = thing
        except parse.BROKEN:
            continue
    return found


def _told(above: Sequence[parse.Thing], us: parse.Us) -> list[Message]:
    told: list[Message] = []
    for thing in above:
        try:
            if parse.is_gone(thing):
                told.clear()  # what is above a gap is not what this one answered
            else:
                told.append(parse.message(thing, us))
        except parse.BROKEN:
            told.clear()
    return told


def _recheck(one: MessageRef, found: Mapping[str, parse.Thing], us: parse.Us) -> Recheck:
    if not parse.is_fullname(one.ref):
        return Recheck(one.ref, "unknown")
    thing = found.get(one.ref)
    try:
        if thing is None or parse.is_gone(thing):
            return Recheck(one.ref, "deleted")
        now = parse.message(thing, us)
    except parse.BROKEN:
        return Recheck(one.ref, "unknown")
    fate: Fate = "edited" if now.edited_at else "there"
    return Recheck(one.ref, fate, now)


def _posted(things: Any) -> Posted:
    """Read the comment in an answer. Without one nobody knows whether it was made."""
    try:
        return parse.posted(things[0])
    except (*parse.BROKEN, IndexError) as error:
        raise UnexpectedAnswer("no comment in the answer", raw=str(things)[:4000]) from error


def _is_shown_as(thing: Any, reply: Outgoing, us: parse.Us) -> bool:
    """Tell whether a comment is this reply: ours, under its parent, since then, the same words."""
    try:
        told = thing["data"]
        is_there = us.is_us(told) and told["parent_id"] == reply.parent.ref
        is_young = parse.moment(told["created_utc"]) >= reply.created_at - SKEW
        words = matching_form(told["body"])
    except parse.BROKEN:
        return False
    return bool(is_there and is_young and words == matching_form(reply.text))


def _is_before(thing: Any, since: datetime) -> bool:
    try:
        return parse.moment(thing["data"]["created_utc"]) < since
    except parse.BROKEN:
        return False
