"""Who asks, and may they: sessions, roles, and that a change comes from our own page.

Sign-in itself is bot.web.pages.sign_in. Roles are read < review < admin; a route without an entry
in the table of routes is denied. A change needs POST, our origin and the session's token.
"""

import hmac

from aiohttp import web
from yarl import URL

from bot.errors import NotAllowed
from bot.review import require
from bot.web.keys import CALLER, DESK, ROUTES, SETTINGS, Caller, Handler, Route
from bot.web.render import page
from storage.model import Reviewer


@web.middleware
async def browser_caller(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through to its handler if its session, role, origin and token allow it."""
    route = route_of(request)
    if request.method != "GET":
        require_our_origin(request)
    caller = await caller_of(request)
    if caller is not None:
        request[CALLER] = caller
    if route.access == "public":
        return await handler(request)
    if caller is None:
        return await _ask_to_sign_in(request)
    require(caller.reviewer, route.access)
    if request.method != "GET":
        await _require_token(request, caller)
    return await handler(request)


@web.middleware
async def socket_caller(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Trust the permissions of the socket; act as the first admin, or as the named reviewer."""
    route = route_of(request)
    if route.access != "public":
        reviewer = await _named_reviewer(request)
        require(reviewer, route.access)
        request[CALLER] = Caller(reviewer)
    return await handler(request)


def route_of(request: web.Request) -> Route:
    """Return the route of a request. Not found and not allowed methods raise as aiohttp does."""
    if request.match_info.http_exception is not None:
        raise request.match_info.http_exception
    resource = request.match_info.route.resource
    route = request.app[ROUTES].get((request.method, resource.canonical if resource else ""))
    if route is None:
        raise NotAllowed("Nobody may do this.")
    return route


def require_our_origin(request: web.Request) -> None:
    """Refuse a change that another site, or no page at all, asked for."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    is_ours = origin in our_origins(request)
    # A form posted under no-referrer says `Origin: null`; then the browser's own word must stand.
    if site == "same-origin" and (is_ours or origin in {None, "null"}):
        return
    if site is None and is_ours:
        return
    raise NotAllowed("This change did not come from a page of byname.")


def our_origins(request: web.Request) -> set[str]:
    settings = request.app[SETTINGS]
    return {f"{settings.scheme}://{request.headers.get('Host', '')}"} | (
        {settings.public_origin} if settings.public_origin else set()
    )


async def caller_of(request: web.Request) -> Caller | None:
    token = request.cookies.get(request.app[SETTINGS].cookie, "")
    if not token or len(token) > 200:
        return None
    desk = request.app[DESK]
    session = await desk.store.session(token, desk.clock())
    if session is None or session.reviewer.disabled_at is not None:
        return None
    return Caller(session.reviewer, session.csrf, session)


async def _named_reviewer(request: web.Request) -> Reviewer:
    asked = request.headers.get("X-Byname-Reviewer", "")
    working = [one for one in await request.app[DESK].store.reviewers() if not one.disabled_at]
    for one in working:
        if (asked and asked in {one.name, str(one.id)}) or (not asked and one.role == "admin"):
            return one
    who = f"called {asked}" if asked else "with the role admin"
    raise NotAllowed(f"There is no reviewer {who}; see `byname reviewer`.")


async def _require_token(request: web.Request, caller: Caller) -> None:
    sent = request.headers.get("X-CSRF-Token", "")
    if not sent and request.content_type == "application/x-www-form-urlencoded":
        sent = str((await request.post()).get("csrf", ""))
    if not hmac.compare_digest(sent.encode(), caller.csrf.encode()):
        raise NotAllowed("This page is too old to change anything; reload it and try again.")


async def _ask_to_sign_in(request: web.Request) -> web.StreamResponse:
    wants_page = "text/html" in request.headers.get("Accept", "")
    if request.method != "GET" or not wants_page or request.path.startswith(("/api/", "/events")):
        raise web.HTTPUnauthorized(text="Sign in first.")
    # A strict cookie stays behind when a link in a mail is followed; one step that starts on our
    # own page brings it along. That step says same-origin, so this happens once.
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return await page(request, "arrive.html", onward=request.path_qs)
    raise web.HTTPSeeOther(URL("/sign-in").with_query(next=request.path_qs))
