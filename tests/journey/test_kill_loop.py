"""Short runs of benchmarks/kill_loop.py: killed again and again, and nothing doubled or lost."""

from datetime import timedelta

import pytest

from benchmarks.kill_loop import kill_loop, main, report
from benchmarks.kill_network import Platforms
from benchmarks.kill_platforms import USUAL
from benchmarks.kill_worlds import IN_FLIGHT_S, LAG_S, POLICY, Replayed

PATIENT = {**POLICY, "settle_seconds": 3.0}  # also where the tests share their machine


def test_settling_takes_longer_than_an_effect_can():
    assert POLICY["settle_seconds"] > POLICY["post_timeout_seconds"]
    assert min(POLICY["settle_seconds"], POLICY["lookup_gap_seconds"]) > LAG_S + IN_FLIGHT_S


def test_a_platform_that_is_not_simulated_is_refused():
    with pytest.raises(SystemExit):
        main(["--world", "platforms", "--platforms", "x,friendster"])


async def test_killed_again_and_again_nothing_is_doubled_lost_or_unapproved(tmp_path):
    world = Replayed(tmp_path / "home", 60, 3)
    tally = await kill_loop(world, kills=4, seed=3)
    said = report("byname", tally)
    assert tally.is_clean(), said
    assert tally.kills == 4
    assert tally.posts > 20, said


async def test_an_outbox_that_tries_again_doubles(tmp_path):
    """The same loop can see a double: without this, no doubles would mean nothing."""
    world = Replayed(tmp_path / "home", 60, 3)
    tally = await kill_loop(world, kills=1, seed=3, module="benchmarks.naive")
    assert tally.doubled > 0, report("naive", tally)


@pytest.mark.parametrize("names", [USUAL, ("x", "reddit")], ids=",".join)
async def test_killed_in_the_middle_of_posting_to_platforms_each_approval_is_one_reply(
    tmp_path, names
):
    world = Platforms(tmp_path / "home", 20, 3, names, policy=PATIENT)
    tally = await kill_loop(world, kills=6, seed=3)
    said = report("byname", tally)
    assert tally.is_clean(), said
    assert tally.kills == 6
    assert {one.place for one in world.seen().shown} == set(names), said
    assert len(tally.asked) == 20, said  # everybody was heard


async def test_posts_that_every_platform_answers_with_an_error_are_found_and_not_repeated(tmp_path):
    world = Platforms(
        tmp_path / "home", 9, 3, writes={"error_after": 1.0}, reads={}, policy=PATIENT
    )
    tally = await kill_loop(world, kills=1, seed=3)
    said = report("byname", tally)
    assert tally.is_clean(), said
    assert tally.found == tally.posts == tally.attempts == len(tally.promised) > 0, said


async def test_a_reply_that_x_shows_too_late_is_refused_as_a_duplicate_and_found(tmp_path):
    """It lets a settle window pass; the second attempt is refused, and looked up like the first."""
    world = Platforms(tmp_path / "home", 4, 3, ("x",), {"error_after": 0.9}, {})
    (there,) = world.all
    there.here.lag, there.forget_share, there.wall_share = timedelta(seconds=4.5), 0.0, 0.0
    tally = await kill_loop(world, kills=1, seed=3)
    said = report("byname", tally)
    assert tally.is_clean(), said
    assert there.refused["duplicate"] > 0, said
    assert tally.found > 0, said


@pytest.mark.parametrize("names", [USUAL, ("x", "reddit")], ids=",".join)
async def test_an_outbox_that_tries_again_doubles_on_platforms_too(tmp_path, names):
    world = Platforms(tmp_path / "home", 9, 3, names, {"error_after": 0.7}, {})
    tally = await kill_loop(world, kills=1, seed=3, module="benchmarks.naive")
    assert tally.doubled > 0, report("naive", tally)
