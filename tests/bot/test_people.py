"""Who somebody is to us, from counts alone."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.people.mood import mood_by_week, mood_word
from bot.people.moves import cooling, first_timers, new_regulars, owed, returned
from bot.people.relation import days_ago, person_trend, relation_line, tier, windows_before
from storage.model import Person, PersonActivity, PersonDay

TODAY = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def day(back: int, said: int = 1, got: int = 0, plus: int = 0, minus: int = 0) -> PersonDay:
    return PersonDay(TODAY - timedelta(days=back), said, got, plus, said - plus - minus, minus)


def person(first_back: int | None, said: int, got: int) -> Person:
    first = None if first_back is None else NOW - timedelta(days=first_back)
    return Person(1, "Ana", (), first, NOW, said, got)


def who(number: int, **more) -> PersonActivity:
    fields = {
        "person_id": number, "name": f"P{number}", "handle": "p", "platform": "mastodon",
        "in_count": 1, "out_count": 0, "before_in": 0, "last_before_at": None, "negative": 0,
        "positive": 0, "last_message_id": number,
    }  # fmt: skip
    return PersonActivity(**(fields | more))


@pytest.mark.parametrize(
    ("who_", "days", "line"),
    [
        (person(0, 1, 0), [day(0)], "wrote today for the first time, never answered yet"),
        (
            person(75, 9, 4),
            [day(75), day(40), day(20), day(2, 1, 1)],
            "regular since December, 4 exchanges, last answered 2 days ago",
        ),
        (
            person(20, 2, 1),
            [day(20), day(1, 1, 1)],
            "first wrote 20 days ago, 1 exchange, last answered yesterday",
        ),
        (person(12, 9, 0), [day(n) for n in range(12)], "regular, never answered yet"),
        (person(700, 1, 0), [], "first wrote in April 2024, never answered yet"),
        (person(None, 3, 2), [], "known from an import, 2 exchanges"),
        (person(None, 0, 0), [], "not heard yet"),
    ],
)  # fmt: skip
def test_relation_in_one_line(who_, days, line):
    assert relation_line(who_, days, NOW, UTC, may_profile=True) == line


def test_where_profiling_is_forbidden_only_counts_are_said():
    days = [day(75), day(40), day(20), day(2, 1, 1)]
    line = relation_line(person(75, 9, 4), days, NOW, UTC, may_profile=False)
    assert line == "first wrote in December, 4 exchanges, last answered 2 days ago"
    assert mood_by_week(days, may_profile=False) == []
    assert person_trend(days, TODAY, may_profile=False) == "steady"


def test_days_ago_in_words():
    assert [days_ago(TODAY - timedelta(days=n), TODAY) for n in (0, 1, 5, 40, 400)] == [
        "today", "yesterday", "5 days ago", "in January", "in February 2025",
    ]  # fmt: skip


def test_mood_is_careful_with_one_word():
    (week,) = mood_by_week([day(0, 1, plus=1)], may_profile=True)
    assert round(week.share, 2) == 0.67
    assert week.low < 0.5 < week.high
    assert week.week == date(2026, 3, 9)


def test_mood_by_week_and_in_a_word():
    days = [day(14, 3, minus=3), day(7, 2, plus=2), day(0, 6, plus=5), day(1, 0, 1)]
    moods = mood_by_week(days, may_profile=True)
    assert [mood.messages for mood in moods] == [3, 2, 6]
    assert mood_word(moods) == "warm"
    assert mood_word(moods[:1]) == "cold"
    assert mood_word(moods[:2]) == "mixed"
    assert mood_word([]) == "too little said"


def test_tier_and_trend_of_a_person():
    days = [day(n * 3) for n in range(9, 56)]  # every third day for months, then silence
    assert tier(days, TODAY) == "heavy"
    assert person_trend(days, TODAY, may_profile=True) == "cooling"
    assert windows_before(days, TODAY) == [9, 9, 10, 9]
    assert person_trend([day(0)], TODAY, may_profile=True) == "steady"


def test_first_timers_tell_how_it_began():
    moves = first_timers([who(1), who(2, negative=1), who(3, before_in=4), who(4, out_count=1)])
    assert [move.who.person_id for move in moves] == [1, 2, 4]
    assert "complaint" in moves[1].why
    assert moves[2].why.endswith("was answered")


def test_returned_after_a_month():
    away = [
        who(n, before_in=1, last_before_at=NOW - timedelta(days=d)) for n, d in ((1, 29), (2, 90))
    ]
    (move,) = returned(away, TODAY, UTC)
    assert (move.who.person_id, move.why) == (2, "wrote again, was last here in December")


def test_third_active_day_makes_a_regular():
    days = {1: [day(0), day(3), day(9)], 2: [day(0), day(1), day(2), day(3)], 3: [day(0), day(100)]}
    (move,) = new_regulars([who(1), who(2), who(3)], days, TODAY)
    assert (move.who.person_id, move.why) == (1, "wrote on a third day since 1 March")


def test_cooling_against_their_own_habit():
    days = {1: [day(n * 3) for n in range(9, 56)], 2: [day(n * 7) for n in range(20)]}
    (move,) = cooling([who(1), who(2)], days, TODAY)
    assert move.who.person_id == 1
    assert move.why == "here on 1 of the last 28 days, usually on 9"


def test_whom_we_owe_a_word():
    people = [
        who(1, in_count=6, out_count=3),
        who(2, in_count=7, out_count=1, positive=5),
        who(3, in_count=9),
        who(4, in_count=2),
    ]
    moves = owed(people, {3})
    assert [move.who.person_id for move in moves] == [2, 3]
    assert moves[0].why == "7 messages in four weeks, 5 of them kind, answered once"
    assert moves[1].why == "9 messages in four weeks, never answered; one waits now"
