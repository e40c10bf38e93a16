"""Listening on X: nothing lost, nothing twice, nothing paid twice, and what cannot be reached."""

import json
from datetime import timedelta

import pytest
from simulators.x import ADA, BO, KIM, US

from connectors.contract import AuthFailed, ConnectorError, UnexpectedAnswer
from connectors.model import Edited, Seen, Source, Unreadable
from connectors.x.marks import Mark, read_cursor, write_cursor
from connectors.x.snowflake import first_of, made_at

MENTIONS = Source("mentions", "x", "x", login="desk")
WATCH = Source("words", "x", "x", "search", query="kettle", listen_only=True)


async def hear(connector, source=MENTIONS, after=None):
    events, cursor = [], after
    async for page in connector.pages(source, after):
        events += page.events
        cursor = page.cursor
    return events, cursor


def theirs(events):
    return [one.message.text for one in events
            if isinstance(one, Seen) and not one.message.author.is_ours]  # fmt: skip


def messages(events):
    return {one.message.ref: one.message for one in events if isinstance(one, Seen)}


async def test_what_is_said_to_us_is_told_by_what_it_is(square, on_x):
    ours = square.say(US, "New kettles are in.")
    comment = square.say(ADA, "Which sizes?", ours["id"])
    answer = square.say(US, "All of them.", comment["id"])
    reply = square.say(ADA, "Thanks", answer["id"])
    mention = square.say(BO, "@tern hello & welcome")
    quote = square.say(BO, "@tern look", quoted=ours["id"])
    events, _ = await hear(on_x())
    found = messages(events)
    kinds = {"comment": comment, "reply": reply, "mention": mention, "quote": quote}
    for kind, row in kinds.items():
        assert found[row["id"]].kind == kind
    assert found[reply["id"]].parent_ref == answer["id"]
    assert found[reply["id"]].root_ref == ours["id"]
    assert found[quote["id"]].quoted_ref == ours["id"]
    assert found[quote["id"]].text == "@tern look"
    assert found[comment["id"]].url == f"https://x.com/ada/status/{comment['id']}"
    assert found[mention["id"]].language == "en"


async def test_authors_are_told_with_what_is_known_of_them(square, on_x):
    row = square.say(ADA, "@tern hello")
    events, _ = await hear(on_x())
    who = messages(events)[row["id"]].author
    assert (who.ref, who.handle, who.name, who.followers) == (ADA, "ada", "Ada", 9)
    assert who.url == "https://x.com/ada"


async def test_what_we_and_colleagues_say_elsewhere_comes_in_as_ours(square, on_x):
    mine = square.say(US, "Written on the phone.")
    kims = square.say(KIM, "@tern I answer that one")
    events, _ = await hear(on_x(team=["@Kim"]))
    found = messages(events)
    assert found[mine["id"]].author.is_ours
    assert found[kims["id"]].author.is_ours
    assert found[mine["id"]].kind == "post"


async def test_retweets_are_not_heard(square, on_x):
    ours = square.say(US, "New kettles.")
    square.say(ADA, "RT @tern New kettles.",
               referenced_tweets=[{"type": "retweeted", "id": ours["id"]}])  # fmt: skip
    events, _ = await hear(on_x())
    assert theirs(events) == []


async def test_what_people_read_is_the_text(square, on_x):
    square.media["3_1"] = {"media_key": "3_1", "type": "photo", "url": "https://pbs/x.jpg",
                           "alt_text": "a kettle"}  # fmt: skip
    row = square.say(ADA, "@tern see https://tern.example/kettles &amp; tell &lt;3",
                     attachments={"media_keys": ["3_1"]})  # fmt: skip
    row["entities"]["urls"].append(
        {"start": 0, "end": 1, "url": "https://t.co/pic", "media_key": "3_1",
         "expanded_url": f"https://x.com/ada/status/{row['id']}/photo/1"})  # fmt: skip
    row["text"] += " https://t.co/pic"
    found = messages((await hear(on_x()))[0])[row["id"]]
    assert found.text == "@tern see https://tern.example/kettles & tell <3"
    assert [(one.kind, one.url, one.alt) for one in found.attachments] == [
        ("image", "https://pbs/x.jpg", "a kettle")
    ]


