"""Answers that X gave, and errors that people quoted: each through the connector, or why not."""

import json
from datetime import datetime, timedelta

import pytest
from aiohttp import web
from simulators.x import ADA, US
from simulators.x_answers import renamed

from connectors import x
from connectors.contract import RateLimited, Rejected, Unavailable
from connectors.model import MessageRef, Outgoing, Posted, Seen, Source, Unreadable
from connectors.x import parse
from connectors.x.snowflake import made_at

LISTED = {
    "mentions_app_auth.json": "mentions", "mentions_sync.json": "mentions",
    "own_posts.json": "own", "search_recent.json": "search",
    "search_recent_sync.json": "search", "quote_posts.json": "search",
    "home_timeline.json": "own",
}  # fmt: skip
PLAYED = {*LISTED, "me.json", "create_and_delete_post.json", "create_post_2025.json",
          "get_post.json", "get_posts.json", "counts_recent.json", "errors_quoted.json",
          "user.json", "openapi-v2-trimmed.json", "README.md"}  # fmt: skip
NOT_USED = {
    "compliance_job.json": "batch compliance needs an app-only token, which a login has not",
    "direct_messages.json": "direct messages are not listened to: another scope, another trust",
    "hide_and_unhide_reply.json": "byname hides nobody's reply",
    "like_and_unlike.json": "likes are not given by program (developer guidelines)",
}


def recording(recorded, name):
    return json.loads((recorded / "x" / name).read_text(encoding="utf-8"))


@pytest.fixture
async def played(recorded, aiohttp_server, tmp_path, wall, setup_type):
    """Open a connector on a server that gives recorded answers, whatever is asked for."""
    opened = []

    async def play(*responses):
        left = list(responses)

        async def answer(_):
            told = left.pop(0) if len(left) > 1 else left[0]
            headers = {name: value for name, value in told.get("headers", {}).items()
                       if name.startswith(("x-rate", "retry", "date"))}  # fmt: skip
            return web.json_response(told["json"], status=told["status"], headers=headers)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        server = await aiohttp_server(app)
        base = str(server.make_url("")).rstrip("/")
        settings = {"base_url": base, "reads_authors": False}
        setup = setup_type(tmp_path, wall, "x", "desk", settings)
        values = {"access_token": "good", "id": US, "username": "tern", "client_id": "app"}
        setup.secrets.write("desk", values)
        opened.append(x.connect(setup))
        return opened[-1]

    yield play
    for one in opened:
        await one.close()


def responses(recorded, name):
    return [one["response"] for one in recording(recorded, name)["interactions"]]


def rows_of(response):
    rows = response["json"]["data"]
    return rows if isinstance(rows, list) else [rows]


@pytest.mark.parametrize("name", LISTED)
async def test_recorded_lists_are_heard_and_cost_no_page(recorded, played, name):
    """The recordings were asked for without fields, so they lack authors: told, never lost."""
    first = responses(recorded, name)[0]
    last = {**first, "json": {"meta": {"result_count": 0}}}
    connector = await played(first, last)
    kind = "search" if LISTED[name] == "search" else "mentions"
    events = []
    async for page in connector.pages(Source("s", "x", "x", kind, "desk", "Tweepy"), None):
        events += page.events
    texts = [row["text"] for row in rows_of(first)]
    raws = [json.loads(one.raw)["text"] for one in events if isinstance(one, Unreadable)]
    assert sorted(raws) == sorted(texts)


@pytest.mark.parametrize("name", [*LISTED, "get_post.json", "get_posts.json"])
def test_recorded_posts_are_read_when_they_have_an_author(recorded, name):
    us = parse.Us(US, "tern")
    for response in responses(recorded, name):
        for row in rows_of(response):
            one = parse.message({**row, "author_id": ADA}, {}, {}, us)
            assert one.ref == row["id"]
            assert one.text
            assert one.created_at < datetime.fromisoformat("2023-01-01T00:00:00Z")


def test_ids_tell_the_times_that_a_recorded_program_wrote_into_its_posts(recorded):
    """A bot that posts its own clock: an independent witness of what ids mean."""
    (response, *_) = responses(recorded, "search_recent.json")
    compared = 0
    for row in rows_of(response):
        words = row["text"].split(" ")
        if words[-1] == "tweepy" and len(words) == 3:
            said = datetime.fromisoformat(f"{words[0]} {words[1]}+00:00")
            assert abs(made_at(int(row["id"])) - said) < timedelta(seconds=2)
            compared += 1
    assert compared >= 5


async def test_a_recorded_account_is_who_we_are(recorded, played):
    for name in ("me.json", "user.json"):
        (response,) = responses(recorded, name)
        connector = await played(response)
        assert (await connector.check()).who == f"@{response['json']['data']['username']} on X"


