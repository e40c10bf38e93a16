"""Hearing Reddit: nothing is lost, nothing is repeated, whatever vanishes meanwhile."""

import asyncio
import json

import pytest
from simulators import reddit_rows
from simulators.reddit import US

from connectors._cursor import Cursor, Entry
from connectors.contract import AuthFailed, ConnectorError, RateLimited, UnexpectedAnswer
from connectors.model import Seen, Source, Unreadable
from connectors.reddit import parse
from connectors.reddit.hear import search
from connectors.reddit.marks import NAMED, Mark
from connectors.reddit.newest import entries_of, newer
from connectors.reddit.under import posts_in

MENTIONS = Source("mentions", "reddit", "reddit", login="desk")


def source(kind, query=""):
    return Source(kind, "reddit", "reddit", kind=kind, query=query, listen_only=True)


async def collect(connector, source=MENTIONS, after=None):
    events, cursor = [], after
    async for page in connector.pages(source, after):
        events += page.events
        cursor = page.cursor
    return events, cursor


def said(events):
    return [one.message.text for one in events if isinstance(one, Seen)]


@pytest.fixture
def post(site):
    return site.submit(US, "New kettles", "They are in.")


# What is heard


async def test_mentions_and_replies_come_in_with_their_kind_and_their_thread(site, reddit, post):
    comment = site.say("ada", "Which sizes?", post)
    ours = site.say(US, "All of them", comment)
    reply = site.say("ada", "Also red?", ours)
    other = site.submit("bo", "Kettles, anyone?")
    mention = site.say("kim", "ask u/tern", site.say("bo", "hm", other))
    events, _ = await collect(reddit())
    heard = {one.message.ref: one.message for one in events}
    kinds = {ref: (one.kind, one.parent_ref, one.root_ref) for ref, one in heard.items()}
    assert kinds == {
        comment.name: ("comment", post.name, post.name),
        reply.name: ("reply", ours.name, post.name),
        mention.name: ("mention", mention.parent, other.name),
        post.name: ("post", None, post.name),
        ours.name: ("reply", comment.name, post.name),
    }
    one = heard[comment.name]
    assert (one.author.ref, one.author.handle, one.author.is_ours) == ("t2_2bbbb", "ada", False)
    assert (
        one.url == f"https://www.reddit.com/r/kettles/comments/{post.id}/new_kettles/{comment.id}/"
    )
    assert heard[post.name].text == "New kettles\n\nThey are in."


async def test_what_we_say_ourselves_comes_in_and_colleagues_are_ours(site, reddit, post):
    site.say("kim", "I can help", post)
    site.say(US, "So can I", post)
    events, _ = await collect(reddit(team=["u/Kim"]))
    assert said(events) == ["I can help", "New kettles\n\nThey are in.", "So can I"]
    assert all(one.message.author.is_ours for one in events)


async def test_private_messages_and_what_is_gone_are_not_heard(site, reddit, post):
    site.inbox.append(reddit_rows.private_message(site, "abc"))
    site.delete(site.say("ada", "oops", post))
    site.say("bo", "hello", post)
    events, cursor = await collect(reddit())
    assert said(events)[0] == "hello"
    assert not any("between us" in one for one in said(events))
    assert (await collect(reddit(), after=cursor))[0] == []


async def test_what_a_human_has_not_read_stays_unread(site, reddit, post):
    site.say("ada", "Which sizes?", post)
    await collect(reddit())
    assert [one["new"] for one in site.inbox] == [True]
    assert site.calls["POST /api/read_message"] == 0
    assert site.calls["GET /message/unread"] == 0  # a human who reads there takes nothing from us


async def test_the_inbox_is_one_call_and_so_is_what_we_said(site, reddit, post):
    site.say("ada", "Which sizes?", post)
    connector = reddit()
    _, cursor = await collect(connector)
    before = sum(site.calls.values())
    assert await collect(connector, after=cursor) == ([], cursor)
    assert sum(site.calls.values()) - before == 2


async def test_a_few_news_cost_no_more_calls_than_none(site, reddit, post):
    for number in range(250):
        site.say("ada", f"question {number}", post)
    connector = reddit()
    _, cursor = await collect(connector)
    before = sum(site.calls.values())
    for number in range(80):
        site.say("ada", f"later {number}", post)
    events, _ = await collect(connector, after=cursor)
    assert said(events) == [f"later {number}" for number in range(80)]
    assert sum(site.calls.values()) - before == 2


