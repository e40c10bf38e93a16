"""Pages out of templates: one environment with autoescape, and what every page shows.

No template marks anything as safe; bot.web.words hands out parts, templates escape them.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot import review
from bot.config import Policy
from bot.desk import Desk
from bot.money import amount
from bot.policy import is_crisis, may_be_crisis
from bot.web import words
from bot.web.keys import CALLER, DESK, TEMPLATES, Caller
from nlp.model import Tags

HERE = Path(__file__).parent


@cache
def environment() -> Environment:
    """Build the environment, once: autoescape everywhere, an undefined name is a bug."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=words.visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "parts": words.parts,
        "hidden": words.hidden,
        "one_line": words.one_line,
        "without_call": words.without_call,
        "initials": words.initials,
        "hue": words.hue,
        "safe_link": words.safe_link,
        "beside_crisis": words.beside_crisis,
        "day": words.day,
        "language": words.language_name,
    }
    made.globals |= {
        "new_request_id": lambda: secrets.token_urlsafe(12),
        "reject_reasons": review.REJECT_REASONS,
        "views": VIEWS,
        "keys": KEYS,
        "money": amount,
    }
    return made


VIEWS = (
    ("needs_you", "Needs you"),
    ("by_hand", "By hand"),
    ("silent", "No draft"),
    ("snoozed", "Snoozed"),
    ("done", "Done"),
    ("all", "All"),
)
NOTICES = {
    "rejected": "Rejected. The message waits for your own words.",
    "no_reply": "No reply needed: done.",
    "by_hand": "Answered by hand: done.",
    "snoozed": "Snoozed.",
    "corrected": "Corrected.",
    "recalled": "Taken back. Nothing was sent.",
    "settled": "Settled.",
}
KEYS = (
    ("Enter", "Approve what is shown"),
    ("e", "Edit the reply"),
    ("Esc", "Leave the editor"),
    ("Ctrl Enter", "Approve while editing"),
    ("1 2 3", "Another option"),
    ("o", "Write your own words"),
    ("d", "Reject, then a letter for the reason"),
    ("x", "No reply needed"),
    ("c", "Copy the suggestion, where you answer by hand"),
    ("h", "Answered by hand"),
    ("s", "Snooze, then a choice"),
    ("u", "Undo the last approval"),
    ("j k", "Next, previous"),
    ("/", "Search"),
    ("p", "Open the person"),
    ("w", "Why: what the model is sure of"),
    (".", "Stop all sending, and start again"),
    ("?", "This help"),
)


async def page(request: web.Request, template: str, **more: Any) -> web.Response:
    """Render a template with what every page shows: who, the brake, the counts."""
    context = await frame(request) | more
    html = request.app[TEMPLATES].get_template(template).render(context)
    return web.Response(text=html, content_type="text/html")


async def frame(request: web.Request) -> dict[str, Any]:
    """Return what every page shows. Somebody who is not signed in sees the brand and no more."""
    desk = request.app[DESK]
    now = desk.clock()
    caller = request.get(CALLER)
    context = {"brand": desk.config.brand.name, "now": now, "me": caller, "path": request.path}
    context |= _time_words(desk, now) | {"counts": {}, "brakes": ()}
    if caller is not None:
        context |= await _standing(desk, now)
    context |= {"notice": NOTICES.get(request.query.get("said", ""), ""), "approved_id": None}
    if request.query.get("approved", "").isdecimal() and _may(caller, "review"):
        context["approved_id"] = request.query["approved"][:18]
    return context | {"may_review": _may(caller, "review"), "is_admin": _may(caller, "admin")}


async def _standing(desk: Desk, now: datetime) -> Mapping[str, Any]:
    return {
        "counts": await desk.store.queue_counts(now),
        "brakes": await desk.store.brakes(),
    }


def _time_words(desk: Desk, now: datetime) -> dict[str, Any]:
    zone = desk.config.zone
    return {
        "ago": lambda moment: words.ago(moment, now),
        "due": lambda moment: words.due(moment, now),
        "urgency": lambda moment: words.urgency(moment, now),
        "clock": lambda moment: words.clock(moment, zone, now),
        "crisis_of": lambda tags: _crisis_of(tags, desk.config.policy),
    }


def _crisis_of(tags: Tags | None, policy: Policy) -> str:
    """Return `crisis` where the model is sure, `crisis?` where a human should say."""
    if tags is None or not may_be_crisis(tags):
        return ""
    return "crisis" if is_crisis(tags, policy) else "crisis?"


def _may(caller: Caller | None, role: str) -> bool:
    order = ("read", "review", "admin")
    return caller is not None and order.index(caller.reviewer.role) >= order.index(role)
