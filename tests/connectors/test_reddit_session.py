"""Signing in on Reddit: approval first, a token kept and renewed one at a time."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest
from simulators.reddit import US
from stands.reddit import APPROVED

from connectors._load import sign_in as find_sign_in
from connectors.contract import AuthFailed, ConnectorError, RateLimited, UnexpectedAnswer
from connectors.reddit import connect
from connectors.reddit.api import Place
from connectors.reddit.scopes import SCOPES
from connectors.reddit.sign_in import Flow, sign_out

TOKEN = "POST /api/v1/access_token"
ANSWERS = {
    "approval_reference": "RB-2026-0042", "approval_date": "2026-01-15",
    "approval_covers_data": "no", "kind": "script", "client_id": "app-id",
    "client_secret": "app-secret", "username": "u/Tern", "password": "pass-word",
    "redirect_uri": "http://localhost:8080",
}  # fmt: skip
WEB = {**ANSWERS, "kind": "web", "password": "-"}


@pytest.fixture
def flow(site):
    return Flow(Place(site.base, site.base, 5))


# The token


async def test_one_token_serves_every_start_and_every_thread(site, reddit):
    for _ in range(3):
        connector = reddit()
        await asyncio.gather(*(connector.check() for _ in range(3)))
    assert site.calls[TOKEN] == 1


async def test_a_token_is_renewed_before_it_runs_out(site, reddit, wall):
    connector = reddit()
    await connector.check()
    wall.go(minutes=54)
    await connector.check()
    assert site.calls[TOKEN] == 1
    wall.go(minutes=2)
    await connector.check()
    assert (site.calls[TOKEN], site.calls["GET /api/v1/me"]) == (2, 3)


async def test_a_token_that_turns_out_worthless_is_renewed_once_for_many_calls(site, reddit):
    connector = reddit()
    await connector.check()
    site.tokens.clear()
    await asyncio.gather(*(connector.check() for _ in range(8)))
    assert site.calls[TOKEN] == 2


async def test_what_another_process_renewed_is_taken_over(site, reddit):
    one, other = reddit(), reddit()
    await one.check()
    await other.check()
    site.tokens.clear()
    await one.check()
    await other.check()
    assert site.calls[TOKEN] == 2


async def test_a_refresh_token_that_is_exchanged_is_kept(site, reddit, wall):
    """prawcore keeps it in memory only: after the next start the login would be dead."""
    values = {**APPROVED, "refresh": "refresh-1", "password": ""}
    reddit.drawer.write("desk", values)
    site.is_exchanging = True
    await reddit().check()
    assert reddit.drawer.read("desk")["refresh"] == site.refresh != "refresh-1"
    wall.go(hours=2)
    assert (await reddit().check()).ok


async def test_a_login_that_was_taken_back_stops(site, reddit):
    connector = reddit()
    await connector.check()
    site.is_revoked = True
    site.tokens.clear()
    with pytest.raises(AuthFailed, match="connect this login again"):
        await connector.check()


async def test_a_token_that_is_refused_twice_stops_the_login(site, reddit):
    connector = reddit()
    await connector.check()
    site.faults["GET /api/v1/me"] = ["token_expired", "token_expired"]
    with pytest.raises(AuthFailed):
        await connector.check()
    assert site.calls[TOKEN] == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("rate_limited", RateLimited), ("garbled", UnexpectedAnswer),
        ("errors_null", UnexpectedAnswer), ("forbidden", AuthFailed),
    ],
)  # fmt: skip
async def test_a_token_request_that_fails_says_who_must_act(site, reddit, fault, error):
    site.faults[TOKEN] = [fault]
    with pytest.raises(error):
        await reddit().check()


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "password"])
async def test_a_login_that_lacks_something_has_to_be_connected(site, reddit, missing):
    reddit.drawer.write("desk", {**APPROVED, missing: ""})
    with pytest.raises(AuthFailed, match="connect this login again"):
        await reddit(user_agent="linux:my.app:1.0 (by /u/acme)").check()
    assert sum(site.calls.values()) == 0


# Signing in


def test_the_approval_is_asked_for_before_anything_else():
    names = [one.name for one in Flow.questions]
    assert names[:2] == ["approval_reference", "approval_date"]
    assert next(iter(Flow.why)) == "approval"
    assert set(SCOPES) < set(Flow.why)
    assert isinstance(find_sign_in("reddit"), Flow)


@pytest.mark.parametrize(
    "wrong",
    [{"approval_reference": "-"}, {"approval_date": "soon"}, {"approval_date": "2030-01-01"}],
)
@pytest.mark.parametrize("answers", [ANSWERS, WEB])
async def test_without_approval_nobody_gets_to_reddit(site, flow, wall, answers, wrong):
    answers = {**answers, **wrong}
    with pytest.raises(AuthFailed, match="approv"):
        await flow.begin(answers, None, wall)
    with pytest.raises(AuthFailed, match="approv"):
        await flow.finish(answers, {"code": "right"}, wall)
    assert sum(site.calls.values()) == 0


async def test_a_script_signs_in_with_its_password(site, flow, reddit, wall):
    assert await flow.begin(ANSWERS, "http://127.0.0.1:1/signed-in", wall) is None
    kept = await flow.finish(ANSWERS, {}, wall)
    assert kept["username"] == US
    assert (kept["user_ref"], kept["scope"]) == ("t2_2aaaa", "*")
    assert (kept["approval_reference"], kept["approval_date"]) == ("RB-2026-0042", "2026-01-15")
    reddit.drawer.write("desk", kept)
    assert (await reddit().check()).ok
    assert site.calls[TOKEN] == 1
    assert len({one.casefold() for one in site.agents}) == 1


async def test_a_web_app_signs_in_with_a_code_and_keeps_the_refresh_token(site, flow, reddit, wall):
    url = await flow.begin(WEB, None, wall)
    asked = {name: found[0] for name, found in parse_qs(urlsplit(url).query).items()}
    assert url.startswith(f"{site.base}/api/v1/authorize?")
    assert (asked["duration"], asked["scope"].split()) == ("permanent", list(SCOPES))
    assert asked["redirect_uri"] == "http://localhost:8080"
    pasted = f"http://localhost:8080/?state={asked['state']}&code=right#_"
    kept = await flow.finish(WEB, {"code": pasted}, wall)
    assert (kept["refresh"], kept.get("password")) == (site.refresh, None)
    reddit.drawer.write("desk", kept)
    wall.go(hours=2)
    assert (await reddit().check()).ok
    assert site.calls[TOKEN] == 2


@pytest.mark.parametrize(
    "returned",
    [
        {"code": "wrong"}, {}, {"code": ""}, {"code": "right", "state": "another"},
        {"error": "access_denied", "code": "right"},
        {"code": "http://localhost:8080/?state=another&code=right"},
        {"code": "http://localhost:8080/?error=access_denied"},
    ],
)  # fmt: skip
async def test_a_code_that_is_wrong_or_belongs_to_another_is_refused(site, flow, wall, returned):
    await flow.begin(WEB, None, wall)
    with pytest.raises(AuthFailed):
        await flow.finish(WEB, returned, wall)


async def test_a_web_app_says_that_its_code_has_to_be_pasted(flow, wall):
    with pytest.raises(ConnectorError, match="--paste"):
        await flow.begin(WEB, "http://127.0.0.1:5000/signed-in", wall)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password": "wrong"}, "invalid_grant"),
        ({"password": "-"}, "password"),
        ({"kind": "installed"}, "script, web"),
        ({"username": "ada"}, "this is u/tern, not u/ada"),
    ],
)
async def test_a_script_that_cannot_sign_in_says_why(flow, wall, wrong, said):
    answers = {**ANSWERS, **wrong}

    async def sign_in():
        await flow.begin(answers, None, wall)
        await flow.finish(answers, {}, wall)

    with pytest.raises(AuthFailed, match=said):
        await sign_in()


async def test_signing_out_makes_the_token_worthless(site, flow, reddit, wall):
    await flow.begin(ANSWERS, None, wall)
    kept = await flow.finish(ANSWERS, {}, wall)
    await sign_out(Place(site.base, site.base, 5), kept, wall)
    reddit.drawer.write("desk", kept)
    with pytest.raises(AuthFailed):
        await reddit().check()


@pytest.mark.parametrize(
    "settings", [{"reddit_url": "nonsense"}, {"nosuch": 1}, {"timeout_s": "soon"}]
)
def test_settings_that_make_no_sense_are_named(tmp_path, wall, setup_type, settings):
    with pytest.raises(ConnectorError, match=f"login desk: {next(iter(settings))}"):
        connect(setup_type(tmp_path, wall, "reddit", "desk", settings))
