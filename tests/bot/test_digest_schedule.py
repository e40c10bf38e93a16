"""When a digest is due: exactly one per local date, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.digest.schedule import day_due, due, moment, next_run

BERLIN = ZoneInfo("Europe/Berlin")
APIA = ZoneInfo("Pacific/Apia")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SEVEN = time(7)


def test_before_seven_the_day_before_yesterday_is_the_newest():
    assert day_due(datetime(2026, 1, 10, 5, 59, tzinfo=UTC), SEVEN, BERLIN) == date(2026, 1, 8)
    assert day_due(datetime(2026, 1, 10, 6, 0, tzinfo=UTC), SEVEN, BERLIN) == date(2026, 1, 9)


def test_next_run_is_after_now():
    at_seven = datetime(2026, 1, 10, 6, 0, tzinfo=UTC)
    assert next_run(at_seven - timedelta(seconds=1), SEVEN, BERLIN) == at_seven
    assert next_run(at_seven, SEVEN, BERLIN) == at_seven + timedelta(days=1)


def test_a_time_that_the_clock_skips_comes_an_hour_later():
    # 29 March 2026: 02:00 becomes 03:00; 02:30 does not exist
    skipped = moment(date(2026, 3, 29), time(2, 30), BERLIN)
    assert skipped == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert skipped.astimezone(BERLIN).time() == time(3, 30)


def test_a_time_that_happens_twice_counts_once():
    # 25 October 2026: 03:00 becomes 02:00; 02:30 happens at 00:30 and 01:30 UTC
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    at = time(2, 30)
    assert moment(date(2026, 10, 25), at, BERLIN) == first
    assert next_run(first, at, BERLIN) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
    assert day_due(first, at, BERLIN) == day_due(first + timedelta(hours=1), at, BERLIN)


def test_half_an_hour_of_daylight_saving():
    # Lord Howe, 4 October 2026: 02:00 becomes 02:30
    skipped = moment(date(2026, 10, 4), time(2, 15), LORD_HOWE)
    assert skipped.astimezone(LORD_HOWE).time() == time(2, 45)


def test_a_date_that_never_was_has_no_digest_hour():
    # Samoa went from 29 to 31 December 2011
    before = datetime(2011, 12, 29, 20, 0, tzinfo=UTC)  # 10:00 on the 29th
    first = next_run(before, SEVEN, APIA)
    assert first.astimezone(APIA) == datetime(2011, 12, 31, 7, tzinfo=APIA)
    assert next_run(first, SEVEN, APIA).astimezone(APIA) == datetime(2012, 1, 1, 7, tzinfo=APIA)


@pytest.mark.parametrize("zone", [BERLIN, LORD_HOWE, ZoneInfo("America/Sao_Paulo"), APIA])
@pytest.mark.parametrize("at", [time(0), time(2, 30), time(23, 45)])
def test_asked_every_ten_minutes_for_a_year_each_date_comes_once(zone, at):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    last, sent = None, []
    for _ in range(366 * 144):
        day = due(now, at, zone, last)
        if day:
            sent.append(day)
            last = day
        now += timedelta(minutes=10)
    assert sent == [sent[0] + timedelta(days=n) for n in range(len(sent))]
    assert len(sent) in {366, 367}


def test_after_a_week_of_standing_still_only_the_newest_is_made_up_for():
    now = datetime(2026, 1, 20, 12, tzinfo=UTC)
    assert due(now, SEVEN, BERLIN, date(2026, 1, 10)) == date(2026, 1, 19)
    assert due(now, SEVEN, BERLIN, date(2026, 1, 19)) is None
    assert due(now, SEVEN, BERLIN, None) == date(2026, 1, 19)


def test_a_clock_that_is_set_back_sends_nothing_again():
    last = date(2026, 1, 19)
    assert due(datetime(2026, 1, 18, 12, tzinfo=UTC), SEVEN, BERLIN, last) is None
