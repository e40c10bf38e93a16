"""Signing in by a one-time link, signing out, and who is on the team.

The link opens a page with a button: a program that previews links does not use it up.
"""

from collections import deque
from datetime import datetime, timedelta

from aiohttp import web
from yarl import URL

from bot.web.asked import (
    ChangeReviewerBody,
    LinkBody,
    ReviewerBody,
    check,
    form,
    local_path,
    path_id,
)
from bot.web.keys import CALLER, DESK, SETTINGS
from bot.web.pages.deciding import only
from bot.web.render import page
from bot.web.team import add_reviewer, change_reviewer, new_link, sign_out_browser


class Limiter:
    """Counts tries in a sliding minute, all callers together: tokens are not to be guessed."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._tries: deque[datetime] = deque(maxlen=per_minute)

    def allows(self, now: datetime) -> bool:
        """Count a try; False when there were too many in the minute before."""
        if len(self._tries) == self._per_minute and now - self._tries[0] < timedelta(minutes=1):
            return False
        self._tries.append(now)
        return True


LIMITER = web.AppKey("limiter", Limiter)


async def sign_in_page(request: web.Request) -> web.Response:
    """Show the button that redeems the link, or how to get one."""
    token = request.query.get("token", "")[:200]
    onward = local_path(request.query.get("next", "/"))
    return await page(request, "sign_in.html", token=token, onward=onward, is_spent=False)


async def sign_in(request: web.Request) -> web.Response:
    """Trade the one-time token for a session, or say that it was used or ran out."""
    desk, settings = request.app[DESK], request.app[SETTINGS]
    now = desk.clock()
    if not request.app[LIMITER].allows(now):
        raise web.HTTPTooManyRequests(
            text="Too many tries; wait a minute.", headers={"Retry-After": "60"}
        )
    fields = await form(request)
    token, onward = fields.get("token", "")[:200], local_path(fields.get("next", "/"))
    redeemed = await desk.store.redeem_link(token, now, now + settings.session) if token else None
    if redeemed is None:
        answer = await page(request, "sign_in.html", token="", onward=onward, is_spent=True)
        answer.set_status(403)
        return answer
    answer = web.Response(status=303, headers={"Location": str(URL(onward))})
    answer.set_cookie(
        settings.cookie,
        redeemed[0],
        max_age=int(settings.session.total_seconds()),
        path="/",
        secure=settings.is_tls,
        httponly=True,
        samesite="Strict",
    )
    return answer


async def sign_out(request: web.Request) -> web.Response:
    """End the session and have the browser forget what it keeps of us."""
    caller, desk = request[CALLER], request.app[DESK]
    if caller.session is not None:
        await desk.store.end_session(caller.session.id, caller.reviewer.id, desk.clock())
    settings = request.app[SETTINGS]
    answer = web.Response(status=303, headers={"Location": "/sign-in"})
    answer.del_cookie(
        settings.cookie, path="/", secure=settings.is_tls, httponly=True, samesite="Strict"
    )
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


async def team(request: web.Request) -> web.Response:
    """Show who may do what and, of oneself or as admin of all, which browsers are signed in."""
    return await _team_page(request)


async def make_link(request: web.Request) -> web.Response:
    """Show a fresh one-time link, once, on the page that answers."""
    fields = await form(request)
    body = check(LinkBody, only(fields, LinkBody))
    reviewer, link = await new_link(request.app[DESK], request[CALLER].reviewer, body.reviewer_id)
    return await _team_page(request, link=link, link_name=reviewer.name)


async def end_session(request: web.Request) -> web.Response:
    """Sign another browser out, at once."""
    await form(request)
    await sign_out_browser(request.app[DESK], request[CALLER].reviewer, path_id(request))
    raise web.HTTPSeeOther("/team")


async def add(request: web.Request) -> web.Response:
    fields = await form(request)
    body = check(ReviewerBody, only(fields, ReviewerBody))
    await add_reviewer(request.app[DESK], request[CALLER].reviewer, body.name.strip(), body.role)
    raise web.HTTPSeeOther("/team")


async def change(request: web.Request) -> web.Response:
    fields = await form(request)
    raw = only(fields, ChangeReviewerBody) | {"disabled": fields.get("disabled") == "1"}
    body = check(ChangeReviewerBody, raw)
    await change_reviewer(
        request.app[DESK],
        request[CALLER].reviewer,
        path_id(request),
        role=body.role,
        disabled=body.disabled,
    )
    raise web.HTTPSeeOther("/team")


async def _team_page(request: web.Request, link: str = "", link_name: str = "") -> web.Response:
    desk = request.app[DESK]
    sessions = await desk.store.sessions(desk.clock())
    reviewers = await desk.store.reviewers()
    return await page(
        request,
        "team.html",
        reviewers=reviewers,
        browsers={one.id: [s for s in sessions if s.reviewer.id == one.id] for one in reviewers},
        link=link,
        link_name=link_name,
    )
