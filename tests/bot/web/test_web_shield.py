"""What stands around every handler: headers, Host, origin, token, sizes, errors."""

from dataclasses import replace

import pytest

from bot.web.app import create_app
from bot.web.shield import CSP
from storage.store import StoreLocked

PLACES = ["/", "/people", "/static/byname.js", "/nowhere", "/api/v1/queue", "/healthz", "/m/999"]


@pytest.mark.parametrize("path", PLACES)
async def test_every_answer_carries_the_headers(enter, path):
    browser = await enter("read")
    answer = await browser.open(path)
    assert answer.headers["Content-Security-Policy"] == CSP
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in answer.headers
    if not path.startswith("/static"):
        assert answer.headers["Cache-Control"] == "no-store"


async def test_the_stream_of_news_carries_the_headers_and_no_words(enter, desk, stage):
    browser = await enter("read")
    answer = await browser.client.get("/events")
    assert answer.headers["Content-Security-Policy"] == CSP
    assert answer.content_type == "text/event-stream"
    assert (await answer.content.readuntil(b"\n\n")).startswith(b"retry: 2000\nevent: hello")
    desk.hub.tell("message", 7)
    assert b'{"topic": "message", "id": "7"}' in await answer.content.readuntil(b"\n\n")
    answer.close()


def test_the_policy_allows_nothing_inline_and_nobody_else():
    assert CSP.startswith("default-src 'none'")
    for word in ("unsafe", "http:", "https:", "*", "blob:"):
        assert word not in CSP


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost", "LOCALHOST:8400", "[::1]:80"])
async def test_names_of_this_machine_are_answered(enter, host):
    browser = await enter("read")
    answer = await browser.client.get("/healthz", headers={"Host": host})
    assert answer.status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8400", "[::2]", ""]
)
async def test_a_foreign_name_that_points_here_is_refused(enter, host):
    browser = await enter("admin")
    answer = await browser.client.get("/api/v1/queue", headers={"Host": host})
    assert answer.status in {400, 421}
    assert "entries" not in await answer.text()


WRONG_ORIGINS = [
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://localhost:1", "Sec-Fetch-Site": "same-site"},
    {"Origin": "null", "Sec-Fetch-Site": "none"},
]


async def test_a_change_that_another_site_asks_for_is_refused_even_on_loopback(enter, desk):
    browser = await enter("review")
    for headers in WRONG_ORIGINS:
        assert (await browser.call("brake", {"on": True}, **headers)).status == 403, headers
        assert (await browser.send("/brake", {"on": "1"}, **headers)).status == 403, headers
    assert await desk.store.brakes() == []


async def test_a_change_without_any_origin_is_refused(enter, desk):
    browser = await enter("review")
    headers = {"X-CSRF-Token": browser.csrf}
    answer = await browser.client.post("/api/v1/brake", json={"on": True}, headers=headers)
    assert answer.status == 403
    assert await desk.store.brakes() == []


@pytest.mark.parametrize("token", ["", "wrong", "ü" * 10])
async def test_a_change_without_the_token_of_the_session_is_refused(enter, desk, token):
    browser = await enter("review")
    assert (await browser.send("/brake", {"on": "1", "csrf": token})).status == 403
    assert await desk.store.brakes() == []


async def test_the_token_of_another_session_is_refused(enter, desk):
    browser, other = await enter("review"), await enter("review")
    answer = await browser.call("brake", {"on": True}, **{"X-CSRF-Token": other.csrf})
    assert answer.status == 403


async def test_reading_addresses_do_not_take_changes_and_the_reverse(enter):
    browser = await enter("admin")
    assert (await browser.send("/sending")).status == 405
    assert (await browser.open("/m/1/approve")).status == 405
    assert (await browser.open("/api/v1/brake")).status == 405


async def test_bodies_are_taken_only_as_what_they_are(enter):
    browser = await enter("review")
    origin = {"Origin": browser.origin, "X-CSRF-Token": browser.csrf}
    post = browser.client.post
    assert (await post("/api/v1/brake", data={"on": "1"}, headers=origin)).status == 415
    assert (await post("/brake", json={"on": True}, headers=origin)).status == 415
    plain = origin | {"Content-Type": "text/plain"}
    assert (await post("/api/v1/brake", data='{"on": true}', headers=plain)).status == 415
    parts = origin | {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await post("/brake", data="--x--", headers=parts)).status == 415