@pytest.mark.parametrize("name", ["create_and_delete_post.json", "create_post_2025.json"])
async def test_a_recorded_post_is_proof_and_is_deleted(recorded, played, wall, name):
    told = responses(recorded, name)
    connector = await played(*told)
    parent = MessageRef("x", "1", "1")
    posted = await connector.post(Outgoing("k", "desk", parent, "Test Tweet", wall()))
    assert posted.ref == told[0]["json"]["data"]["id"]
    if len(told) > 1:
        await connector.delete(Posted(posted.ref))


async def test_recorded_posts_are_still_there_and_missing_ones_are_not_judged(recorded, played):
    (response,) = responses(recorded, "get_posts.json")
    ids = [row["id"] for row in rows_of(response)]
    connector = await played(response)
    told = await connector.recheck([MessageRef("x", one, one) for one in [*ids, "12"]])
    assert [one.fate for one in told] == ["there", "there", "unknown"]


async def test_a_recorded_count_is_an_estimate(recorded, played):
    connector = await played(*responses(recorded, "counts_recent.json"))
    estimate = await connector.estimate(Source("s", "x", "x", "search", "desk", "Tweepy"))
    assert estimate == 5299 * 31 * 15_000 // 7


async def test_recorded_limits_are_the_budget(recorded, played):
    (response,) = responses(recorded, "mentions_app_auth.json")
    connector = await played(response, {**response, "json": {"meta": {"result_count": 0}}})
    [page async for page in connector.pages(Source("s", "x", "x"), None)]
    assert (await connector.budget()).limit == 450


@pytest.mark.parametrize(
    ("number", "meant", "code"),
    [
        (0, Unavailable, None),  # duplicate: looked up
        (1, Rejected, "not_allowed"),  # not summoned
        (2, Rejected, "rejected"),
        (3, RateLimited, None),
        (6, RateLimited, None),
    ],
)
async def test_quoted_errors_say_who_must_act(recorded, played, wall, number, meant, code):
    quoted = recording(recorded, "errors_quoted.json")["errors"][number]
    body = quoted.get("json") or {"detail": quoted["detail_text"], "title": "Forbidden"}
    connector = await played({"status": quoted["status"], "json": body})
    with pytest.raises(meant) as caught:
        await connector.post(Outgoing("k", "desk", MessageRef("x", "1", "1"), "Hello.", wall()))
    assert type(caught.value) is meant
    assert getattr(caught.value, "code", None) == code


async def test_the_quoted_partial_error_is_kept_beside_what_came(recorded, played):
    quoted = recording(recorded, "errors_quoted.json")["errors"][4]
    connector = await played({"status": quoted["status"], "json": quoted["json"]})
    told = await connector.recheck([MessageRef("x", one, one) for one in ("123", "456")])
    assert [one.fate for one in told] == ["there", "deleted"]
    events = [one async for page in connector.pages(Source("s", "x", "x"), None)
              for one in page.events]  # fmt: skip
    assert any("456" in one.raw for one in events if isinstance(one, Unreadable))
    assert not any(isinstance(one, Seen) for one in events)


def test_every_quoted_error_is_played_or_left_out_for_a_reason(recorded):
    errors = recording(recorded, "errors_quoted.json")["errors"]
    streams = [number for number, one in enumerate(errors) if "stream" in one["when"]]
    assert streams == [5, 6]  # 5 comes inside a stream: we hold none open
    assert len(errors) == 7


def test_every_recorded_file_is_used_or_left_out_for_a_reason(recorded):
    assert {one.name for one in (recorded / "x").iterdir()} == PLAYED | set(NOT_USED)


def test_the_specification_finds_what_is_wrong(specification):
    post = {"id": "1", "text": "x", "edit_history_tweet_ids": ["1"]}
    at = ("GET", "/2/users/1001/mentions", 200)
    assert specification.answered(*at, {"data": [post], "meta": {"result_count": 1}}) == []
    for bad in ({"id": 7}, {"new": 1}, {"created_at": "noon"}, {"entities": []},
                {"referenced_tweets": [{"type": "liked", "id": "1"}]},
                {"referenced_tweets": [{"type": "quoted"}]}):  # fmt: skip
        assert specification.answered(*at, {"data": [{**post, **bad}]}), bad
    assert specification.answered(*at, {"errors": [{"type": "about:blank"}]})
    assert specification.answered("GET", "/2/users/1/mentions", 204, {})
    assert specification.asked("GET", "/2/nowhere", {})
    assert specification.asked("GET", "/2/tweets", {"tweet.fields": "colour", "ids": "1"})
    assert specification.asked("GET", "/2/tweets/search/recent", {"max_results": "101"})
    assert specification.asked("GET", "/2/tweets/search/recent", {"since_id": "x"})
    assert specification.asked("GET", "/2/tweets", {"when": "now"})


def test_recordings_older_than_the_specification_keep_to_it_in_its_words(recorded, specification):
    wrong = {
        sentence
        for name in (*LISTED, "get_posts.json")
        for one in recording(recorded, name)["interactions"]
        for sentence in specification.answered(
            "GET", one["request"]["uri"].split("twitter.com")[1].split("?")[0], 200,
            renamed(one["response"]["json"]))
    }  # fmt: skip
    assert wrong == set()
