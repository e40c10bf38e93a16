"""The Hacker News connector against a simulated site, and against recorded answers."""

import json
from datetime import timedelta

import pytest
from listening import heard, said
from simulators.hackernews import SEARCH
from stands.hackernews import ref

from connectors import hackernews
from connectors.contract import (
    ConnectorError,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)
from connectors.hackernews import parse
from connectors.hackernews.api import CALLS_AN_HOUR, MOST_HITS, as_written
from connectors.hackernews.hear import LATE_S, Mark, number_of, read_cursor
from connectors.model import MessageRef, Posted, Source, Unreadable

WORDS = Source("hn", "hackernews", "hackernews", "search", query="tern")
NOBODY = parse.Us()
UNSHOWN = {
    "maxitem.json": "we ask for words, not for every thing there is",
    "updates.json": "what changed is looked at by number, when it is due",
    "item/160705.json": "an option of a poll is said by nobody to nobody",
    "user/jl.json": "only whether there is such an account is asked",
}


@pytest.fixture
async def connect(news, tmp_path, wall, setup_type):
    """Open a listener on the simulated site; settings by keyword."""
    opened = []

    def make(**settings):
        known = {"base_url": f"{news.base}/api/v1", "items_url": f"{news.base}/v0", **settings}
        setup = setup_type(tmp_path, wall, "hackernews", "source:hn", known)
        opened.append(hackernews.connect(setup))
        return opened[-1]

    yield make
    for one in opened:
        await one.close()


async def collect(connector, source=WORDS, after=None):
    return await heard(connector, source, after)


# Hearing


async def test_stories_and_comments_that_hold_the_word_come_in(news, connect, wall):
    story = news.story(
        "ada", "Tern makes a bike", text="<i>Small</i> &amp; light", url="https://t.example/x"
    )
    wall.go(seconds=5)
    comment = news.comment("bo", "I ride a tern.<p>Daily.", story)
    news.comment("bo", "Nothing to see.", story)
    first, second = [one.message for one in (await collect(connect()))[0]]
    assert first.text == "Tern makes a bike\n\nSmall & light"
    assert (first.kind, first.root_ref, first.parent_ref) == ("post", first.ref, None)
    assert [one.url for one in first.attachments] == ["https://t.example/x"]
    assert first.created_at == wall() - timedelta(seconds=5)
    assert (second.text, second.kind) == ("I ride a tern.\n\nDaily.", "comment")
    assert (second.root_ref, second.parent_ref) == (str(story["id"]), str(story["id"]))
    assert second.url == f"https://news.ycombinator.com/item?id={comment['id']}"
    assert (second.author.ref, second.author.handle) == ("bo", "bo")
    assert second.author.url == "https://news.ycombinator.com/user?id=bo"


async def test_words_are_found_as_they_are_written(news, connect):
    news.story("ada", "A ternary operator")
    news.story("ada", "Tern and saddle")
    news.story("ada", "Tern of the arctic")
    quick = Source("hn", "hackernews", "hackernews", "keyword", query="tern -arctic")
    assert said((await collect(connect(), quick))[0]) == ["Tern and saddle"]


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("tern", '"tern"'),
        ("tern bike", '"tern" "bike"'),
        ('"tern bike" saddle', '"tern bike" "saddle"'),
        ("tern -arctic", '"tern" -arctic'),
        ("c++ #tern", '"c++" "#tern"'),
        ("", ""),
    ],
)
def test_a_query_is_put_into_quotes_word_by_word(query, asked):
    assert as_written(query) == asked


async def test_more_than_can_be_asked_for_comes_whole_and_oldest_first(news, connect, wall):
    connector = connect()
    story = news.story("ada", "tern 0")
    _, cursor = await collect(connector)
    for number in range(1, 200):
        wall.go(seconds=number % 7 * 40)
        news.comment("bo", f"tern {number}", story)
    news.most = 20
    events, after = await collect(connector, after=cursor)
    assert said(events) == [f"tern {number}" for number in range(1, 200)]
    assert (await collect(connector, after=after))[0] == []


@pytest.mark.parametrize("counts_well", [True, False])
async def test_a_month_of_much_talk_comes_whole_with_few_calls(news, connect, wall, counts_well):
    connector = connect()
    story = news.story("ada", "tern 0")
    _, cursor = await collect(connector)
    for number in range(1, 2501):
        wall.go(minutes=17)
        news.comment("bo", f"tern {number}", story)
    before, news.counts_well = news.calls[SEARCH], counts_well
    events, _ = await collect(connector, after=cursor)
    assert said(events) == [f"tern {number}" for number in range(1, 2501)]
    assert news.calls[SEARCH] - before <= 20


