"""Signing in on X: what is said before, what is asked, what is kept."""

from urllib.parse import parse_qs, urlsplit

import pytest
from simulators.x import US

from connectors import _load
from connectors.contract import AuthFailed, UnexpectedAnswer
from connectors.x.sign_in import REDIRECT, SCOPES, Flow, revoke

ANSWERS = {"client_id": " app ", "client_secret": "none", "owns_app": "yes"}


@pytest.fixture
def flow(square):
    return Flow(square.base)


def test_it_is_found_by_its_name():
    assert isinstance(_load.sign_in("x"), Flow)
    assert _load.sign_in("x").redirect_port == urlsplit(REDIRECT).port


def test_scopes_and_prices_are_told_before_anything_is_asked():
    why = Flow.why
    assert set(SCOPES) <= why.keys()
    assert "owned read $0.001" in why["(what it costs)"]
    assert "post with a link $0.20" in why["(what it costs)"]
    assert REDIRECT in why["(before you begin)"]


async def test_the_page_is_asked_with_pkce_and_all_scopes(flow, wall):
    url = await flow.begin(ANSWERS, None, wall)
    assert url.startswith("https://x.com/i/oauth2/authorize?")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert (asked["client_id"], asked["redirect_uri"]) == ("app", REDIRECT)
    assert asked["scope"].split() == list(SCOPES)
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 24


async def test_a_code_becomes_tokens_and_who_we_are(flow, square, wall):
    await flow.begin(ANSWERS, REDIRECT, wall)
    kept = await flow.finish(ANSWERS, {"code": "right"}, wall)
    assert (kept["id"], kept["username"], kept["owns_app"]) == (US, "tern", "yes")
    assert kept["access_token"] in square.tokens
    assert kept["refresh_token"] in square.refreshers
    assert "client_secret" not in kept
    assert kept["expires_at"] == "2026-03-10T14:00:00+00:00"


async def test_a_client_with_a_secret_says_so_in_the_header(flow, square, wall):
    answers = {**ANSWERS, "client_secret": "hush", "owns_app": "no"}
    await flow.begin(answers, REDIRECT, wall)
    kept = await flow.finish(answers, {"code": "right"}, wall)
    assert square.heard[0]["Authorization"] == "Basic YXBwOmh1c2g="
    assert (kept["client_secret"], kept["owns_app"]) == ("hush", "no")


async def test_the_whole_address_may_be_pasted(flow, wall):
    url = await flow.begin(ANSWERS, None, wall)
    state = parse_qs(urlsplit(url).query)["state"][0]
    kept = await flow.finish(ANSWERS, {"code": f"{REDIRECT}?state={state}&code=right"}, wall)
    assert kept["username"] == "tern"


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ({"code": "wrong"}, "token was invalid"),
        ({"code": "right", "state": "other"}, "another sign-in"),
        ({"error": "access_denied"}, "access_denied"),
        ({"code": f"{REDIRECT}?state=other&code=right"}, "another sign-in"),
    ],
)
async def test_what_was_not_allowed_keeps_nothing(flow, wall, returned, said):
    await flow.begin(ANSWERS, None, wall)
    with pytest.raises(AuthFailed, match=said):
        await flow.finish(ANSWERS, returned, wall)


async def test_x_not_saying_who_signed_in_keeps_nothing(flow, square, wall):
    del square.users[US]["username"]
    await flow.begin(ANSWERS, None, wall)
    with pytest.raises(UnexpectedAnswer):
        await flow.finish(ANSWERS, {"code": "right"}, wall)
    square.users[US]["username"] = "tern"


async def test_a_token_can_be_made_worthless(square, wall):
    await revoke(square.base, {"access_token": "good", "client_id": "app"}, wall)
    assert square.tokens == {}


async def test_what_sign_in_kept_is_what_the_connector_needs(flow, square, on_x, wall):
    await flow.begin(ANSWERS, None, wall)
    kept = await flow.finish(ANSWERS, {"code": "right"}, wall)
    on_x.drawer.values["desk"] = dict(kept)
    health = await on_x().check()
    assert health.who == "@tern on X"
    assert health.scopes == SCOPES
