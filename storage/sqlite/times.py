"""Times as the database keeps them: milliseconds since 1970, UTC. And local dates of the brand."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    """Return an aware time as milliseconds; a naive one is the caller's mistake."""
    return (at - _EPOCH) // _MILLISECOND


def to_ms_or_none(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)


def from_ms(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


def from_ms_or_none(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)


def zone(name: str) -> ZoneInfo:
    """Return the time zone, or UTC where the name means nothing here."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def local_day(ms: int, time_zone: ZoneInfo) -> str:
    return from_ms(ms).astimezone(time_zone).date().isoformat()


def day_bounds(day: date, time_zone: ZoneInfo) -> tuple[int, int]:
    """Return the first millisecond of a local day and of the next: 23, 24 or 25 hours apart."""
    start = datetime.combine(day, time.min, time_zone)
    end = datetime.combine(day + timedelta(days=1), time.min, time_zone)
    return to_ms(start), to_ms(end)
