"""Where a source stands: for each of its lists the id up to which all is known, as small JSON.

A post may become visible a moment after one that was made later. So for two minutes a mark stands
lower and names what is known above; X does not charge for seeing a post twice on one day. Not here:
how a list is read (newest).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.x.snowflake import first_of

SETTLES = timedelta(minutes=2)
QUIET = timedelta(days=1)  # after that a mark moves though nothing was said
SKEW = timedelta(hours=1)  # but not so far that a wrong clock could hide something
NAMED = 100

Cursor = dict[str, "Mark"]


@dataclass(frozen=True, slots=True)
class Mark:
    """All is known up to `floor`, and the ids in `named` above it."""

    floor: int = 0
    named: tuple[int, ...] = ()

    def plus(self, ids: Iterable[int], now: datetime) -> "Mark":
        return Mark(self.floor, tuple(sorted({*self.named, *ids}))).settled(now)

    def settled(self, now: datetime) -> "Mark":
        """Return the mark that names only what is so young that others may come under it."""
        late = first_of(now - SETTLES)
        named = [one for one in self.named if one > self.floor]
        young = [one for one in named if one >= late][-NAMED:]
        old = [one for one in named if not young or one < young[0]]
        return Mark(max((self.floor, *old)), tuple(young))

    def risen(self, now: datetime) -> "Mark":
        """Return the mark after a look to the list's end: one that gets too old is moved up.

        A search looks back for 7 days only, and would refuse an older mark.
        """
        if self.floor >= first_of(now - QUIET) or self.named:
            return self
        return Mark(first_of(now - SKEW))


def read_cursor(text: str | None) -> Cursor:
    """Read a cursor; a text that nobody can read stands for nothing known."""
    try:
        told = json.loads(text or "{}")
        return {
            str(name): Mark(int(floor), tuple(int(one) for one in named))
            for name, (floor, named) in told.items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}


def write_cursor(cursor: Cursor) -> str:
    told = {name: (str(one.floor), [str(n) for n in one.named]) for name, one in cursor.items()}
    return json.dumps(told, separators=(",", ":"), sort_keys=True)