async def test_subreddits_are_listened_to(site, reddit, post):
    other = site.submit("bo", "Tea", "with milk", subreddit="tea")
    site.say("ada", "or without", other)
    site.submit("bo", "Coffee", subreddit="coffee")
    events, cursor = await collect(reddit(), source("subreddit", "r/tea+kettles"))
    assert said(events) == ["New kettles\n\nThey are in.", "Tea\n\nwith milk", "or without"]
    site.say("ada", "hm", other)
    events, _ = await collect(reddit(), source("subreddit", "tea+kettles"), cursor)
    assert said(events) == ["hm"]


async def test_posts_are_searched_everywhere_or_in_one_subreddit(site, reddit, post):
    site.submit("bo", "My kettle leaks", subreddit="tea")
    site.submit("bo", "It leaks", subreddit="kettles")
    assert len(said((await collect(reddit(), source("search", "leaks")))[0])) == 2
    events, _ = await collect(reddit(), source("search", "r/tea leaks"))
    assert said(events) == ["My kettle leaks"]
    assert search("r/tea") == ("r/all/search/", {"q": "r/tea", "sort": "new", "type": "link"})


async def test_a_kind_that_there_is_not_is_named(reddit):
    with pytest.raises(ConnectorError, match="no source of kind 'hashtag': mentions"):
        await collect(reddit(), source("hashtag", "#tea"))


async def test_who_may_not_read_the_inbox_has_to_connect_again(site, reddit):
    site.faults["GET /message/inbox"] = ["forbidden"]
    with pytest.raises(AuthFailed, match="inbox"):
        await collect(reddit())
    site.faults["GET /r/tea/new"] = ["forbidden"]
    with pytest.raises(UnexpectedAnswer, match="tea"):
        await collect(reddit(), source("subreddit", "tea"))


# Nothing lost, nothing repeated


async def test_a_thousand_are_heard_oldest_first_and_then_what_is_new(site, reddit, wall, post):
    texts = []
    for number in range(950):
        wall.go(seconds=number % 3)  # several in the same second
        texts.append(f"question {number}")
        site.say("ada", texts[-1], post)
    events, cursor = await collect(reddit())
    assert said(events)[:950] == texts
    assert site.calls["GET /message/inbox"] == 10
    assert len(cursor) < 20_000
    site.say("ada", "one more", post)
    events, cursor = await collect(reddit(), after=cursor)
    assert said(events) == ["one more"]


async def test_what_the_cursor_knew_last_may_vanish(site, reddit, wall, post):
    """With `before` the listing would go empty, and stay empty."""
    asked = [site.say("ada", f"question {number}", post) for number in range(5)]
    _, cursor = await collect(reddit())
    for one in asked[2:]:
        site.delete(one)
    wall.go(minutes=1)
    site.say("bo", "are you there?", post)
    events, _ = await collect(reddit(), after=cursor)
    assert said(events) == ["are you there?"]
    assert not any("before" in query for _, query in site.asked)


async def test_what_a_page_ended_with_may_vanish_before_the_next_is_asked_for(site, reddit, wall):
    """The page after something that is gone is empty, not an error: rows above it are tried."""
    post = site.submit("bo", "Tea", subreddit="tea")
    asked = [site.say("ada", f"question {number}", post) for number in range(250)]
    connector, deleted = reddit(), []
    await connector.check()

    def fetch_and_delete():
        for name, query in list(site.asked):
            if name == "GET /r/tea/comments" and query.get("after") is None and not deleted:
                deleted.extend(asked[150:153])
                for one in deleted:
                    site.delete(one)

    site.on_answer = fetch_and_delete
    events, _ = await collect(connector, source("subreddit", "tea"))
    assert len(deleted) == 3
    heard = [one for one in said(events) if one.startswith("question")]
    assert set(heard) >= {f"question {number}" for number in range(250)} - {
        f"question {number}" for number in (150, 151, 152)
    }
    assert len(heard) == len(set(heard))


