"""The applications: the pages with their API for browsers, and the API alone for the socket.

Binding a port or a socket is bot.service's; nothing here starts anything.
"""

import asyncio
from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Middleware

from bot.desk import Desk
from bot.web.auth import browser_caller, socket_caller
from bot.web.keys import DESK, ROUTES, SETTINGS, STOPPING, TEMPLATES, Route
from bot.web.pages.sign_in import LIMITER, Limiter
from bot.web.plumbing import ASSETS, assets
from bot.web.render import HERE, environment
from bot.web.routes import API, OPEN, PAGES
from bot.web.settings import web_settings
from bot.web.shield import errors, known_host, put_headers


def create_app(desk: Desk, *, api_only: bool = False) -> web.Application:
    """Build what answers browsers; `api_only` leaves the pages out, not the signing in."""
    app = _bare(desk, [errors, known_host, browser_caller])
    settings = web_settings(desk.config)
    app[LIMITER] = Limiter(settings.sign_ins_per_minute)
    app[ASSETS] = assets(HERE / "static")
    signing = tuple(route for route in PAGES if route.path.startswith(("/sign-", "/static")))
    _add(app, OPEN + API + (signing if api_only else PAGES))
    app.on_response_prepare.append(put_headers)
    app.on_shutdown.append(_stop_streams)
    return app


def create_socket_app(desk: Desk) -> web.Application:
    """Build the API for <home>/run.sock: who may open the socket is trusted."""
    app = _bare(desk, [errors, socket_caller])
    _add(app, OPEN + API)
    return app


def _bare(desk: Desk, middlewares: Sequence[Middleware]) -> web.Application:
    settings = web_settings(desk.config)
    app = web.Application(middlewares=middlewares, client_max_size=settings.max_body)
    app[DESK] = desk
    app[SETTINGS] = settings
    app[TEMPLATES] = environment()
    app[STOPPING] = asyncio.Event()
    return app


def _add(app: web.Application, routes: Sequence[Route]) -> None:
    table: dict[tuple[str, str], Route] = {(one.method, one.path): one for one in routes}
    app[ROUTES] = table
    for route in routes:
        app.router.add_route(route.method, route.path, route.handler)


async def _stop_streams(app: web.Application) -> None:
    app[STOPPING].set()
