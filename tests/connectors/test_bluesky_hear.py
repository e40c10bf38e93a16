"""Hearing on Bluesky: lists that are told newest first, and everything that can go wrong there."""

import itertools
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulators.bluesky import ADA, BO, US

from connectors._cursor import Entry
from connectors.bluesky.newest import HELD, MOST_NAMED, NAMED, Mark, newer
from connectors.contract import ConnectorError, RateLimited, Unavailable, UnexpectedAnswer
from connectors.model import Seen, Source, Unreadable

MENTIONS = Source("mentions", "bluesky", "bluesky", login="desk")
SEARCH = Source("s", "bluesky", "bluesky", kind="search", query="saddle")
NOTES = "app.bsky.notification.listNotifications"
THREAD = "app.bsky.feed.getPostThread"


async def hear(connector, after=None, source=MENTIONS):
    events, cursor = [], after
    async for page in connector.pages(source, after):
        events += page.events
        cursor = page.cursor
    return events, cursor


def said(events):
    return [one.message.text for one in events if isinstance(one, Seen)]


async def test_mentions_replies_quotes_and_our_own_come_in_each_with_its_kind(network, sky):
    ours = network.say(US, "New saddles")
    answer = network.say(ADA, "Which sizes?", ours)
    deeper = network.say(US, "All of them", answer)
    network.say(BO, "also red?", deeper)
    network.say(BO, "ask @tern.test")
    network.say(BO, "look", embed={"$type": "app.bsky.embed.record", "record": ours.strong()})
    network.say(BO, "I wonder too", answer)  # in our thread, to somebody else
    events, _ = await hear(sky())
    kinds = {one.message.text: one.message.kind for one in events}
    assert kinds == {
        "Which sizes?": "comment", "also red?": "reply", "ask @tern.test": "mention",
        "look": "quote", "I wonder too": "reply", "New saddles": "post", "All of them": "reply",
    }  # fmt: skip
    ours_too = {one.message.text for one in events if one.message.author.is_ours}
    assert ours_too == {"New saddles", "All of them"}


