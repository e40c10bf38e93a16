"""API calls that change something. The table of calls stands in bot.web.api."""

from aiohttp import web

from bot import erase, review
from bot.errors import Refused
from bot.people import by_hand
from bot.web.api.reading import answer
from bot.web.asked import (
    ApproveBody,
    BrakeBody,
    ByHandBody,
    ChangeReviewerBody,
    CorrectBody,
    DoneBody,
    EraseBody,
    LinkBody,
    NoteBody,
    RejectBody,
    ReviewerBody,
    SettleBody,
    SnoozeBody,
    UndoBody,
    json_body,
    path_id,
)
from bot.web.keys import CALLER, DESK
from bot.web.team import add_reviewer, change_reviewer, new_link


async def approve(request: web.Request) -> web.Response:
    body, caller = await json_body(request, ApproveBody), request[CALLER]
    if caller.session is not None and body.seconds is None:
        raise Refused("seconds: say how long the text stood on screen.")
    asked = review.Approve(message_id=path_id(request), **body.model_dump())
    reply = await review.approve(request.app[DESK], caller.reviewer, asked)
    left = (reply.send_after - request.app[DESK].clock()).total_seconds()
    return answer(reply=reply, undo_seconds=max(left, 0.0))


async def reject(request: web.Request) -> web.Response:
    body = await json_body(request, RejectBody)
    decision = await review.reject(
        request.app[DESK],
        request[CALLER].reviewer,
        path_id(request),
        body.request_id,
        body.reason,
    )
    return answer(decision=decision)


async def no_reply(request: web.Request) -> web.Response:
    body = await json_body(request, DoneBody)
    decision = await review.no_reply_needed(
        request.app[DESK], request[CALLER].reviewer, path_id(request), body.request_id
    )
    return answer(decision=decision)


async def answered_by_hand(request: web.Request) -> web.Response:
    body = await json_body(request, ByHandBody)
    decision = await review.answered_by_hand(
        request.app[DESK],
        request[CALLER].reviewer,
        path_id(request),
        body.request_id,
        body.url.strip(),
    )
    return answer(decision=decision)


async def snooze(request: web.Request) -> web.Response:
    body, desk = await json_body(request, SnoozeBody), request.app[DESK]
    until = body.until or review.later(desk.clock(), body.choice)
    if until.tzinfo is None:
        raise Refused("until: say the time zone too.")
    decision = await review.snooze(
        desk, request[CALLER].reviewer, path_id(request), body.request_id, until
    )
    return answer(decision=decision)


async def correct(request: web.Request) -> web.Response:
    body = await json_body(request, CorrectBody)
    changes = body.model_dump(exclude_none=True)
    await review.correct(request.app[DESK], request[CALLER].reviewer, path_id(request), changes)
    return answer()


async def undo(request: web.Request) -> web.Response:
    await json_body(request, UndoBody)
    reply = await review.undo(request.app[DESK], request[CALLER].reviewer, path_id(request))
    return answer(reply=reply)


async def settle(request: web.Request) -> web.Response:
    body = await json_body(request, SettleBody)
    reply = await review.settle_by_hand(
        request.app[DESK], request[CALLER].reviewer, path_id(request), body.outcome, body.url
    )
    return answer(reply=reply)


async def brake(request: web.Request) -> web.Response:
    body, desk = await json_body(request, BrakeBody), request.app[DESK]
    await review.set_brake(
        desk,
        request[CALLER].reviewer,
        body.scope,
        body.target,
        on=body.on,
        reason=body.reason,
    )
    return answer(brakes=await desk.store.brakes())


async def note(request: web.Request) -> web.Response:
    body = await json_body(request, NoteBody)
    kept = await by_hand.add_note(
        request.app[DESK], request[CALLER].reviewer, body.account_id, body.text.strip()
    )
    return answer(note=kept)


async def erase_person(request: web.Request) -> web.Response:
    """Erase a person; answers only when the words are out of the files."""
    await json_body(request, EraseBody)
    desk = request.app[DESK]
    person = await desk.store.person(path_id(request))
    return answer(erased=await erase.erase(desk, request[CALLER].reviewer, person))


async def reviewer(request: web.Request) -> web.Response:
    body = await json_body(request, ReviewerBody)
    added = await add_reviewer(
        request.app[DESK], request[CALLER].reviewer, body.name.strip(), body.role
    )
    return answer(reviewer=added)


async def change(request: web.Request) -> web.Response:
    body = await json_body(request, ChangeReviewerBody)
    changed = await change_reviewer(
        request.app[DESK],
        request[CALLER].reviewer,
        path_id(request),
        role=body.role,
        disabled=body.disabled,
    )
    return answer(reviewer=changed)


async def link(request: web.Request) -> web.Response:
    body = await json_body(request, LinkBody)
    wanted, url = await new_link(request.app[DESK], request[CALLER].reviewer, body.reviewer_id)
    return answer(reviewer=wanted, url=url)
