"""tweepy's traps, each with a cure: these tests fail on a plain AsyncClient (see below)."""

import asyncio
import json
import logging
from datetime import timedelta

import aiohttp
import pytest
from simulators.x import ADA, US
from stands.x import ref
from tweepy.asynchronous import AsyncClient

from connectors.contract import (
    AuthFailed,
    ConnectorError,
    RateLimited,
    Unavailable,
    UnexpectedAnswer,
)
from connectors.model import Outgoing, Source

MENTIONS = Source("mentions", "x", "x", login="desk")
READ = "GET /2/users/:id/mentions"
POST = "POST /2/tweets"


async def hear(connector):
    return [page async for page in connector.pages(MENTIONS, None)]


class OnlyTheHost:
    """The least that a plain tweepy client needs to be tested at all: another host."""

    def __init__(self, base, session):
        self.base, self.session = base, session

    def request(self, method, url, **options):
        return self.session.request(method, self.base + url.split("twitter.com")[1], **options)


@pytest.fixture
async def plain(square):
    """tweepy as it is, but for the host."""
    async with aiohttp.ClientSession() as session:
        client = AsyncClient("good", wait_on_rate_limit=True)
        client.session = OnlyTheHost(square.base, session)
        yield client


async def test_every_call_goes_to_the_address_that_was_given(square, on_x, wall):
    """tweepy writes https://api.twitter.com into every address."""
    row = square.say(ADA, "@tern hello")
    connector = on_x()
    await connector.check()
    await hear(connector)
    await connector.post(Outgoing("k", "desk", ref(row), "Hello.", wall()))
    assert {"GET /2/users/me", READ, POST} <= square.calls.keys()
    assert {one["Host"] for one in square.heard} == {square.base.removeprefix("http://")}


async def test_one_session_serves_all_calls_and_is_closed(square, on_x):
    """tweepy without a session opens one for each call."""
    connector = on_x()
    await hear(connector)
    first = connector._wire._web
    await connector.check()
    assert connector._wire._web is first
    await connector.close()
    assert first.closed


async def test_a_silent_x_is_left_after_the_time_that_was_given(square, on_x):
    """tweepy sets no time-out: aiohttp's five minutes hold."""
    square.faults[READ] = ["timeout_before"]
    with pytest.raises(Unavailable):
        async with asyncio.timeout(5):
            await hear(on_x(timeout_s=0.2))


@pytest.mark.parametrize(
    ("fault", "meant", "plainly"),
    [
        ("error_before", Unavailable, aiohttp.ContentTypeError),  # a page of HTML with 503
        ("rate_limited_page", RateLimited, aiohttp.ContentTypeError),  # and with 429
        ("wall", UnexpectedAnswer, aiohttp.ContentTypeError),
        ("garbled", UnexpectedAnswer, json.JSONDecodeError),
        ("cut", Unavailable, aiohttp.ServerDisconnectedError),
    ],
)
async def test_errors_say_who_must_act_whatever_their_body(
    square, on_x, plain, fault, meant, plainly
):
    square.faults[READ] = [fault] * 3  # aiohttp alone repeats a GET that was cut
    with pytest.raises(plainly):
        await plain.get_users_mentions(US)
    square.faults[READ] = [fault]
    with pytest.raises(ConnectorError) as caught:
        await hear(on_x())
    assert type(caught.value) is meant


async def test_a_limit_without_a_time_is_asked_once_not_sixty_times(square, on_x, plain, wall):
    """tweepy with wait_on_rate_limit calls itself at once when no header says until when."""
    square.headers = {}
    square.faults[READ] = ["rate_limited"] * 20
    await plain.get_users_mentions(US)
    assert square.calls[READ] == 21
    square.calls.clear()
    square.faults[READ] = ["rate_limited"] * 20
    with pytest.raises(RateLimited) as caught:
        await hear(on_x())
    assert square.calls[READ] == 1
    assert caught.value.until - wall() == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-rate-limit-reset": "{at}"}, timedelta(minutes=7)),
        ({"x-rate-limit-reset": "0"}, timedelta(seconds=1)),
        ({"x-rate-limit-reset": "99999999999999"}, timedelta(hours=1)),
        ({"x-rate-limit-reset": "soon"}, timedelta(minutes=1)),
        ({"x-rate-limit-reset": "-5"}, timedelta(minutes=1)),
    ],
)
async def test_a_limit_is_believed_within_reason(square, on_x, wall, headers, wait):
    at = str(int((wall() + timedelta(minutes=7)).timestamp()))
    square.headers = {name: value.format(at=at) for name, value in headers.items()}
    square.faults[READ] = ["rate_limited"]
    with pytest.raises(RateLimited) as caught:
        await hear(on_x())
    assert caught.value.until - wall() == wait


