"""Decisions as plain forms, for whoever reads without JavaScript: decide, then go on.

Each does what the API does with the same bodies (bot.web.asked); bot.review holds the rules.
"""

from collections.abc import Mapping

from aiohttp import web
from yarl import URL

from bot import review
from bot.web.asked import (
    ApproveBody,
    BrakeBody,
    ByHandBody,
    CorrectBody,
    DoneBody,
    RejectBody,
    SettleBody,
    SnoozeBody,
    check,
    form,
    local_path,
    path_id,
)
from bot.web.keys import CALLER, DESK


async def approve(request: web.Request) -> web.Response:
    fields = await form(request)
    desk = request.app[DESK]
    body = check(ApproveBody, only(fields, ApproveBody) | {"seconds": _seconds(request, fields)})
    asked = review.Approve(message_id=path_id(request), **body.model_dump())
    reply = await review.approve(desk, request[CALLER].reviewer, asked)
    return _go_on(fields, approved=str(reply.id))


async def reject(request: web.Request) -> web.Response:
    fields = await form(request)
    body = check(RejectBody, only(fields, RejectBody))
    await review.reject(
        request.app[DESK],
        request[CALLER].reviewer,
        path_id(request),
        body.request_id,
        body.reason,
    )
    return _go_on(fields, said="rejected")


async def no_reply(request: web.Request) -> web.Response:
    fields = await form(request)
    body = check(DoneBody, only(fields, DoneBody))
    await review.no_reply_needed(
        request.app[DESK], request[CALLER].reviewer, path_id(request), body.request_id
    )
    return _go_on(fields, said="no_reply")


async def answered_by_hand(request: web.Request) -> web.Response:
    fields = await form(request)
    body = check(ByHandBody, only(fields, ByHandBody))
    await review.answered_by_hand(
        request.app[DESK],
        request[CALLER].reviewer,
        path_id(request),
        body.request_id,
        body.url.strip(),
    )
    return _go_on(fields, said="by_hand")


async def snooze(request: web.Request) -> web.Response:
    fields = await form(request)
    desk = request.app[DESK]
    body = check(SnoozeBody, only(fields, SnoozeBody))
    until = body.until or review.later(desk.clock(), body.choice)
    await review.snooze(desk, request[CALLER].reviewer, path_id(request), body.request_id, until)
    return _go_on(fields, said="snoozed")


async def correct(request: web.Request) -> web.Response:
    fields = await form(request)
    body = check(CorrectBody, _correction(fields))
    await review.correct(
        request.app[DESK],
        request[CALLER].reviewer,
        path_id(request),
        body.model_dump(exclude_none=True),
    )
    return _go_on(fields, said="corrected")


async def undo(request: web.Request) -> web.Response:
    fields = await form(request)
    reply = await review.undo(request.app[DESK], request[CALLER].reviewer, path_id(request))
    return _go_on(fields | {"next": f"/m/{reply.message_id}"}, said="recalled")


async def settle(request: web.Request) -> web.Response:
    fields = await form(request)
    body = check(SettleBody, only(fields, SettleBody))
    await review.settle_by_hand(
        request.app[DESK], request[CALLER].reviewer, path_id(request), body.outcome, body.url
    )
    return _go_on(fields, said="settled")


async def brake(request: web.Request) -> web.Response:
    fields = await form(request)
    body = check(BrakeBody, only(fields, BrakeBody) | {"on": fields.get("on") == "1"})
    await review.set_brake(
        request.app[DESK],
        request[CALLER].reviewer,
        body.scope,
        body.target,
        on=body.on,
        reason=body.reason,
    )
    return _go_on(fields)


def only(fields: Mapping[str, str], body: type) -> dict[str, object]:
    """Keep what the body knows; the token and the way onward are read elsewhere."""
    known = body.model_fields  # type: ignore[attr-defined] # every body is a pydantic model
    return {name: value for name, value in fields.items() if name in known}


def _seconds(request: web.Request, fields: Mapping[str, str]) -> float:
    """Return how long the page stood on screen, by our own clock; no time given counts as none."""
    shown = fields.get("shown_at", "")
    if not (shown.isascii() and shown.isdigit() and len(shown) < 16):
        return 0.0
    passed = request.app[DESK].clock().timestamp() - int(shown) / 1000
    return min(max(passed, 0.0), 7 * 86_400)


def _correction(fields: Mapping[str, str]) -> dict[str, object]:
    """Read the selects of the form: an empty one changes nothing, yes and no are flags."""
    flags = {"yes": True, "no": False}
    changes: dict[str, object] = {
        name: flags[fields[name]]
        for name in ("offensive", "crisis", "needs_reply")
        if fields.get(name) in flags
    }
    if fields.get("sentiment"):
        changes["sentiment"] = fields["sentiment"]
    if fields.get("intent"):
        changes["intents"] = (fields["intent"],)
    return changes


def _go_on(fields: Mapping[str, str], **more: str) -> web.Response:
    onward = URL(local_path(fields.get("next", "/")))
    raise web.HTTPSeeOther(onward.update_query(more) if more else onward)
