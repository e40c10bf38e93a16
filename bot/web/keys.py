"""Typed names under which the application and a request keep what their handlers need."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from aiohttp import web
from jinja2 import Environment

from bot.desk import Desk
from bot.web.settings import WebSettings
from storage.model import Reviewer, Session

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Access = Literal["public", "read", "review", "admin"]


@dataclass(frozen=True, slots=True)
class Route:
    """One address. What stands in no route is answered by nobody; what has no access is denied."""

    method: Literal["GET", "POST"]
    path: str
    handler: Handler
    access: Access


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `csrf` is empty for a caller trusted by the permissions of the socket."""

    reviewer: Reviewer
    csrf: str = ""
    session: Session | None = None


DESK = web.AppKey("desk", Desk)
SETTINGS = web.AppKey("settings", WebSettings)
TEMPLATES = web.AppKey("templates", Environment)
ROUTES: web.AppKey[dict[tuple[str, str], Route]] = web.AppKey("routes", dict)
STOPPING = web.AppKey("stopping", asyncio.Event)
CALLER = web.RequestKey("caller", Caller)