async def test_a_long_post_is_heard_whole(square, on_x):
    row = square.say(ADA, "@tern it begins", note_tweet={"text": "@tern it begins and ends"})
    assert messages((await hear(on_x()))[0])[row["id"]].text == "@tern it begins and ends"


@pytest.mark.parametrize("speaks", ["tweets", "posts"])
async def test_the_words_of_the_specification_are_read_too(square, on_x, speaks):
    square.speaks = speaks
    ours = square.say(US, "New kettles are in.")
    row = square.say(ADA, "Which sizes?", ours["id"])
    found = messages((await hear(on_x()))[0])[row["id"]]
    assert (found.parent_ref, found.ref) == (ours["id"], row["id"])


async def test_an_edit_keeps_its_ref_and_is_answered_by_its_newest_id(square, on_x, wall):
    row = square.say(ADA, "@tern my order is late")
    connector = on_x()
    _, cursor = await hear(connector)
    wall.go(minutes=5)
    edited = square.edit(row["id"], "@tern my order 7 is late")
    events, _ = await hear(connector, after=cursor)
    (event,) = events
    assert isinstance(event, Edited)
    assert (event.message.ref, event.message.server_ref) == (row["id"], edited["id"])
    assert event.message.text == "@tern my order 7 is late"
    assert event.message.edited_at == wall()
    assert event.message.created_at < wall()


async def test_everything_is_heard_once_over_many_looks(square, on_x, wall):
    connector, cursor, heard, said = on_x(), None, [], []
    for number in range(40):
        wall.go(seconds=20)
        for part in range(number % 4):
            said.append(f"@tern {number} {part}")
            square.say(ADA, said[-1])
        events, cursor = await hear(connector, after=cursor)
        heard += theirs(events)
    assert heard == said


async def test_a_post_that_shows_up_late_is_heard_all_the_same(square, on_x, wall):
    connector = on_x()
    late = square.say(ADA, "@tern late")
    square.hidden[late["id"]] = "resource-not-found"
    wall.go(seconds=5)
    square.say(BO, "@tern early")
    events, cursor = await hear(connector)
    assert theirs(events) == ["@tern early"]
    wall.go(seconds=30)
    square.hidden.clear()
    events, cursor = await hear(connector, after=cursor)
    assert theirs(events) == ["@tern late"]
    events, _ = await hear(connector, after=cursor)
    assert events == []


async def test_a_page_that_comes_back_empty_is_not_the_end(square, on_x, wall):
    square.page = 10
    for number in range(25):
        wall.go(seconds=1)
        square.say(ADA, f"@tern {number}")
    square.empty_pages = 2
    events, _ = await hear(on_x())
    assert theirs(events) == [f"@tern {number}" for number in range(25)]


async def test_what_lies_too_deep_is_said_to_be_out_of_reach(square, on_x, wall):
    connector = on_x()
    square.say(ADA, "@tern first")
    _, cursor = await hear(connector)
    square.mentions_depth = 800
    for number in range(850):
        wall.go(seconds=10)
        square.say(ADA, f"@tern {number}")
    events, cursor = await hear(connector, after=cursor)
    assert isinstance(events[0], Unreadable)
    assert "800" in events[0].reason
    assert json.loads(events[0].raw)["list"] == "mentions"
    assert theirs(events) == [f"@tern {number}" for number in range(50, 850)]
    events, _ = await hear(connector, after=cursor)
    assert events == []


async def test_a_first_look_is_no_gap(square, on_x, wall):
    for number in range(810):
        wall.go(seconds=10)
        square.say(ADA, f"@tern {number}")
    events, _ = await hear(on_x())
    assert not [one for one in events if isinstance(one, Unreadable)]


