"""Reading a world, and the clock it keeps."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.replay import WorldError, load_world
from connectors.replay.load import SENTENCES, write_load
from connectors.replay.when import When, offset_of, read_when, start

ANCHOR = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HEAD = {
    "type": "world", "name": "w", "brand": "B", "time_zone": "UTC", "platforms": ["x"],
}  # fmt: skip
WHO = {"type": "account", "platform": "x", "ref": "a", "handle": "a"}
SAYS = {
    "type": "message", "platform": "x", "ref": "m", "author": "a", "at": "-1h", "kind": "post",
    "text": "hm",
}  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([WHO], "no line of type world"),
        ([HEAD, HEAD], "line 2: a second line of type world"),
        ([{**HEAD, "time_zone": "Mars/North"}], "time_zone"),
        ([HEAD, {**WHO, "colour": "red"}], "line 2: colour"),
        ([HEAD, WHO, WHO], "line 3: account a stands here twice"),
        ([HEAD, SAYS], "line 2: no account a on x"),
        ([HEAD, WHO, SAYS, SAYS], "line 4: message m stands here twice"),
        ([HEAD, WHO, {**SAYS, "at": "yesterday"}], "line 3: at"),
        ([HEAD, WHO, {**SAYS, "parent": "n"}], "line 3: no message n on x"),
        ([HEAD, WHO, {**SAYS, "parent": "m"}], "line 3: m is its own ancestor"),
        ([HEAD, WHO, {**SAYS, "platform": "y"}], "line 3: platform y is not named"),
        ([HEAD, {"type": "edit", "platform": "x", "ref": "m", "at": "-1m", "text": ""}], "line 2"),
        ([HEAD, {"type": "answer", "to": "m", "author": "a", "after_s": 1, "text": ""}], "line 2"),
        ([HEAD, {"type": "gossip"}], "line 2"),
    ],
)
def test_what_is_wrong_in_a_world_is_told_with_its_line(write_world, rows, problem):
    with pytest.raises(WorldError, match=problem):
        load_world(write_world(*rows))


def test_all_that_is_wrong_is_told_at_once(write_world):
    path = write_world(text='{"type":\n\n\x00\n[]\n')
    with pytest.raises(WorldError) as caught:
        load_world(path)
    assert [one.split(":")[0] for one in caught.value.problems] == [
        *("line 1", "line 3", "line 4", "no line of type world"),
    ]


def test_an_answer_needs_its_platform_only_where_two_use_the_same_ref(write_world):
    rows = [
        {**HEAD, "platforms": ["x", "y"]}, WHO, {**WHO, "platform": "y"}, SAYS,
        {**SAYS, "platform": "y"},
    ]  # fmt: skip
    answer = {"type": "answer", "to": "m", "author": "a", "after_s": 1, "text": "hi"}
    with pytest.raises(WorldError, match="name the platform"):
        load_world(write_world(*rows, answer))
    world = load_world(write_world(*rows, {**answer, "platform": "y"}))
    assert ("y", "m") in world.answers


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("-26h10m", -timedelta(hours=26, minutes=10)),
        ("-40m", -timedelta(minutes=40)),
        ("+90s", timedelta(seconds=90)),
        ("+4m30s", timedelta(minutes=4, seconds=30)),
        ("-2d3h", -timedelta(days=2, hours=3)),
        ("-5d 14:05", -timedelta(days=4, hours=21, minutes=55)),
        ("+1d 00:00", timedelta(hours=12)),
    ],
)
def test_a_moment_of_the_world_is_read(text, offset):
    assert offset_of(read_when(text), ANCHOR, ZoneInfo("UTC")) == offset


@pytest.mark.parametrize("text", ["", "-", "5m", "-5d 25:00", "now", 7, "-5m2h"])
def test_a_moment_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"moment|hour"):
        read_when(text)


def test_a_local_time_stays_local_over_a_change_of_the_clocks():
    after = datetime(2026, 3, 30, 10, 0, tzinfo=UTC)  # Berlin left winter time on the 29th
    zone = ZoneInfo("Europe/Berlin")
    for days in (-3, -1):
        moment = after + offset_of(When(days=days, clock=read_when("-0d 09:00").clock), after, zone)
        assert moment.astimezone(zone).hour == 9


speeds = st.floats(0.01, 1000) | st.just(float("inf"))
offsets = st.timedeltas(timedelta(days=-30), timedelta(days=30))
legs = st.lists(st.tuples(st.timedeltas(timedelta(), timedelta(days=2)), speeds), max_size=4)


def paced(first, rest):
    pace, at = start(ANCHOR, first), ANCHOR
    for distance, speed in rest:
        at += distance
        pace = pace.at_speed(speed, at)
    return pace, at


@given(speeds, legs, offsets, offsets)
def test_the_world_clock_never_turns_the_order_of_two_moments(first, rest, one, other):
    pace, _ = paced(first, rest)
    early, late = sorted((one, other))
    assert pace.visible_at(early) <= pace.visible_at(late)


@given(speeds, legs, offsets)
def test_what_lies_before_the_start_keeps_its_distance(first, rest, offset):
    pace, _ = paced(first, rest)
    assert offset > timedelta() or pace.visible_at(offset) == ANCHOR + offset


@given(speeds, legs, speeds, offsets)
def test_a_new_speed_moves_nothing_that_was_seen(first, rest, new, offset):
    pace, now = paced(first, rest)
    seen_at = pace.visible_at(offset)
    moved = pace.at_speed(new, now).visible_at(offset)
    assert moved == seen_at if seen_at <= now else moved >= now


@given(speeds, legs, offsets, st.timedeltas(timedelta(), timedelta(days=9)))
def test_what_is_visible_is_what_the_world_has_come_to(first, rest, offset, distance):
    pace, at = paced(first, rest)
    now = at + distance
    assert (pace.visible_at(offset) <= now) == (offset <= pace.offset_at(now))


def test_a_world_for_load_is_the_same_for_the_same_seed(tmp_path):
    one, same, other = (tmp_path / name for name in ("1", "2", "3"))
    for path, seed in ((one, 5), (same, 5), (other, 6)):
        write_load(path, 300, seed=seed)
    assert one.read_bytes() == same.read_bytes() != other.read_bytes()
    assert len(load_world(one).messages) == 300
    assert len(set(SENTENCES)) == len(SENTENCES) > 300
