"""How texts, names and times are cut into parts, before a template escapes them."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webstand import NOON

from bot.web import words
from bot.web.chart import mood_chart
from bot.web.pages.review import fold
from storage.model import PersonDay


def shown(text, **more):
    return [(part.kind, part.text) for part in words.parts(text, **more)]


def test_plain_words_are_one_part():
    assert shown("two lines\nand a tab\t.") == [("text", "two lines\nand a tab\t.")]


def test_a_link_is_its_own_part_without_the_full_stop():
    assert shown("see https://a.example/b?c=d. ok") == [
        ("text", "see "),
        ("link", "https://a.example/b?c=d"),
        ("text", ". ok"),
    ]


def test_a_link_names_the_host_it_really_goes_to():
    (link,) = words.parts("https://kettlewren.example@evil.example/login")
    assert link.host == "evil.example"


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", "https://", "http:///x"]
)
def test_what_is_no_web_address_is_no_link(text):
    assert all(kind != "link" for kind, _ in shown(text))


def test_characters_that_turn_the_direction_are_made_visible():
    assert shown("a\u202eb\u200bc") == [
        ("text", "a"),
        ("control", "RLO"),
        ("text", "b"),
        ("control", "ZWSP"),
        ("text", "c"),
    ]


def test_families_and_other_joined_emoji_stay_whole():
    assert shown("👩‍👩‍👧 ❤️") == [("text", "👩‍👩‍👧 ❤️")]


@given(st.text())
def test_no_character_is_lost_or_invented_but_controls(text):
    plain = "".join(part.text for part in words.parts(text) if part.kind != "control")
    kept = "".join(char for char in text if words._is_plain(char))
    assert plain == kept[: len(plain)]
    assert len(plain) == len(kept)


def test_a_very_long_text_is_cut_and_says_so():
    assert len(shown("x" * 10_000, limit=100)[0][1]) == 100
    assert words.hidden("x" * 10_000, limit=100) == 9_900


def test_a_name_is_one_short_line():
    assert [part.text for part in words.one_line("a\n\nb" + "c" * 50, 10)] == ["a bcccccc…"]


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ann Other", "AO"),
        ("jens", "J"),
        ("<b>hex</b>", "BB"),
        ("💕", ""),
        ("李 明", "李明"),
        ("", ""),
    ],
)
def test_initials_stand_for_a_picture(name, letters):
    assert words.initials(name) == letters


def test_times_are_said_in_one_unit():
    assert words.due(NOON + timedelta(minutes=41, seconds=5), NOON) == "41 min left"
    assert words.due(NOON - timedelta(hours=3), NOON) == "3 h late"
    assert words.ago(NOON - timedelta(days=5), NOON) == "5 days ago"
    assert words.ago(None, NOON) == "no time"
    assert words.urgency(NOON + timedelta(minutes=29), NOON) == "soon"
    assert words.urgency(NOON, NOON) == "late"
    assert words.urgency(NOON + timedelta(hours=2), NOON) == "calm"


def test_the_clock_follows_the_brand_and_leaves_out_what_is_obvious():
    zone = ZoneInfo("Europe/London")
    now = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("UTC"))
    assert words.clock(now, zone, now) == "13:00"
    assert words.clock(now - timedelta(days=2), zone, now) == "29 Jun 13:00"
    assert words.clock(now - timedelta(days=400), zone, now) == "27 May 2025"


def test_mood_is_drawn_up_for_good_words_and_down_for_bad():
    today = date(2026, 3, 10)
    days = [PersonDay(today, 4, 1, 3, 0, 1), PersonDay(today - timedelta(days=90), 1, 0, 0, 0, 1)]
    chart = mood_chart(days, today)
    up, down = chart.bars
    assert (up.mood, down.mood) == ("positive", "negative")
    assert up.y + up.height < chart.middle < down.y
    assert up.height == pytest.approx(3 * down.height, abs=0.02)
    assert chart.caption == "Last 60 days: 3 positive, 0 neutral, 1 negative."


def test_no_words_give_an_empty_line():
    chart = mood_chart([], date(2026, 3, 10))
    assert chart.bars == ()
    assert chart.caption == "Nothing to judge by in the last 60 days."


class Turn:
    def __init__(self, number):
        self.id = number


def test_a_long_thread_is_folded_between_its_first_post_and_the_open_message():
    thread = [Turn(number) for number in range(30)]
    first, folded, turns = fold(thread, 20)
    assert first.id == 0
    assert [one.id for one in folded] == list(range(1, 14))
    assert [one.id for one in turns] == list(range(14, 30))


def test_a_short_thread_is_not_folded():
    thread = [Turn(number) for number in range(8)]
    assert fold(thread, 7) == (None, (), thread)


@pytest.mark.parametrize(
    ("reason", "short"),
    [
        ("crisis", ""),
        ("crisis, answered 2 times before", "answered 2 times before"),
        ("perhaps a crisis: complaint, first time", "complaint, first time"),
        ("complaint about a crisis", "complaint about a crisis"),
    ],
)
def test_a_crisis_is_named_once(reason, short):
    assert words.beside_crisis(reason) == short


def test_a_day_is_written_as_people_say_it():
    assert words.day("2026-11-21") == "Sat 21 Nov"
