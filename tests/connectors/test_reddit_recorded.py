"""Answers that the real Reddit gave: replayed through the connector, and held beside ours."""

import json
from datetime import UTC, datetime

import pytest
from aiohttp import web
from simulators import reddit_rows
from simulators.reddit import US, Site
from stands.reddit import APPROVED

from connectors import reddit
from connectors.contract import (
    AuthFailed,
    ConnectorError,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)
from connectors.model import MessageRef, Outgoing, Posted, Seen, Unreadable
from connectors.reddit import parse
from connectors.reddit.hear import event
from connectors.reddit.permit import permission
from connectors.reddit.refusals import ensure_no_errors
from connectors.reddit.session import ask_token

NOW = datetime(2026, 3, 10, tzinfo=UTC)
ROWS = {  # listings and threads: how many messages are read, at the least
    "inbox_comment_replies": 10, "inbox_mark_read": 20, "inbox_mentions": 10, "inbox_message": 0,
    "inbox_sent": 0, "inbox_stream": 2, "inbox_submission_replies": 10, "inbox_unread": 2,
    "comments_stream_poll": 10, "subreddit_comments": 10, "submission_comments": 3,
    "comment_parent": 3, "comment_refresh": 3, "comment_gone": 2, "info_by_fullname": 5,
    "comment_mark_read": 1,
}  # fmt: skip
GET_ERRORS = {
    "error_302_login": UnexpectedAnswer, "error_400_html": UnexpectedAnswer,
    "error_400_plain": UnexpectedAnswer, "error_401_invalid_access_token": AuthFailed,
    "error_401_invalid_token": AuthFailed, "error_403": Rejected,
    "error_403_insufficient_scope": AuthFailed, "error_404": Rejected,
    "error_429_retry_after": RateLimited, "error_451": Rejected,
    "error_500_repeated": Unavailable, "error_502_repeated": Unavailable,
    "error_503_repeated": Unavailable, "error_504_repeated": Unavailable,
    "error_520_repeated": Unavailable, "error_522_repeated": Unavailable,
    "inbox_message_403": Rejected, "malformed_json_200": UnexpectedAnswer,
    "search": UnexpectedAnswer,  # scrubbing has left a body that is no JSON any more
}  # fmt: skip
POST_ERRORS = {
    "error_400_bare": Rejected, "error_400_removal_message": Rejected,
    "error_400_submit_validation": Rejected, "error_409": Rejected,
    "comment_reply_none": UnexpectedAnswer, "error_errors_null": UnexpectedAnswer,
    "error_json_errors_array": AuthFailed, "ok_200_empty": UnexpectedAnswer,
    "ok_204": UnexpectedAnswer,
}  # fmt: skip
REPLIES = ("comment_reply", "submission_reply", "comment_edit")
DELETED = ("comment_delete", "comment_deleted_lookup", "submission_delete")
TOKENS = ("auth_invalid_grant", "auth_refresh_ok", "error_429_token_no_headers")
QUOTED = ("errors_quoted",)  # read in a test of its own
NOT_USED = {"comment_upvote": "byname does not vote"}


def answers(recorded, name):
    path = recorded / "reddit" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")).get("interactions", [])


def bodies(recorded, name):
    return [one["response"].get("json") for one in answers(recorded, name)]


def things(told):
    """Find every post, comment or message in an answer."""
    if isinstance(told, dict) and told.get("kind") in ("t1", "t3", "t4", "t5"):
        yield told
    for one in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        yield from things(one)


@pytest.fixture
async def replayed(recorded, aiohttp_server, tmp_path, wall, setup_type):
    """Open a connector on a server that gives one recorded answer to everything but tokens."""
    opened = []

    async def start(name, which=-1):
        told = answers(recorded, name)[which]["response"]
        asked = []

        async def answer(request):
            if request.path.endswith("access_token"):
                return web.json_response({"access_token": "t", "expires_in": 3600, "scope": "*"})
            asked.append((request.method, request.path))
            text = json.dumps(told["json"]) if "json" in told else told.get("text") or ""
            body = text if told["status"] != 204 else None
            headers = {k: v for k, v in told["headers"].items() if k != "date"}
            return web.Response(status=told["status"], text=body, headers=headers)

        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", answer)
        server = await aiohttp_server(app)
        base = str(server.make_url("")).rstrip("/")
        settings = {"reddit_url": base, "oauth_url": base, "timeout_s": 5}
        setup = setup_type(tmp_path, wall, "reddit", "desk", settings)
        setup.secrets.write("desk", APPROVED)
        opened.append(reddit.connect(setup))
        return opened[-1], asked

    yield start
    for one in opened:
        await one.close()


