"""Worker threads: bounded, left behind when nobody waits, and no hindrance to an end."""

import asyncio
import threading
import time

import pytest
from simulators.reddit import US
from stands.reddit import POST, ref

from connectors.contract import Unavailable
from connectors.model import Outgoing
from connectors.reddit.threads import Threads

ME = "GET /api/v1/me"


@pytest.fixture
async def threads():
    one = Threads("test", 2)
    yield one
    await one.close()


async def test_what_blocks_returns_and_raises_as_if_it_did_not(threads):
    assert await threads.run(lambda: threading.current_thread().name) == "test-1"
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)


async def test_there_are_never_more_threads_than_agreed_and_no_more_than_needed(threads):
    assert threads.count == 0
    for _ in range(5):
        await threads.run(lambda: None)
    assert threads.count == 1
    gate = threading.Event()
    waiting = [asyncio.create_task(threads.run(gate.wait)) for _ in range(7)]
    await asyncio.sleep(0)
    assert threads.count == 2
    gate.set()
    assert await asyncio.gather(*waiting) == [True] * 7


async def test_whoever_is_cancelled_goes_on_while_the_thread_ends_its_work(threads):
    started, gate, ended = (threading.Event() for _ in range(3))
    task = asyncio.create_task(threads.run(lambda: (started.set(), gate.wait(), ended.set())))
    assert await asyncio.to_thread(started.wait, 5)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 0.5
    assert not ended.is_set()
    gate.set()
    assert await threads.run(lambda: ended.wait(2))


async def test_what_was_taken_back_before_it_began_is_never_done():
    threads, started, gate, done = Threads("one", 1), threading.Event(), threading.Event(), []
    first = asyncio.create_task(threads.run(lambda: (started.set(), gate.wait())))
    second = asyncio.create_task(threads.run(lambda: done.append("second")))
    assert await asyncio.to_thread(started.wait, 5)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    gate.set()
    await first
    await threads.run(lambda: done.append("third"))
    assert done == ["third"]
    await threads.close()


async def test_closing_does_not_wait_for_a_thread_that_hangs():
    threads, started, gate = Threads("slow", 1), threading.Event(), threading.Event()
    task = asyncio.create_task(threads.run(lambda: (started.set(), gate.wait())))
    assert await asyncio.to_thread(started.wait, 5)
    task.cancel()
    began = time.monotonic()
    await threads.close()
    assert time.monotonic() - began < 2
    with pytest.raises(Unavailable) as caught:
        await threads.run(lambda: None)
    assert not caught.value.was_sent
    gate.set()


async def test_all_threads_end_when_they_are_closed():
    threads, barrier = Threads("ends", 2), threading.Barrier(2)
    await asyncio.gather(*(threads.run(lambda: barrier.wait(5)) for _ in range(2)))
    made = [one for one in threading.enumerate() if one.name.startswith("ends-")]
    assert len(made) == 2
    await threads.close()
    for one in made:
        one.join(2)
    assert not any(one.is_alive() for one in made)


async def test_a_silent_reddit_delays_neither_a_cancelled_call_nor_the_end(site, reddit):
    site.faults[ME] = ["timeout_before"]
    connector = reddit(timeout_s=20)
    task = asyncio.create_task(connector.check())
    await site.waiting.wait()
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 1
    await connector.close()
    assert time.monotonic() - began < 3
    site.release()


async def test_reading_that_hangs_does_not_hold_up_a_reply(site, reddit, wall):
    question = site.say("ada", "Do you ship?", site.submit(US, "New kettles"))
    connector = reddit(timeout_s=20)
    await connector.check()
    site.faults[ME] = ["timeout_before"] * 9
    hanging = [asyncio.create_task(connector.check()) for _ in range(9)]
    await site.waiting.wait()
    async with asyncio.timeout(5):
        posted = await connector.post(Outgoing("k", "desk", ref(question), "Yes.", wall()))
    assert posted.ref in site.things
    for one in hanging:
        one.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    site.release()


async def test_a_reply_cancelled_in_flight_is_found_afterwards(site, reddit, wall):
    question = site.say("ada", "Do you ship?", site.submit(US, "New kettles"))
    one = Outgoing("k", "desk", ref(question), "Yes.", wall())
    site.faults[POST] = ["timeout_after"]
    connector = reddit(timeout_s=20)
    task = asyncio.create_task(connector.post(one))
    await site.waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    found = await reddit().find_reply(one)
    assert found is not None
    assert site.calls[POST] == 1
    site.release()
