"""Every formula with the answer that was worked out by hand or is known from its source."""

from datetime import date, timedelta
from itertools import pairwise
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.measures.band import count_floor, median_deviation, usual_band
from bot.measures.logodds import log_odds, tail_chance
from bot.measures.presence import presence, trend
from bot.measures.shares import beta_share, effective_number, net_sentiment, wilson
from bot.measures.spikes import alert_threshold, is_spike
from bot.measures.survival import Wait, first_response, response_rate
from bot.measures.tiers import Act, engagement, tier_by_days, tiers_by_share
from bot.measures.twoway import balance, broadcast_ratio, reciprocity, turns

TODAY = date(2026, 3, 10)


def test_one_old_spike_does_not_widen_the_band():
    band = usual_band([20, 22, 19, 21, 20, 23, 18, 400])
    assert band is not None
    assert band.middle == 20.5
    assert isclose(band.high, 20.5 + 2 * 1.4826 * 1.5)
    assert (band.place(15), band.place(21), band.place(40)) == ("below", "inside", "above")
    assert band.distance(21) == 0
    assert band.distance(40) > 3


def test_two_days_are_not_enough_history():
    assert usual_band([10, 12]) is None
    assert usual_band([10, 12, 11]) is not None


def test_equal_days_leave_room_for_chance():
    band = usual_band([9] * 8, floor=count_floor([9] * 8))
    assert band is not None
    assert (band.low, band.middle, band.high) == (3, 9, 15)
    assert count_floor([]) == 2


def test_a_band_never_goes_below_nothing():
    band = usual_band([0, 0, 1, 0], floor=2)
    assert band is not None
    assert band.low == 0


def test_open_messages_stay_in_the_response_time():
    waits = [Wait(m, answered=True) for m in (5, 10, 20, 30, 60)]
    waits += [Wait(24 * 60, answered=False)] * 4
    curve = first_response(waits)
    assert curve.percentile(0.5) == 60  # the naive median of the answered is 20
    assert round(curve.still_waiting(60), 3) == 0.444
    assert round(curve.still_waiting(24 * 60), 3) == 0.444
    assert curve.percentile(0.9) is None
    assert isclose(response_rate(waits) or 0, 5 / 9)


def test_an_item_that_is_still_young_leaves_the_risk_set():
    curve = first_response([Wait(10, answered=True), Wait(5, answered=False)])
    assert curve.percentile(0.5) == 10
    assert curve.still_waiting(10) == 0


def test_nobody_asked():
    curve = first_response([])
    assert curve.percentile(0.5) is None
    assert curve.still_waiting(60) == 1
    assert response_rate([]) is None


@given(
    st.lists(
        st.builds(Wait, st.floats(0, 1e4, allow_nan=False), st.booleans()), min_size=1, max_size=60
    )
)
def test_the_waiting_curve_only_falls(waits):
    curve = first_response(waits)
    shares = (1.0, *curve.waiting)
    assert all(a >= b >= -1e-9 for a, b in pairwise(shares))


@pytest.mark.parametrize(
    ("yes", "count", "low"), [(73, 75, 0.908), (19, 20, 0.764), (50, 50, 0.929)]
)
def test_wilson_lower_bounds(yes, count, low):
    found = wilson(yes, count)
    assert found is not None
    assert round(found.low, 3) == low


def test_wilson_on_the_shares_of_the_mission():
    north, south = wilson(60, 100), wilson(10, 100)
    assert north is not None
    assert south is not None
    assert (round(north.low, 2), round(north.high, 2)) == (0.50, 0.69)
    assert (round(south.low, 2), round(south.high, 2)) == (0.06, 0.17)
    assert wilson(0, 0) is None


def test_one_kind_word_is_not_a_hundred_percent():
    assert round(beta_share(1, 1), 2) == 0.67
    assert round(beta_share(9, 10), 2) == 0.83


def test_net_sentiment_knows_how_little_it_knows():
    few, many = net_sentiment(2, 1, 0), net_sentiment(200, 100, 0)
    assert few is not None
    assert many is not None
    assert isclose(few.value, 2 / 3)
    assert few.high - few.low > 4 * (many.high - many.low)
    assert few.low < many.value < few.high
    assert net_sentiment(0, 0, 0) is None


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_net_sentiment_stays_in_range(plus, neutral, minus):
    found = net_sentiment(plus, neutral, minus)
    if found:
        assert -1 <= found.low <= found.high <= 1


def test_effective_number_of_acts():
    assert round(effective_number([3] * 10), 1) == 10.0
    assert round(effective_number([91, *[1] * 9]), 2) == 1.65
    assert effective_number([]) == 0


def test_conversations_where_both_spoke():
    assert reciprocity([(3, 2), (1, 0), (0, 4), (2, 1), (5, 0)]) == 0.4
    assert reciprocity([]) is None
    assert balance(3, 2) == pytest.approx(2 / 3)
    assert balance(0, 0) == 0
    assert turns(["in", "out", "out", "in"]) == 2
    assert broadcast_ratio(23, 1) == 23
    assert broadcast_ratio(2, 0) == 2
    assert broadcast_ratio(0, 0) is None


def test_engagement_halves_in_thirty_days():
    acts = [Act(TODAY - timedelta(days=age), 5) for age in (0, 30, 60)]
    assert engagement(acts, TODAY) == 8.75


def test_a_day_counts_three_acts_at_most():
    assert engagement([Act(TODAY, 5)] * 10, TODAY) == 15


def test_tiers_by_share():
    tiers = tiers_by_share([40, 25, 12, 8, 6, 4, 3, 2])
    assert tiers == ["heavy"] * 2 + ["medium"] * 2 + ["light"] * 4
    assert tiers_by_share([2, 40, 0]) == ["light", "heavy", "dormant"]
    assert [tier_by_days(n) for n in (9, 8, 5, 3, 1, 0)] == [
        "heavy",
        "heavy",
        "medium",
        "medium",
        "light",
        "dormant",
    ]


def test_alert_threshold_survives_an_old_spike():
    counts = [4, 5, 3, 6, 4, 5, 80]
    assert round(alert_threshold(counts) or 0, 1) == 13.9
    assert is_spike(14, counts)
    assert not is_spike(13, counts)
    assert not is_spike(4, [0, 0, 0])
    assert not is_spike(50, [])
    assert median_deviation(counts) == 1.4826


def test_presence_is_measured_against_oneself():
    assert presence(3, [7, 8, 9, 7, 6, 8]) == 0.4
    assert trend(0.4) == "cooling"
    assert trend(2.0) == "warming"
    assert trend(presence(3, [0, 0])) == "steady"


def test_log_odds_finds_what_rose_and_what_fell():
    shifts = log_odds({"refund": 8, "login": 3}, 20, {"refund": 4, "login": 60, "app": 90}, 400)
    by_term = {shift.term: shift for shift in shifts}
    assert shifts[0].term == "refund"
    assert by_term["refund"].z > 3
    assert abs(by_term["login"].z) < 1
    assert by_term["app"].z < -1
    assert isclose(by_term["login"].expected, 3)


def test_fisher_and_the_lady_tasting_tea():
    assert round(tail_chance(4, 4, 0, 4), 4) == 0.0143  # all eight cups right
    assert round(tail_chance(3, 4, 1, 4), 4) == 0.2429
    assert round(tail_chance(1, 4, 3, 4), 4) == 0.2429  # the other side
    assert tail_chance(0, 4, 0, 4) == 1
    assert tail_chance(7, 52, 0, 270) < 1e-5  # never heard before, now seven times
    assert tail_chance(4, 52, 2, 270) > 0.004