async def test_rows_that_move_down_while_pages_are_read_are_told_once(site, reddit):
    post = site.submit("bo", "Tea", subreddit="tea")
    for number in range(150):
        site.say("ada", f"question {number}", post)
    connector = reddit()
    await connector.check()

    def say_more():
        if site.calls["GET /r/tea/comments"] == 1 and len(site.things) < 160:
            for number in range(20):
                site.say("bo", f"late {number}", post)

    site.on_answer = say_more
    events, cursor = await collect(connector, source("subreddit", "tea"))
    site.on_answer = None
    more, _ = await collect(connector, source("subreddit", "tea"), cursor)
    heard = said(events) + said(more)
    assert len(heard) == len(set(heard)) == 171


async def test_what_a_moderator_lets_through_late_is_still_heard(site, reddit, wall, post):
    held = site.say("ada", "held back", post)
    held.visible_at = wall() + wall_distance(hours=5)
    for number in range(60):
        wall.go(minutes=1)
        site.say("bo", f"question {number}", post)
    events, cursor = await collect(reddit())
    assert "held back" not in said(events)
    wall.go(hours=6)
    events, cursor = await collect(reddit(), after=cursor)
    assert said(events) == ["held back"]
    assert await collect(reddit(), after=cursor) == ([], cursor)


def wall_distance(**distance):
    from datetime import timedelta

    return timedelta(**distance)


@pytest.mark.parametrize("fault", ["error_before", "cut", "garbled", "rate_limited", "short"])
async def test_a_poll_that_fails_in_the_middle_is_taken_up_where_it_stopped(
    site, reddit, wall, post, fault
):
    for number in range(130):
        site.say("ada", f"question {number}", post)
    heard, cursor = [], None
    site.faults["GET /message/inbox"] = ["", fault]
    for _ in range(3):
        try:
            async for page in reddit().pages(MENTIONS, cursor):
                heard += [one for one in said(page.events) if one.startswith("question")]
                cursor = page.cursor
        except ConnectorError:
            wall.go(hours=1)
    assert heard == [f"question {number}" for number in range(130)]


async def test_reading_leaves_calls_over_for_posting(site, reddit, post):
    site.left = 15.0
    connector = reddit()
    await connector.check()
    with pytest.raises(RateLimited, match="kept for posting"):
        await collect(connector)
    assert (await connector.budget()).left == 15


# One broken thing never costs its page


@pytest.mark.parametrize(
    "row",
    [
        None, 7, "text", [], {}, {"kind": "t1"}, {"kind": "t1", "data": None},
        {"kind": "t1", "data": {"name": 7, "created_utc": "soon"}},
        {"kind": "t1", "data": {"name": "t1_x", "created_utc": 1.0}},
        {"kind": "t3", "data": {"name": "t3_x", "created_utc": 1e40, "author": "a"}},
    ],
)  # fmt: skip
async def test_one_broken_row_never_costs_its_page(site, reddit, post, row):
    site.say("ada", "first", post)
    site.inbox.append({"kind": "raw", "raw": row})
    site.say("ada", "second", post)
    events, cursor = await collect(reddit())
    assert said(events)[:2] == ["first", "second"]
    assert sum(isinstance(one, Unreadable) for one in events) == 1
    assert (await collect(reddit(), after=cursor))[0] == []


async def test_a_broken_row_that_changes_is_put_aside_once(site, reddit, post):
    told = {"name": "t1_odd", "created_utc": None, "score": 1}
    site.inbox.append({"kind": "raw", "raw": {"kind": "t1", "data": told}})
    events, cursor = await collect(reddit())
    assert sum(isinstance(one, Unreadable) for one in events) == 1
    told["score"] = 2
    assert await collect(reddit(), after=cursor) == ([], cursor)


async def test_an_answer_that_is_no_listing_is_an_unexpected_answer(site, reddit):
    for told in (None, [], {}, {"data": 7}, {"data": {"children": "x"}}):
        with pytest.raises(UnexpectedAnswer):
            parse.children(told)


# Under posts


async def test_everything_under_our_own_posts_is_heard(site, reddit, wall, post):
    one = site.say("ada", "first", post)
    site.say("bo", "aside", one)  # nobody tells us of that
    events, cursor = await collect(reddit(), source("comments"))
    assert said(events) == ["first", "aside"]
    wall.go(minutes=1)
    site.say("kim", "me too", one)
    events, cursor = await collect(reddit(), source("comments"), cursor)
    assert said(events) == ["me too"]


