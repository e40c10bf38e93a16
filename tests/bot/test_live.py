"""News for open pages: a hint, never the truth; nobody who is slow holds anybody up."""

import asyncio

from bot.live import Hub, News


async def test_everybody_who_listens_hears_the_news():
    hub = Hub()
    one, two = hub.listen(), hub.listen()
    waiting = [asyncio.ensure_future(anext(each)) for each in (one, two)]
    await asyncio.sleep(0)
    hub.tell("message", 7)
    assert await asyncio.gather(*waiting) == [News("message", 7)] * 2
    await one.aclose()
    await two.aclose()


async def test_news_that_nobody_hears_are_gone():
    hub = Hub()
    hub.tell("queue")
    listening = hub.listen()
    waiting = asyncio.ensure_future(anext(listening))
    await asyncio.sleep(0)
    assert not waiting.done()
    hub.tell("brake")
    assert await waiting == News("brake")
    await listening.aclose()


async def test_a_slow_listener_loses_hints_and_nobody_waits_for_it():
    hub = Hub(depth=2)
    listening = hub.listen()
    waiting = asyncio.ensure_future(anext(listening))
    await asyncio.sleep(0)
    for number in range(10):
        hub.tell("message", number)
    assert (await waiting).ref_id == 0
    assert (await anext(listening)).ref_id == 1
    await listening.aclose()


async def test_whoever_leaves_is_forgotten():
    hub = Hub()
    listening = hub.listen()
    waiting = asyncio.ensure_future(anext(listening))
    await asyncio.sleep(0)
    hub.tell("queue")
    await waiting
    await listening.aclose()
    assert not hub._listeners
