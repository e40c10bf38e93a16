"""Where a source stands in lists that are told newest first: a mark for each list, as small JSON.

For platforms that cannot be asked "since". A mark says what is known of a list: everything before
its `low`, and from there on the named rows. It never names a place to go on from, because that may
vanish. Not here: how a list is read up to its mark, and which lists there are (the connectors).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

Named = tuple[int, str]  # when a row stands in its list, and its name


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a list: when it stands there (in the list's own unit), its name, what it says."""

    at: int
    name: str
    told: Any


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a list is known. A platform says in `lowest` from when on rows stay named."""

    low: int = 0
    named: tuple[Named, ...] = ()

    def covers(self, entry: Entry) -> bool:
        return entry.at < self.low or any(name == entry.name for _, name in self.named)

    def plus(self, entries: Iterable[Entry]) -> Self:
        """Return the mark after some rows; of one moment all stay named, however many."""
        named = sorted({*self.named, *((one.at, one.name) for one in entries)})
        low = max(self.low, self.lowest(named))
        return type(self)(low, tuple(one for one in named if one[0] >= low))

    @staticmethod
    def lowest(_named: Sequence[Named]) -> int:
        """Return the time from which these rows stay named, oldest first; 0: all of them."""
        return 0


M = TypeVar("M", bound=Mark)


class Cursor(Generic[M]):
    """The marks of one source, and counts that tell whether to look under a row again.

    A text that nobody can read stands for nothing known.
    """

    def __init__(self, text: str | None, kind: type[M]) -> None:
        self._kind = kind
        self.marks, self.counts = _read(text, kind)
        self.is_moved = False  # since it was last written

    def covers(self, name: str, entry: Entry) -> bool:
        """Tell whether a row of a list is known: from this list, or by name from another."""
        return self.mark(name).covers(entry) or any(
            one == entry.name for mark in self.marks.values() for _, one in mark.named
        )

    def mark(self, name: str) -> M:
        return self.marks.get(name, self._kind())

    def begin(self, name: str, entry: Entry) -> None:
        """Let a list begin with a row: whatever stands before it is not asked for, ever."""
        self.marks.setdefault(name, self._kind(low=entry.at))

    def move(self, name: str, entries: Sequence[Entry]) -> None:
        moved = self.mark(name).plus(entries)
        self.is_moved = self.is_moved or moved != self.mark(name)
        self.marks[name] = moved

    def count(self, counts: dict[str, int]) -> None:
        """Remember how many answers stood under each row."""
        self.is_moved = self.is_moved or counts != self.counts
        self.counts = counts

    def write(self) -> str:
        self.is_moved = False
        marks = {name: (one.low, one.named) for name, one in self.marks.items()}
        told = {"marks": marks, "counts": self.counts}
        return json.dumps(told, separators=(",", ":"), sort_keys=True)


def _read(text: str | None, kind: type[M]) -> tuple[dict[str, M], dict[str, int]]:
    try:
        told = json.loads(text or "{}")
        marks = {
            str(name): kind(int(low), tuple((int(at), str(one)) for at, one in named))
            for name, (low, named) in told.get("marks", {}).items()
        }
        counts = {str(key): int(count) for key, count in told.get("counts", {}).items()}
    except (ValueError, TypeError, AttributeError):
        return {}, {}
    return marks, counts
