"""Where a source stands: a mark for each of its lists, as a small JSON table.

Not here: how a list is read up to its mark (newest), and which lists there are (hear).
"""

import json
from collections.abc import Sequence

from connectors.bluesky.newest import Entry, Mark


class Cursor:
    """The marks of one source. A text that nobody can read stands for nothing known."""

    def __init__(self, text: str | None) -> None:
        self.marks, self.replies = _read(text)
        self.is_moved = False  # since it was last written

    def covers(self, name: str, entry: Entry) -> bool:
        """Tell whether a row of a list is known: from this list, or by name from another."""
        return self.mark(name).covers(entry) or any(
            one == entry.name for mark in self.marks.values() for _, one in mark.named
        )

    def mark(self, name: str) -> Mark:
        return self.marks.get(name, Mark())

    def begin(self, name: str, entry: Entry) -> None:
        """Let a list begin with a row: whatever stands before it is not asked for, ever."""
        self.marks.setdefault(name, Mark(low=entry.at))

    def move(self, name: str, entries: Sequence[Entry]) -> None:
        moved = self.mark(name).plus(entries)
        self.is_moved = self.is_moved or moved != self.mark(name)
        self.marks[name] = moved

    def count(self, replies: dict[str, int]) -> None:
        """Remember how many replies stand under our posts."""
        self.is_moved = self.is_moved or replies != self.replies
        self.replies = replies

    def write(self) -> str:
        self.is_moved = False
        marks = {name: (one.low, one.named) for name, one in self.marks.items()}
        told = {"marks": marks, "replies": self.replies}
        return json.dumps(told, separators=(",", ":"), sort_keys=True)


def _read(text: str | None) -> tuple[dict[str, Mark], dict[str, int]]:
    try:
        told = json.loads(text or "{}")
        marks = {
            str(name): Mark(int(low), tuple((int(at), str(one)) for at, one in named))
            for name, (low, named) in told.get("marks", {}).items()
        }
        replies = {str(key): int(count) for key, count in told.get("replies", {}).items()}
    except (ValueError, TypeError, AttributeError):
        return {}, {}
    return marks, replies
