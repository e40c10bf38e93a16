"""What an answer means: statuses, broken lines and what headers ask for."""

import asyncio
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web

from connectors import _http
from connectors.contract import (
    AuthFailed,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
STAMP = "Tue, 10 Mar 2026 12:00:00 GMT"


def answer(status=200, text="{}", **headers):
    return _http.Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, text)


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (400, Rejected, "rejected"),
        (401, AuthFailed, None),
        (403, Rejected, "not_allowed"),
        (404, Rejected, "parent_gone"),
        (410, Rejected, "parent_gone"),
        (422, Rejected, "rejected"),
        (408, Unavailable, None),
        (500, Unavailable, None),
        (503, Unavailable, None),
        (302, UnexpectedAnswer, None),
        (429, RateLimited, None),
    ],
)
def test_a_status_says_who_must_act(status, error, code):
    with pytest.raises(error) as caught:
        _http.ensure_ok(answer(status, "<html>"), lambda: NOW)
    assert getattr(caught.value, "code", None) == code
    assert getattr(caught.value, "was_sent", True)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry_After": "30"}, 30),
        ({"Retry_After": "30", "X_RateLimit_Reset": "999"}, 30),
        ({"Retry_After": "Tue, 10 Mar 2026 12:02:00 GMT"}, 120),
        ({"X_RateLimit_Reset": "2026-03-10T12:05:00.000000Z"}, 300),
        ({"RateLimit_Reset": str(int(NOW.timestamp()) + 90)}, 90),
        ({"x_ratelimit_reset": "44"}, None),  # a plain dict knows no case; aiohttp's does
        ({"X_RateLimit_Reset": "44"}, 44),
        ({"Retry_After": "0"}, 1),
        ({"Retry_After": "-5"}, 60),
        ({"X_RateLimit_Reset": "2020-01-01T00:00:00Z"}, 60),
        ({"Retry_After": "99999999"}, 3600),
        ({"Retry_After": "1e400"}, 3600),
        ({"RateLimit_Reset": "99999999999999999999"}, 3600),
        ({"Retry_After": "nan"}, None),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": ""}, None),
        (  # their clock is a day ahead of ours: only the distance counts
            {"Date": "Wed, 11 Mar 2026 12:00:00 GMT", "X_RateLimit_Reset": "2026-03-11T12:01:00Z"},
            60,
        ),
    ],
)
def test_a_wait_is_what_the_headers_ask_for_within_reason(headers, wait):
    found = _http.wait_of(answer(**headers).headers, NOW)
    assert found == (None if wait is None else timedelta(seconds=wait))


def test_a_429_that_says_nothing_waits_a_minute():
    with pytest.raises(RateLimited) as caught:
        _http.ensure_ok(answer(429), lambda: NOW)
    assert caught.value.until == NOW + timedelta(minutes=1)


def test_headers_tell_the_budget():
    headers = {"X_RateLimit_Remaining": "598.0", "X_RateLimit_Reset": "44", "Retry_After": "9"}
    budget = _http.budget_of(answer(**headers).headers, NOW)
    assert (budget.left, budget.limit) == (598, None)
    assert budget.resets_at == NOW + timedelta(seconds=44)
    assert _http.budget_of(answer().headers, NOW) is None


def test_an_answer_that_is_no_json_goes_to_quarantine():
    for text in ("<html>", "", '{"a":', "[" * 100_000):
        with pytest.raises(UnexpectedAnswer) as caught:
            answer(text=text).json()
        assert caught.value.raw == text[:4000]
        assert caught.value.was_sent


@pytest.fixture
async def site(aiohttp_server):
    """A server whose every path misbehaves in its own way."""
    seen = []

    async def handle(request):
        seen.append(request.path)
        match request.path:
            case "/cut":
                request.transport.abort()
            case "/half":
                response = web.StreamResponse(headers={"Content-Length": "100"})
                await response.prepare(request)
                await response.write(b"{")
                request.transport.abort()
                return response
            case "/slow":
                await asyncio.Event().wait()
            case "/moved":
                raise web.HTTPFound("/ok")
            case "/charset":
                return web.Response(body=b"\xff", headers={"Content-Type": "text/plain; charset=x"})
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    server = await aiohttp_server(app)
    server.seen = seen
    return server


async def ask(server, path, method="POST", **more):
    async with _http.session("byname-test") as web_session:
        return await _http.ask(web_session, method, str(server.make_url(path)), **more)


async def test_an_answer_is_read_to_its_end(site):
    found = await ask(site, "/ok")
    assert (found.status, found.json()) == (200, {"ok": True})
    assert (await ask(site, "/charset")).text == "\ufffd"


@pytest.mark.parametrize("path", ["/cut", "/half", "/slow"])
async def test_a_broken_line_may_have_been_heard_and_is_one_attempt(site, path):
    with pytest.raises(Unavailable) as caught:
        await ask(site, path, timeout_s=1.0)
    assert caught.value.was_sent
    assert site.seen == [path]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "GET"])
async def test_no_method_is_repeated_by_the_library(site, method):
    with pytest.raises(Unavailable):
        await ask(site, "/cut", method)
    assert site.seen == ["/cut"]


async def test_a_server_that_closes_without_saying_so_is_heard_each_time():
    lines = []

    async def serve(reader, writer):
        lines.append(asyncio.current_task())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await reader.read(1)  # a second request on this line is met by its end
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1")
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        async with _http.session("byname-test") as web_session:
            told = [await _http.ask(web_session, "GET", url) for _ in range(3)]
        await asyncio.gather(*lines)
    assert [one.status for one in told] == [200, 200, 200]


async def test_a_redirect_is_not_followed(site):
    found = await ask(site, "/moved")
    assert found.status == 302
    with pytest.raises(UnexpectedAnswer):
        _http.ensure_ok(found, lambda: NOW)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nowhere.invalid/", "http://"])
async def test_only_a_failed_connect_says_that_nothing_was_sent(url):
    async with _http.session("byname-test") as web_session:
        with pytest.raises(Unavailable) as caught:
            await _http.ask(web_session, "POST", url)
    assert not caught.value.was_sent


async def test_an_endless_answer_is_given_up(aiohttp_server, monkeypatch):
    async def flood(request):
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 1_000_000)
        except (ConnectionError, aiohttp.ClientError):
            return response

    app = web.Application()
    app.router.add_get("/", flood)
    server = await aiohttp_server(app)
    with pytest.raises(UnexpectedAnswer, match="bytes"):
        await ask(server, "/", "GET")
