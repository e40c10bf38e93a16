"""Where a source stands: a mark for each of its lists, as a small JSON table.

A mark says what is known of a list: everything before its `low`, and from there on the named ones.
It never names a place to go on from, because that may vanish; and it names more than one page, so
that what comes late (a moderator lets it through) is still told from what was given. Not here:
how a list is read (newest).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

NAMED = 300


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a list: when it was made (seconds), its name, and what it says."""

    at: int
    name: str
    told: Any


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a list is known."""

    low: int = 0
    named: tuple[tuple[int, str], ...] = ()

    def covers(self, entry: Entry) -> bool:
        return entry.at < self.low or any(name == entry.name for _, name in self.named)

    def plus(self, entries: Iterable[Entry]) -> "Mark":
        """Return the mark after some rows; of one second all stay named, however many."""
        named = sorted({*self.named, *((one.at, one.name) for one in entries)})
        low = max(self.low, named[-NAMED][0]) if len(named) > NAMED else self.low
        return Mark(low, tuple(one for one in named if one[0] >= low))


class Cursor:
    """The marks of one source. A text that nobody can read stands for nothing known."""

    def __init__(self, text: str | None) -> None:
        self.marks, self.counts = _read(text)
        self.is_moved = False  # since it was last written

    def mark(self, name: str) -> Mark:
        return self.marks.get(name, Mark())

    def move(self, name: str, entries: Sequence[Entry]) -> None:
        moved = self.mark(name).plus(entries)
        self.is_moved = self.is_moved or moved != self.mark(name)
        self.marks[name] = moved

    def count(self, counts: dict[str, int]) -> None:
        """Remember how many comments stood under each post."""
        self.is_moved = self.is_moved or counts != self.counts
        self.counts = counts

    def write(self) -> str:
        self.is_moved = False
        marks = {name: (one.low, one.named) for name, one in self.marks.items()}
        told = {"marks": marks, "counts": self.counts}
        return json.dumps(told, separators=(",", ":"), sort_keys=True)


def _read(text: str | None) -> tuple[dict[str, Mark], dict[str, int]]:
    try:
        told = json.loads(text or "{}")
        marks = {
            str(name): Mark(int(low), tuple((int(at), str(one)) for at, one in named))
            for name, (low, named) in told.get("marks", {}).items()
        }
        counts = {str(key): int(count) for key, count in told.get("counts", {}).items()}
    except (ValueError, TypeError, AttributeError):
        return {}, {}
    return marks, counts