async def test_cut_off_anywhere_in_a_long_gap_nothing_is_lost_or_comes_twice(news, connect, wall):
    story = news.story("ada", "tern 0")
    _, cursor = await collect(connect())
    for number in range(1, 160):
        wall.go(minutes=3)
        news.comment("bo", f"tern {number}", story)
    news.most, heard = 60, []
    while True:
        page = await anext(aiter(connect().pages(WORDS, cursor)), None)
        if page is None:
            break
        heard, cursor = heard + said(page.events), page.cursor
    assert heard == [f"tern {number}" for number in range(1, 160)]


async def test_a_first_look_goes_back_as_far_as_one_answer(news, connect, wall):
    for number in range(60):
        wall.go(days=1)
        news.story("ada", f"tern {number}")
    news.most = 20
    assert said((await collect(connect()))[0]) == [f"tern {number}" for number in range(40, 60)]


async def test_a_first_look_goes_back_to_where_we_answer_from(news, connect, wall):
    began = wall()
    for number in range(60):
        wall.go(days=1)
        news.story("ada", f"tern {number}")
    news.most = 20
    since = Source(
        "hn", "hackernews", "hackernews", "search", query="tern",
        answer_since=began + timedelta(days=11),
    )  # fmt: skip
    assert said((await collect(connect(), since))[0]) == [f"tern {one}" for one in range(10, 60)]


async def test_what_is_indexed_late_under_what_was_read_still_comes(news, connect, wall):
    connector = connect()
    story = news.story("ada", "tern 0")
    wall.go(minutes=5)
    late = news.comment("bo", "tern late", story)
    news.unindexed.add(str(late["id"]))
    wall.go(minutes=20)
    news.comment("bo", "tern 1", story)
    events, cursor = await collect(connector)
    assert said(events) == ["tern 0", "tern 1"]
    news.unindexed.clear()
    wall.go(minutes=5)
    events, cursor = await collect(connector, after=cursor)
    assert said(events) == ["tern late"]
    assert (await collect(connector, after=cursor))[0] == []


async def test_things_of_one_second_all_come_once(news, connect):
    story = news.story("ada", "tern 0")
    for number in range(1, 120):
        news.comment("bo", f"tern {number}", story)
    heard, cursor = [], None
    for _ in range(5):
        async for page in connect().pages(WORDS, cursor):
            heard, cursor = heard + said(page.events), page.cursor
            break
    assert sorted(heard) == sorted(f"tern {number}" for number in range(120))


async def test_a_cursor_holds_an_hour_of_numbers_and_no_more(news, connect, wall):
    story = news.story("ada", "tern 0")
    for number in range(300):
        wall.go(minutes=1)
        news.comment("bo", f"tern {number}", story)
    _, cursor = await collect(connect())
    mark = read_cursor(cursor)["found"]
    assert len(mark.named) == 60
    assert mark.floor == int(wall().timestamp()) - LATE_S


def test_a_mark_never_goes_back():
    mark = Mark().plus({"2": 10_000}).plus({"1": 8_000})
    assert mark == Mark(10_000 - LATE_S, {"2": 10_000, "1": 8_000})
    assert mark.plus({"0": 5_000}).floor == mark.floor


async def test_our_own_comments_are_ours_wherever_they_stand(news, connect):
    story = news.story("ada", "My tern squeaks")
    news.comment("tern_bikes", "Oil helps.", story)
    news.comment("kim", "And patience.", story)
    events, cursor = await collect(connect(account="tern_bikes", team=["kim"]))
    ours = {one.message.text for one in events if one.message.author.is_ours}
    assert ours == {"Oil helps.", "And patience."}
    assert said(events)[-1] == "My tern squeaks"
    news.comment("tern_bikes", "Did it?", story)
    events, _ = await collect(connect(account="tern_bikes", team=["kim"]), after=cursor)
    assert said(events) == ["Did it?"]


async def test_without_an_account_nothing_is_ours_and_one_list_is_read(news, connect):
    news.story("tern_bikes", "We are tern")
    events, cursor = await collect(connect())
    assert not events[0].message.author.is_ours
    assert list(read_cursor(cursor)) == ["found"]


