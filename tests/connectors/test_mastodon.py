"""The Mastodon connector against a simulated instance, and against recorded answers."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from listening import heard, said
from multidict import CIMultiDict
from simulators.mastodon import US, Instance
from stands.mastodon import ref

from connectors import mastodon
from connectors._http import Answer, budget_of, ensure_ok
from connectors._text import html_to_text
from connectors.contract import (
    AuthFailed,
    ConnectorError,
    RateLimited,
    Rejected,
    UnexpectedAnswer,
)
from connectors.mastodon import parse, sign_in
from connectors.mastodon.api import _reason, read_instance
from connectors.mastodon.connector import addressed
from connectors.mastodon.feed import NAMED, SETTLES, Feed, Mark, order
from connectors.mastodon.stream import read_event
from connectors.model import MessageRef, Outgoing, Seen, Source, Unreadable

MENTIONS = Source("mentions", "mastodon", "mastodon")
POST = "POST /api/v1/statuses"
NOW = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.fixture
async def connect(instance, tmp_path, wall, setup_type):
    """Open a login on the simulated instance; settings by keyword."""
    opened = []

    def make(token="good", scope="", **settings):
        settings = {"base_url": instance.base, "timeout_s": 20, **settings}
        setup = setup_type(tmp_path, wall, "mastodon", "desk", settings)
        setup.secrets.write("desk", {"access_token": token, "scope": scope})
        opened.append(mastodon.connect(setup))
        return opened[-1]

    yield make
    for one in opened:
        await one.close()


async def collect(connector, source=MENTIONS, after=None):
    return await heard(connector, source, after)


def reply(wall, status, text="It left today.", **more):
    return Outgoing("k1", "desk", ref(status, **more), text, wall())


# Hearing


async def test_what_we_say_ourselves_comes_in_and_colleagues_are_ours(instance, connect):
    post = instance.say(US, "New saddles")
    instance.say("1003", "@tern nice", post["id"])
    instance.say(US, "@bo thanks", post["id"])
    events, _ = await collect(connect(team=["@bo@far.example"]))
    assert said(events) == ["@tern nice", "New saddles", "@bo thanks"]
    assert all(one.message.author.is_ours for one in events)
    assert [one.message.kind for one in events] == ["reply", "post", "reply"]


async def test_a_message_is_named_by_its_uri_and_stands_in_its_thread(instance, connect):
    post = instance.say(US, "New saddles")
    question = instance.say("1002", "@tern which sizes?", post["id"])
    ours = instance.say(US, "@ada all of them", question["id"])
    instance.say("1002", "@tern also red?", ours["id"])
    events, _ = await collect(connect())
    first, second = (one.message for one in events[:2])
    assert (first.ref, first.server_ref) == (question["uri"], question["id"])
    assert (first.kind, first.parent_ref, first.root_ref) == ("comment", post["uri"], post["uri"])
    assert (second.kind, second.parent_ref, second.root_ref) == ("reply", ours["uri"], post["uri"])
    assert first.author.ref == "https://here.example/ap/users/1002"


async def test_a_thread_costs_one_call_however_many_speak_in_it(instance, connect):
    post = instance.say(US, "New saddles")
    for number in range(30):
        instance.say("1002", f"@tern {number}", post["id"])
    await collect(connect())
    assert sum("context" in path for path, _ in instance.queries) == 1


async def test_a_parent_that_vanished_makes_a_thread_of_its_own(instance, connect):
    post = instance.say(US, "New saddles")
    lonely = instance.say("1002", "@tern hm", post["id"])
    instance.delete(post["id"])
    lonely["in_reply_to_id"] = post["id"]  # a server that still names it
    events, _ = await collect(connect())
    assert events[0].message.root_ref == lonely["uri"]
    assert events[0].message.parent_ref is None


async def test_what_a_policy_put_aside_is_heard(instance, connect):
    status = instance.say("1002", "psst")
    instance.notify("mention", status, filtered=True)
    events, _ = await collect(connect())
    assert said(events) == ["psst"]


async def test_notifications_of_other_or_unknown_kinds_say_nothing(instance, connect):
    instance.heeds_types = False
    post = instance.say(US, "New saddles")
    instance.notify("favourite", post)
    instance.notify("follow", None)
    instance.notify("somersault", None)
    instance.say("1002", "@tern hi")
    events, _ = await collect(connect())
    assert [type(one) for one in events] == [Seen, Seen]
    assert sorted(said(events)) == ["@tern hi", "New saddles"]


async def test_a_quote_is_a_quote_and_names_what_it_quotes(instance, connect):
    post = instance.say(US, "New saddles")
    quote = {"state": "accepted", "quoted_status": post}
    instance.notify("quote", instance.say("1002", "look", quote=quote))
    events, _ = await collect(connect())
    assert (events[0].message.kind, events[0].message.quoted_ref) == ("quote", post["uri"])


@pytest.mark.parametrize(
    ("theirs", "ours", "kind"),
    [
        ("unlisted", "unlisted", "mention"),
        ("private", "followers", "mention"),
        ("direct", "direct", "direct"),
        ("something new", "direct", "direct"),
    ],
)
async def test_visibility_is_kept_and_an_unknown_one_is_taken_for_the_most_private(
    instance, connect, *, theirs, ours, kind
):
    status = instance.say("1002", "@tern hi", visibility=theirs)
    if theirs == "something new":
        kind = "mention"
    events, _ = await collect(connect())
    assert (events[0].message.visibility, events[0].message.kind) == (ours, kind)
    assert status["visibility"] == theirs


@pytest.mark.parametrize("manner", ["works", "ignored", "since"])
@pytest.mark.parametrize("restart", [True, False])
async def test_nothing_is_lost_or_repeated_whatever_the_server_makes_of_min_id(
    instance, connect, manner, restart
):
    instance.min_id = manner
    for number in range(95):
        instance.say("1002", f"@tern {number}")
    connector = connect()
    events, cursor = await collect(connector)
    assert said(events) == [f"@tern {number}" for number in range(95)]
    for number in range(95, 230):
        instance.say("1002", f"@tern {number}")
    events, cursor = await collect(connect() if restart else connector, after=cursor)
    assert said(events) == [f"@tern {number}" for number in range(95, 230)]
    assert await collect(connect(), after=cursor) == ([], cursor)


async def test_a_server_that_knows_no_paging_at_all_is_read_once():
    rows = [{"id": str(number)} for number in range(9, 4, -1)]

    async def fetch(_):
        return [*rows, *rows]

    feed = Feed(fetch)
    pages = [rows async for rows, _ in feed.newer(Mark("5"), NOW)]
    assert [row["id"] for page in pages for row in page] == ["6", "7", "8", "9"]
    assert [rows async for rows, _ in feed.newer(Mark("9"), NOW)] == []


@pytest.mark.parametrize("manner", ["works", "ignored", "since"])
async def test_a_mention_that_comes_late_under_one_we_have_read_is_heard(
    instance, connect, wall, manner
):
    instance.min_id = manner
    for number in range(5):
        instance.say("1002", f"@tern {number}")
    late = instance.notifications.pop(2)
    events, cursor = await collect(connect())
    assert said(events) == [f"@tern {number}" for number in (0, 1, 3, 4)]
    wall.go(seconds=30)
    instance.notifications.append(late)
    events, cursor = await collect(connect(), after=cursor)
    assert said(events) == ["@tern 2"]
    wall.go(seconds=30)
    assert await collect(connect(), after=cursor) == ([], cursor)


async def test_once_things_have_settled_a_poll_without_news_costs_a_call_for_each_list(
    instance, connect, wall
):
    instance.say("1002", "@tern hi")
    instance.say(US, "news")
    connector = connect()
    _, cursor = await collect(connector)
    wall.go(minutes=3)
    before = instance.calls.total()
    assert await collect(connector, after=cursor) == ([], cursor)
    assert instance.calls.total() - before == 2


def test_a_mark_stays_small_and_knows_what_it_read():
    mark, rows = Mark(), [{"id": str(number)} for number in range(1, 1001)]
    for start in range(0, 1000, 80):
        mark = mark.plus(rows[start : start + 80], NOW)
    assert (len(mark.named), mark.floor) == (NAMED, str(1000 - NAMED))
    assert mark.settled(NOW + SETTLES) == mark
    assert mark.settled(NOW + SETTLES + timedelta(seconds=1)) == Mark("1000")


def test_ids_are_ordered_as_numbers_and_as_names():
    assert sorted(["10", "9", "117"], key=order) == ["9", "10", "117"]
    assert order("01HZZZ") < order("01J000")


async def test_a_hashtag_is_listened_to(instance, connect):
    instance.say("1002", "I love #saddles")
    instance.say("1002", "nothing")
    source = Source("tag", "mastodon", "mastodon", kind="hashtag", query="#saddles")
    events, _ = await collect(connect(), source)
    assert said(events) == ["I love #saddles"]
    with pytest.raises(ConnectorError, match="telepathy"):
        await collect(connect(), Source("t", "mastodon", "mastodon", kind="telepathy"))


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {"id": 7},
        {"content": 5},
        "hello",
        {"content": "<p>x", "account": None},
    ],
)
async def test_a_row_that_cannot_be_read_is_kept_and_the_others_come(instance, connect, broken):
    instance.say("1002", "@tern before")
    instance.notify("mention", broken)
    instance.say("1002", "@tern after")
    events, _ = await collect(connect())
    assert said(events) == ["@tern before", "@tern after"]
    assert isinstance(events[1], Unreadable)
    assert json.loads(events[1].raw)["id"] == "2"


async def test_a_thousand_mentions_cost_few_calls(instance, connect):
    post = instance.say(US, "New saddles")
    for number in range(1000):
        instance.say("1002", f"@tern {number}", post["id"])
    events, _ = await collect(connect())
    assert len(said(events)) == 1001
    assert instance.calls.total() <= 13 + 7  # pages of 80; ends, probes, the thread, who we are


async def test_a_login_that_may_not_listen_stops_and_an_odd_answer_does_not(instance, connect):
    instance.faults["GET /api/v1/notifications"] = ["forbidden", "rejected"]
    with pytest.raises(AuthFailed, match="may not read"):
        await collect(connect())
    with pytest.raises(UnexpectedAnswer):
        await collect(connect())


# Speaking


async def test_a_reply_carries_mention_key_visibility_and_warning(instance, connect, wall):
    status = instance.say("1003", "@tern hi", visibility="unlisted", spoiler_text="lamps")
    connector = connect()
    one = Outgoing("k1", "desk", ref(status, "unlisted"), "Hello!", wall(), content_warning="lamps")
    posted = await connector.post(one)
    made = instance.statuses[posted.server_ref]
    assert html_to_text(made["content"]) == "@bo Hello!"
    assert (made["visibility"], made["spoiler_text"]) == ("unlisted", "lamps")
    assert made["in_reply_to_id"] == status["id"]
    assert instance.keys == {"k1": made["id"]}
    assert posted.ref == made["uri"]


@pytest.mark.parametrize(
    ("handle", "text", "sent"),
    [
        ("ada", "hi", "@ada hi"),
        ("ada@far.example", "hi", "@ada@far.example hi"),
        ("ada", "hi @Ada", "hi @Ada"),
        ("", "hi", "hi"),
    ],
)
def test_the_author_is_mentioned_once(wall, handle, text, sent):
    parent = MessageRef("mastodon", "u", "u", "1", author_handle=handle)
    assert addressed(Outgoing("k", "desk", parent, text, wall())) == sent


@pytest.mark.parametrize("has_key", [True, False])
async def test_the_same_key_is_one_reply_where_the_server_keeps_keys(
    instance, connect, wall, has_key
):
    instance.has_idempotency_key = has_key
    status, connector = instance.say("1002", "@tern hi"), connect()
    refs = {(await connector.post(reply(wall, status))).ref for _ in range(2)}
    assert len(refs) == (1 if has_key else 2)


async def test_length_counts_the_mention_that_we_add_and_the_instance_s_limit(
    instance, connect, wall
):
    status, connector = instance.say("1002", "@tern hi"), connect()
    with pytest.raises(Rejected, match="501") as caught:
        await connector.post(reply(wall, status, text="x" * 496))
    assert caught.value.code == "too_long"
    await connector.post(reply(wall, status, text="x" * 495))


@pytest.mark.parametrize(("most", "fits"), [(60, False), (5000, True)])
async def test_the_instance_says_how_much_fits(instance, connect, wall, most, fits):
    question = instance.say("1002", "@tern hi")
    instance.most_characters = most
    made = reply(wall, question, "x" * 600 if fits else "x" * 70)
    if fits:
        await connect().post(made)
    else:
        with pytest.raises(Rejected, match="60 fit"):
            await connect().post(made)
    assert instance.calls[POST] == fits


async def test_a_reply_is_found_however_it_is_shown(instance, connect, wall):
    status, connector = instance.say("1002", "@tern hi"), connect()
    text = "Look & see:\nhttps://example.com/a/very/long/path/indeed\n\n@bo@far.example knows <it>"
    posted = await connector.post(reply(wall, status, text=text))
    assert (await connector.find_reply(reply(wall, status, text=text))).ref == posted.ref


async def test_a_reply_is_found_when_its_parent_is_gone(instance, connect, wall):
    status, connector = instance.say("1002", "@tern hi"), connect()
    one = reply(wall, status)
    await connector.post(one)
    instance.delete(status["id"])
    assert await connector.find_reply(one) is not None


async def test_an_older_reply_of_the_same_words_is_another(instance, connect, wall):
    status, connector = instance.say("1002", "@tern hi"), connect()
    instance.say(US, "@ada It left today.", status["id"])
    wall.go(hours=1)
    assert await connector.find_reply(reply(wall, status)) is None


async def test_a_reply_that_the_instance_does_not_show_yet_is_found_later(instance, connect, wall):
    instance.lag = timedelta(seconds=30)
    status, connector = instance.say("1002", "@tern where is it?"), connect()
    posted = await connector.post(reply(wall, status))
    one = reply(wall, status)
    assert await connector.find_reply(one) is None
    wall.go(seconds=31)
    assert (await connector.find_reply(one)).ref == posted.ref


async def test_a_reply_is_found_under_many_later_ones(instance, connect, wall):
    status, connector = instance.say("1002", "@tern hi"), connect()
    one = reply(wall, status)
    instance.say(US, "@ada It left today.", status["id"])
    for number in range(90):
        instance.say(US, f"@ada {number}", status["id"])
    assert await connector.find_reply(one) is not None


async def test_a_message_known_only_by_its_uri_is_looked_up(instance, connect, wall):
    status, connector = instance.say("1002", "@tern hi"), connect()
    one = Outgoing("k", "desk", MessageRef("mastodon", status["uri"], "r"), "Hi", wall())
    await connector.post(one)
    nobody = MessageRef("mastodon", "https://far.example/1", "r")
    with pytest.raises(Rejected) as caught:
        await connector.thread(nobody)
    assert caught.value.code == "parent_gone"


async def test_whoever_blocked_us_is_not_answered(instance, connect):
    status, connector = instance.say("1002", "@tern hi"), connect()
    instance.blocked_by.add("1002")
    permission = await connector.may_reply(ref(status))
    assert (permission.allowed, permission.rule) == (False, "@ada has blocked us.")


@pytest.mark.parametrize("has_batches", [True, False])
async def test_recheck_asks_for_many_at_once_where_it_can(instance, connect, has_batches):
    instance.has_batches = has_batches
    made = [instance.say("1002", f"@tern {number}") for number in range(25)]
    instance.edit(made[3]["id"], "@tern changed")
    instance.delete(made[4]["id"])
    connector = connect()
    told = await connector.recheck([ref(one) for one in made])
    fates = ["there"] * 3 + ["edited", "deleted"] + ["there"] * 20
    assert [one.fate for one in told] == fates
    assert told[3].message.text == "@tern changed"
    asked = sum(count for name, count in instance.calls.items() if "GET /api/v1/statuses" in name)
    assert asked == (3 if has_batches else 27)


# Without a login


@pytest.fixture
async def listen(instance, tmp_path, wall, setup_type):
    """Open a source without login."""
    settings = {"base_url": instance.base, "timeout_s": 20}
    connector = mastodon.connect(setup_type(tmp_path, wall, "mastodon", "source:tag", settings))
    yield connector
    await connector.close()


TAG = Source("tag", "mastodon", "mastodon", "hashtag", query="#saddles")


async def test_a_hashtag_is_read_without_a_login(instance, listen):
    post = instance.say("1002", "my new #saddles")
    answer = instance.say("1003", "nice #saddles", post["id"])
    events, cursor = await collect(listen, TAG)
    assert said(events) == ["my new #saddles", "nice #saddles"]
    assert not any(one.message.author.is_ours for one in events)
    assert [one.text for one in await listen.thread(ref(answer))] == ["my new #saddles"]
    instance.delete(post["id"])
    assert [one.fate for one in await listen.recheck([ref(post), ref(answer)])] == [
        "deleted",
        "there",
    ]
    assert (await collect(listen, TAG, cursor))[0] == []


async def test_check_of_a_source_without_login_says_that_nobody_is_signed_in(instance, listen):
    health = await listen.check()
    assert health.who == f"nobody on {instance.base} (4.6.4): read only"
    assert not health.has_automation_label


async def test_where_tags_are_not_public_a_human_has_to_connect_a_login(instance, listen):
    instance.is_public = False
    with pytest.raises(AuthFailed, match="byname connect mastodon"):
        await collect(listen, TAG)


async def test_nobody_is_mentioned_where_nobody_is_signed_in(listen):
    with pytest.raises(AuthFailed, match="only a hashtag is public"):
        await collect(listen)


async def test_nothing_is_posted_where_nobody_is_signed_in(instance, listen, wall):
    status = instance.say("1002", "my new #saddles")
    permission = await listen.may_reply(ref(status))
    assert not permission.allowed
    assert "by hand" in permission.rule
    with pytest.raises(Rejected) as caught:
        await listen.post(reply(wall, status))
    assert caught.value.code == "not_allowed"
    assert instance.calls["POST /api/v1/statuses"] == 0


# Limits, tokens, what check says


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        (
            {"X-RateLimit-Reset": "2026-03-10T12:00:30Z", "Date": "Tue, 10 Mar 2026 12:00:00 GMT"},
            30,
        ),
        ({"X-RateLimit-Reset": "2999-01-01T00:00:00Z"}, 3600),
        ({"Retry-After": "7"}, 7),
    ],
)
async def test_a_limit_is_waited_for_within_reason(instance, connect, wall, headers, seconds):
    status, connector = instance.say("1002", "@tern hi"), connect()
    instance.headers = headers
    instance.faults["POST /api/v1/statuses"] = ["rate_limited"]
    with pytest.raises(RateLimited) as caught:
        await connector.post(reply(wall, status))
    assert caught.value.until == wall() + timedelta(seconds=seconds)


async def test_reading_leaves_a_share_for_posting(instance, connect, wall):
    status, connector = instance.say("1002", "@tern hi"), connect()
    await connector.check()
    budget = await connector.budget()
    assert (budget.left, budget.limit) == (299, 300)
    instance.left = 15
    await connector.check()
    with pytest.raises(RateLimited) as caught:
        await connector.thread(ref(status))
    await connector.post(reply(wall, status))
    wall.now = caught.value.until
    assert await connector.thread(ref(status)) == []


async def test_check_says_who_it_is_and_what_to_do(instance, connect):
    instance.policy["for_new_accounts"] = "drop"
    connector = connect()
    health = await connector.check()
    assert health.who == f"@tern on {instance.base} (4.6.4)"
    assert health.has_automation_label
    assert health.scopes == ("read", "write")
    assert len(health.todo) == 1
    assert "for_new_accounts" in health.todo[0]


async def test_check_names_the_scopes_that_a_human_did_not_grant(instance, connect):
    health = await connect(scope="read write:statuses").check()
    assert health.todo == ()
    health = await connect(scope="read:accounts read:notifications read:search write").check()
    assert health.todo == ("The scope read:statuses is missing: connect this login again.",)


@pytest.mark.parametrize("token", ["", "revoked"])
async def test_a_login_without_a_valid_token_stops(instance, connect, token):
    connector = connect(token)
    with pytest.raises(AuthFailed):
        await connector.check()


@pytest.mark.parametrize(
    ("fault", "error"),
    [("rejected", AuthFailed), ("forbidden", AuthFailed), ("html_404", UnexpectedAnswer)],
)
async def test_a_token_refused_in_other_words_stops_the_login_too(instance, connect, fault, error):
    path = "GET /api/v1/accounts/verify_credentials"
    for look in (lambda one: one.check(), collect):
        instance.faults[path] = [fault]
        with pytest.raises(error):
            await look(connect())


@pytest.mark.parametrize("settings", [{"base_url": "nowhere"}, {"colour": "red"}])
def test_a_wrong_setting_is_named(connect, settings):
    with pytest.raises(ConnectorError, match=next(iter(settings))):
        connect(**settings)


async def test_signing_in_asks_for_what_it_needs_and_returns_the_secret(instance, wall):
    one = await sign_in.begin(instance.base, wall)
    assert one.url.startswith(f"{instance.base}/oauth/authorize?")
    assert "write%3Astatuses" in one.url
    assert one.verifier not in one.url
    with pytest.raises(AuthFailed, match="grant"):
        await sign_in.finish(one, "wrong", wall)
    values = await sign_in.finish(one, " right\n", wall)
    assert instance.tokens[values["access_token"]] == US
    await sign_in.revoke(instance.base, values, wall)
    assert "fresh" not in instance.tokens
    assert set(sign_in.WHY) == set(sign_in.SCOPES)


@pytest.mark.parametrize(
    ("returned", "said_"),
    [({"state": "other", "code": "right"}, "another sign-in"), ({"error_description": "no"}, "no")],
)
async def test_connecting_refuses_what_was_not_asked_for(instance, wall, returned, said_):
    flow = sign_in.Flow()
    answers = {"base_url": instance.base}
    url = await flow.begin(answers, "http://127.0.0.1:9/back", wall)
    assert "redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fback" in url
    with pytest.raises(AuthFailed, match=said_):
        await flow.finish(answers, returned, wall)
    values = await flow.finish(answers, {"code": "right&state=x"}, wall)  # as some servers show it
    assert values["access_token"] == "fresh"


# Recorded answers

NOT_OF_OURS = {
    "account_mute": "we mute nobody",
    "app_verify_credentials": "read below",
    "error_400_invalid_grant": "read below",
    "error_401": "read below",
    "error_401_revoked": "read below",
    "error_404": "read below",
    "error_422_empty": "read below",
    "error_422_localised": "read below",
    "error_422_validation": "read below",
    "instance_v2": "read below",
    "notifications_policy": "read below",
    "relationships": "read below",
    "scheduled_status_idempotency": "we schedule nothing at the instance",
    "search": "finds accounts and hashtags only; we look for statuses",
    "status_delete": "of the answer to a deletion only its status counts",
    "verify_credentials": "read below",
}


def test_every_recorded_file_is_read_or_has_a_reason(recorded):
    names = {path.stem for path in (recorded / "mastodon").glob("*.json")}
    read = {name for name in names if any(statuses(recording(recorded, name)))}
    assert names - read == set(NOT_OF_OURS) - read


@pytest.mark.parametrize(
    ("name", "error", "code"),
    [
        ("error_400_invalid_grant", Rejected, "rejected"),
        ("error_401", AuthFailed, None),
        ("error_401_revoked", AuthFailed, None),
        ("error_404", Rejected, "parent_gone"),
        ("error_422_empty", Rejected, "rejected"),
        ("error_422_localised", Rejected, "rejected"),
        ("error_422_validation", Rejected, "rejected"),
    ],
)
def test_a_recorded_refusal_says_who_must_act_in_the_server_s_words(
    recorded, wall, *, name, error, code
):
    path = recorded / "mastodon" / f"{name}.json"
    for one in json.loads(path.read_text(encoding="utf-8"))["interactions"]:
        told = one["response"]
        if told["status"] >= 400:
            answer = Answer(told["status"], told["headers"], json.dumps(told["json"]))
            with pytest.raises(error, match=re.escape(_reason(answer)[:20])) as caught:
                ensure_ok(answer, wall, said=_reason(answer))
            assert getattr(caught.value, "code", None) == code
            assert _reason(answer)


def test_recorded_facts_of_account_and_app_have_what_check_reads(recorded):
    account = recording(recorded, "verify_credentials")[0]
    assert {"id", "acct", "bot"} <= account.keys()
    assert recording(recorded, "app_verify_credentials")[0]["scopes"][:2] == ["read", "write"]
    policy = recording(recorded, "notifications_policy")[0]
    assert policy["for_private_mentions"] == "filter"
    assert {"blocking", "blocked_by"} <= recording(recorded, "relationships")[1][0].keys()


def test_recorded_headers_tell_the_budget(recorded):
    text = (recorded / "mastodon" / "instance_v2.json").read_text(encoding="utf-8")
    headers = json.loads(text)["interactions"][0]["response"]["headers"]
    now = datetime(2026, 8, 1, 13, 51, 2, tzinfo=UTC)
    budget = budget_of(CIMultiDict(headers), now)
    assert (budget.left, budget.limit) == (299, 300)
    assert budget.resets_at.replace(microsecond=0) == now.replace(minute=55, second=0)


def recording(recorded, name):
    text = (recorded / "mastodon" / f"{name}.json").read_text(encoding="utf-8")
    return [one["response"].get("json") for one in json.loads(text)["interactions"]]


def statuses(value):
    """Find every status in a recorded answer."""
    if isinstance(value, dict):
        if "content" in value and "account" in value and "uri" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from statuses(one)


US_THERE = parse.Us("nobody", "nobody")


def test_every_recorded_status_is_read(recorded):
    read = 0
    for path in (recorded / "mastodon").glob("*.json"):
        for status in statuses(recording(recorded, path.stem)):
            above = parse.Above(None, status["uri"])
            message = parse.message(status, above, US_THERE)
            assert message.ref.startswith("http")
            assert message.created_at.tzinfo
            assert "<" not in message.text
            read += 1
    assert read > 30


def test_a_recorded_mention_reads_as_it_was_written(recorded):
    row = recording(recorded, "notifications_mentions")[1][0]
    message = parse.message(row["status"], parse.Above(None, "r"), US_THERE)
    assert message.text == "@mastodonpy_test hello!"
    assert message.author.handle == "admin"


def test_a_recorded_instance_describes_itself(recorded):
    told = read_instance(recording(recorded, "instance_v2")[0])
    assert (told.version, told.most_characters) == ("4.6.4", 500)
    assert told.streaming == "ws://localhost:4000"
    older = read_instance({"max_toot_chars": 5000, "urls": {"streaming_api": "wss://s"}})
    assert (older.most_characters, older.streaming) == (5000, "wss://s")


def test_a_recorded_stream_is_read(recorded):
    text = (recorded / "mastodon" / "stream_user.json").read_text(encoding="utf-8")
    told = [one["response"].get("text") for one in json.loads(text)["interactions"]]
    stream = next(one for one in told if one and "event:" in one)
    happened = read_event(stream.strip().split("\n"))
    assert happened.event == "update"
    assert "cool guy" in happened.json()["content"]


def test_the_simulator_answers_as_an_instance_does(recorded, wall):
    instance = Instance(wall)
    row = recording(recorded, "notifications_mentions")[1][0]
    instance.say("1002", "@tern hi")
    ours = instance.notifications[0]
    assert ours.keys() == row.keys()
    assert ours["status"].keys() == row["status"].keys()
    assert ours["account"].keys() == row["account"].keys()
    theirs = row["status"]
    for name, value in ours["status"].items():
        assert value is None or theirs[name] is None or type(value) is type(theirs[name]), name
    assert html_to_text(theirs["content"]) == "@mastodonpy_test hello!"
    assert instance.markup("@x hello!").count("<span") == theirs["content"].count("<span")


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("<p>5 &lt; 6 &amp; so on</p>", "5 < 6 & so on"),
        ('<p class="quote-inline">RE: <a href="x">y</a></p><p>mine</p>', "mine"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<p>open <b>ended", "open ended"),
        ("<script>alert(1)</script>", "alert(1)"),
        ("", ""),
    ],
)
def test_html_becomes_what_a_reader_sees(markup, text):
    assert html_to_text(markup) == text
