"""Mood over time as the geometry of a small chart; the template draws it as inline SVG.

Not the counting (storage) and not a judgement about a person: it shows what was said, per day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from storage.model import PersonDay

WIDTH, HEIGHT = 280.0, 64.0
_MIDDLE = HEIGHT / 2


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    mood: str
    title: str


@dataclass(frozen=True, slots=True)
class MoodChart:
    """Bars up for positive words, down for negative, a dot on the line for neutral ones."""

    bars: tuple[Bar, ...]
    first: date
    last: date
    caption: str  # the same in words, for those who do not see it
    width: float = WIDTH
    height: float = HEIGHT
    middle: float = _MIDDLE


def mood_chart(days: Sequence[PersonDay], today: date, span_days: int = 60) -> MoodChart:
    """Lay out the last `span_days` days. No days give an empty line."""
    first = today - timedelta(days=span_days - 1)
    shown = [day for day in days if first <= day.day <= today]
    top = max([max(day.positive, day.negative) for day in shown] + [3])
    bars = [bar for day in shown for bar in _bars(day, (day.day - first).days, span_days, top)]
    return MoodChart(tuple(bars), first, today, _caption(shown, span_days))


def _bars(day: PersonDay, index: int, span_days: int, top: int) -> list[Bar]:
    step = WIDTH / span_days
    x, wide = round(index * step + 0.4, 2), round(max(step - 0.8, 1.5), 2)
    room = _MIDDLE - 3
    up, down = room * day.positive / top, room * day.negative / top
    title = (
        f"{day.day:%d %b}: {day.positive} positive, {day.neutral} neutral, {day.negative} negative"
    )
    drawn = [
        Bar(x, round(_MIDDLE - 1.5 - up, 2), wide, round(up, 2), "positive", title),
        Bar(x, round(_MIDDLE + 1.5, 2), wide, round(down, 2), "negative", title),
        Bar(x, _MIDDLE - 1.5, wide, 3.0 if day.neutral else 0.0, "neutral", title),
    ]
    return [bar for bar in drawn if bar.height > 0]


def _caption(days: Sequence[PersonDay], span_days: int) -> str:
    positive, negative = sum(d.positive for d in days), sum(d.negative for d in days)
    neutral = sum(d.neutral for d in days)
    if not positive + negative + neutral:
        return f"Nothing to judge by in the last {span_days} days."
    return f"Last {span_days} days: {positive} positive, {neutral} neutral, {negative} negative."
