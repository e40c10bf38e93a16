"""The Bluesky connector against a simulated server that keeps to the lexicons, and recordings."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators.bluesky import ADA, BO, US, stamp
from simulators.lexicon import FORMATS
from stands.bluesky import PUT, ref

from connectors import bluesky
from connectors.bluesky import parse, sign_in
from connectors.bluesky.down import MOST_REMEMBERED, Down, Mark
from connectors.bluesky.record import facets, handles, record_key
from connectors.contract import AuthFailed, ConnectorError, RateLimited, Rejected, Unavailable
from connectors.model import MessageRef, Outgoing, Seen, Source, Unreadable

MENTIONS = Source("mentions", "bluesky", "bluesky")
NOTIFICATIONS = "app.bsky.notification.listNotifications"


@pytest.fixture
async def connect(server, tmp_path, wall, setup_type):
    """Open the account on the simulated server; settings by keyword."""
    opened = []

    def make(secrets=None, **settings):
        settings = {"base_url": server.base, "timeout_s": 2, **settings}
        setup = setup_type(tmp_path, wall, "bluesky", "desk", settings)
        session = {"accessJwt": server.access, "refreshJwt": server.refresh}
        known = {**session, "did": US, "handle": "tern.test"}
        setup.secrets.write("desk", known if secrets is None else secrets)
        opened.append(bluesky.connect(setup))
        opened[-1].drawer = setup.secrets
        return opened[-1]

    yield make
    for one in opened:
        await one.close()


async def collect(connector, source=MENTIONS, after=None):
    events, cursor = [], after
    async for page in connector.pages(source, after):
        events += page.events
        cursor = page.cursor
    return events, cursor


def said(events):
    return [one.message.text for one in events if isinstance(one, Seen)]


def reply(wall, post, text="It left today.", key="k1"):
    return Outgoing(key, "desk", ref(post), text, wall())


# Hearing


async def test_mentions_replies_and_quotes_come_in_and_likes_do_not(server, connect):
    ours = server.say(US, "New saddles")
    answer = server.say(ADA, "Which sizes?", ours)
    server.say(BO, "also red?", server.say(US, "All of them", answer))
    server.say(BO, "ask @tern.test")
    quote = {"$type": "app.bsky.embed.record", "record": server.strong(ours)}
    server.say(BO, "look", embed=quote)
    server.notify("like", {**answer, "uri": ours["uri"]})
    events, _ = await collect(connect(team=["@bo.test"]))
    assert said(events) == [
        *("Which sizes?", "also red?", "ask @tern.test", "look", "New saddles", "All of them"),
    ]
    kinds = [one.message.kind for one in events]
    assert kinds == ["comment", "reply", "post", "post", "post", "reply"]
    assert [one.message.author.is_ours for one in events] == [False, *[True] * 5]


async def test_what_others_say_has_its_kind_and_its_place(server, connect):
    ours = server.say(US, "New saddles")
    answer = server.say(ADA, "Which sizes?", ours)
    deeper = server.say(US, "All of them", answer)
    server.say(BO, "also red?", deeper)
    server.say(BO, "ask @tern.test")
    quote = {"$type": "app.bsky.embed.record", "record": server.strong(ours)}
    server.say(BO, "look", embed=quote)
    events, _ = await collect(connect())
    first, second, third, fourth = (one.message for one in events[:4])
    assert [one.kind for one in (first, second, third, fourth)] == [
        *("comment", "reply", "mention", "quote"),
    ]
    assert (first.ref, first.root_ref, first.parent_ref) == (
        *(answer["uri"], ours["uri"], ours["uri"]),
    )
    assert (second.root_ref, second.parent_ref) == (ours["uri"], deeper["uri"])
    assert third.root_ref == third.ref
    assert fourth.quoted_ref == ours["uri"]
    assert (first.author.ref, first.author.handle) == (ADA, "ada.test")
    assert first.url == f"https://bsky.app/profile/{ADA}/post/{answer['uri'][-13:]}"


async def test_a_cursor_that_was_deleted_loses_nothing(server, connect, wall):
    ours = server.say(US, "New saddles")
    posts = [server.say(ADA, str(number), ours) for number in range(5)]
    _, cursor = await collect(connect())
    for one in posts:
        server.delete(one)
    wall.go(minutes=1)
    server.say(ADA, "after", ours)
    assert said((await collect(connect(), after=cursor))[0]) == ["after"]


async def test_a_gap_of_many_pages_is_closed(server, connect, wall):
    server.page = 10
    ours = server.say(US, "New saddles")
    server.say(ADA, "before", ours)
    _, cursor = await collect(connect())
    for number in range(57):
        wall.go(seconds=number % 2)  # some at the same instant
        server.say(ADA, str(number), ours)
    events, after = await collect(connect(), after=cursor)
    assert sorted(said(events), key=int) == [str(number) for number in range(57)]
    assert await collect(connect(), after=after) == ([], after)


async def test_a_reader_cut_off_between_two_pages_resumes(server, connect, wall):
    server.page = 10
    ours = server.say(US, "New saddles")
    for number in range(45):
        wall.go(seconds=1)
        server.say(ADA, str(number), ours)
    heard, cursor = [], None
    for _ in range(7):
        async for page in connect().pages(MENTIONS, cursor):
            heard, cursor = heard + said(page.events), page.cursor
            break
    assert heard == [*(str(number) for number in range(45)), "New saddles"]


async def test_a_row_that_turns_up_below_what_we_know_is_heard(server, connect, wall):
    ours = server.say(US, "New saddles")
    for number in range(5):
        wall.go(minutes=1)
        server.say(ADA, str(number), ours)
    _, cursor = await collect(connect())
    server.say(BO, "late", ours)
    server.notifications.insert(0, server.notifications.pop())
    assert said((await collect(connect(), after=cursor))[0]) == ["late"]


async def test_a_poll_without_news_costs_two_calls(server, connect):
    ours = server.say(US, "New saddles")
    for number in range(150):
        server.say(ADA, str(number), ours)
    _, cursor = await collect(connect())
    before = server.calls.total()
    await collect(connect(), after=cursor)
    assert server.calls.total() - before == 2


def test_a_mark_stays_small():
    rows = [{"uri": f"at://{n}", "indexedAt": f"2026-01-01T00:00:{n:06}Z"} for n in range(1000)]
    mark = Mark()
    for start in range(0, 1000, 50):
        mark = mark.after(rows[start : start + 50])
    assert len(mark.latest) == MOST_REMEMBERED
    assert not any(mark.is_new(row) for row in rows)


times = st.lists(st.integers(0, 60), max_size=60)


@settings(max_examples=60)
@given(times, st.integers(1, 9), st.data())
async def test_whatever_is_there_is_read_once(stamps, size, data):
    rows = [{"uri": f"at://{n}", "indexedAt": f"{at:03}"} for n, at in enumerate(sorted(stamps))]
    there: list[dict] = []

    async def fetch(limit):
        rest = there[: int(limit)] if limit else there
        page = rest[-size:][::-1]
        return {"rows": page, "cursor": str(len(rest) - len(page))} if page else {"rows": []}

    mark, read = Mark(), []
    while rows:
        count = data.draw(st.integers(1, len(rows)))
        there, rows = there + rows[:count], rows[count:]
        async for one in Down(fetch, "rows").newer(mark):
            read += one.rows
            mark = one.mark
    assert sorted(row["uri"] for row in read) == sorted(row["uri"] for row in there)


async def test_a_server_that_gives_the_same_page_for_ever_is_left(server):
    async def fetch(_):
        return {"rows": [{"uri": "at://1", "indexedAt": "1"}], "cursor": "same"}

    async with asyncio.timeout(5):
        pages = [one.rows async for one in Down(fetch, "rows").newer(Mark())]
    assert len(pages) == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"record": {}},
        {"record": None},
        {"author": {"did": ADA}},
        {"record": {"text": "x", "reply": {"root": {}}}},
        {"indexedAt": None},
        {"uri": None},
    ],
)
async def test_a_row_that_cannot_be_read_is_kept_once_and_the_others_come(server, connect, broken):
    server.lexicons = None
    server.say(ADA, "@tern.test before")
    server.notify("mention", server.say(BO, "broken"), **broken)
    server.say(ADA, "@tern.test after")
    events, cursor = await collect(connect())
    assert said(events) == ["@tern.test before", "@tern.test after"]
    unread = [one for one in events if isinstance(one, Unreadable)]
    assert json.loads(unread[0].raw)["reason"] == "mention"
    assert await collect(connect(), after=cursor) == ([], cursor)


async def test_a_search_is_listened_to(server, connect):
    server.say(ADA, "my saddle hurts")
    server.say(ADA, "nothing")
    source = Source("s", "bluesky", "bluesky", kind="search", query="saddle")
    events, cursor = await collect(connect(), source)
    assert said(events) == ["my saddle hurts"]
    server.say(BO, "#saddle and saddle")
    assert said((await collect(connect(), source, cursor))[0]) == ["#saddle and saddle"]
    tag = Source("t", "bluesky", "bluesky", kind="hashtag", query="#saddle")
    assert len(said((await collect(connect(), tag))[0])) == 1
    with pytest.raises(ConnectorError, match="telepathy"):
        await collect(connect(), Source("t", "bluesky", "bluesky", kind="telepathy"))


async def test_a_time_that_a_client_made_up_is_not_believed_beyond_now(server, connect, wall):
    server.say(ADA, "@tern.test hi", createdAt="2031-01-01T00:00:00.000Z")
    server.say(ADA, "@tern.test ho", createdAt="2001-01-01T00:00:00.000Z")
    events, _ = await collect(connect())
    first, second = (one.message.created_at for one in events)
    assert (first, second.year) == (wall(), 2001)
    server.lexicons = None
    server.say(ADA, "@tern.test odd", createdAt="noon")
    events, _ = await collect(connect())
    assert events[-1].message.created_at == wall()


# Speaking


async def test_a_reply_stands_under_its_root_with_its_facets(server, connect, wall):
    ours = server.say(US, "New saddles")
    question = server.say(ADA, "Which sizes?", ours)
    text = "Grüße 👋 @ada.test, see https://example.com/a?b=c. #saddles @nobody.test"
    posted = await connect().post(reply(wall, question, text))
    value = server.posts[posted.ref]["value"]
    assert value["reply"] == {"root": server.strong(ours), "parent": server.strong(question)}
    assert (value["createdAt"], value["langs"]) == (stamp(wall()), ["en"])
    marked = [
        (text.encode()[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode(), one)
        for one in value["facets"]
    ]
    assert [name for name, _ in marked] == ["@ada.test", "https://example.com/a?b=c", "#saddles"]
    assert marked[0][1]["features"][0]["did"] == ADA


async def test_every_attempt_writes_the_same_record_to_the_same_place(server, connect, wall):
    question, connector = server.say(ADA, "@tern.test hi"), connect()
    one = reply(wall, question)
    server.faults[PUT] = ["timeout_after"]
    connector._api._timeout_s = 0.2
    with pytest.raises(Unavailable):
        await connector.post(one)
    wall.go(hours=2)
    again = await connect().post(one)
    assert (await connect().find_reply(one)).ref == again.ref
    assert sum(post["value"]["text"] == one.text for post in server.posts.values()) == 1
    assert server.calls[PUT] == 1


async def test_another_record_at_our_place_is_never_written_over(server, connect, wall):
    question = server.say(ADA, "@tern.test hi")
    one = reply(wall, question)
    other = server.say(US, "something else")
    server.posts[f"at://{US}/app.bsky.feed.post/{record_key(one)}"] = other
    with pytest.raises(Rejected) as caught:
        await connect().post(one)
    assert caught.value.code == "duplicate"
    assert server.calls[PUT] == 0


async def test_what_fails_before_the_write_says_that_nothing_was_sent(server, connect, wall):
    question = server.say(ADA, "@tern.test hi")
    server.faults["app.bsky.feed.getPosts"] = ["error_before"]
    with pytest.raises(Unavailable) as caught:
        await connect().post(reply(wall, question))
    assert not caught.value.was_sent


async def test_a_thread_that_takes_no_replies_says_so_before_and_refuses(server, connect, wall):
    question = server.say(ADA, "@tern.test hi")
    server.closed.add(question["uri"])
    permission = await connect().may_reply(ref(question))
    assert (permission.allowed, permission.source) == (False, "its threadgate")
    with pytest.raises(Rejected) as caught:
        await connect().post(reply(wall, question))
    assert (caught.value.code, server.calls[PUT]) == ("not_allowed", 0)


async def test_a_blocked_post_is_neither_there_nor_deleted(server, connect):
    question = server.say(ADA, "@tern.test hi")
    server.blocked_by.add(ADA)
    assert not (await connect().may_reply(ref(question))).allowed
    told = await connect().recheck([ref(question)])
    assert told[0].fate == "unknown"


async def test_recheck_sees_a_new_version(server, connect):
    posts = [server.say(ADA, f"@tern.test {number}") for number in range(30)]
    old = ref(posts[3])
    server.put(ADA, posts[3]["uri"][-13:], {**posts[3]["value"], "text": "changed"})
    told = await connect().recheck([old if one is posts[3] else ref(one) for one in posts])
    fates = ["there"] * 3 + ["edited"] + ["there"] * 26
    assert [one.fate for one in told] == fates
    assert told[3].message.text == "changed"
    assert server.calls["app.bsky.feed.getPosts"] == 2


async def test_a_thread_ends_where_a_post_was_deleted(server, connect):
    first = server.say(BO, "first")
    second = server.say(ADA, "second", first)
    third = server.say(BO, "third", second)
    assert [one.text for one in await connect().thread(ref(third))] == ["first", "second"]
    server.delete(first)
    assert [one.text for one in await connect().thread(ref(third))] == ["second"]


moments = st.integers(0, 10**12).map(
    lambda millis: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)
)


@settings(max_examples=50)
@given(moments, st.text(), st.text())
def test_a_key_is_a_tid_of_the_reply_alone(moment, key, text):
    one = Outgoing(key, "desk", MessageRef("bluesky", "a", "a"), text, moment)
    assert FORMATS["tid"].fullmatch(record_key(one))
    later = Outgoing(key, "desk", one.parent, text, moment + timedelta(milliseconds=1))
    assert record_key(one) < record_key(later)


def test_two_replies_of_one_millisecond_have_two_places(wall):
    parent = MessageRef("bluesky", "a", "a")
    keys = {record_key(Outgoing(f"k{n}", "desk", parent, "x", wall())) for n in range(1000)}
    assert len(keys) > 998  # a clash is noticed and refused, see above


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mail me@ada.test", []),
        ("@ada.test.", ["ada.test"]),
        ("(@Ada.Test)", ["ada.test"]),
        ("@ada", []),
        ("https://x.example/@ada.test", []),
    ],
)
def test_handles_are_found_where_they_are_meant(text, found):
    assert handles(text) == found


@pytest.mark.parametrize("text", ["#1", "a#b", "#", "https://x.example/#top"])
def test_what_is_no_hashtag_is_none(text):
    kinds = [one["features"][0]["$type"] for one in facets(text, {})]
    assert not any(kind.endswith("tag") for kind in kinds)


# Sessions, limits, what check says


async def test_an_expired_session_is_renewed_once_and_kept(server, connect, wall):
    connector, question = connect(), server.say(ADA, "@tern.test hi")
    server.expire()
    posted = await connector.post(reply(wall, question))
    assert posted.ref in server.posts
    assert server.calls["com.atproto.server.refreshSession"] == 1
    assert connector.drawer.read("desk")["accessJwt"] == server.access
    assert server.calls["com.atproto.server.createSession"] == 0


async def test_a_session_too_old_to_renew_is_made_anew_if_we_have_the_password(server, connect):
    known = await sign_in.sign_in(server.base, " @tern.test", "app-pass\n", lambda: None)
    server.expire(refresh=True)
    connector = connect(known)
    assert (await connector.check()).who.startswith("@tern.test")
    assert server.calls["com.atproto.server.createSession"] == 2
    server.expire(refresh=True)
    server.password = "changed"
    with pytest.raises(AuthFailed):
        await connector.check()


async def test_without_a_password_an_old_session_stops_the_login(server, connect):
    connector = connect()
    server.expire(refresh=True)
    with pytest.raises(AuthFailed, match="connect this login again"):
        await connector.check()
    with pytest.raises(AuthFailed, match="no session"):
        await connect({}).check()


async def test_a_server_that_fails_while_renewing_is_unavailable_and_not_refused(server, connect):
    connector = connect()
    server.expire()
    server.faults["com.atproto.server.refreshSession"] = ["error_before"]
    with pytest.raises(Unavailable):
        await connector.check()
    assert (await connector.check()).ok


async def test_a_wrong_app_password_is_said(server, wall):
    with pytest.raises(AuthFailed, match="Invalid identifier or password"):
        await sign_in.sign_in(server.base, "tern.test", "wrong", wall)


async def test_check_says_who_it_is_and_whether_it_is_labelled(server, connect):
    health = await connect().check()
    assert (health.ok, health.has_automation_label, health.todo) == (True, False, ())
    label = {"src": US, "uri": f"at://{US}", "val": "bot", "cts": "2026-01-01T00:00:00.000Z"}
    server.labels[US] = [{**label, "src": ADA}]
    assert not (await connect().check()).has_automation_label
    server.labels[US] = [label]
    assert (await connect().check()).has_automation_label
    server.status = "suspended"
    health = await connect().check()
    assert not health.ok
    assert "suspended" in health.todo[0]


@pytest.mark.parametrize(("headers", "seconds"), [({}, 60), ({"ratelimit-reset": "9e99"}, 3600)])
async def test_a_limit_is_waited_for_within_reason(server, connect, wall, headers, seconds):
    server.headers = headers
    server.faults[NOTIFICATIONS] = ["rate_limited"]
    with pytest.raises(RateLimited) as caught:
        await collect(connect())
    assert caught.value.until == wall() + timedelta(seconds=seconds)


async def test_the_budget_is_what_the_headers_say(server, connect, wall):
    connector = connect()
    await connector.check()
    budget = await connector.budget()
    assert (budget.left, budget.limit) == (2999, 3000)
    assert wall() < budget.resets_at <= wall() + timedelta(hours=1)
    question = server.say(ADA, "@tern.test hi")
    connector._api.reading = type(budget)(60, 3000, wall() + timedelta(minutes=1))
    with pytest.raises(RateLimited):
        await collect(connector)
    await connector.post(reply(wall, question))


# Recorded answers


def snapshots(recorded, name):
    path = recorded / "bluesky" / "appview-snapshots" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["snapshots"]


def views(value):
    """Find every post or notification in a recorded answer."""
    if isinstance(value, dict):
        if {"uri", "cid", "author", "record", "indexedAt"} <= value.keys():
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from views(one)


@pytest.mark.parametrize("name", ["notifications", "posts", "quotes", "thread"])
def test_every_recorded_post_is_read(recorded, name):
    us, read = parse.Us("user(0)", "alice.test"), 0
    for view in views(snapshots(recorded, name)):
        if view["record"].get("$type") == "app.bsky.feed.post":
            message = parse.message(view, us, view.get("reason", ""))
            assert message.ref == view["uri"]
            assert message.created_at.tzinfo
            read += 1
    assert read > 3


def test_recorded_reasons_are_known_or_passed_over(recorded):
    reasons = {one["reason"] for one in views(snapshots(recorded, "notifications"))
               if "reason" in one}  # fmt: skip
    assert {"mention", "reply", "quote", "like", "follow"} <= reasons
    assert set(parse.REASONS) <= reasons


def test_a_real_thread_of_another_collection_is_read(recorded):
    path = recorded / "bluesky" / "sdk-test-data" / "thread_view_post_with_embed_media.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    read = [parse.message(view, parse.Us("d", "h")) for view in views(told)]
    assert read
    assert all(one.text is not None for one in read)


@pytest.mark.parametrize("form", ["did", "handle", "tid", "record-key", "at-uri"])
def test_the_lexicon_check_knows_what_is_valid(recorded, form):
    folder = recorded / "bluesky" / "interop-syntax"
    name = {"record-key": "recordkey", "at-uri": "aturi"}.get(form, form)
    text = (folder / f"{name}_syntax_valid.txt").read_text(encoding="utf-8")
    cases = [one for one in text.splitlines() if one and not one.startswith("#")]
    assert cases
    wrong = [one for one in cases if not FORMATS[form].fullmatch(one)]
    assert len(wrong) <= len(cases) // 3, wrong
