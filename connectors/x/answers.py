"""What X's refusals mean, as far as their words tell more than their status (connectors._http).

Sources: docs.x.com, response codes and errors; bodies that people quoted, where X documents none.
Spent credits are documented nowhere: people report a 402 (tryethernal/ethernal#1324, 2026-06-03).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connectors._http import Answer, ensure_ok
from connectors.contract import Clock, RateLimited, Rejected, Unavailable, UnexpectedAnswer

SUMMONED_RULE = (
    "X takes a reply by program only if the author of the post mentions us in it or quotes a post"
    " of ours: answer by hand"
)
SUMMONED_SOURCE = "docs.x.com, manage posts, reply restrictions, since 2026-02-23"
NO_CREDITS = "X has no more credits of ours: buy some, or raise the limit, at console.x.com"
_ASK_AGAIN = timedelta(hours=1)

_DUPLICATE = ("duplicate content",)
_GONE = ("deleted or not visible", "could not find tweet", "could not find post")
_NOT_SUMMONED = ("you have not been mentioned or otherwise engaged",)
_SPENT = ("credits", "spend cap", "spending limit", "usage-capped", "usage cap")


def ensure(answer: Answer, clock: Clock) -> Answer:
    """Return an answer of 2xx; raise what says who must act otherwise.

    A duplicate is an unknown outcome: X refuses what it took a moment ago, and names no id.
    """
    if answer.status < 400:
        return ensure_ok(answer, clock)
    told = problem(answer)
    words = f"{told.get('type', '')} {said(told)}".casefold()
    if answer.status == 402 or (answer.status in (403, 429) and _any(_SPENT, words)):
        raise RateLimited(f"{NO_CREDITS} ({said(told)})", until=clock() + _ASK_AGAIN)
    if answer.status == 403 and _any(_DUPLICATE, words):
        raise Unavailable(f"403: {said(told)} It may be the very reply: it is looked up.")
    if answer.status in (400, 403) and _any(_GONE, words):
        raise Rejected(said(told), code="parent_gone")
    if answer.status == 403 and _any(_NOT_SUMMONED, words):
        raise Rejected(f"{SUMMONED_RULE} ({SUMMONED_SOURCE})", code="not_allowed")
    if not told and answer.status in (400, 403, 404, 410, 413):  # from something in between
        raise UnexpectedAnswer(f"a {answer.status} without a reason", raw=answer.text[:4000])
    return ensure_ok(answer, clock, said=said(told))


def problem(answer: Answer) -> Mapping[str, Any]:
    """Return the problem that X describes; nothing if the body describes none."""
    try:
        told = answer.json()
    except UnexpectedAnswer:
        return {}
    return told if isinstance(told, dict) else {}


def said(told: Mapping[str, Any]) -> str:
    """Return X's words for a problem, in whichever of its forms they came."""
    if detail := told.get("detail") or told.get("error_description") or told.get("error"):
        return str(detail)[:300]
    errors = told.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    if isinstance(first, dict):
        return str(first.get("message") or first.get("detail") or "")[:300]
    return str(told.get("title", ""))[:300]


def _any(signs: tuple[str, ...], words: str) -> bool:
    return any(one in words for one in signs)
