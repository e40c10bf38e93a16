"""Speaking on Bluesky: one record in one place, its facets, and where no reply may stand."""

from dataclasses import replace
from datetime import timedelta

import pytest
from simulators.bluesky import ADA, BO, POST, US, stamp
from stands.bluesky import PUT, ref

from connectors.bluesky.syntax import record_key
from connectors.contract import AuthFailed, RateLimited, Rejected, Unavailable, UnexpectedAnswer
from connectors.model import Budget, MessageRef, Outgoing, Posted, Source

GET, POSTS = "com.atproto.repo.getRecord", "app.bsky.feed.getPosts"


def reply(wall, post, text="It left today.", key="k1", **more):
    return Outgoing(key, "desk", ref(post), text, wall(), **more)


def marked(record):
    """Return what the facets of a record mark, as bytes of its text, and as what."""
    text = record["text"].encode()
    return [
        (text[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode(), one["features"][0])
        for one in record.get("facets", ())
    ]


async def test_a_reply_stands_under_its_root_with_its_facets(network, sky, wall):
    ours = network.say(US, "New saddles")
    question = network.say(ADA, "Which sizes?", network.say(BO, "hm", ours))
    text = "Grüße 👋🏽 @Bo.test, see https://example.com/a?b=c. #saddles @nobody.test acme.shop/x"
    posted = await sky().post(reply(wall, question, text))
    record = network.posts[posted.ref].record
    assert record["reply"] == {"root": ours.strong(), "parent": question.strong()}
    assert (record["createdAt"], record["langs"]) == (stamp(wall()), ["en"])
    assert [(words, *list(what.values())[1:]) for words, what in marked(record)] == [
        ("@Bo.test", BO), ("https://example.com/a?b=c", "https://example.com/a?b=c"),
        ("#saddles", "saddles"), ("acme.shop/x", "https://acme.shop/x"),
    ]  # fmt: skip
    key = posted.ref.rsplit("/", 1)[1]
    assert posted.url == f"https://bsky.app/profile/tern.test/post/{key}"
    assert (posted.created_at, posted.text) == (wall(), text)


async def test_whom_we_answer_is_known_by_the_permanent_id(network, sky, wall):
    question = network.say(ADA, "@tern.test hi")
    posted = await sky().post(reply(wall, question, "@ada.test hello"))
    assert marked(network.posts[posted.ref].record)[0][1]["did"] == ADA
    assert network.calls["com.atproto.identity.resolveHandle"] == 0


async def test_the_same_reply_is_the_same_record_whenever_it_is_sent(network, sky, wall):
    question = network.say(ADA, "@tern.test hi")
    one = replace(reply(wall, question), created_at=wall() + timedelta(microseconds=123))
    kept = replace(one, created_at=wall())  # a store keeps milliseconds
    network.faults[PUT] = ["timeout_after"]
    with pytest.raises(Unavailable):
        await sky(timeout_s=1.5).post(one)
    wall.go(hours=2)
    again = await sky().post(kept)
    assert (await sky().find_reply(kept)).ref == again.ref
    assert sum(each.record["text"] == one.text for each in network.posts.values()) == 1


async def test_a_late_write_and_a_second_attempt_make_one_post(network, sky, wall):
    """The first attempt takes effect only after the second one has been sent."""
    question, one = network.say(ADA, "@tern.test hi"), None
    one = reply(wall, question)
    first = await sky().post(one)
    assert (await sky().post(one)) == first
    assert [each.author for each in network.posts.values()].count(US) == 1


async def test_another_post_at_our_place_is_never_written_over(network, sky, wall):
    question = network.say(ADA, "@tern.test hi")
    one = reply(wall, question)
    record = {"$type": POST, "text": "something else", "createdAt": stamp(wall())}
    post = network.put(US, record_key(one.key, one.created_at), record)
    with pytest.raises(Rejected) as caught:
        await sky().post(one)
    assert caught.value.code == "duplicate"
    with pytest.raises(Rejected, match="Another post"):
        await sky().find_reply(one)
    assert network.posts[post.uri].record["text"] == "something else"


async def test_a_reply_is_found_before_the_network_shows_it(network, sky, wall):
    question = network.say(ADA, "@tern.test hi")
    network.lag = timedelta(minutes=5)
    connector, one = sky(), reply(wall, question)
    posted = await connector.post(one)
    assert network.post(posted.ref) is None
    assert (await connector.find_reply(one)).ref == posted.ref


async def test_a_reply_that_even_our_own_server_shows_late_is_found_later(network, sky, wall):
    question = network.say(ADA, "@tern.test hi")
    network.own_lag = timedelta(seconds=30)
    connector, one = sky(), reply(wall, question)
    posted = await connector.post(one)
    assert await connector.find_reply(one) is None
    wall.go(seconds=31)
    assert (await connector.find_reply(one)).ref == posted.ref


@pytest.mark.parametrize("fault", ["html_404", "rejected", "html", "garbled", "no_table", "other"])
async def test_only_the_servers_own_word_says_that_a_reply_is_absent(network, sky, wall, fault):
    question = network.say(ADA, "@tern.test hi")
    network.faults[GET] = [fault]
    with pytest.raises((Unavailable, UnexpectedAnswer)):
        await sky().find_reply(reply(wall, question))


@pytest.mark.parametrize(
    "fault", ["html", "html_200", "html_404", "error_before", "garbled", "cut", "rejected"]
)
@pytest.mark.parametrize("call", [POSTS, "com.atproto.server.createSession"])
async def test_what_fails_before_the_write_says_that_nothing_was_sent(
    network, sky, wall, fault, call
):
    question = network.say(ADA, "@tern.test hi")
    network.faults[call] = [fault]
    with pytest.raises((Unavailable, UnexpectedAnswer, Rejected)) as caught:
        await sky().post(reply(wall, question))
    assert not getattr(caught.value, "was_sent", False)
    assert network.calls[PUT] == 0


@pytest.mark.parametrize("fault", ["html", "html_404", "html_200", "no_table", "other"])
async def test_what_fails_at_the_write_may_have_been_heard(network, sky, wall, fault):
    question = network.say(ADA, "@tern.test hi")
    network.faults[PUT] = [fault]
    with pytest.raises((Unavailable, UnexpectedAnswer)) as caught:
        await sky().post(reply(wall, question))
    assert caught.value.was_sent
    assert network.calls[PUT] == 1


async def test_a_parent_that_vanished_is_no_parent(network, sky, wall):
    question = network.say(ADA, "@tern.test hi")
    network.delete(question.uri)
    with pytest.raises(Rejected) as caught:
        await sky().post(reply(wall, question))
    assert (caught.value.code, network.calls[PUT]) == ("parent_gone", 0)


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ({"allow": []}, "nobody"), ({}, "limited"),
        ({"allow": [{"$type": "app.bsky.feed.threadgate#followerRule"}]}, "Only followers"),
        ({"allow": [{"$type": "app.bsky.feed.threadgate#mentionRule"},
                    {"$type": "app.bsky.feed.threadgate#followingRule"}]}, "mentioned .* and "),
        ({"allow": [{"$type": "app.bsky.feed.threadgate#newRule"}]}, "of the author's choice"),
    ],
)  # fmt: skip
async def test_a_thread_that_takes_no_replies_says_so_and_why(network, sky, wall, gate, words):
    first = network.say(BO, "first")
    question = network.say(ADA, "@tern.test hi", first)
    network.gates[first.uri] = gate
    permission = await sky().may_reply(ref(question))
    assert not permission.allowed
    assert permission.source.startswith("app.bsky.feed.threadgate")
    with pytest.raises(Rejected, match=words) as caught:
        await sky().post(reply(wall, question))
    assert (caught.value.code, network.calls[PUT]) == ("not_allowed", 0)