async def test_one_broken_post_never_costs_its_page(square, on_x, wall):
    good = square.say(ADA, "@tern good")
    for broken in ({"text": None}, {"author_id": 7}, {"edit_history_tweet_ids": ["x"]},
                   {"referenced_tweets": [7]}, {"created_at": "noon"},
                   {"referenced_tweets": [{"type": "replied_to"}]}):  # fmt: skip
        number = square.new_id()
        square.put({**good, "id": number, "edit_history_tweet_ids": [number], **broken})
    events, cursor = await hear(on_x())
    assert theirs(events) == ["@tern good"]
    assert len([one for one in events if isinstance(one, Unreadable)]) >= 5
    wall.go(minutes=3)
    assert (await hear(on_x(), after=cursor))[0] == []


async def test_what_x_could_not_give_is_kept_beside_what_it_gave(square, on_x):
    from connectors.x.api import read_listing

    problem = {"title": "Not Found Error", "detail": "Could not find it", "resource_id": "9"}
    listing = read_listing({"data": [{"id": "1"}], "errors": [problem], "meta": {}})
    assert (listing.rows, listing.errors) == ([{"id": "1"}], [problem])


@pytest.mark.parametrize("fault", ["only_errors", "no_object"])
async def test_an_answer_that_is_no_list_is_unexpected_and_moves_nothing(square, on_x, fault):
    square.say(ADA, "@tern hello")
    square.faults["GET /2/users/:id/mentions"] = [fault]
    connector = on_x()
    with pytest.raises(UnexpectedAnswer):
        await hear(connector)
    assert theirs((await hear(connector))[0]) == ["@tern hello"]


async def test_a_login_that_may_not_read_stops(square, on_x):
    square.faults["GET /2/users/:id/mentions"] = ["forbidden"]
    with pytest.raises(AuthFailed):
        await hear(on_x())


async def test_a_conversation_under_ours_is_heard_mention_or_not(square, on_x, wall):
    ours = square.say(US, "New kettles are in.")
    other = square.say(BO, "Unrelated.")
    wall.go(minutes=1)
    comment = square.say(ADA, "Which sizes?", ours["id"])
    square.say(BO, "I wonder too", comment["id"])
    square.say(US, "All of them.", comment["id"])
    square.say(ADA, "Elsewhere", other["id"])
    source = Source("under", "x", "x", "conversation", login="desk")
    connector = on_x()
    events, cursor = await hear(connector, source)
    assert theirs(events) == ["@tern Which sizes?", "@ada I wonder too"]
    wall.go(minutes=5)
    square.say(BO, "Still wondering", comment["id"])
    events, _ = await hear(connector, source, cursor)
    assert theirs(events) == ["@ada Still wondering"]


async def test_quotes_of_ours_are_heard(square, on_x, wall):
    ours = [square.say(US, f"Kettle {number} is in.") for number in range(30)]
    for number in (29, 3, 15):
        wall.go(minutes=1)
        square.say(ADA, f"look {number}", quoted=ours[number]["id"])
    source = Source("quoted", "x", "x", "quotes", login="desk")
    connector = on_x()
    events, cursor = await hear(connector, source)
    assert theirs(events) == ["look 29", "look 3", "look 15"]
    assert {one.kind for one in messages(events).values()} == {"quote"}
    asked = [one.params["query"] for one in square.passed if "query" in one.params]
    assert len(asked) == 3
    assert max(map(len, asked)) <= 512
    assert (await hear(connector, source, cursor))[0] == []


async def test_without_posts_of_ours_there_is_nothing_to_search(square, on_x):
    source = Source("quoted", "x", "x", "quotes", login="desk")
    assert (await hear(on_x(), source))[0] == []
    assert square.calls["GET /2/tweets/search/recent"] == 0


