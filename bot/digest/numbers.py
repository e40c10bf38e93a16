"""The numbers of a day, each beside its usual band. Pure: facts in, figures out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import median

from bot.digest.facts import Facts
from bot.digest.page import Arrow, Number, Tone
from bot.digest.waits import day_curve, helped
from bot.digest.words import count, duration, figure, percent
from bot.measures.band import MIN_DAYS, Band, count_floor, usual_band
from bot.measures.shares import Interval, net_sentiment
from bot.measures.survival import Curve
from bot.measures.twoway import broadcast_ratio
from storage.model import DayNumbers

CAP_MINUTES = 2880.0  # "not yet" counts as two days when it is compared
WEEKS = 8


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; `more_is` says whether more of it is good, bad or neither."""

    key: str
    label: str
    value: float
    text: str
    band: Band | None = None
    show: Callable[[float], str] = figure
    more_is: Tone = "plain"
    note: str = ""
    is_sure: bool = True  # False: too few messages to call it unusual

    @property
    def arrow(self) -> Arrow:
        place = self.band.place(self.value) if self.band and self.is_sure else "inside"
        return {"above": "up", "below": "down"}.get(place, "")  # type: ignore[return-value]

    @property
    def distance(self) -> float:
        return self.band.distance(self.value) if self.band and self.arrow else 0.0

    @property
    def tone(self) -> Tone:
        if not self.arrow or self.more_is == "plain":
            return "plain"
        return self.more_is if self.arrow == "up" else _other(self.more_is)


@dataclass(frozen=True, slots=True)
class Reference:
    """The days we compare with, and what to call one of them."""

    days: tuple[DayNumbers, ...]
    name: str  # "Tuesday", or "day" while there are too few Tuesdays

    @property
    def is_enough(self) -> bool:
        return len(self.days) >= MIN_DAYS


def reference(facts: Facts) -> Reference:
    """Choose the same weekday of eight weeks; with less than three of them, all days we have."""
    same = [one for one in facts.history if one.day.weekday() == facts.day.weekday()][-WEEKS:]
    if len(same) >= MIN_DAYS:
        return Reference(tuple(same), f"{facts.day:%A}")
    return Reference(facts.history, "day")


def figures(facts: Facts) -> list[Figure]:
    """Measure the day. The order is the order on the page."""
    usual = reference(facts)
    return [
        *_people_in(facts, usual),
        *_answers(facts, usual),
        *_two_way(facts, usual),
        *_mood(facts, usual),
    ]


def as_number(one: Figure) -> Number:
    usual = ""
    if one.band and one.show is _time_text and one.band.middle >= CAP_MINUTES:
        usual = "not within 2 days"
    elif one.band:
        low, high = one.show(one.band.low), one.show(one.band.high)
        usual = low if low == high else f"{low} to {high}"
        if one.show is _time_text and one.band.low < 1:
            usual = f"up to {high}"
    return Number(one.label, one.text, usual, one.arrow, one.tone, one.note)


def hour_bands(facts: Facts) -> list[Band | None]:
    days = reference(facts).days
    by_hour = [[float(one.by_hour[hour]) for one in days] for hour in range(24)]
    return [usual_band(counts, floor=max(1.0, count_floor(counts) / 2)) for counts in by_hour]


def _people_in(facts: Facts, usual: Reference) -> list[Figure]:
    if facts.is_partial:
        hours = facts.now.astimezone(facts.zone).hour
        before = [float(sum(one.by_hour[: hours + 1])) for one in usual.days]
        inbound = _count("inbound", "Messages in", facts.numbers.inbound, before)
        return [inbound, _count("people", "People", facts.numbers.people, [])]
    return [
        _count("inbound", "Messages in", facts.numbers.inbound, [d.inbound for d in usual.days]),
        _count("people", "People", facts.numbers.people, [d.people for d in usual.days]),
    ]


def _answers(facts: Facts, usual: Reference) -> list[Figure]:
    today = day_curve(facts, facts.day)
    past = [day_curve(facts, one.day) for one in usual.days]
    past = [curve for curve in past if curve.count]
    if not today.count:
        return []
    share = today.answered / today.count
    shares = [curve.answered / curve.count for curve in past]
    people = helped(facts, facts.day)
    whole = () if facts.is_partial else usual.days
    helped_before = [float(helped(facts, one.day)) for one in whole]
    return [
        Figure(
            "answered", "Answered", share, f"{today.answered} of {today.count}",
            _share_band(shares, today.count), percent, "good",
        ),
        _time("half", "Half answered within", today, past, 0.5),
        _time("most", "90 % answered within", today, past, 0.9),
        _count("helped", "People helped", people, helped_before, "good"),
    ]  # fmt: skip


