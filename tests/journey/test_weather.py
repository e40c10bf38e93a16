"""benchmarks/weather.py: what is in flight is seen at the platform, and outlives its client."""

import asyncio
import random

import aiohttp
import pytest
from aiohttp import web

from benchmarks.weather import Weather


class Place:
    """A server where each POST leaves a mark."""

    def __init__(self):
        self.marks = []
        self.marked = asyncio.Event()

    async def mark(self, request):
        self.marks.append(await request.text())
        self.marked.set()
        return web.json_response({"uri": "x"})


def bad(**writes):
    is_write = lambda request: request.method == "POST"  # noqa: E731
    weather = Weather(is_write, random.Random(1), 0.05, writes, {}, asyncio.Event())
    weather.is_bad = True
    return weather


@pytest.fixture
def serve(aiohttp_client):
    async def serve(weather):
        place = Place()
        app = web.Application(middlewares=[weather.middleware()])
        app.router.add_post("/", place.mark)
        return place, await aiohttp_client(app)

    return serve


async def test_a_write_that_was_heard_takes_effect_though_its_client_is_gone(serve):
    weather = bad()
    weather.in_flight_s = 0.4
    place, client = await serve(weather)
    asking = asyncio.create_task(client.post("/", data="hello"))
    await weather.began.wait()
    assert (weather.in_flight(), weather.not_yet_done(), place.marks) == (1, 1, [])
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await asyncio.wait_for(place.marked.wait(), 20)
    assert place.marks == ["hello"]
    assert (weather.in_flight(), weather.not_yet_done()) == (0, 0)


@pytest.mark.parametrize(
    ("fault", "status", "marks"),
    [
        ("error_before", 503, 0),
        ("rate_limited", 429, 0),
        ("error_after", 502, 1),
        ("garbled", 200, 1),
        ("", 200, 1),
    ],
)
async def test_an_answer_says_nothing_about_the_effect(serve, fault, status, marks):
    weather = bad(**{fault: 1.0} if fault else {})
    place, client = await serve(weather)
    async with client.post("/", data="hello") as answer:
        assert answer.status == status
    assert len(place.marks) == marks
    assert weather.faults == ({fault: 1} if fault else {})


@pytest.mark.parametrize(("fault", "marks"), [("reset_before", 0), ("reset_after", 1)])
async def test_a_reset_leaves_no_answer(serve, fault, marks):
    place, client = await serve(bad(**{fault: 1.0}))
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.post("/", data="hello")
    assert len(place.marks) == marks


async def test_before_the_storm_nothing_goes_wrong_and_nothing_is_counted(serve):
    weather = bad(error_before=1.0)
    weather.is_bad = False
    place, client = await serve(weather)
    assert (await client.post("/", data="hello")).status == 200
    assert (place.marks, weather.attempts) == (["hello"], 0)
