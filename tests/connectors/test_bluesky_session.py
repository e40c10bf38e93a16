"""Being signed in on Bluesky: a session is kept, renewed one at a time, and seldom made."""

import asyncio

import pytest
from simulators.bluesky import ADA, US
from stands.bluesky import PUT, ref

from connectors.bluesky import connect
from connectors.bluesky.session import scopes_of
from connectors.bluesky.sign_in import WHY, Flow, sign_in, sign_out
from connectors.contract import (
    AuthFailed,
    ConnectorError,
    RateLimited,
    Unavailable,
    UnexpectedAnswer,
)
from connectors.model import Outgoing

CREATE, REFRESH = "com.atproto.server.createSession", "com.atproto.server.refreshSession"


async def test_one_sign_in_serves_every_start(network, sky):
    for _ in range(5):
        assert (await sky().check()).ok
    assert network.calls[CREATE] == 1


async def test_an_expired_token_comes_as_400_and_is_renewed_once_for_many_calls(network, sky):
    connector = sky()
    await connector.check()
    network.expire()
    await asyncio.gather(*(connector.check() for _ in range(8)))
    assert (network.calls[REFRESH], network.calls[CREATE]) == (1, 1)
    assert network.tokens[sky.drawer.read("desk")["access"]] == "good"


async def test_a_write_that_met_an_expired_token_is_made_once(network, sky, wall):
    question, connector = network.say(ADA, "@tern.test hi"), sky()
    await connector.check()
    network.faults[PUT] = ["expired"]
    posted = await connector.post(Outgoing("k", "desk", ref(question), "Hello", wall()))
    assert posted.ref in network.posts
    assert [one.author for one in network.posts.values()].count(US) == 1
    assert network.calls[REFRESH] == 1


async def test_what_another_process_renewed_is_taken_over(network, sky):
    one, other = sky(), sky()
    await one.check()
    await other.check()
    network.expire()
    await one.check()
    await other.check()
    assert network.calls[REFRESH] == 1


async def test_a_server_that_forgot_its_tokens_gets_new_ones(network, sky, wall):
    connector = sky()
    await connector.check()
    network.tokens.clear()
    assert (await connector.check()).ok
    assert (network.calls[REFRESH], network.calls[CREATE]) == (1, 1)


async def test_a_session_too_old_is_made_anew_but_not_all_the_time(network, sky, wall):
    connector = sky()
    await connector.check()
    network.expire()
    network.refreshers.clear()
    with pytest.raises(RateLimited, match="signed in a moment ago"):
        await connector.check()
    wall.go(minutes=6)
    assert (await connector.check()).ok
    assert network.calls[CREATE] == 2


async def test_a_clock_that_was_set_back_does_not_lock_us_out(network, sky, wall):
    connector = sky()
    await connector.check()
    network.expire()
    network.refreshers.clear()
    wall.go(days=-3)
    assert (await connector.check()).ok


async def test_a_revoked_app_password_stops_the_login_and_says_what_to_do(network, sky, wall):
    connector = sky()
    await connector.check()
    network.revoke()
    wall.go(hours=1)
    with pytest.raises(AuthFailed, match=r"make an app password .* and connect this login again"):
        await connector.check()


async def test_a_token_that_is_refused_is_not_renewed_for_ever(network, sky):
    connector = sky()
    await connector.check()
    network.faults["com.atproto.server.getSession"] = ["expired"] * 9
    with pytest.raises(AuthFailed):
        await connector.check()
    assert network.calls[REFRESH] == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("error_before", Unavailable), ("html", Unavailable), ("rate_limited", RateLimited),
        ("garbled", UnexpectedAnswer), ("no_table", UnexpectedAnswer), ("cut", Unavailable),
    ],
)  # fmt: skip
async def test_a_server_that_fails_while_renewing_refuses_nobody(network, sky, fault, error):
    connector = sky()
    await connector.check()
    network.expire()
    network.faults[REFRESH] = [fault]
    before = dict(sky.drawer.read("desk"))
    with pytest.raises(error):
        await connector.check()
    assert sky.drawer.read("desk") == before


async def test_without_a_password_there_is_nothing_to_sign_in_with(network, sky):
    sky.drawer.values.clear()
    with pytest.raises(AuthFailed, match="no app password"):
        await sky().check()
    assert network.calls.total() == 0


async def test_the_handle_may_stand_in_the_settings(network, sky):
    sky.drawer.write("desk", {"password": network.password})
    assert (await sky(account="tern.test").check()).ok


async def test_a_setting_that_there_is_not_is_said(tmp_path, wall, setup_type):
    with pytest.raises(ConnectorError, match="adress"):
        connect(setup_type(tmp_path, wall, "bluesky", "desk", {"adress": "x"}))


# Signing in by hand


async def test_a_human_signs_in_and_every_start_uses_it(network, sky, wall):
    flow = Flow()
    names = {one.name: one for one in flow.questions}
    assert names["password"].is_secret
    assert flow.why == WHY
    answers = {"base_url": network.base, "identifier": " @tern.test", "password": "app-pass-word\n"}
    assert await flow.begin(answers, None, wall) is None
    sky.drawer.write("desk", await flow.finish(answers, {}, wall))
    assert (await sky().check()).ok
    assert network.calls[CREATE] == 1


async def test_a_wrong_password_is_said(network, wall):
    with pytest.raises(AuthFailed, match="Invalid identifier or password"):
        await sign_in(network.base, "tern.test", "wrong", wall)


async def test_a_sign_out_makes_the_session_worthless(network, sky, wall):
    values = await sign_in(network.base, "tern.test", network.password, wall)
    await sign_out(network.base, values, wall)
    network.expire()
    sky.drawer.write("desk", {**values, "password": ""})
    with pytest.raises(AuthFailed):
        await sky().check()


# What check says


async def test_check_says_who_it_is_and_whether_it_is_labelled(network, sky):
    health = await sky().check()
    assert (health.who, health.ok) == (f"@tern.test on {network.base}", True)
    assert (health.scopes, health.todo) == (("com.atproto.appPass",), ())
    assert not health.has_automation_label
    network.labels[US] = ["bot"]
    assert (await sky().check()).has_automation_label


async def test_check_says_what_is_wrong_with_the_account(network, sky):
    network.scope, network.status = "com.atproto.access", "suspended"
    health = await sky().check()
    assert not health.ok
    assert "suspended" in health.todo[0]
    assert "main password" in health.todo[1]


@pytest.mark.parametrize("token", ["", "a.b", "a.!!.c", "a.W10.c", "a.eyJzY29wZSI6N30.c"])
def test_a_token_that_tells_nothing_is_still_a_token(token):
    assert scopes_of(token) == ("session",)


@pytest.mark.parametrize(
    ("endpoint", "used"),
    [
        ("https://pds.example/", "https://pds.example"),
        ("http://pds.example", None),  # less safe than where we signed in
        ("file:///etc/passwd", None),
        (7, None),
    ],
)
def test_the_accounts_own_server_is_used_if_it_is_as_safe(endpoint, used):
    from connectors.bluesky.session import _pds

    document = {"service": [{"id": "#atproto_pds", "serviceEndpoint": endpoint}, 7]}
    assert _pds(document, "https://bsky.social") == (used or "https://bsky.social")
    for broken in (None, [], {"service": None}, {"service": [{"id": 7}]}):
        assert _pds(broken, "https://bsky.social") == "https://bsky.social"