async def test_a_hit_that_makes_no_sense_comes_once_as_unreadable(news, connect):
    hit = news.hit(news.story("ada", "tern 0"))
    news.broken = [{**hit, "objectID": "7", "author": None}, {**hit, "objectID": None}]
    events, cursor = await collect(connect())
    assert said(events) == ["tern 0"]
    assert sum(isinstance(one, Unreadable) for one in events) == 2
    assert (await collect(connect(), after=cursor))[0] == []


def test_a_hit_without_a_number_goes_by_what_it_says():
    assert number_of({"a": 1, "b": 2}) == number_of({"b": 2, "a": 1}) != number_of("what")


async def test_a_kind_or_query_that_makes_no_sense_says_so(connect):
    for kind, query, word in (("mentions", "x", "mentions"), ("search", " ", "query is empty")):
        source = Source("hn", "hackernews", "hackernews", kind, query=query)
        with pytest.raises(ConnectorError, match=word):
            await collect(connect(), source)


def test_a_setting_that_is_not_there_says_so(connect):
    with pytest.raises(ConnectorError, match="source:hn: colour"):
        connect(colour="red")


# Texts


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("one<p>two<p>three", "one\n\ntwo\n\nthree"),
        ("it&#x27;s &gt; 5 &amp; <i>fine</i>", "it's > 5 & fine"),
        (
            (
                'see <a href="https:&#x2F;&#x2F;t.example&#x2F;a&#x2F;long" rel="nofollow">'
                "https:&#x2F;&#x2F;t.example&#x2F;a...</a> there"
            ),
            "see https://t.example/a/long there",
        ),
        ('<a href="https://t.example">the shop</a>', "the shop"),
        ("code:<p><pre><code>  a = 1\n  b = 2\n</code></pre>", "code:\n\n\n\n  a = 1\n  b = 2"),
    ],
)
def test_a_comment_reads_as_people_see_it(news, markup, text):
    story = news.story("ada", "A story")
    comment = news.hit(news.comment("bo", markup, story))
    assert parse.message(comment, NOBODY).text == text


# What became of it


async def test_deleted_dead_edited_and_unknown_are_told_apart(news, connect):
    story = news.story("ada", "tern 0")
    texts = ("tern as it was", "tern goes", "tern dies", "tern stays")
    comments = [news.comment("bo", text, story) for text in texts]
    events, _ = await collect(connect())
    addresses = {
        one.message.ref: MessageRef(
            "hackernews", one.message.ref, one.message.root_ref, one.message.server_ref
        )
        for one in events
    }
    comments[0]["text"] = "tern as it is"
    news.delete(comments[1])
    news.kill(comments[2])
    asked = [addresses[str(one["id"])] for one in comments]
    told = await connect().recheck([*asked, MessageRef("hackernews", "1", "1")])
    assert [one.fate for one in told] == ["edited", "deleted", "deleted", "there", "unknown"]
    assert told[0].message.text == "tern as it is"
    assert told[0].message.root_ref == str(story["id"])


async def test_search_and_things_give_the_same_words_the_same_mark(news, connect):
    link = '<a href="https://t.example/long" rel="nofollow">https://t.ex...</a>'
    story = news.story("ada", "Tern &amp; saddle", text=f"It&#x27;s<p>a {link}")
    heard = parse.message(news.hit(story), NOBODY)
    looked = parse.message_of_thing(story, heard.root_ref, NOBODY)
    assert looked == heard


async def test_a_thing_that_cannot_be_read_is_left_as_it_is(news, connect):
    story = news.story("ada", "tern 0")
    del story["by"]
    assert [one.fate for one in await connect().recheck([ref(story, story)])] == ["unknown"]


async def test_the_thread_above_leaves_out_what_is_deleted(news, connect):
    story = news.story("ada", "A story")
    first = news.comment("bo", "first", story)
    second = news.comment("ada", "second", first)
    third = news.comment("bo", "tern", second)
    news.delete(first)
    there = MessageRef("hackernews", str(third["id"]), "0")
    above = await connect().thread(there)
    assert [one.text for one in above] == ["A story", "second"]
    assert {one.root_ref for one in above} == {str(story["id"])}


async def test_a_message_that_is_unknown_has_nothing_above(connect):
    assert await connect().thread(MessageRef("hackernews", "1", "1")) == []


# Answering


async def test_an_answer_is_by_hand_with_the_page_to_do_it_on(news, connect):
    story = news.story("ada", "tern 0")
    comment = news.comment("bo", "tern 1", story)
    under = await connect().may_reply(ref(comment, story))
    assert not under.allowed
    assert "by hand" in under.rule
    assert under.by_hand_at == f"https://news.ycombinator.com/reply?id={comment['id']}"
    top = await connect().may_reply(ref(story, story))
    assert top.by_hand_at == f"https://news.ycombinator.com/item?id={story['id']}"
    assert top.source == "github.com/HackerNews/API"
    assert news.calls == {}


