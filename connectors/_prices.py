"""What platforms charge, as data and pure functions: whole millionths of a dollar, each sourced.

Not here: what was spent so far and how much may be (bot keeps the meter).
"""

from collections.abc import Mapping
from types import MappingProxyType

from connectors._length import x_links

DOLLAR = 1_000_000  # micro-dollars

X_SOURCE = "docs.x.com, X API, pricing; as of 2026-08-22"
X: Mapping[str, int] = MappingProxyType(
    {
        "owned read": 1_000,  # own posts and mentions, where the account owns the developer app
        "post read": 5_000,
        "user read": 10_000,
        "post": 15_000,
        "post with a link": 200_000,
        "summoned reply": 10_000,
        "deletion": 10_000,
        "count": 5_000,  # one question to /2/tweets/counts/recent
    }
)
_DAYS_COUNTED, _DAYS_A_MONTH = 7, 31


def x_reply_kind(text: str) -> str:
    """Return under which price a reply falls.

    X lists a post with a URL and a summoned reply, and does not say what a summoned reply with a
    URL is: we count on the dearer one.
    """
    return "post with a link" if x_links(text) else "summoned reply"


def x_reply_price(text: str) -> int:
    """Return what posting this reply on X costs at most, in micro-dollars."""
    return X[x_reply_kind(text)]


def x_search_estimate(found: int) -> int:
    """Return what a month of a search costs that found so many posts in the last 7 days.

    Rather too much: as if every author were new to us. In micro-dollars.
    """
    return found * _DAYS_A_MONTH * (X["post read"] + X["user read"]) // _DAYS_COUNTED


def dollars(micro_dollars: int) -> str:
    """Write an amount for people: $0.005, $12.50."""
    cents, rest = divmod(micro_dollars, DOLLAR // 100)
    if rest:
        return f"${micro_dollars / DOLLAR:.6f}".rstrip("0")
    return f"${cents // 100}.{cents % 100:02d}"


def x_price_list() -> str:
    """Return the prices in one line."""
    return ", ".join(f"{what} {dollars(price)}" for what, price in X.items())