@pytest.mark.parametrize("how", [{"blockedBy": True}, {"blocking": "at://did:plc:a"}])
async def test_a_blocked_post_is_neither_answered_nor_deleted(network, sky, wall, how):
    question = network.say(ADA, "@tern.test hi")
    network.viewer[ADA] = how
    permission = await sky().may_reply(ref(question))
    assert not permission.allowed
    assert "blocked" in permission.rule
    told = await sky().recheck([ref(question)])
    assert told[0].fate == "unknown"
    with pytest.raises(Rejected) as caught:
        await sky().post(reply(wall, question))
    assert caught.value.code == "not_allowed"


async def test_who_opened_the_thread_may_have_blocked_us(network, sky):
    first = network.say(BO, "first")
    question = network.say(ADA, "@tern.test hi", first)
    assert (await sky().may_reply(ref(question))).allowed
    network.viewer[BO] = {"blockingByList": {
        "uri": f"at://{US}/app.bsky.graph.list/3", "cid": first.cid, "name": "x",
        "purpose": "app.bsky.graph.defs#modlist",
    }}  # fmt: skip
    assert "@bo.test" in (await sky().may_reply(ref(question))).rule


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("x" * 300, True), ("x" * 301, False), ("👩🏽‍🚒" * 200, True), ("👩🏽‍🚒" * 201, False),
        ("é" * 300, True),
    ],
)  # fmt: skip
async def test_length_is_counted_in_graphemes_and_in_bytes(network, sky, wall, text, fits):
    question = network.say(ADA, "@tern.test hi")
    if fits:
        assert (await sky().post(reply(wall, question, text))).text == text
    else:
        with pytest.raises(Rejected) as caught:
            await sky().post(reply(wall, question, text))
        assert (caught.value.code, network.calls.total()) == ("too_long", 0)