async def test_watched_posts_are_named_by_address_or_id(site, reddit):
    watched = [site.submit("bo", f"Tea {number}", subreddit="tea") for number in range(3)]
    for one in watched:
        site.say("ada", f"under {one.title}", one)
    query = f"https://www.reddit.com/r/tea/comments/{watched[0].id}/tea_0/ {watched[1].name}"
    events, _ = await collect(reddit(), source("comments", query))
    assert said(events) == ["under Tea 0", "under Tea 1"]
    assert posts_in("1abcde, t3_2abcde https://redd.it/3abcde") == [
        "t3_1abcde", "t3_2abcde", "t3_3abcde",
    ]  # fmt: skip


async def test_what_a_tree_leaves_out_is_asked_for(site, reddit, post):
    for number in range(170):
        site.say("ada", f"question {number}", post)
    deep = site.say("bo", "deep 0", post)
    for number in range(1, 25):
        deep = site.say("bo", f"deep {number}", deep)
    events, _ = await collect(reddit(), source("comments"))
    assert len(said(events)) == len(set(said(events))) == 195
    assert site.calls["GET /api/morechildren"] == 2


async def test_a_post_where_nothing_happens_costs_nothing(site, reddit, post):
    quiet = [site.submit(US, f"Quiet {number}") for number in range(20)]
    for one in (post, *quiet):
        site.say("ada", f"under {one.title}", one)
    connector, cursor = reddit(), None
    for _ in range(2):  # its number is believed when it stands still
        _, cursor = await collect(connector, source("comments"), cursor)
    before = sum(site.calls.values())
    site.say("ada", "news", post)
    events, cursor = await collect(connector, source("comments"), cursor)
    assert (said(events), sum(site.calls.values()) - before) == (["news"], 2)


async def test_a_comment_that_comes_later_than_its_number_is_heard(site, reddit, wall, post):
    connector = reddit()
    _, cursor = await collect(connector, source("comments"))
    site.say("ada", "late", post, lag=wall_distance(minutes=2))
    events, cursor = await collect(connector, source("comments"), cursor)
    assert said(events) == []
    wall.go(minutes=3)
    events, cursor = await collect(connector, source("comments"), cursor)
    assert said(events) == ["late"]


# Cursors


def test_a_cursor_that_nobody_can_read_stands_for_nothing_known():
    for text in ("", "{", "[]", '{"marks": 7}', '{"marks": {"inbox": "x"}}', None):
        assert Cursor(text, Mark).mark("inbox") == Mark()


def test_a_mark_is_bounded_and_keeps_all_of_one_second():
    mark = Mark()
    for number in range(2000):
        mark = mark.plus([Entry(number // 2, f"t1_{number}", None)])
    assert NAMED <= len(mark.named) <= NAMED + 1
    assert mark.covers(Entry(0, "t1_0", None))
    assert mark.covers(Entry(999, "t1_1999", None))
    assert not mark.covers(Entry(999, "t1_new", None))
    burst = Mark().plus(Entry(5, f"t1_{number}", None) for number in range(1000))
    assert len(burst.named) == 1000


def test_a_cursor_is_read_as_it_was_written():
    cursor = Cursor(None, Mark)
    cursor.move("inbox", [Entry(1, "t1_a", None)])
    cursor.count({"t3_a": -2})
    again = Cursor(cursor.write(), Mark)
    assert (again.marks, again.counts) == (cursor.marks, cursor.counts)
    assert json.loads(again.write())


async def test_a_listing_without_end_is_not_read_for_ever():
    asked = []

    async def fetch(after):
        asked.append(after)
        number = len(asked)
        row = {"kind": "t1", "data": {"name": f"t1_{number}", "created_utc": number}}
        return reddit_rows.listing([row], f"t1_{number}")

    async with asyncio.timeout(5):
        pages = [page async for page in newer(fetch, Mark())]
    assert len(pages) == 20


def test_a_broken_row_stands_where_its_neighbour_stands():
    good = {"kind": "t1", "data": {"name": "t1_a", "created_utc": 7.0}}
    assert [one.at for one in entries_of([None, good, None])] == [7, 7, 7]