async def test_a_message_carries_what_the_network_says(network, sky, wall):
    ours = network.say(US, "New saddles")
    network.labels[ADA] = ["bot"]
    pictures = {
        "$type": "app.bsky.embed.recordWithMedia",
        "record": {"$type": "app.bsky.embed.record", "record": ours.strong()},
        "media": {
            "$type": "app.bsky.embed.images",
            "images": [{"alt": "a saddle", "image": {"$type": "blob", "mimeType": "image/png"}}],
        },
    }
    post = network.say(
        ADA, "Look @tern.test", ours, embed=pictures, langs=["nl", "en"],
        labels={"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "nudity"}]},
    )  # fmt: skip
    events, _ = await hear(sky())
    one = next(event.message for event in events if event.message.ref == post.uri)
    assert (one.platform, one.ref, one.root_ref) == ("bluesky", post.uri, ours.uri)
    assert (one.parent_ref, one.quoted_ref, one.server_ref) == (ours.uri, ours.uri, post.cid)
    assert (one.author.ref, one.author.handle, one.author.name) == (ADA, "ada.test", "Ada")
    assert (one.author.is_bot, one.author.url) == (True, "https://bsky.app/profile/ada.test")
    assert one.url == f"https://bsky.app/profile/ada.test/post/{post.key}"
    assert (one.language, one.content_warning, one.created_at) == ("nl", "nudity", wall())
    assert [(part.kind, part.alt) for part in one.attachments] == [("image", "a saddle")]


async def test_colleagues_are_ours_by_handle_or_by_did(network, sky):
    network.say(BO, "@tern.test I answered")
    for team in (["@Bo.test"], [BO]):
        events, _ = await hear(sky(team=team))
        assert events[0].message.author.is_ours


async def test_a_handle_that_points_nowhere_is_not_put_into_an_address(network, sky):
    network.handles[ADA] = "handle.invalid"
    network.say(ADA, "@tern.test hi")
    events, _ = await hear(sky(team=["handle.invalid"]))
    assert events[0].message.url.startswith(f"https://bsky.app/profile/{ADA}/post/")
    assert not events[0].message.author.is_ours


# Cursors lose nothing


@pytest.mark.parametrize("vanished", [1, 4, 5])
async def test_the_known_post_may_vanish(network, sky, wall, vanished):
    posts = [network.say(ADA, f"@tern.test {number}") for number in range(5)]
    _, cursor = await hear(sky())
    for one in posts[-vanished:]:  # what is older and stays must not be told again
        network.delete(one.uri)
    wall.go(minutes=1)
    network.say(ADA, "@tern.test after")
    assert said((await hear(sky(), cursor))[0]) == ["@tern.test after"]


async def test_a_gap_of_many_pages_is_closed_oldest_first(network, sky, wall):
    network.page = 3
    network.say(ADA, "@tern.test before")
    _, cursor = await hear(sky())
    for number in range(3 * HELD + 40):  # more pages than are held
        wall.go(seconds=number % 2)  # some at the same instant
        network.say(ADA, f"@tern.test {number}")
    events, after = await hear(sky(), cursor)
    heard = [int(one.split()[1]) for one in said(events)]
    assert sorted(heard) == list(range(3 * HELD + 40))
    assert all(one <= other + 1 for one, other in itertools.pairwise(heard))
    assert await hear(sky(), after) == ([], after)


async def test_a_mention_that_claims_to_be_older_is_heard(network, sky, wall):
    for number in range(5):
        wall.go(minutes=1)
        network.say(ADA, f"@tern.test {number}")
    _, cursor = await hear(sky())
    network.say(BO, "@tern.test my clock is slow", back=timedelta(minutes=3))
    assert said((await hear(sky(), cursor))[0]) == ["@tern.test my clock is slow"]


async def test_rows_of_one_instant_are_all_heard_wherever_a_page_ends(network, sky, wall):
    """The reference server's cursors skip what is left of the instant at which a page ends."""
    network.page = 7
    for number in range(100):
        wall.go(seconds=number % 5 == 0)
        network.say(ADA, f"@tern.test {number}")
    events, _ = await hear(sky())
    assert len(said(events)) == len(set(said(events))) == 100


async def test_many_mentions_that_are_shown_out_of_order_are_all_heard(network, sky, wall):
    heard, cursor = [], None
    for number in range(300):
        wall.go(seconds=0.01)
        network.lag = timedelta(seconds=number * 7 % 5)
        network.say(ADA, f"@tern.test {number}")
        if number % 60 == 0:
            events, cursor = await hear(sky(), cursor)
            heard += said(events)
    for _ in range(3):
        wall.go(seconds=2)
        events, cursor = await hear(sky(), cursor)
        heard += said(events)
    assert len(heard) == len(set(heard)) == 300


async def test_a_mention_that_is_shown_late_is_heard(network, sky, wall):
    network.lag = timedelta(minutes=2)
    network.say(ADA, "@tern.test slow")
    network.lag = timedelta()
    wall.go(minutes=1)
    network.say(ADA, "@tern.test fast")
    events, cursor = await hear(sky())
    assert said(events) == ["@tern.test fast"]
    wall.go(minutes=5)
    assert said((await hear(sky(), cursor))[0]) == ["@tern.test slow"]


async def test_what_was_not_stored_is_told_again(network, sky):
    network.say(ADA, "@tern.test hi")
    connector = sky()
    assert said((await hear(connector))[0]) == said((await hear(connector))[0])


async def test_a_cursor_that_nobody_can_read_starts_over(network, sky):
    network.say(ADA, "@tern.test hi")
    for cursor in ("?", "[]", '{"marks":{"notes":7}}'):
        assert said((await hear(sky(), cursor))[0]) == ["@tern.test hi"]


async def test_a_poll_without_news_costs_two_calls(network, sky, wall):
    ours = network.say(US, "New saddles")
    for number in range(150):
        wall.go(seconds=1)
        network.say(ADA, str(number), ours)
    connector = sky()
    _, cursor = await hear(connector)
    for calls in (3, 2):  # for ten minutes after a burst one looks deeper, for what comes late
        before = network.calls.total()
        assert await hear(connector, cursor) == ([], cursor)
        assert network.calls.total() - before == calls
        wall.go(minutes=10)
    assert len(cursor) < 10_000


async def test_an_empty_page_is_not_the_end(network, sky, wall):
    """A view leaves out what we may not see, and may leave out a whole page."""
    network.page = 2
    for number in range(4):
        wall.go(seconds=1)
        network.say(ADA, f"@tern.test {number}")
    network.hidden_pages = 1
    assert said((await hear(sky()))[0]) == ["@tern.test 0", "@tern.test 1", "@tern.test 2"]


async def test_a_server_that_does_not_filter_reasons_is_filtered(network, sky):
    network.ignores_reasons = True
    post = network.say(ADA, "@tern.test hi")
    network.say(BO, "unrelated").notifies.append((US, "like"))
    events, cursor = await hear(sky())
    assert [one.message.ref for one in events] == [post.uri]
    assert (await hear(sky(), cursor))[0] == []


@pytest.mark.parametrize(
    "row",
    [
        None, 7, "text", {}, {"uri": 7}, {"uri": "at://x", "indexedAt": "noon"},
        {"uri": "at://did:plc:a/app.bsky.feed.post/3", "indexedAt": "2026-03-10T12:00:00Z",
         "reason": "mention", "cid": "b", "author": {"did": ADA, "handle": "ada.test"},
         "record": {"text": "x", "reply": {"root": {}}}},
    ],
)  # fmt: skip
async def test_a_row_that_cannot_be_read_is_kept_once_and_the_others_come(network, sky, wall, row):
    network.say(ADA, "@tern.test before")
    network.broken.append(("2026-03-10T12:00:00.001Z", row))
    wall.go(seconds=1)
    network.say(ADA, "@tern.test after")
    events, cursor = await hear(sky())
    assert said(events) == ["@tern.test before", "@tern.test after"]
    unread = [one for one in events if isinstance(one, Unreadable)]
    assert [json.loads(one.raw) for one in unread] == [row]
    assert (await hear(sky(), cursor))[0] == []


async def test_a_time_that_a_client_made_up_is_not_believed_beyond_now(network, sky, wall):
    network.say(ADA, "@tern.test hi", back=timedelta(days=-900))
    network.say(ADA, "@tern.test ho", back=timedelta(days=9000))
    events, _ = await hear(sky())
    assert {one.message.text[-2:]: one.message.created_at for one in events} == {
        "hi": wall(), "ho": wall() - timedelta(days=9000),
    }  # fmt: skip


# Under our own posts


async def test_a_reply_that_notified_nobody_is_heard_once(network, sky, wall):
    ours = network.say(US, "New saddles")
    _, cursor = await hear(sky())
    network.say(ADA, "loud", ours)
    network.say(BO, "quiet", ours, quiet=True)
    events, cursor = await hear(sky(), cursor)
    assert said(events) == ["loud", "quiet"]
    assert (await hear(sky(), cursor))[0] == []
    wall.go(minutes=1)
    network.say(BO, "again", ours)
    assert said((await hear(sky(), cursor))[0]) == ["again"]


async def test_a_reply_that_notifies_between_two_lists_is_heard_once(network, sky):
    """It came in after the list of notifications was read and before its thread was."""
    ours = network.say(US, "New saddles")
    network.say(ADA, "first", ours)
    _, cursor = await hear(sky())
    pages = []

    def happen():
        pages.append(1)
        if len(pages) == 1:
            network.say(BO, "just now", ours)

    network.after_page = happen
    first, cursor = await hear(sky(), cursor)
    second, cursor = await hear(sky(), cursor)
    assert said([*first, *second]) == ["just now"]
    assert (await hear(sky(), cursor))[0] == []


async def test_a_reply_under_a_busy_post_costs_few_calls(network, sky, wall):
    ours = network.say(US, "New saddles")
    for number in range(400):
        wall.go(seconds=30)
        network.say(ADA, str(number), ours)
    connector = sky()
    _, cursor = await hear(connector)
    wall.go(minutes=20)
    for number in range(3):
        wall.go(minutes=1)
        network.say(BO, f"more {number}", ours, quiet=number == 1)
        before = network.calls.total()
        events, cursor = await hear(connector, cursor)
        assert said(events) == [f"more {number}"]
        assert network.calls.total() - before <= 4


async def test_who_was_muted_stays_muted_under_our_posts(network, sky):
    ours = network.say(US, "New saddles")
    network.viewer[BO] = {"muted": True}
    network.say(BO, "quiet", ours, quiet=True)
    assert said((await hear(sky()))[0]) == ["New saddles"]


async def test_old_posts_of_ours_are_not_looked_under(network, sky, wall):
    ours = network.say(US, "New saddles")
    network.say(BO, "quiet", ours, quiet=True)
    wall.go(days=8)
    await hear(sky())
    assert network.calls[THREAD] == 0


# Searching


async def test_a_search_tells_what_holds_the_words(network, sky, wall):
    network.say(ADA, "my saddle hurts")
    network.say(ADA, "nothing")
    network.say(BO, "reply with saddle", network.say(ADA, "anything"))
    events, cursor = await hear(sky(), source=SEARCH)
    assert said(events) == ["my saddle hurts", "reply with saddle"]
    assert [one.message.kind for one in events] == ["post", "post"]  # said to nobody of us
    wall.go(seconds=1)
    network.say(BO, "#saddle and saddle")
    assert said((await hear(sky(), cursor, SEARCH))[0]) == ["#saddle and saddle"]
    tag = Source("t", "bluesky", "bluesky", kind="hashtag", query="saddle")
    assert len((await hear(sky(), source=tag))[0]) == 1


async def test_a_new_search_looks_back_only_so_far(network, sky, wall):
    network.page = 5
    for number in range(70):
        wall.go(seconds=1)
        network.say(ADA, f"saddle {number}")
    events, cursor = await hear(sky(), source=SEARCH)
    assert said(events) == [f"saddle {number}" for number in range(29, 70)]
    assert (await hear(sky(), cursor, SEARCH))[0] == []


async def test_pages_that_shift_while_they_are_read_lose_nothing(network, sky, wall):
    network.page, network.has_offsets = 2, True
    network.say(ADA, "saddle 0")
    _, cursor = await hear(sky(), source=SEARCH)
    for number in range(1, 2 * HELD + 30):
        wall.go(seconds=1)
        network.say(ADA, f"saddle {number}")
    more = iter(range(900, 912))

    def shift():
        wall.go(seconds=1)
        if (number := next(more, None)) is not None:
            network.say(BO, f"saddle {number}")

    network.after_page = shift
    events, cursor = await hear(sky(), cursor, SEARCH)
    later, _ = await hear(sky(), cursor, SEARCH)
    heard = [int(one.split()[1]) for one in said([*events, *later])]
    assert sorted(set(heard)) == [*range(1, 2 * HELD + 30), *range(900, 912)]
    assert len(heard) == len(set(heard))


async def test_a_kind_of_source_that_there_is_not_is_said(network, sky):
    with pytest.raises(ConnectorError, match="telepathy"):
        await hear(sky(), source=Source("t", "bluesky", "bluesky", kind="telepathy"))


# Faults


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("html", Unavailable), ("error_before", Unavailable), ("cut", Unavailable),
        ("timeout_before", Unavailable), ("garbled", UnexpectedAnswer),
        ("html_200", UnexpectedAnswer), ("html_404", UnexpectedAnswer),
        ("no_table", UnexpectedAnswer), ("rejected", UnexpectedAnswer),
        ("other", UnexpectedAnswer), ("rate_limited", RateLimited),
    ],
)  # fmt: skip
async def test_a_list_that_breaks_says_who_must_act_and_costs_nothing(network, sky, fault, error):
    network.say(ADA, "@tern.test hi")
    network.faults[NOTES] = [fault]
    stalls = fault == "timeout_before"
    connector = sky(timeout_s=1.5) if stalls else sky()
    with pytest.raises(error):
        await hear(connector)
    after = sky() if stalls else connector
    assert said((await hear(after))[0]) == ["@tern.test hi"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60), ({"Retry-After": "7"}, 7), ({"RateLimit-Reset": "9e99"}, 3600),
        ({"RateLimit-Reset": "1700000000"}, 60), ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "-3"}, 60),
    ],
)  # fmt: skip
async def test_a_limit_is_waited_for_within_reason(network, sky, wall, headers, seconds):
    network.headers = headers
    network.faults[NOTES] = ["rate_limited"]
    with pytest.raises(RateLimited) as caught:
        await hear(sky())
    assert caught.value.until == wall() + timedelta(seconds=seconds)


