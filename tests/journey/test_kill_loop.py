"""A short run of benchmarks/kill_loop.py: killed again and again, and nothing doubled or lost."""

from benchmarks import kill_loop


def test_settling_takes_longer_than_an_effect_can():
    assert kill_loop.POLICY["settle_seconds"] > kill_loop.LAG_S + kill_loop.IN_FLIGHT_S


async def test_killed_again_and_again_nothing_is_doubled_lost_or_unapproved(tmp_path):
    tally = await kill_loop.kill_loop(tmp_path / "home", kills=4, messages=60, seed=3)
    said = kill_loop.report("byname", tally)
    assert tally.is_clean(), said
    assert tally.kills == 4
    assert tally.posts > 20, said


async def test_an_outbox_that_tries_again_doubles(tmp_path):
    """The same loop can see a double: without this, no doubles would mean nothing."""
    tally = await kill_loop.kill_loop(
        tmp_path / "home", kills=1, messages=60, seed=3, module="benchmarks.naive"
    )
    assert tally.doubled > 0, kill_loop.report("naive", tally)