async def test_the_token_is_renewed_before_it_runs_out(square, on_x, wall):
    """tweepy renews nothing."""
    connector = on_x()
    wall.go(hours=1, minutes=56)
    await hear(connector)
    assert square.renewals == 1
    assert on_x.drawer.values["desk"]["refresh_token"] == "refresh-1"
    assert on_x.drawer.values["desk"]["username"] == "tern"
    wall.go(hours=1, minutes=56)
    await hear(connector)
    assert square.renewals == 2


async def test_a_token_refused_at_the_door_is_renewed_and_reading_goes_on(square, on_x):
    square.say(ADA, "@tern hello")
    square.expire()
    pages = await hear(on_x())
    assert pages[0].events
    assert square.renewals == 1


async def test_a_post_refused_at_the_door_is_not_repeated_here(square, on_x, wall):
    row = square.say(ADA, "@tern hello")
    square.expire()
    connector = on_x()
    written = Outgoing("k", "desk", ref(row), "Hello.", wall())
    with pytest.raises(Unavailable) as caught:
        await connector.post(written)
    assert (caught.value.was_sent, square.calls[POST]) == (False, 1)
    await connector.post(written)
    assert len(square.by(US)) == 1


async def test_many_calls_at_once_renew_once(square, on_x):
    square.expire()
    connector = on_x()
    await asyncio.gather(*(connector.check() for _ in range(10)))
    assert square.renewals == 1


async def test_a_token_that_another_process_renewed_is_taken_over(square, on_x, wall):
    first, second = on_x(), on_x()
    wall.go(hours=1, minutes=58)
    await first.check()
    await second.check()
    assert square.renewals == 1


async def test_a_right_that_was_taken_back_stops_the_login(square, on_x):
    square.revoke()
    with pytest.raises(AuthFailed, match="connect this login again"):
        await hear(on_x())


async def test_x_refusing_its_own_new_token_stops_the_login(square, on_x):
    connector = on_x()
    square.expire()
    await connector.check()
    square.tokens.clear()
    with pytest.raises(AuthFailed, match="just given"):
        await connector.check()


async def test_without_a_token_nothing_is_asked(square, on_x):
    on_x.drawer.values["desk"] = {}
    with pytest.raises(AuthFailed, match="no token"):
        await hear(on_x())
    assert not square.calls


async def test_renewing_that_fails_for_now_is_tried_again(square, on_x, wall):
    row = square.say(ADA, "@tern hello")
    square.expire()
    square.faults["POST /2/oauth2/token"] = ["error_before"]
    connector = on_x()
    with pytest.raises(Unavailable) as caught:
        await connector.post(Outgoing("k", "desk", ref(row), "Hello.", wall()))
    assert not caught.value.was_sent
    await hear(connector)


async def test_the_token_goes_as_a_bearer_and_never_into_a_log(square, on_x, wall, caplog):
    """tweepy writes all headers into its log, and signs what it writes with OAuth 1 by default."""
    caplog.set_level(logging.DEBUG)
    row = square.say(ADA, "@tern hello")
    connector = on_x()
    await connector.check()
    posted = await connector.post(Outgoing("k", "desk", ref(row), "Hello.", wall()))
    await connector.delete(posted)
    assert {one["Authorization"] for one in square.heard} == {"Bearer good"}
    assert "Bearer good" not in caplog.text
    assert "Making API request" in caplog.text


async def test_an_account_without_a_name_is_still_somebody(square, on_x, plain):
    """tweepy raises KeyError('name')."""
    square.no_name = True
    with pytest.raises(KeyError):
        await plain.get_me(user_auth=False)
    assert (await on_x().check()).who == "@tern on X"


async def test_a_listing_cancelled_under_way_lets_go_at_once(square, on_x):
    square.faults[READ] = ["timeout_before"]
    task = asyncio.create_task(hear(on_x(timeout_s=60)))
    await square.arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(1):
            await task


async def test_nothing_of_ours_is_asked_under_a_name_that_tweepy_does_not_know(square, on_x):
    """For such a name tweepy only warns, by a call that Python has deprecated: an error here."""
    connector = on_x()
    square.say(US, "New kettles.")
    assert await connector.estimate(Source("w", "x", "x", "search", query="kettles.")) > 0
