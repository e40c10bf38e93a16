"""The four charts of a digest, laid out as shapes (bot.digest.charts)."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import accumulate, pairwise
from math import log

from bot.digest.charts import (
    WIDTH,
    Chart,
    Colour,
    Frame,
    Label,
    Path,
    Rect,
    Series,
    Shape,
    grid,
    legend,
    nice_top,
)
from bot.digest.words import count, duration, listing, percent
from bot.measures.band import Band
from bot.measures.survival import Curve
from storage.model import DayNumbers

FRAME = Frame()
HEIGHT = 202
SEAM = 0.6  # neighbours overlap, or screens draw a line between them
MINUTES = (1, 5, 15, 60, 240, 1440, 2880)
SENTIMENTS: tuple[tuple[str, Colour], ...] = (
    ("negative", "bad"),
    ("unsure", "quiet"),
    ("neutral", "plain"),
    ("positive", "good"),
)
DECISIONS: tuple[tuple[str, str, Colour], ...] = (
    ("approved", "as suggested", "good"),
    ("edited", "edited", "edit"),
    ("own_words", "own words", "own"),
    ("by_hand", "by hand", "quiet"),
    ("automatic", "automatic", "accent"),
    ("rejected", "rejected", "bad"),
    ("no_reply", "no reply needed", "plain"),
)


def hours_chart(by_hour: Sequence[int], bands: Sequence[Band | None], what: str) -> Chart | None:
    """Messages by hour as bars, with the usual range of each hour behind them."""
    if not any(by_hour):
        return None
    top = nice_top(max([*by_hour, *(band.high for band in bands if band)], default=1))
    slot = (FRAME.right - FRAME.left) / 24
    shapes = grid(top, FRAME)
    known = [(hour, band) for hour, band in enumerate(bands) if band]
    for hour, band in known:
        x, high, low = FRAME.x(hour / 24), FRAME.y(band.high / top), FRAME.y(band.low / top)
        shapes.append(Rect(x, high, slot + SEAM, max(low - high, 1), "band"))
    for hour, number in enumerate(by_hour):
        y = FRAME.y(number / top)
        shapes.append(
            Rect(FRAME.x(hour / 24) + slot * 0.2, y, slot * 0.6, FRAME.bottom - y, "accent")
        )
    for hour in range(0, 24, 3):
        x = FRAME.x(hour / 24) + slot / 2
        shapes.append(Label(x, FRAME.bottom + 14, f"{hour:02d}", anchor="middle", size=12))
    series = [Series("messages in", "accent")]
    if known:
        series.append(Series(f"usual range, {what}", "band"))
    shapes += legend(series, 12)
    return Chart("hours", "When people wrote", _hours_alt(by_hour, bands), HEIGHT, tuple(shapes))


def waiting_chart(today: Curve, before: Curve) -> Chart | None:
    """Share answered by the time since asking, this day against the 28 days before."""
    if not today.count and not before.count:
        return None
    shapes = grid(100, FRAME, " %")
    for minutes in MINUTES:
        x = FRAME.x(_time_share(minutes))
        shapes.append(Path(((x, FRAME.top), (x, FRAME.bottom)), "line", 1))
        shapes.append(Label(x, FRAME.bottom + 14, _time_label(minutes), anchor="middle", size=12))
    series = []
    if before.count:
        shapes.append(Path(_steps(before), "quiet", 2))
        series.append(Series(f"28 days before ({before.count})", "quiet"))
    if today.count:
        shapes.append(Path(_steps(today), "accent", 3))
        series.insert(0, Series(f"this day ({today.count})", "accent"))
    shapes += legend(series, 12)
    return Chart(
        "waiting", "How long people waited", _waiting_alt(today, before), HEIGHT, tuple(shapes)
    )


def intents_chart(counts: Mapping[str, Mapping[str, int]]) -> Chart | None:
    """What people wanted, and in which mood, as stacked bars; the most wanted first."""
    rows = sorted(counts.items(), key=lambda row: (-sum(row[1].values()), row[0]))
    rows = [row for row in rows if sum(row[1].values())]
    if not rows:
        return None
    top = nice_top(max(sum(moods.values()) for _, moods in rows))
    left, right = 92.0, WIDTH - 36.0
    shapes: list[Shape] = []
    for index, (intent, moods) in enumerate(rows):
        y = 30 + index * 24
        shapes.append(Label(left - 8, y + 8, intent, "ink", anchor="end"))
        x = left
        for mood, colour in SENTIMENTS:
            width = moods.get(mood, 0) / top * (right - left)
            if width:
                shapes.append(Rect(x, y, max(width - 1, 1), 16, colour))
            x += width
        shapes.append(Label(x + 6, y + 8, str(sum(moods.values()))))
    present = [mood for mood, _ in SENTIMENTS if any(moods.get(mood) for _, moods in rows)]
    shapes += legend([Series(m, c) for m, c in SENTIMENTS if m in present], 12, left)
    alt = "; ".join(
        f"{intent} {sum(moods.values())}"
        + (f" ({moods['negative']} negative)" if moods.get("negative") else "")
        for intent, moods in rows
    )
    return Chart("intents", "What people wanted", alt, 36 + 24 * len(rows), tuple(shapes))


def decisions_chart(days: Sequence[DayNumbers]) -> Chart | None:
    """What reviewers decided on each of the last days, stacked."""
    totals = [sum(_decided(day, name) for name, _, _ in DECISIONS) for day in days]
    if not any(totals):
        return None
    top = nice_top(max(totals))
    slot = (FRAME.right - FRAME.left) / len(days)
    shapes = grid(top, FRAME)
    for index, day in enumerate(days):
        x = FRAME.x(index / len(days))
        parts = [_decided(day, name) for name, _, _ in DECISIONS]
        for (low, high), (_, _, colour) in zip(
            pairwise([0, *accumulate(parts)]), DECISIONS, strict=True
        ):
            if high > low:
                y = FRAME.y(high / top)
                height = (high - low) / top * (FRAME.bottom - FRAME.top)
                shapes.append(Rect(x + slot * 0.18, y, slot * 0.64, max(height - 1, 1), colour))
        shapes.append(_date_label(day.day, x + slot / 2))
    used = [(t, c) for name, t, c in DECISIONS if any(_decided(day, name) for day in days)]
    shapes += legend([Series(text, colour) for text, colour in used], 12)
    alt = _decisions_alt(days[-1], len(days), sum(totals))
    return Chart("decisions", f"Decisions, last {len(days)} days", alt, HEIGHT, tuple(shapes))


def _hours_alt(by_hour: Sequence[int], bands: Sequence[Band | None]) -> str:
    busiest = max(range(24), key=lambda hour: by_hour[hour])
    unusual = [
        f"{hour:02d}:00" for hour, band in enumerate(bands) if band and by_hour[hour] > band.high
    ]
    text = (
        f"{count(sum(by_hour), 'message')}; busiest from {busiest:02d}:00 with {by_hour[busiest]}"
    )
    more = f"; more than usual at {listing(unusual[:4])}" if unusual else ""
    return text + (f"; more than usual in {len(unusual)} hours" if len(unusual) > 4 else more)


def _waiting_alt(today: Curve, before: Curve) -> str:
    def part(curve: Curve, label: str) -> str:
        if not curve.count:
            return f"{label}: nobody asked"
        half = curve.percentile(0.5)
        when = (
            "less than half answered" if half is None else f"half answered within {duration(half)}"
        )
        return f"{label}: {when}, {percent(curve.answered_by(60))} within an hour"

    return f"{part(today, 'This day')}. {part(before, '28 days before')}"


def _decisions_alt(today: DayNumbers, days: int, total: int) -> str:
    parts = [
        f"{_decided(today, name)} {text}" for name, text, _ in DECISIONS if _decided(today, name)
    ]
    return f"{count(total, 'decision')} in {days} days; this day: {', '.join(parts) or 'none'}"


def _decided(day: DayNumbers, name: str) -> int:
    number = getattr(day, name)
    return number if isinstance(number, int) else 0


def _date_label(day: date, x: float) -> Label:
    return Label(x, FRAME.bottom + 14, f"{day:%a}"[:2], anchor="middle", size=12)


def _time_share(minutes: float) -> float:
    """Position on a logarithmic time axis from one minute to two days."""
    return min(max(log(max(minutes, 1)) / log(MINUTES[-1]), 0.0), 1.0)


def _time_label(minutes: int) -> str:
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 1440 else f"{minutes // 1440} d"


def _steps(curve: Curve) -> tuple[tuple[float, float], ...]:
    points = [(FRAME.left, FRAME.y(0))]
    for at, left in zip(curve.minutes, curve.waiting, strict=True):
        x = FRAME.x(_time_share(at))
        points += [(x, points[-1][1]), (x, FRAME.y(1 - left))]
    points.append((FRAME.x(_time_share(curve.longest)), points[-1][1]))
    return tuple(points)
