"""Signing in by a one-time link, and what ends a session."""

import dataclasses
from datetime import timedelta

import pytest
from webstand import open_desk

from bot.web.app import create_app
from bot.web.asked import local_path

HALF_AN_HOUR = timedelta(minutes=30)
SIGNING = {"Origin": "null", "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


@pytest.fixture
async def client(desk, aiohttp_client):
    return await aiohttp_client(create_app(desk))


@pytest.fixture
async def token(desk, stage, clock):
    reviewer = await stage.reviewer("admin")
    now = clock()
    return await desk.store.make_link(reviewer.id, now, now.replace(hour=13))


async def press(client, token, **more):
    fields = {"token": token} | more
    return await client.post("/sign-in", data=fields, headers=SIGNING, allow_redirects=False)


async def test_a_page_without_a_session_leads_to_the_sign_in(client):
    answer = await client.get("/sending", headers={"Accept": "text/html"}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in?next=/sending")


async def test_a_program_without_a_session_is_told_so(client):
    answer = await client.get("/api/v1/queue")
    assert answer.status == 401
    assert (await answer.json())["error"] == "Sign in first."


async def test_looking_at_the_link_does_not_use_it_up(client, token):
    for _ in range(3):
        answer = await client.get("/sign-in", params={"token": token})
        assert "Sign in to Kettlewren" in await answer.text()
    assert (await press(client, token)).status == 303


async def test_the_link_signs_in_once(client, token):
    assert (await press(client, token)).status == 303
    client.session.cookie_jar.clear()
    again = await press(client, token)
    assert again.status == 403
    assert "That link is spent" in await again.text()


async def test_an_expired_link_is_spent(client, token, clock):
    clock.go(hours=2)
    assert (await press(client, token)).status == 403


async def test_a_made_up_token_is_refused(client):
    assert (await press(client, "x" * 43)).status == 403
    assert (await press(client, "")).status == 403


async def test_the_cookie_is_strict_and_out_of_reach_of_scripts(client, token):
    cookie = (await press(client, token)).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Max-Age=43200" in cookie


async def test_behind_tls_the_cookie_is_bound_to_this_host(tmp_path, clock, aiohttp_client):
    async with open_desk(tmp_path, clock, web={"behind_tls": True}) as desk:
        who = await desk.store.add_reviewer("Maja", "admin", clock())
        token = await desk.store.make_link(who.id, clock(), clock().replace(hour=13))
        client = await aiohttp_client(create_app(desk))
        answer = await press(client, token)
    assert answer.headers["Set-Cookie"].startswith("__Host-byname=")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_the_session_token_is_not_what_is_stored(client, token, tmp_path):
    cookie = (await press(client, token)).cookies["byname-8400"].value
    files = [path.read_bytes() for path in tmp_path.iterdir() if path.name.startswith("byname.db")]
    assert files
    assert not any(cookie.encode() in content for content in files)


async def test_after_signing_in_one_goes_on_to_the_page_one_wanted(client, token):
    answer = await press(client, token, next="/people?q=ann")
    assert answer.headers["Location"] == "/people?q=ann"


@pytest.mark.parametrize(
    "onward",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\n/x",
        "",
    ],
)
def test_the_way_onward_never_leaves_this_site(onward):
    assert local_path(onward) == "/"


async def test_guessing_is_slowed_down(client, clock):
    answers = [(await press(client, f"guess-{number}")).status for number in range(12)]
    assert answers == [403] * 10 + [429] * 2
    clock.go(minutes=2)
    assert (await press(client, "guess")).status == 403


async def test_a_sign_in_from_another_site_is_refused(client, token):
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = await client.post("/sign-in", data={"token": token}, headers=headers)
    assert answer.status == 403
    assert (await press(client, token)).status == 303


async def test_a_link_followed_from_a_mail_brings_the_cookie_along(client):
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "cross-site"}
    answer = await client.get("/people?q=a", headers=headers, allow_redirects=False)
    assert answer.status == 200
    assert '<meta http-equiv="refresh" content="0; url=/people?q=a">' in await answer.text()


async def test_signing_out_ends_the_session(enter):
    browser = await enter("read")
    answer = await browser.send("/sign-out")
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert (await browser.open("/")).status == 303


async def test_a_session_ends_after_half_a_day(enter, clock):
    browser = await enter("read")
    clock.go(hours=12, minutes=1)
    assert (await browser.open("/")).status == 303


async def test_who_is_shut_out_is_out_at_once(enter, desk, clock):
    browser = await enter("review")
    await desk.store.set_reviewer(browser.reviewer.id, clock(), disabled=True)
    assert (await browser.open("/")).status == 303


async def test_the_team_page_shows_a_new_link_once(enter):
    browser = await enter("review")
    answer = await browser.send("/team/links")
    text = await answer.text()
    assert "http://127.0.0.1:8400/sign-in?token=" in text
    assert "/sign-in?token=" not in await browser.read("/team")


async def test_a_lost_browser_is_signed_out_from_another(enter, desk, clock):
    browser, lost = await enter("review"), await enter("review")
    (session,) = [
        one for one in await desk.store.sessions(clock()) if one.reviewer.id == lost.reviewer.id
    ]
    ending = f"/team/sessions/{session.id}/end"
    assert ending not in await browser.read("/team")
    assert (await browser.send(ending)).status == 403
    admin = await enter("admin")
    assert ending in await admin.read("/team")
    assert (await admin.send(ending)).status == 303
    assert (await lost.open("/")).status == 303
    assert (await admin.send(ending)).status == 303  # pressed twice
    assert (await browser.read("/team")).count("This browser") == 1


async def test_one_signs_out_ones_own_other_browser(enter, desk, clock):
    browser = await enter("read")
    token = await desk.store.make_link(browser.reviewer.id, clock(), clock() + HALF_AN_HOUR)
    _, other = await desk.store.redeem_link(token, clock(), clock() + HALF_AN_HOUR)
    assert f"/team/sessions/{other.id}/end" in await browser.read("/team")
    assert (await browser.send(f"/team/sessions/{other.id}/end")).status == 303
    assert len(await desk.store.sessions(clock())) == 1


async def test_the_last_admin_cannot_be_shut_out(enter):
    browser = await enter("admin")
    answer = await browser.call(f"reviewers/{browser.reviewer.id}", {"disabled": True})
    assert answer.status == 422
    assert "last admin" in (await answer.json())["error"]


async def test_an_admin_adds_a_reviewer_and_changes_the_role(enter, desk):
    browser = await enter("admin")
    assert (await browser.send("/team/reviewers", {"name": "Tom", "role": "read"})).status == 303
    tom = next(one for one in await desk.store.reviewers() if one.name == "Tom")
    await browser.send(f"/team/reviewers/{tom.id}", {"role": "review"})
    again = next(one for one in await desk.store.reviewers() if one.name == "Tom")
    assert dataclasses.replace(again, role="read") == tom
    assert (await browser.send("/team/reviewers", {"name": "Tom", "role": "read"})).status == 422
