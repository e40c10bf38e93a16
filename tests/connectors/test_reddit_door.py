"""What praw and prawcore would do on their own, and the door that keeps it out: one test each."""

import asyncio
import logging
import threading
import time
from datetime import timedelta
from pathlib import Path

import praw
import pytest
from simulators.reddit import US
from stands.reddit import APPROVED, POST, ref

from connectors.contract import AuthFailed, ConnectorError, RateLimited, Unavailable
from connectors.model import Outgoing, Source
from connectors.reddit.agent import checked, user_agent

MENTIONS = Source("mentions", "reddit", "reddit")
ME = "GET /api/v1/me"


def answer(wall, parent, text="It left today.", key="k1"):
    return Outgoing(key, "desk", ref(parent), text, wall())


@pytest.fixture
def question(site):
    return site.say("ada", "Do you ship?", site.submit(US, "New kettles"))


# A write is sent once


@pytest.mark.parametrize("fault", ["error_before", "error_after", "error_520", "cut", "cut_before",
                                   "short", "timeout_after"])  # fmt: skip
async def test_a_reply_is_one_post_whatever_breaks(site, reddit, wall, question, fault):
    """Without the door prawcore sends three: on 5xx, a dropped line and a read time-out."""
    site.faults[POST] = [fault] * 5
    with pytest.raises(Unavailable) as caught:
        await reddit(timeout_s=0.4).post(answer(wall, question))
    assert caught.value.was_sent
    assert site.calls[POST] == 1


async def test_a_reply_with_a_worn_out_token_is_one_post_too(site, reddit, wall, question):
    """Without the door prawcore clears the token and sends the form again by itself."""
    connector = reddit()
    await connector.check()
    site.faults[POST] = ["token_expired"]
    with pytest.raises(Unavailable) as caught:
        await connector.post(answer(wall, question))
    assert not caught.value.was_sent  # refused before it was read: it may be sent again
    assert site.calls[POST] == 1
    assert (await connector.post(answer(wall, question))).ref in site.things
    assert site.calls[POST] == 2


@pytest.mark.parametrize("sentence", ["Take a break for 3 seconds before trying again.",
                                      "Сделайте перерыв на 4 с."])  # fmt: skip
async def test_a_limit_inside_a_200_is_neither_slept_out_nor_sent_again(
    site, reddit, wall, question, sentence
):
    """praw sleeps up to five seconds in the thread and posts again, three times in all."""
    site.sentence, site.faults[POST] = sentence, ["ratelimit"] * 3
    began = time.monotonic()
    with pytest.raises(RateLimited) as caught:
        await reddit().post(answer(wall, question))
    assert time.monotonic() - began < 2
    assert site.calls[POST] == 1
    assert caught.value.until - wall() in (timedelta(seconds=3), timedelta(seconds=4))


async def test_reading_is_not_repeated_either(site, reddit):
    """Without the door: three requests and up to six seconds of sleep in the thread."""
    site.faults[ME] = ["error_before"] * 3
    with pytest.raises(Unavailable):
        await reddit().check()
    assert site.calls[ME] == 1


# Time-outs


async def test_the_time_out_applies_to_silence(site, reddit):
    """praw's own setting `timeout` is used nowhere: sixteen seconds, whatever it says."""
    site.faults[ME] = ["timeout_before"]
    began = time.monotonic()
    with pytest.raises(Unavailable, match="Timeout"):
        await reddit(timeout_s=0.3).check()
    assert time.monotonic() - began < 3


async def test_the_time_out_applies_to_an_answer_that_drips(site, reddit):
    """A time-out of requests is one for each read: a byte now and then keeps it going for ever."""
    site.faults[ME] = ["drip"]
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await reddit(timeout_s=0.4).check()
    assert time.monotonic() - began < 3


async def test_the_time_out_applies_to_token_requests(site, reddit):
    site.faults["POST /api/v1/access_token"] = ["timeout_before"]
    with pytest.raises(Unavailable):
        await reddit(timeout_s=0.3).check()


# Limits: nobody sleeps


async def test_no_call_left_is_said_and_not_slept_out(site, reddit, wall):
    """prawcore sleeps until the limit is reset, here five minutes, in the thread."""
    site.left, site.used, site.reset = 0.0, 600, 300
    connector, began = reddit(), time.monotonic()
    await connector.check()
    with pytest.raises(RateLimited) as caught:
        await connector.check()
    assert time.monotonic() - began < 3
    assert caught.value.until == wall() + timedelta(seconds=300)
    assert site.calls[ME] == 1
    wall.go(seconds=301)
    site.left = 600.0
    await connector.check()


async def test_a_call_is_never_held_back_to_spread_calls_evenly(site, reddit):
    """prawcore sleeps up to ten seconds between calls once they are used faster than they come."""
    site.left, site.used, site.reset = 100.0, 500, 580
    connector, began = reddit(), time.monotonic()
    for _ in range(3):
        await connector.check()
    assert time.monotonic() - began < 3


async def test_headers_that_no_number_can_be_read_from_break_nothing(site, reddit, wall, question):
    """prawcore reads them with int() after the comment was made: ValueError out of a success."""
    site.faults[POST] = ["odd_headers"]
    posted = await reddit().post(answer(wall, question))
    assert site.things[posted.ref].text == "It left today."