@pytest.mark.parametrize(("name", "least"), ROWS.items())
def test_every_recorded_thing_is_read(recorded, name, least):
    us = parse.Us("<USERNAME>")
    found = [one for body in bodies(recorded, name) for one in things(body)]
    read = [event(one, us) for one in found]
    assert not [one for one in read if isinstance(one, Unreadable)]
    heard = [one.message for one in read if isinstance(one, Seen)]
    assert len(heard) >= least
    for one in heard:
        assert parse.is_fullname(one.ref)
        assert one.root_ref.startswith("t3_")
        assert one.created_at.tzinfo
        assert one.url.startswith("https://www.reddit.com/")


def test_recorded_rows_of_an_inbox_have_their_kinds(recorded):
    us, kinds = parse.Us("<USERNAME>"), {}
    for name in ("inbox_mentions", "inbox_submission_replies", "inbox_comment_replies"):
        found = [one for body in bodies(recorded, name) for one in things(body)]
        kinds[name] = {event(one, us).message.kind for one in found}
    assert list(kinds.values()) == [{"mention"}, {"comment"}, {"reply"}]


def test_a_recorded_listing_went_empty_after_what_vanished(recorded):
    """The reason why nothing is asked with `before`."""
    first, empty, again = bodies(recorded, "comments_stream_poll")
    assert "before=" in answers(recorded, "comments_stream_poll")[1]["request"]["uri"]
    assert parse.children(empty) == ([], None)
    assert parse.children(first)[0]
    assert parse.children(again)[0]


@pytest.mark.parametrize("name", DELETED)
def test_what_was_deleted_is_recognised(recorded, name):
    gone = [one for body in bodies(recorded, name) for one in things(body) if parse.is_gone(one)]
    assert gone
    assert permission(gone[0], None, {}).rule == "The message is gone."
    assert event(gone[0], parse.Us(US)) is None


async def test_a_recorded_thread_is_climbed_and_a_mismatch_is_no_harm(recorded, replayed):
    connector, asked = await replayed("comment_parent")
    told = answers(recorded, "comment_parent")[-1]["response"]["json"]
    names = [one["data"]["name"] for one in things(told[1]) if one["kind"] == "t1"]
    posts = [one["data"]["name"] for one in things(told[0])]
    above = await connector.thread(MessageRef("reddit", names[-1], posts[0]))
    assert [one.ref for one in above] == [*posts, *names[:-1]]
    connector, asked = await replayed("comment_gone")
    assert await connector.thread(MessageRef("reddit", "t1_d81vwef", "t3_54hhwl")) == []
    assert len(asked) == 1


async def test_recorded_fates_are_told(recorded, replayed):
    connector, _ = await replayed("info_by_fullname")
    rows, _ = parse.children(bodies(recorded, "info_by_fullname")[0])
    asked = [MessageRef("reddit", one["data"]["name"], "t3_a") for one in rows]
    fates = {one.ref[:2]: set() for one in asked}
    for one in await connector.recheck(asked):
        fates[one.ref[:2]].add(one.fate)
    assert fates["t1"] <= {"there", "edited", "deleted"}
    assert fates["t5"] == {"unknown"}  # a subreddit is no message
    connector, _ = await replayed("comment_delete")
    told = await connector.recheck([MessageRef("reddit", "t1_d1616q2", "t3_4b1tfm")])
    assert told[0].fate == "deleted"


@pytest.mark.parametrize(("name", "error"), GET_ERRORS.items())
async def test_every_recorded_refusal_to_read_says_who_must_act(replayed, name, error):
    connector, asked = await replayed(name)
    with pytest.raises(ConnectorError) as caught:
        await connector._api.get("api/v1/me")
    assert isinstance(caught.value, error)
    assert len(asked) == (2 if "401" in name else 1)  # a worthless token is renewed once


@pytest.mark.parametrize(("name", "error"), POST_ERRORS.items())
async def test_every_recorded_refusal_of_a_form_says_who_must_act(replayed, wall, name, error):
    connector, asked = await replayed(name)
    parent = MessageRef("reddit", "t1_a", "t3_a")
    with pytest.raises(error):
        await connector.post(Outgoing("k", "desk", parent, "TEST", wall()))
    assert len(asked) == 1


@pytest.mark.parametrize("name", REPLIES)
async def test_a_recorded_reply_is_understood(recorded, replayed, wall, name):
    connector, asked = await replayed(name)
    texts = ("Comment reply", "Test reply", "New text")
    text = dict(zip(REPLIES, texts, strict=True))[name]
    parent = MessageRef("reddit", "t1_d1616q2", "t3_4b1tfm")
    posted = await connector.post(Outgoing("k", "desk", parent, text, wall()))
    assert posted.ref == next(things(bodies(recorded, name)[0]))["data"]["name"]
    assert posted.text == text
    assert asked == [("POST", "/api/comment/")]


@pytest.mark.parametrize("name", ["comment_delete", "submission_delete"])
async def test_a_recorded_deletion_is_understood(replayed, name):
    connector, asked = await replayed(name, which=0)
    await connector.delete(Posted("t1_d1616q2"))
    assert asked == [("POST", "/api/del/")]