async def test_a_search_begins_with_its_newest_page_and_goes_on_from_there(square, on_x, wall):
    square.page = 5
    for number in range(12):
        wall.go(minutes=1)
        square.say(ADA, f"my kettle {number}")
    connector = on_x()
    events, cursor = await hear(connector, WATCH)
    assert theirs(events) == [f"my kettle {number}" for number in range(7, 12)]
    wall.go(minutes=10)
    for number in range(12, 24):
        wall.go(seconds=1)
        square.say(ADA, f"my kettle {number}")
    events, _ = await hear(connector, WATCH, cursor)
    assert theirs(events) == [f"my kettle {number}" for number in range(12, 24)]


async def test_a_search_that_slept_for_too_long_says_so(square, on_x, wall):
    square.say(ADA, "my kettle sings")
    connector = on_x()
    _, cursor = await hear(connector, WATCH)
    wall.go(days=9)
    square.allow()
    square.say(ADA, "my kettle broke")
    events, cursor = await hear(connector, WATCH, cursor)
    assert "7 days" in events[0].reason
    assert theirs(events) == ["my kettle broke"]
    wall.go(minutes=3)
    assert (await hear(connector, WATCH, cursor))[0] == []


async def test_a_search_that_finds_nothing_for_weeks_misses_nothing(square, on_x, wall):
    square.say(ADA, "my kettle sings")
    connector = on_x()
    _, cursor = await hear(connector, WATCH)
    for _ in range(20):
        wall.go(days=1)
        square.allow()
        events, cursor = await hear(connector, WATCH, cursor)
        assert events == []
    square.say(ADA, "my kettle broke")
    assert theirs((await hear(connector, WATCH, cursor))[0]) == ["my kettle broke"]


@pytest.mark.parametrize("query", ["", "  ", "x" * 500])
async def test_a_search_that_x_would_refuse_is_refused_here(on_x, query):
    with pytest.raises(ConnectorError, match="characters"):
        await hear(on_x(), Source("w", "x", "x", "search", query=query))


async def test_a_kind_that_x_does_not_have_is_said_so(on_x):
    with pytest.raises(ConnectorError, match="mentions, conversation, quotes, search"):
        await hear(on_x(), Source("w", "x", "x", "smoke"))


async def test_a_very_long_gap_is_read_without_holding_it_all(square, on_x, wall):
    from connectors.x import newest

    square.page = 10
    square.say(ADA, "my kettle begins")
    connector = on_x()
    _, cursor = await hear(connector, WATCH)
    for number in range(newest.HELD * 10 + 35):
        wall.go(seconds=1)
        square.say(ADA, f"my kettle {number}")
    wall.go(minutes=3)
    events, _ = await hear(connector, WATCH, cursor)
    assert theirs(events) == [f"my kettle {number}" for number in range(newest.HELD * 10 + 35)]


def test_a_mark_names_only_what_is_young(wall):
    old, young = (first_of(wall() - timedelta(seconds=one)) for one in (300, 10))
    mark = Mark().plus([old, young], wall())
    assert (mark.floor, mark.named) == (old, (young,))
    wall.go(minutes=3)
    assert mark.settled(wall()) == Mark(young)


def test_a_mark_does_not_grow_without_end(wall):
    now = first_of(wall())
    mark = Mark().plus(range(now, now + 1000), wall())
    assert (len(mark.named), mark.floor) == (100, now + 899)


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"own": 7}', '{"own": ["x", []]}', "7"])
def test_a_cursor_that_nobody_can_read_stands_for_nothing_known(text):
    assert read_cursor(text) == {}


def test_a_cursor_is_written_as_it_was_read():
    cursor = {"own": Mark(7, (8, 9)), "mentions": Mark()}
    assert read_cursor(write_cursor(cursor)) == cursor


def test_an_id_tells_when_it_was_made():
    assert made_at(1578522401263919106).isoformat(timespec="seconds") == "2022-10-07T23:07:22+00:00"
    assert made_at(0).year == 2010
    assert made_at(2**70).year < 2090
    moment = made_at(1578522401263919106)
    assert made_at(first_of(moment)) == moment
