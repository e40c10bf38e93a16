"""Who came, who came back, who became a regular, who fades, whom we owe an answer.

Reads a day's activity and people's days; returns people with one line on why. No store here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from bot.measures.presence import WINDOW_DAYS
from bot.people.relation import (
    TIER_WINDOW_DAYS,
    active_days,
    days_ago,
    person_trend,
    windows_before,
)
from storage.model import PersonActivity, PersonDay

AWAY_DAYS = 30
REGULAR_DAYS = 3
DEBT_MESSAGES = 4


@dataclass(frozen=True, slots=True)
class Move:
    """A person and why they stand in the list."""

    who: PersonActivity
    why: str


def first_timers(activity: Iterable[PersonActivity]) -> list[Move]:
    """People whose first word ever fell into the window; the talkative first."""
    new = [who for who in activity if who.before_in == 0 and who.in_count]
    new.sort(key=lambda who: (-who.in_count, who.last_message_id))
    return [Move(who, _mood_of_first(who)) for who in new]


def returned(activity: Iterable[PersonActivity], today: date, zone: tzinfo) -> list[Move]:
    """People who wrote again after 30 days or more, the longest away first."""
    back = []
    for who in activity:
        if who.in_count and who.last_before_at is not None:
            last = who.last_before_at.astimezone(zone).date()
            if (today - last).days >= AWAY_DAYS:
                back.append((last, who))
    back.sort(key=lambda pair: (pair[0], pair[1].person_id))
    return [Move(who, f"wrote again, was last here {days_ago(last, today)}") for last, who in back]


def new_regulars(
    activity: Iterable[PersonActivity],
    days: Mapping[int, Sequence[PersonDay]],
    today: date,
) -> list[Move]:
    """People whose third active day in 90 was this one."""
    moves = []
    for who in activity:
        theirs = days.get(who.person_id, ())
        count = active_days(theirs, today, TIER_WINDOW_DAYS)
        if who.in_count and count == REGULAR_DAYS:
            first = min(day.day for day in theirs if day.in_count)
            moves.append(Move(who, f"wrote on a third day since {first.day} {first:%B}"))
    return moves


def cooling(
    people: Iterable[PersonActivity], days: Mapping[int, Sequence[PersonDay]], today: date
) -> list[Move]:
    """People who are here less than half as often as they used to be.

    Callers pass only people whose platform allows looking at that.
    """
    moves = []
    for who in people:
        theirs = days.get(who.person_id, ())
        if person_trend(theirs, today, may_profile=True) == "cooling":
            usual = windows_before(theirs, today)
            now = active_days(theirs, today, WINDOW_DAYS)
            middle = sorted(usual)[len(usual) // 2]
            moves.append(Move(who, f"here on {now} of the last 28 days, usually on {middle}"))
    return moves


def owed(activity: Iterable[PersonActivity], waiting: Collection[int]) -> list[Move]:
    """People who gave us much and got little back, those with kind words first.

    Four messages or more, answered at most once in three. `waiting` are
    those who wait for us now.
    """
    debts = [
        who
        for who in activity
        if who.in_count >= DEBT_MESSAGES and who.out_count * 3 <= who.in_count
    ]
    debts.sort(key=lambda who: (-who.positive, who.out_count - who.in_count, who.person_id))
    return [Move(who, _debt(who, waits=who.person_id in waiting)) for who in debts]


def _mood_of_first(who: PersonActivity) -> str:
    if who.out_count:
        return "wrote for the first time and was answered"
    if who.negative > who.positive:
        return "first words were a complaint; nobody has answered yet"
    if who.positive:
        return "first words were kind; nobody has answered yet"
    return "wrote for the first time; nobody has answered yet"


def _debt(who: PersonActivity, *, waits: bool) -> str:
    kind = f", {who.positive} of them kind" if who.positive else ""
    got = "never answered" if not who.out_count else f"answered {times(who.out_count)}"
    tail = "; one waits now" if waits else ""
    return f"{who.in_count} messages in four weeks{kind}, {got}{tail}"


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
