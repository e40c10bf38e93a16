"""What Reddit says inside an answer of 200: `json.errors`, a list of [code, sentence, field].

Codes are the same everywhere, sentences are in the account's language. Not here: errors that have
a status of their own (door).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import regex

from connectors._http import LONGEST_WAIT, SHORTEST_WAIT
from connectors.contract import (
    AuthFailed,
    Clock,
    ConnectorError,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)

UNSAID = timedelta(minutes=10)  # Reddit's usual break for a new account in a subreddit

_CODES: Mapping[str, str] = MappingProxyType(
    {
        "DELETED_COMMENT": "parent_gone",
        "DELETED_LINK": "parent_gone",
        "DELETED_THING": "parent_gone",
        "NO_THING_ID": "parent_gone",
        "TOO_LONG": "too_long",
        "THREAD_LOCKED": "not_allowed",
        "TOO_OLD": "not_allowed",
        "TOO_MANY_COMMENTS": "not_allowed",
        "BANNED_FROM_SUBREDDIT": "not_allowed",
        "SUBREDDIT_NOTALLOWED": "not_allowed",
        "SUBREDDIT_LINKING_DISALLOWED": "not_allowed",
        "NOT_AUTHOR": "not_allowed",
        "USER_BLOCKED": "not_allowed",
        "USER_BLOCKED_MESSAGE": "not_allowed",
        "USER_MUTED": "not_allowed",
        "COMMENT_GUIDANCE_VALIDATION_FAILED": "not_allowed",
    }
)
_OF_LOGIN = ("USER_REQUIRED", "USER_SUSPENDED", "ACCOUNT_SUSPENDED", "USER_DOESNT_EXIST")
_OF_REDDIT = ("SOMETHING_IS_BROKEN", "SERVER_ERROR", "INTERNAL_SERVER_ERROR")

_AMOUNT = regex.compile(r"(\d+(?:[.,]\d+)?)\s*(\p{L}*)")
_UNITS: Sequence[tuple[tuple[str, ...], float]] = (
    (("ms", "milli", "милли", "мс"), 0.001),
    (("h", "std", "stund", "ч", "uur", "ore", "tim", "godz", "saat", "時", "小时", "시간"), 3600),
    (("s", "с", "сек", "秒", "초", "ثا", "sn"), 1),  # noqa: RUF001 - as Reddit says it
    (("m", "м", "хв", "分", "분", "d"), 60),  # also what no language here knows
)


def ensure_no_errors(told: Any, clock: Clock) -> Mapping[str, Any]:
    """Return what stands beside the errors; raise the error that says who must act."""
    table = told.get("json") if isinstance(told, dict) else None
    if not isinstance(table, dict):
        raise UnexpectedAnswer("an answer in another form", raw=str(told)[:4000])
    errors = table.get("errors") or []
    if errors:
        raise _error(errors, table, clock)
    kept = table.get("data")
    return kept if isinstance(kept, dict) else {}


def wait_in(sentence: str, seconds: Any = None) -> timedelta:
    """Return how long a sentence asks to wait, in whatever language; `seconds` is believed first.

    A unit that nobody here knows is taken for minutes, a sentence without a number for ten.
    """
    try:
        wait = timedelta(seconds=float(seconds))
    except (TypeError, ValueError, OverflowError):
        wait = _wait_of_words(sentence)
    return min(max(wait, SHORTEST_WAIT), LONGEST_WAIT)


def _wait_of_words(sentence: str) -> timedelta:
    found = _AMOUNT.search(sentence)
    if found is None:
        return UNSAID
    number, unit = found[1].replace(",", "."), found[2].casefold()
    size = next((size for words, size in _UNITS if unit.startswith(words)), 60)
    return timedelta(seconds=min(float(number) * size, LONGEST_WAIT.total_seconds()))


def _error(errors: Any, table: Mapping[str, Any], clock: Clock) -> ConnectorError:
    code, sentence = _first(errors)
    told = f"{code}: {sentence}" if sentence else code
    if code == "RATELIMIT":
        return RateLimited(told, until=clock() + wait_in(sentence, table.get("ratelimit")))
    if code in _OF_LOGIN:
        return AuthFailed(told)
    if code in _OF_REDDIT:
        return Unavailable(told)
    if not code:
        return UnexpectedAnswer("errors in another form", raw=str(errors)[:4000])
    return Rejected(told, code=_CODES.get(code, "rejected"))


def _first(errors: Any) -> tuple[str, str]:
    """Return code and sentence of the error that decides: a limit before anything else."""
    told = errors if isinstance(errors, list) else []
    rows = [one for one in told if isinstance(one, list) and one]
    rows.sort(key=lambda one: str(one[0]) != "RATELIMIT")
    if not rows:
        return "", ""
    return str(rows[0][0]), str(rows[0][1]) if len(rows[0]) > 1 and rows[0][1] else ""
