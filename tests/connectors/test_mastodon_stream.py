"""How the Mastodon connector listens: server-sent events, a websocket, or looking alone."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from listening import heard, said
from simulators.mastodon import US

from connectors import mastodon
from connectors.contract import Unavailable
from connectors.mastodon.stream import read_event, read_frame
from connectors.model import Deleted, Edited, Seen, Source

LIVE = Source("mentions", "mastodon", "mastodon", may_stream=True)
ONE_LOOK = Source("mentions", "mastodon", "mastodon")
STREAM = "GET /api/v1/streaming/user"


@pytest.fixture
async def connect(instance, tmp_path, wall, setup_type):
    """Open a login on the simulated instance; settings by keyword."""
    opened = []

    def make(**settings):
        settings = {"base_url": instance.base, "timeout_s": 20, **settings}
        setup = setup_type(tmp_path, wall, "mastodon", "desk", settings)
        setup.secrets.write("desk", {"access_token": "good"})
        opened.append(mastodon.connect(setup))
        return opened[-1]

    yield make
    for one in opened:
        await one.close()


async def collect(connector, source=LIVE, after=None):
    return await heard(connector, source, after)


@asynccontextmanager
async def listening(connector):
    """Listen in the background until the block ends; begins when it has looked after connecting."""
    heard, looked = [], asyncio.Event()

    async def listen():
        async for page in connector.pages(LIVE, None):
            heard.extend(said(page.events))
            looked.set()

    task = asyncio.create_task(listen())
    async with asyncio.timeout(20):
        await looked.wait()
        yield heard
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def come(heard, count):
    while len(heard) < count:  # noqa: ASYNC110 - it looks from outside
        await asyncio.sleep(0.01)
    return heard


@pytest.mark.parametrize("way", ["events", "socket"])
async def test_a_stream_tells_when_to_look_and_what_was_edited_or_deleted(instance, connect, way):
    instance.stream_by = way
    first = instance.say("1002", "@tern one")
    connector, events = connect(), []

    async def listen():
        async for page in connector.pages(LIVE, None):
            events.extend(page.events)
            if page.events:
                heard.set()

    heard = asyncio.Event()
    task = asyncio.create_task(listen())
    async with asyncio.timeout(20):
        for happen in (
            lambda: None,
            lambda: instance.say("1002", "@tern two"),
            lambda: instance.edit(first["id"], "@tern one, again"),
            lambda: instance.delete(first["id"]),
        ):
            if events:
                await instance.listening.wait()
            happen()
            await heard.wait()
            heard.clear()
        instance.hang_up()
        with pytest.raises(Unavailable, match="ended"):
            await task
    assert [type(one) for one in events] == [Seen, Seen, Edited, Deleted]
    assert events[2].message.text == "@tern one, again"
    assert events[3].ref == first["uri"]


async def test_what_others_post_is_no_reason_to_look(instance, connect):
    connector, heard = connect(), []

    async def listen():
        async for page in connector.pages(LIVE, None):
            heard.extend(said(page.events))
            if heard:
                woken.set()

    woken = asyncio.Event()
    task = asyncio.create_task(listen())
    async with asyncio.timeout(20):
        await instance.listening.wait()
        other, ours = instance.say("1002", "lunch"), instance.say(US, "news")
        instance.tell("update", json.dumps(other))
        instance.tell("update", "{")
        before = instance.calls.total()
        instance.tell("update", json.dumps(ours))
        await woken.wait()
    assert heard == ["news"]
    assert instance.calls.total() - before <= 5
    instance.hang_up()
    with pytest.raises(Unavailable):
        await task


async def test_what_happened_while_a_stream_was_down_is_heard_first(instance, connect):
    _, cursor = await collect(connect(), ONE_LOOK)
    instance.say("1002", "@tern missed")
    connector = connect()
    pages = connector.pages(LIVE, cursor)
    assert said((await anext(pages)).events) == ["@tern missed"]
    await pages.aclose()


async def test_an_instance_without_streams_is_looked_at_and_asked_again_later(
    instance, connect, wall
):
    instance.stream_by = ""
    instance.say("1002", "@tern one")
    connector = connect()
    events, cursor = await collect(connector)
    asked = instance.calls[STREAM]
    await collect(connector, after=cursor)
    assert (said(events), asked) == (["@tern one"], 1)
    assert instance.calls[STREAM] == 1
    wall.go(minutes=11)
    await collect(connector, after=cursor)
    assert instance.calls[STREAM] == 2


async def test_a_streaming_server_that_is_down_leaves_looking(instance, connect):
    instance.faults[STREAM] = ["error_before"]
    instance.faults["GET /api/v1/streaming"] = ["cut"]
    instance.say("1002", "@tern one")
    events, _ = await collect(connect())
    assert said(events) == ["@tern one"]


async def test_one_look_never_listens(instance, connect):
    await collect(connect(), ONE_LOOK)
    await collect(connect(streaming=False))
    assert instance.calls[STREAM] == 0


async def test_a_hundred_mentions_in_a_second_are_a_few_looks(instance, connect):
    async with listening(connect()) as heard:
        before = instance.calls.total()
        for number in range(100):
            instance.say("1002", f"@tern {number}")
            await asyncio.sleep(0.005)
        assert await come(heard, 100) == [f"@tern {number}" for number in range(100)]
        assert instance.calls.total() - before < 20


@pytest.mark.parametrize("way", ["events", "socket"])
async def test_an_event_as_long_as_a_post_may_be_and_one_in_pieces_break_no_stream(
    instance, connect, way
):
    instance.stream_by = way
    async with listening(connect()) as heard:
        instance.tell("update", json.dumps({"content": "x" * 1_000_000}))
        instance.tell("update", '{"content": "cut')
        instance.say("1002", "@tern still there?")
        assert await come(heard, 1) == ["@tern still there?"]


async def test_an_event_without_end_breaks_the_stream_and_not_the_bot(instance, connect):
    async def listen():
        async for _ in connect().pages(LIVE, None):
            pass

    task = asyncio.create_task(listen())
    await instance.listening.wait()
    instance.tell("update", "x" * 6_000_000)
    with pytest.raises(Unavailable, match="the stream broke"):
        async with asyncio.timeout(20):
            await task


async def test_a_look_that_found_nothing_says_so(instance, connect):
    async with listening(connect()) as heard:  # it begins with the page that says so
        assert heard == []


async def test_what_no_stream_tells_is_looked_for_now_and_then(instance, connect):
    async with listening(connect(look_anyway_s=0.2)) as heard:
        listeners, instance.listeners = instance.listeners, []
        instance.say("1002", "@tern psst")  # a policy puts it aside
        instance.notifications[-1]["filtered"] = True
        instance.listeners = listeners
        assert await come(heard, 1) == ["@tern psst"]


def test_heartbeats_and_noise_of_a_stream_say_nothing():
    assert read_event([":thump"]) is None
    assert read_event(["event: delete", "data: 7"]).payload == "7"
    assert read_event(["event: x", "data: a", "data:b"]).payload == "a\nb"
    assert read_frame("{") is None
    assert read_frame("[]") is None
    assert read_frame('{"event": "delete", "payload": "7"}').payload == "7"