async def test_a_server_whose_clock_is_ahead_is_waited_for_on_its_own_clock(network, sky, wall):
    network.skew = timedelta(days=2)
    connector = sky()
    await hear(connector)
    assert (await connector.budget()).resets_at == wall() + timedelta(seconds=300)


# The reading of a list by itself


def test_a_mark_stays_small_and_forgets_nothing():
    """Rows a second apart: those of ten minutes stay named; a minute apart: sixty."""
    for apart, named in ((1000, MOST_NAMED), (60_000, NAMED), (10, MOST_NAMED)):
        mark, rows = Mark(), [Entry(at * apart, str(at), None) for at in range(2000)]
        for start in range(0, 2000, 50):
            mark = mark.plus(rows[start : start + 50])
        assert len(mark.named) == named
        assert all(mark.covers(one) for one in rows)
        assert not mark.covers(Entry(1950 * apart, "late", None))


def test_rows_of_one_instant_stay_named_together():
    mark = Mark().plus([Entry(5, str(number), None) for number in range(900)])
    assert not mark.covers(Entry(5, "another", None))


async def test_a_server_that_gives_the_same_page_for_ever_is_left():
    async def fetch(_):
        return [Entry(1, "a", None)], "same"

    assert len([page async for page in newer(fetch, lambda _: False, low=0)]) == 2


async def test_a_server_that_gives_empty_pages_for_ever_is_left():
    asked = []

    async def fetch(cursor):
        asked.append(cursor)
        return [], str(len(asked))

    assert [page async for page in newer(fetch, lambda _: False, low=0)] == []
    assert len(asked) < 100


@settings(max_examples=60)
@given(st.lists(st.integers(0, 60), max_size=60), st.integers(1, 9), st.data())
async def test_whatever_is_there_is_read_once(stamps, size, data):
    rows = [Entry(at, str(number), None) for number, at in enumerate(sorted(stamps))]
    there: list[Entry] = []

    async def fetch(limit):
        rest = there[: int(limit)] if limit else there
        page = rest[-size:][::-1]
        left = len(rest) - len(page)
        return page, str(left) if left else None

    mark, read = Mark(), []
    while rows:
        count = data.draw(st.integers(1, len(rows)))
        there, rows = there + rows[:count], rows[count:]
        async for page in newer(fetch, mark.covers, low=mark.low):
            read += page
            mark = mark.plus(page)
    assert [one.name for one in read] == [one.name for one in there]