async def test_recorded_limits_are_kept_as_a_budget(replayed, wall):
    connector, _ = await replayed("inbox_mentions")
    await connector._api.get("message/inbox")
    budget = await connector.budget()
    assert (budget.left, budget.limit) == (9324, 10_000)
    assert (budget.resets_at - wall()).total_seconds() == 53


def test_every_quoted_error_is_understood(recorded):
    path = recorded / "reddit" / "errors_quoted.json"
    quoted = [one["json"] for one in json.loads(path.read_text(encoding="utf-8"))["errors"]]
    said = []
    for one in quoted:
        with pytest.raises(ConnectorError) as caught:
            ensure_no_errors(one, lambda: NOW)
        until = getattr(caught.value, "until", None)
        said.append((until - NOW).seconds if until else caught.value.code)
    assert said == [3, 4, "not_allowed", "not_allowed", "parent_gone"]


@pytest.mark.parametrize(
    ("name", "error"), [(TOKENS[0], AuthFailed), (TOKENS[1], None), (TOKENS[2], RateLimited)]
)
async def test_every_recorded_answer_about_a_token_is_understood(
    recorded, aiohttp_server, wall, name, error
):
    import asyncio

    from connectors.reddit.api import Place
    from connectors.reddit.limits import Limits

    told = answers(recorded, name)[0]["response"]

    async def answer(_):
        return web.json_response(told["json"], status=told["status"])

    app = web.Application()
    app.router.add_post("/api/v1/access_token", answer)
    base = str((await aiohttp_server(app)).make_url("")).rstrip("/")
    door = Place(base, base, 5).door(APPROVED, Limits(wall), wall)
    asked = asyncio.to_thread(ask_token, door, APPROVED, wall)
    if error is None:
        assert (await asked)["scope"] == "modmail"
    else:
        with pytest.raises(error):
            await asked


# The simulator is held to the recordings


def newest(recorded, name, kind):
    found = [one for body in bodies(recorded, name) for one in things(body)]
    return [one["data"] for one in found if one["kind"] == kind]


def test_simulated_rows_have_the_fields_of_recorded_ones(recorded, wall):
    site = Site(wall)
    post = site.submit(US, "New kettles")
    comment = site.say("ada", "Which sizes?", post)
    for told, names, kind in (
        (reddit_rows.comment(site, comment), ("comment_reply", "comment_gone"), "t1"),
        (reddit_rows.post(site, post), ("submission_delete",), "t3"),
    ):
        for name in names:
            real = newest(recorded, name, kind)[0]
            extra = set(told) - set(real)
            assert set(real) - set(told) == set()
            assert extra <= reddit_rows.LATER[kind]
            assert differing_types(told, real) == []
    shown = reddit_rows.inbox_row(site, comment, "post_reply", is_new=True)["data"]
    for name in ("inbox_submission_replies", "inbox_comment_replies", "inbox_mentions"):
        real = newest(recorded, name, "t1")[0]
        assert set(shown) == set(real)
        assert differing_types(shown, real) == []
    message = reddit_rows.private_message(site, "abc")["data"]
    assert set(message) == set(newest(recorded, "inbox_unread", "t4")[0])


def differing_types(told, real):
    """Name the fields whose types differ; null and false stand for what is not known."""
    loose = (None, False, "")
    return [
        key for key in told.keys() & real.keys()
        if told[key] not in loose and real[key] not in loose
        and type(told[key]) is not type(real[key])
    ]  # fmt: skip


async def test_simulated_answers_have_the_form_of_recorded_ones(recorded, site, reddit, wall):
    question = site.say("ada", "Do you ship?", site.submit(US, "New kettles"))
    connector = reddit()
    sent = await connector._api.send("api/comment/", {"thing_id": question.name, "text": "Yes"})
    real = bodies(recorded, "comment_reply")[0]
    assert list(sent) == list(real) == ["json"]
    assert set(sent["json"]) == set(real["json"])
    assert set(sent["json"]["data"]) == set(real["json"]["data"])
    listing = await connector._api.get("message/inbox/", {"mark": "false"})
    assert set(listing["data"]) >= set(bodies(recorded, "inbox_unread")[0]["data"]) - {"dist"}
    thread = await connector._api.get(f"comments/{question.link[3:]}/")
    assert [one["kind"] for one in thread] == [
        one["kind"] for one in bodies(recorded, "comment_parent")[-1]
    ]
    for name, fault, answer in (
        ("error_401_invalid_token", "auth_failed", "Unauthorized"),
        ("error_429_token_no_headers", "rate_limited", "Too Many Requests"),
        ("inbox_message_403", "forbidden", "Forbidden"),
    ):
        assert bodies(recorded, name)[0]["message"] == answer, fault


def test_every_recorded_file_is_used_or_left_out_for_a_reason(recorded):
    used = {*ROWS, *GET_ERRORS, *POST_ERRORS, *REPLIES, *DELETED, *TOKENS, *QUOTED, *NOT_USED}
    there = {one.stem for one in (recorded / "reddit").glob("*.json")}
    assert there == used
    assert all(NOT_USED.values())
