"""The review screen: the list, the open message in its thread, the suggestion, the person.

Reads and shows. What a reviewer decides goes through bot.web.pages.deciding or the API.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from bot.config import LISTEN_ONLY
from bot.costs import ReplyCost, reply_cost
from bot.desk import Desk
from bot.permits import UNKNOWN, said
from bot.suggest.guard import Finding, inspect_reply
from bot.suggest.suggest import NOT_ALLOWED, may_answer
from bot.web.asked import filter_query, path_id, place_query, query_id, queue_filter
from bot.web.chart import MoodChart, mood_chart
from bot.web.keys import DESK
from bot.web.render import page
from connectors._platforms import Length, answer_page, length, may_post
from connectors.model import Permission
from nlp.model import INTENTS
from storage.model import (
    Message,
    Option,
    Person,
    QueueEntry,
    QueueFilter,
    Version,
)
from storage.store import NotFound

PAGE = 50
_NEAR = 6  # turns of the thread shown before the open message; the ones above are folded


@dataclass(frozen=True, slots=True)
class Composer:
    """The reply as it stands in the editor before anybody types."""

    option: Option | None  # None: the reviewer's own words
    text: str
    size: Length
    cost: ReplyCost | None  # None: replies are free there
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class ByHand:
    """What a human needs who answers on the platform itself."""

    link: str
    options: Sequence[Option]
    silence: str = ""  # why there are none, where that is not what stands above it already
    is_possible: bool = True  # a platform that lets nobody answer lets no human either


@dataclass(frozen=True, slots=True)
class Known:
    """What is shown of a person beside a draft."""

    person: Person
    recent: Sequence[Message]
    chart: MoodChart | None  # None: their platform's rules allow no mood over time


@dataclass(frozen=True, slots=True)
class Opened:
    """Everything the middle and the right column show of one message."""

    entry: QueueEntry
    first: Message | None  # the post the thread hangs on, when it is not the open message
    folded: Sequence[Message]
    turns: Sequence[Message]
    versions: Sequence[Version]
    known: Known | None
    composer: Composer | None
    refusal: str  # why nobody can answer here; empty: somebody can
    by_hand: ByHand | None = None  # where somebody can answer elsewhere


async def review(request: web.Request) -> web.Response:
    """Show the queue with its first message open, or with the one that the address names."""
    what, entries = await _listed(request)
    asked = path_id(request) if "id" in request.match_info else None
    open_id = asked or (entries[0].message.id if entries else None)
    opened = await open_message(request, open_id) if open_id else None
    return await page(
        request,
        "review.html",
        **list_context(request, what, entries),
        **await opened_context(request, opened, entries),
        is_asked=asked is not None,
    )


async def list_part(request: web.Request) -> web.Response:
    """Answer with the list alone, for a page that refreshes itself."""
    what, entries = await _listed(request)
    context = list_context(request, what, entries)
    return await page(request, "_list.html", **context, open_id=query_id(request, "open"))


async def message_part(request: web.Request) -> web.Response:
    """Answer with one open message and its person alone."""
    opened = await open_message(request, path_id(request))
    return await page(
        request,
        "_open.html",
        **await opened_context(request, opened, ()),
        query=place_query(request),
    )


async def _listed(request: web.Request) -> tuple[QueueFilter, Sequence[QueueEntry]]:
    desk, what = request.app[DESK], queue_filter(request)
    after = query_id(request, "after")
    return what, await desk.store.queue(what, desk.clock(), limit=PAGE, after=after)


def list_context(
    request: web.Request, what: QueueFilter, entries: Sequence[QueueEntry]
) -> Mapping[str, object]:
    return {
        "what": what,
        "query": place_query(request),
        "older": filter_query(what),
        "entries": entries,
        "has_more": len(entries) == PAGE,
        "choices": choices(request.app[DESK]),
    }


def choices(desk: Desk) -> Mapping[str, Sequence[str]]:
    """Return what a list can be narrowed to, besides intents and sentiments."""
    config = desk.config
    platforms = {config.source(name).platform for name in config.sources}
    return {
        "platform": sorted(platforms | {login.platform for login in config.logins.values()}),
        "language": sorted(set(config.brand.languages) | {"en", "de", "fr", "es", "pl"}),
        "intent": INTENTS,
        "sentiment": ("positive", "neutral", "negative", "unsure"),
    }


async def opened_context(
    request: web.Request, opened: Opened | None, entries: Sequence[QueueEntry]
) -> Mapping[str, object]:
    names = {one.id: one.name for one in await request.app[DESK].store.reviewers()}
    open_id = opened.entry.message.id if opened else None
    ids = [entry.message.id for entry in entries]
    here = ids.index(open_id) if open_id in ids else None
    return {
        "opened": opened,
        "open_id": open_id,
        "next_id": ids[here + 1] if here is not None and here + 1 < len(ids) else None,
        "before_id": ids[here - 1] if here else None,
        "shown_at": int(request.app[DESK].clock().timestamp() * 1000),
        "choices_intent": INTENTS,
        "names": names,
    }


async def open_message(request: web.Request, message_id: int) -> Opened:
    """Gather what a reviewer needs to see before deciding. Raises NotFound."""
    desk = request.app[DESK]
    entry = await desk.store.entry(message_id)
    thread = await desk.store.thread(message_id)
    first, folded, turns = fold(thread, message_id)
    message = entry.message
    refusal, permission = why_not(desk, entry), Permission(allowed=True)
    if not refusal:
        permission = await may_answer(desk, message)
        refusal = was_forbidden(entry) if permission is UNKNOWN else ""
        refusal = refusal if permission.allowed else said(permission)
    return Opened(
        entry=entry,
        first=first,
        folded=folded,
        turns=turns,
        versions=await desk.store.versions(message_id) if message.edited_at else (),
        known=await known(desk, entry),
        composer=None if refusal else compose(desk, entry, request.query.get("option", "")),
        refusal=refusal,
        by_hand=by_hand(entry, permission) if refusal else None,
    )


def fold(
    thread: Sequence[Message], message_id: int
) -> tuple[Message | None, Sequence[Message], Sequence[Message]]:
    """Split a thread into its first post, what is folded away, and what stands open.

    The open message and what came after it are never folded.
    """
    place = next((at for at, one in enumerate(thread) if one.id == message_id), 0)
    start = max(place - _NEAR, 0)
    if start <= 1:
        return None, (), thread
    return thread[0], thread[1:start], thread[start:]


def why_not(desk: Desk, entry: QueueEntry) -> str:
    """Say why this message cannot be answered from here; an empty string means that it can."""
    message = entry.message
    if message.direction == "out":
        return "This is our own message."
    if message.deleted_at is not None:
        return "They deleted their message; an answer would stand alone."
    if entry.reply is not None and entry.reply.state not in _ENDED:
        return "There is a reply already."
    return _not_allowed(desk, message) or _STATES.get(message.state, "")


def _not_allowed(desk: Desk, message: Message) -> str:
    permission = may_post(message.platform)
    source = desk.config.sources.get(message.source)
    if not permission.allowed:
        return permission.rule
    if source is not None and (source.listen_only or source.kind in LISTEN_ONLY):
        return "Found by listening: byname does not write to people who did not write to us."
    if message.login is None:
        return "This source only listens: there is no login to answer with."
    return ""


def was_forbidden(entry: QueueEntry) -> str:
    """Return the rule that forbade an answer when one was looked for; for when nobody can tell."""
    silence = entry.suggestion.silence if entry.suggestion else ""
    return silence.removeprefix(f"{NOT_ALLOWED}: ") if silence.startswith(NOT_ALLOWED) else ""


def by_hand(entry: QueueEntry, permission: Permission) -> ByHand | None:
    """Return what answering by hand needs; nothing where the message waits for no answer."""
    message, suggestion = entry.message, entry.suggestion
    is_busy = entry.reply is not None and entry.reply.state not in _ENDED
    if message.state not in {"waiting", "suggested", "snoozed"} or is_busy:
        return None
    options, silence = (suggestion.options, suggestion.silence) if suggestion else ((), "")
    is_first = message.parent_ref is None
    link = answer_page(message.platform, message.ref, is_first=is_first, url=message.url)
    return ByHand(
        permission.by_hand_at or link,
        options,
        silence="" if silence.startswith(NOT_ALLOWED) else silence,
        is_possible=permission.allowed or bool(permission.by_hand_at),
    )


_ENDED = frozenset({"withdrawn", "recalled", "failed"})
_STATES = {
    "new": "Just arrived; it is being read.",
    "history": "History: it was there before byname began to answer.",
    "gone": "Gone: the text was erased.",
}


def compose(desk: Desk, entry: QueueEntry, asked: str) -> Composer:
    """Fill the editor with the asked option, the first one, or nothing for one's own words."""
    options = entry.suggestion.options if entry.suggestion else ()
    chosen = next((one for one in options if str(one.number) == asked), None)
    if chosen is None and options and asked != "own":
        chosen = options[0]
    text = chosen.text if chosen else ""
    findings = inspect_reply(text, entry.message, desk.config) if text else []
    platform = entry.message.platform
    return Composer(chosen, text, length(platform, text), reply_cost(platform, text), findings)


async def known(desk: Desk, entry: QueueEntry) -> Known | None:
    """Return the person beside the draft; a third party without a page gives None."""
    try:
        person = await desk.store.person(entry.person_id)
    except NotFound:
        return None
    said = await desk.store.person_messages(entry.person_id, limit=40)
    recent = [one for one in said if one.thread_id != entry.message.thread_id][:6]
    return Known(person, recent, await chart_of(desk, person, desk.clock()))


async def chart_of(
    desk: Desk, person: Person, now: datetime, span_days: int = 60
) -> MoodChart | None:
    """Return somebody's mood over time, where the rules of all their platforms allow that."""
    if not all(desk.config.rules(one.platform).may_profile for one in person.accounts):
        return None
    today = now.astimezone(desk.config.zone).date()
    days = await desk.store.person_days(person.id, today - timedelta(days=span_days))
    return mood_chart(days, today, span_days)
