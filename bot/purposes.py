"""What paid calls are for, besides the sources that are read; and for what they are counted.

A connector names the purpose of each call. Whoever asks it for something on behalf of something
else says so here. Not here: what may be spent (bot.meter).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        "reply": "replies",
        "delete": "replies taken back",
        "check": "looks whether we may reply",
        "recheck": "re-checks",
        "thread": "threads above",
        "login": "looks at the login",
        "estimate": "questions what a search would cost",
    }
)
"""As people read them; the first five are a connector's. No source goes by one of these names."""

NEVER_STOPPED = frozenset({"reply", "delete", "login", "estimate"})
_paying_for: ContextVar[str] = ContextVar("paying_for", default="")


@contextmanager
def paying_for(purpose: str) -> Iterator[None]:
    """Count what is asked meanwhile for this purpose, whatever the connector calls it."""
    token = _paying_for.set(purpose)
    try:
        yield
    finally:
        _paying_for.reset(token)


def purpose_of(called: str) -> str:
    """Return what a call is counted for."""
    return _paying_for.get() or called