def _time(key: str, label: str, today: Curve, past: Sequence[Curve], share: float) -> Figure:
    value = _minutes(today, share)
    times = [_minutes(curve, share) for curve in past]
    middle = sorted(times)[len(times) // 2] if times else 0.0
    band = usual_band(times, floor=max(5.0, middle * 0.25))
    text = duration(today.percentile(share))
    sure = today.count * (1 - share) >= 2  # the tenth of ten is one person's luck
    return Figure(key, label, value, text, band, _time_text, "bad", is_sure=sure)


def _two_way(facts: Facts, usual: Reference) -> list[Figure]:
    """Measure both directions. A day that is not over is shown, but compared with nothing."""
    numbers, days = facts.numbers, () if facts.is_partial else usual.days
    found = []
    if numbers.conversations:
        share = numbers.two_way / numbers.conversations
        past = [d.two_way / d.conversations for d in days if d.conversations]
        band = _share_band(past, numbers.conversations)
        text = f"{numbers.two_way} of {numbers.conversations}"
        found.append(Figure("two_way", "Both sides spoke", share, text, band, percent, "good"))
    ratio = broadcast_ratio(numbers.posts, numbers.outbound - numbers.posts)
    if ratio is not None:
        ratios = [broadcast_ratio(d.posts, d.outbound - d.posts) for d in days]
        known = [one for one in ratios if one is not None]
        band = usual_band(known, floor=0.5)
        found.append(
            Figure("broadcast", "Own posts per reply", ratio, figure(ratio), band, figure, "bad")
        )
    return found


def _mood(facts: Facts, usual: Reference) -> list[Figure]:
    today = _net(facts.numbers)
    if today is None:
        return []
    past = [net.value for net in map(_net, usual.days) if net]
    band = _shifted_band(past)
    sure = band is None or not today.low <= band.middle <= today.high
    note = f"{_signed(today.low)} to {_signed(today.high)} is likely"
    return [
        Figure(
            "mood", "Mood, -100 to +100", today.value, _signed(today.value), band, _signed,
            "good", note, is_sure=sure,
        )
    ]  # fmt: skip


def _count(
    key: str, label: str, value: int, before: Sequence[float], more_is: Tone = "plain"
) -> Figure:
    band = usual_band(before, floor=count_floor(before))
    return Figure(key, label, value, str(value), band, lambda one: f"{one:.0f}", more_is)


def _shifted_band(values: Sequence[float]) -> Band | None:
    """A band may not fall below nothing; mood may, so it is measured from its lowest value."""
    band = usual_band([value + 1 for value in values], floor=0.1)
    if band is None:
        return None
    return Band(band.low - 1, band.middle - 1, min(band.high - 1, 1.0), band.days)


def _share_band(shares: Sequence[float], count: int) -> Band | None:
    """Band of shares; never narrower than what chance does to a share of `count`."""
    usual = median(shares) if shares else 0.0
    noise = 2 * sqrt(max(usual * (1 - usual), 0.05) / count)
    band = usual_band(shares, floor=noise)
    return band and replace(band, high=min(band.high, 1.0))


def _minutes(curve: Curve, share: float) -> float:
    found = curve.percentile(share)
    return CAP_MINUTES if found is None else min(found, CAP_MINUTES)


def _time_text(minutes: float) -> str:
    return "over 2 days" if minutes >= CAP_MINUTES else duration(minutes)


def _net(day: DayNumbers) -> Interval | None:
    return net_sentiment(day.positive, day.neutral, day.negative)


def _signed(value: float) -> str:
    return f"{round(value * 100):+d}" if round(value * 100) else "0"


def _other(tone: Tone) -> Tone:
    return {"good": "bad", "bad": "good"}.get(tone, "plain")  # type: ignore[return-value]


def compared_with(usual: Reference) -> str:
    """Say under the numbers what they are compared with."""
    if not usual.is_enough:
        return f"Not enough history yet to say what is usual ({count(len(usual.days), 'day')})."
    if usual.name == "day":
        return f"Usual is the range of the {count(len(usual.days), 'day')} before."
    return f"Usual is the range of the last {len(usual.days)} {usual.name}s."