async def test_a_wait_that_is_a_date_is_understood(site, reddit, wall):
    """prawcore's TooManyRequests reads it with float(): ValueError instead of a limit."""
    site.faults[ME] = ["odd_wait"]
    with pytest.raises(RateLimited) as caught:
        await reddit().check()
    assert timedelta() < caught.value.until - wall() <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("fault", "headers", "least", "most"),
    [
        ("rate_limited", {}, 60, 60),
        ("rate_limited", {"retry-after": "4"}, 4, 4),
        ("rate_limited", {"retry-after": "99999999999"}, 3600, 3600),
        ("rate_limited", {"retry-after": "soon"}, 60, 60),
        ("rate_limited_html", {}, 60, 60),
        ("rate_limited_html", {"retry-after": "30"}, 30, 30),
        ("rate_limited", {"x-ratelimit-reset": "120"}, 120, 120),
    ],
)
async def test_a_429_in_any_form_says_until_when_and_is_kept_to(
    site, reddit, wall, fault, headers, least, most
):
    site.faults[ME], site.headers = [fault], headers
    connector = reddit()
    for _ in range(3):
        with pytest.raises(RateLimited) as caught:
            await connector.check()
    assert least <= (caught.value.until - wall()).total_seconds() <= most
    assert site.calls[ME] == 1  # Reddit is not asked again before that
    wall.go(hours=2)
    assert (await connector.check()).ok


# What comes from around us


async def test_a_netrc_does_not_replace_our_token(site, reddit, tmp_path, monkeypatch):
    """requests takes one from the environment and puts its password where our token stands."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password eve\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    assert (await reddit().check()).ok
    assert all("eve" not in one for one in site.authorizations)
    assert [one.partition(" ")[0] for one in site.authorizations] == ["Basic", "bearer"]


async def test_settings_around_praw_are_not_taken(site, reddit, monkeypatch):
    """praw reads `praw_*` from the environment where it is not told."""
    monkeypatch.setenv("praw_refresh_token", "another")
    monkeypatch.setenv("praw_username", "eve")
    monkeypatch.setenv("praw_check_for_updates", "True")
    assert (await reddit().check()).who.startswith(f"u/{US} ")
    assert not praw.Reddit.update_checked  # it would ask the package index when it is made


async def test_a_redirect_is_not_followed_with_our_secrets(site, reddit):
    """prawcore lets requests follow a redirect of the token endpoint."""
    site.faults["POST /api/v1/access_token"] = ["redirect"]
    with pytest.raises(ConnectorError):
        await reddit().check()
    assert not any("elsewhere" in name for name, _ in site.asked)


async def test_a_fresh_connection_is_taken_for_each_call(site, reddit, wall, question):
    """Over a kept one that was closed meanwhile nobody knows whether a reply was heard."""
    connector = reddit()
    await connector.check()
    await connector.post(answer(wall, question))
    assert site.connections == {"close"}


# Threads


async def test_praw_says_nothing_about_the_loop(site, reddit, caplog):
    """praw logs a warning of seven lines for each call in a thread with a running loop."""
    with caplog.at_level(logging.DEBUG, logger="praw"):
        await reddit().check()
    assert caplog.records == []


async def test_the_loop_goes_on_while_reddit_is_silent(site, reddit):
    site.faults[ME] = ["timeout_before"]
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    with pytest.raises(Unavailable):
        await reddit(timeout_s=0.3).check()
    counting.cancel()
    assert turns > 50


async def test_praw_is_made_for_one_thread_and_is_not_shared(site, reddit):
    api, barrier = reddit()._api, threading.Barrier(3)

    def made():
        barrier.wait(5)
        return api._reddit("token")

    assert len(set(await asyncio.gather(*(api._readers.run(made) for _ in range(3))))) == 3


async def test_no_more_than_three_calls_read_at_once(site, reddit):
    site.faults[ME] = ["slow"] * 9
    connector = reddit()
    await asyncio.gather(*(connector.check() for _ in range(9)))
    assert site.most_at_once == 3


# The User-Agent


async def test_every_request_carries_our_agent_and_nothing_else(site, reddit, wall, question):
    connector = reddit(user_agent="linux:my.app:1.0 (by /u/acme)")
    await connector.post(answer(wall, question))
    assert site.agents == {"linux:my.app:1.0 (by /u/acme)"}


async def test_the_agent_is_made_from_the_app_and_the_account(site, reddit):
    await reddit().check()
    (agent,) = site.agents
    assert checked(agent) == agent
    assert agent.endswith(f"(by /u/{US})")
    assert f":byname.{APPROVED['client_id']}:" in agent


@pytest.mark.parametrize(
    "agent",
    [
        "", "python-requests/2.34", "byname", "Mozilla/5.0 (X11)", "linux:praw:1.0 (by /u/acme)",
        "linux:my.app (by /u/acme)", "linux:my.app:1.0", "linux:my.app:1.0 (by acme)",
        "linux:my.app:1.0 (by /u/acme)\r\nX-Evil: 1",
    ],
)  # fmt: skip
def test_an_agent_that_reddit_would_throttle_is_refused(agent):
    with pytest.raises(ConnectorError, match="User-Agent"):
        checked(agent)


async def test_a_default_agent_is_refused_when_the_login_is_opened(reddit):
    with pytest.raises(ConnectorError, match="User-Agent"):
        reddit(user_agent="python-requests/2.34.2")
    with pytest.raises(ConnectorError, match="User-Agent"):
        user_agent("", "")


# Errors say who must act


async def test_a_missing_scope_stops_the_login(site, reddit):
    site.faults[ME] = ["scope"]
    with pytest.raises(AuthFailed, match="connect it again"):
        await reddit().check()


def test_every_trap_in_the_reference_names_a_test_that_there_is():
    text = (Path(__file__).parents[2] / "docs" / "reference" / "traps.md").read_text("utf-8")
    section = text.partition("## praw")[2].partition("\n## ")[0]
    named = [part.strip("`") for part in section.split() if part.strip("`|").startswith("test_")]
    there = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_reddit_*"))
    assert len(named) >= 12
    assert [one for one in named if f"def {one}(" not in there] == []