async def test_a_body_over_the_limit_is_refused(enter, stage):
    browser = await enter("review")
    message_id = await stage.waiting()
    body = {"text": "x" * 300_000, "message_id": str(message_id)}
    assert (await browser.call("length", body)).status == 413
    assert (await browser.send("/brake", {"reason": "x" * 300_000})).status == 413


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("null", "body"),
        ('{"on": true, "surprise": 1}', "surprise"),
        ('{"on": "perhaps"}', "on:"),
        ('{"on": true, "scope": "universe"}', "scope:"),
    ],
)
async def test_a_body_that_is_not_what_was_asked_for_is_explained(enter, body, says):
    browser = await enter("review")
    headers = {
        "X-CSRF-Token": browser.csrf,
        "Origin": browser.origin,
        "Content-Type": "application/json",
    }
    answer = await browser.client.post("/api/v1/brake", data=body, headers=headers)
    assert answer.status == 400
    assert says in (await answer.json())["error"]


async def test_what_is_no_id_names_nothing(enter):
    browser = await enter("review")
    for number in ("0", "-1", "1.5", "x", "٣", "9" * 30, "%00", "1%27--"):
        assert (await browser.open(f"/m/{number}")).status == 404, number
        assert (await browser.open(f"/people/{number}")).status == 404, number
        assert (await browser.client.get(f"/api/v1/messages/{number}")).status == 404, number


@pytest.mark.parametrize("name", ["view", "platform", "intent", "language", "source", "q"])
async def test_any_filter_value_is_safe(enter, stage, name):
    browser = await enter("read")
    await stage.waiting()
    for value in ("' OR 1=1 --", "\x00", "%", '"', "a" * 5000, "😀", "*", "NEAR("):
        for path in ("/", "/part/list", "/api/v1/queue"):
            answer = await browser.client.get(
                path, params={name: value}, headers={"Accept": "text/html"}
            )
            assert answer.status == 200, (path, value)


async def test_any_place_to_go_on_from_is_safe(enter, stage):
    browser = await enter("review")
    await stage.waiting()
    for after in ("", "0", "-5", "x", "9" * 25, "1; DROP TABLE messages"):
        params = {"after": after, "before": after, "limit": after, "q": "descale"}
        for path in ("/", "/api/v1/queue", "/api/v1/search", "/search", "/audit", "/people/1"):
            answer = await browser.client.get(path, params=params)
            assert answer.status == 200, (path, after)


class Broken:
    """A store that has a bug, or that the operator has to look at."""

    def __init__(self, store, error):
        self._store, self._error = store, error

    async def queue(self, *_args, **_more):
        raise self._error

    def __getattr__(self, name):
        return getattr(self._store, name)


async def test_a_bug_of_ours_is_a_page_without_a_traceback(enter, desk):
    broken = replace(desk, store=Broken(desk.store, RuntimeError("secret at line 7")))
    browser = await enter("read", broken)
    answer = await browser.open("/")
    text = await answer.text()
    assert answer.status == 500
    assert "Something broke here" in text
    assert "secret" not in text
    assert "Traceback" not in text


async def test_a_store_in_trouble_says_what_to_do(enter, desk):
    broken = replace(desk, store=Broken(desk.store, StoreLocked("another process writes")))
    browser = await enter("read", broken)
    answer = await browser.client.get("/api/v1/queue")
    assert answer.status == 503
    assert await answer.json() == {"error": "another process writes", "status": 503}


async def test_health_and_readiness_need_no_session_and_say_nothing_else(desk, aiohttp_client):
    client = await aiohttp_client(create_app(desk))
    for path in ("/healthz", "/readyz"):
        answer = await client.get(path)
        assert (answer.status, await answer.json()) == (200, {"ok": True})


async def test_readiness_ends_when_the_store_is_closed(desk, aiohttp_client):
    client = await aiohttp_client(create_app(desk))
    await desk.store.close()
    assert (await client.get("/readyz")).status == 503


async def test_static_files_are_asked_for_by_name_only(enter):
    browser = await enter("read")
    answer = await browser.open("/static/byname.css")
    assert answer.content_type == "text/css"
    again = await browser.open("/static/byname.css", **{"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304
    for name in ("..%2Fapp.py", "%2e%2e%2fkeys.py", "nothing.css"):
        assert (await browser.open(f"/static/{name}")).status == 404