async def test_what_a_human_wrote_is_not_deleted_from_here(connect, news):
    with pytest.raises(Rejected) as caught:
        await connect().delete(Posted("40000001"))
    assert caught.value.code == "not_allowed"
    assert news.calls == {}


# What goes wrong


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("rate_limited", RateLimited),
        ("rejected", UnexpectedAnswer),
        ("error", Unavailable),
        ("garbled", UnexpectedAnswer),
        ("other", UnexpectedAnswer),
        ("cut", Unavailable),
        ("timeout", Unavailable),
    ],
)
async def test_a_search_that_fails_says_who_must_act_and_is_asked_once(news, connect, fault, error):
    news.faults[SEARCH] = [fault]
    with pytest.raises(error):
        await collect(connect(timeout_s=0.3))
    assert news.calls[SEARCH] == 1


async def test_an_item_that_is_no_table_is_unexpected(news, connect):
    news.faults["GET /v0/item/5.json"] = ["other"]
    with pytest.raises(UnexpectedAnswer):
        await connect().recheck([MessageRef("hackernews", "5", "5")])


async def test_an_hour_has_so_many_calls_and_then_waits(news, connect, wall):
    connector, refs = connect(), [MessageRef("hackernews", "5", "5")]
    await connector.recheck(refs * 3)
    assert (await connector.budget()).left == CALLS_AN_HOUR - 3
    connector._api._calls = CALLS_AN_HOUR
    with pytest.raises(RateLimited) as caught:
        await connector.recheck(refs)
    assert caught.value.until == wall() + timedelta(hours=1)
    assert sum(news.calls.values()) == 3
    wall.go(hours=1)
    await connector.recheck(refs)
    assert (await connector.budget()).left == CALLS_AN_HOUR - 1


async def test_check_says_which_of_our_names_is_not_there(connect):
    health = await connect(account="tern_bikes", team=["nobody_here"]).check()
    assert health.ok
    assert "tern_bikes on Hacker News" in health.who
    assert health.todo == ("There is no account nobody_here on Hacker News.",)


async def test_a_quiet_look_costs_one_call_per_list(news, connect):
    news.story("ada", "tern 0")
    connector = connect(account="tern_bikes")
    news.comment("tern_bikes", "hello", news.story("ada", "hello"))
    _, cursor = await collect(connector)
    before = news.calls[SEARCH]
    await collect(connector, after=cursor)
    assert news.calls[SEARCH] - before == 2
    assert {one["hitsPerPage"] for one in news.queries} == {str(MOST_HITS)}


# Recordings


def test_recorded_things_read_as_messages_or_are_listed_with_the_reason(recorded):
    told = json.loads((recorded / "hackernews" / "firebase-examples.json").read_text())
    found = {}
    for url, thing in told["responses"].items():
        name = url.partition("/v0/")[2]
        if name not in UNSHOWN:
            found[name] = parse.message_of_thing(thing, "8863", NOBODY)
    assert len(found) + len(UNSHOWN) == len(told["responses"])
    story, comment = found["item/8863.json"], found["item/2921983.json"]
    assert story.text == "My YC app: Dropbox - Throw away your USB drive"
    assert (story.author.handle, story.kind) == ("dhouston", "post")
    assert story.attachments[0].url == "http://www.getdropbox.com/u/2/screencast.html"
    assert (comment.kind, comment.parent_ref) == ("comment", "2921506")
    assert comment.text.endswith(
        "\n\nTell you what, Ill make a deal: I'll keep writing if you keep reading. K?"
    )
    assert found["item/121003.json"].text.startswith("Ask HN: The Arc Effect\n\nor HN: the Next")
    assert found["item/126809.json"].text.startswith("Poll: What would happen")
    assert "    * Contribute to product design" in found["item/192327.json"].text


def test_the_simulator_tells_things_with_the_fields_that_were_recorded(recorded, news):
    told = json.loads((recorded / "hackernews" / "firebase-examples.json").read_text())
    things = {url.partition("/v0/")[2]: one for url, one in told["responses"].items()}
    story = news.story("ada", "A story", url="https://t.example")
    comment = news.comment("bo", "text", story)
    assert set(story) <= set(things["item/8863.json"])
    assert set(comment) <= set(things["item/2921983.json"])
