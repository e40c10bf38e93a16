"""What stays known of a list of Reddit.

A mark names more than one page, so that what comes late (a moderator lets it through) is still told
from what was given. Not here: how a list is read (newest).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors import _cursor
from connectors._cursor import Named

NAMED = 300


@dataclass(frozen=True, slots=True)
class Mark(_cursor.Mark):
    """How far a list is known; times are seconds."""

    @staticmethod
    def lowest(named: Sequence[Named]) -> int:
        return named[-NAMED][0] if len(named) > NAMED else 0
