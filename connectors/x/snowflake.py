"""X's ids tell when they were made: milliseconds since November 2010, above 22 other bits.

Pure functions. Ids before that (of the years until 2010) count as made at the beginning.
"""

from datetime import UTC, datetime, timedelta

_BEGAN = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_LARGEST = 2**63 - 1


def made_at(number: int) -> datetime:
    """Return when an id was made, to the millisecond."""
    return _BEGAN + timedelta(milliseconds=min(max(number, 0), _LARGEST) >> 22)


def first_of(moment: datetime) -> int:
    """Return the smallest id that can have been made at a moment."""
    return max(0, int((moment - _BEGAN) / timedelta(milliseconds=1))) << 22
