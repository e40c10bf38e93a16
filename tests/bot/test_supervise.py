"""The supervisor: one failure never stops the others, and a login that is not valid stops."""

import asyncio

import pytest
import structlog

from bot.supervise import Bell, run_forever
from connectors.contract import AuthFailed, RateLimited, Unavailable


class Loop:
    """A step that plays a script and a bell that is never waited for."""

    def __init__(self, *script):
        self.script, self.pauses, self.stopping = list(script), [], asyncio.Event()

    async def step(self):
        what = self.script.pop(0)
        if isinstance(what, Exception):
            raise what
        return what

    async def wait(self, seconds):
        self.pauses.append(seconds)
        if not self.script:
            self.stopping.set()

    async def run(self):
        with structlog.testing.capture_logs() as logs:
            await run_forever("loop", self.step, self, self.stopping)
        return [(entry["event"], entry["log_level"]) for entry in logs]


async def test_a_step_says_how_long_to_pause():
    loop = Loop(0.0, 5.0, 0.5)
    assert await loop.run() == []
    assert loop.pauses == [0.0, 5.0, 0.5]


async def test_failures_pause_longer_and_longer_and_are_told_once():
    loop = Loop(*(Unavailable("down") for _ in range(12)), 1.0)
    logs = await loop.run()
    assert loop.pauses[:3] == [2.0, 4.0, 8.0]
    assert loop.pauses[-2:] == [300.0, 1.0]
    assert logs == [("failed", "warning"), ("recovered", "info")]


async def test_after_a_recovery_the_first_pause_is_short_again():
    loop = Loop(Unavailable("down"), Unavailable("down"), 1.0, Unavailable("down"), 1.0)
    await loop.run()
    assert loop.pauses == [2.0, 4.0, 1.0, 2.0, 1.0]


async def test_a_rate_limit_pauses_a_minute_at_least():
    loop = Loop(RateLimited("slow down"), 1.0)
    await loop.run()
    assert loop.pauses == [60.0, 1.0]


async def test_a_login_that_is_not_valid_stands_still_until_somebody_rings():
    loop = Loop(AuthFailed("revoked"), 1.0)
    assert await loop.run() == [("login stopped", "error")]
    assert loop.pauses == [None, 1.0]


async def test_a_bug_is_logged_with_its_trace_and_the_loop_goes_on():
    loop = Loop(ZeroDivisionError("ours"), 1.0)
    with structlog.testing.capture_logs() as logs:
        await run_forever("loop", loop.step, loop, loop.stopping)
    assert logs[0]["exc_info"] is True
    assert loop.pauses == [2.0, 1.0]


async def test_stopping_ends_a_loop_before_its_next_step():
    loop = Loop(1.0)
    loop.stopping.set()
    await loop.run()
    assert loop.script == [1.0]


async def test_cancelling_is_not_caught():
    loop = Loop(asyncio.CancelledError())
    loop.script = [1.0]

    async def hang():
        await asyncio.Event().wait()

    task = asyncio.create_task(run_forever("loop", hang, loop, loop.stopping))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_bell_wakes_whoever_waits_and_is_forgotten_after():
    bell = Bell()
    bell.ring()
    await bell.wait(60)
    waiting = asyncio.create_task(bell.wait(60))
    await asyncio.sleep(0)
    assert not waiting.done()
    bell.ring()
    await waiting


async def test_a_bell_that_nobody_rings_is_a_pause():
    await Bell().wait(0.001)
