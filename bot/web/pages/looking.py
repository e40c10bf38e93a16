"""Pages that only look: search, sending, sources, audit, help."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.costs import costs
from bot.desk import Desk
from bot.estimates import estimates
from bot.meter import PAUSED
from bot.overdue import overdue
from bot.standing import standings
from bot.web.asked import query_id
from bot.web.keys import DESK
from bot.web.render import page
from storage.model import Message, Reply
from storage.states import ReplyState

FOUND = 50
ENTRIES = 100


@dataclass(frozen=True, slots=True)
class Sending:
    """A reply with the message that it answers."""

    reply: Reply
    message: Message


GROUPS: tuple[tuple[str, str, tuple[ReplyState, ...]], ...] = (
    ("Needs you", "Nobody can tell by program whether these arrived.", ("needs_human",)),
    ("Held", "Something changed after the approval.", ("held",)),
    ("On their way", "", ("approved", "sending", "unknown", "withdrawing")),
    ("Failed", "The platform gave a definite no.", ("failed",)),
    ("Sent", "", ("sent",)),
)


async def search(request: web.Request) -> web.Response:
    """Find words in everything said, newest first."""
    asked = request.query.get("q", "").strip()[:200]
    store = request.app[DESK].store
    before = query_id(request, "before")
    found = await store.search(asked, limit=FOUND, before=before) if asked else ()
    older = found[-1].id if len(found) == FOUND else None  # the store goes by when it was heard
    found = sorted(found, key=lambda one: one.created_at or one.seen_at, reverse=True)
    return await page(request, "search.html", asked=asked, found=found, older=older)


async def sending(request: web.Request) -> web.Response:
    """Show every reply that is on its way, stopped, or recently gone."""
    desk = request.app[DESK]
    names = {one.id: one.name for one in await desk.store.reviewers()}
    groups = [(title, why, await _group(desk, states)) for title, why, states in GROUPS]
    template = "_sending.html" if "part" in request.query else "sending.html"
    return await page(request, template, groups=groups, names=names)


async def _group(desk: Desk, states: Sequence[ReplyState]) -> list[Sending]:
    replies = await desk.store.replies(*states, limit=50)
    answered = await asyncio.gather(*(desk.store.message(one.message_id) for one in replies))
    pairs = [Sending(reply, message) for reply, message in zip(replies, answered, strict=True)]
    return sorted(pairs, key=lambda one: one.reply.approved_at, reverse=states == ("sent",))


async def sources(request: web.Request) -> web.Response:
    """Show how each source stands: last word heard, last good look, what went wrong."""
    desk = request.app[DESK]
    states = {state.name: state for state in await desk.store.source_states()}
    known = {name: desk.config.source(name) for name in desk.config.sources}
    rows = [(name, known.get(name), states.get(name)) for name in sorted(known | states)]
    return await page(
        request,
        "sources.html",
        rows=rows,
        work=await desk.store.work_left(),
        logins=await standings(desk),
        costs=await costs(desk.store, desk.config, desk.clock()),
        estimates=await estimates(desk),
        overdue=await overdue(desk),
        paused=PAUSED,
    )


async def audit(request: web.Request) -> web.Response:
    """Show the chain of what was done, newest first, and whether it is whole."""
    store = request.app[DESK].store
    entries = await store.audit(limit=ENTRIES, before=query_id(request, "before"))
    actors = {f"reviewer:{one.id}": one.name for one in await store.reviewers()}
    broken = await store.verify_audit() if "verify" in request.query else None
    return await page(
        request,
        "audit.html",
        entries=entries,
        has_more=len(entries) == ENTRIES,
        is_verified="verify" in request.query,
        broken=broken,
        actors=actors,
    )


async def keys(request: web.Request) -> web.Response:
    return await page(request, "keys.html")


async def brake(request: web.Request) -> web.Response:
    """Ask once more before everything that waits is let go."""
    return await page(request, "brake.html")


async def brakes(request: web.Request) -> web.Response:
    """Answer with what is stopped alone, for a page that refreshes itself."""
    return await page(request, "_brakes.html")