async def test_a_warning_goes_out_if_the_network_knows_it(network, sky, wall):
    question, connector = network.say(ADA, "@tern.test hi"), sky()
    one = reply(wall, question, content_warning="nudity, spam", language="not a language")
    record = network.posts[(await connector.post(one)).ref].record
    assert record["labels"]["values"] == [{"val": "nudity"}]
    assert "langs" not in record


# Threads, and what became of messages


async def test_a_thread_is_told_down_from_its_first_gap(network, sky):
    first = network.say(BO, "first")
    second = network.say(ADA, "second", first)
    third = network.say(US, "third", second)
    fourth = network.say(BO, "fourth", third)
    above = await sky().thread(ref(fourth))
    assert [(one.text, one.kind) for one in above] == [
        ("first", "post"), ("second", "post"), ("third", "reply"),
    ]  # fmt: skip
    network.delete(first.uri)
    assert [one.text for one in await sky().thread(ref(fourth))] == ["second", "third"]
    network.viewer[ADA] = {"blockedBy": True}
    assert [one.text for one in await sky().thread(ref(fourth))] == ["third"]
    network.delete(fourth.uri)
    assert list(await sky().thread(ref(fourth))) == []


async def test_many_are_looked_at_25_at_a_time_and_a_new_version_is_seen(network, sky):
    posts = [network.say(ADA, f"@tern.test {number}") for number in range(30)]
    refs = [replace(ref(one), server_ref=one.cid) for one in posts]
    network.put(ADA, posts[3].key, {**posts[3].record, "text": "changed"})
    network.delete(posts[4].uri)
    told = await sky().recheck([*refs, MessageRef("bluesky", "no address", "no address")])
    fates = [*["there"] * 3, "edited", "deleted", *["there"] * 25, "unknown"]
    assert [one.fate for one in told] == fates
    assert told[3].message.text == "changed"
    assert network.calls[POSTS] == 2


async def test_a_view_that_does_not_answer_deletes_nothing(network, sky):
    question = network.say(ADA, "@tern.test hi")
    network.lag = timedelta(hours=1)
    for fault in ("html_404", "html_200", "no_table", "other"):
        network.faults[POSTS] = [fault]
        with pytest.raises(UnexpectedAnswer):
            await sky().recheck([ref(question)])


async def test_only_our_own_posts_are_deleted(network, sky):
    question = network.say(ADA, "@tern.test hi")
    with pytest.raises(Rejected):
        await sky().delete(Posted(question.uri))
    assert question.uri in network.posts


# What may still be asked


async def test_a_share_is_kept_for_posting(network, sky, wall):
    question, connector = network.say(ADA, "@tern.test hi"), sky()
    await connector.check()
    budget = await connector.budget()
    assert (budget.limit, budget.resets_at) == (3000, wall() + timedelta(minutes=5))
    network.left = 40
    await connector.check()
    with pytest.raises(RateLimited, match="kept for posting"):
        async for _ in connector.pages(Source("m", "bluesky", "bluesky"), None):
            pass
    await connector.post(reply(wall, question))
    wall.go(minutes=6)
    network.left = 3000
    assert [page async for page in connector.pages(Source("m", "bluesky", "bluesky"), None)]


async def test_a_server_that_says_nothing_about_limits_has_no_budget(network, sky):
    assert await sky().budget() == Budget()


async def test_a_login_that_was_taken_back_stops_before_anything_is_posted(network, sky, wall):
    question, connector = network.say(ADA, "@tern.test hi"), sky()
    await connector.check()
    network.revoke()
    wall.go(minutes=6)
    with pytest.raises(AuthFailed, match="app password"):
        await connector.post(reply(wall, question))
    assert network.calls[PUT] == 0
