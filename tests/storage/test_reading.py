"""What pages, commands and drafters look up."""

from dataclasses import replace
from datetime import timedelta

import pytest

from nlp.model import Scored
from storage.model import QueueFilter
from storage.store import NotFound


async def test_what_is_not_there_is_not_found(store):
    for look_up in (store.message, store.entry, store.thread, store.reply, store.person):
        with pytest.raises(NotFound):
            await look_up(4711)
        with pytest.raises(NotFound):
            await look_up(2**70)
    assert await store.suggestion_for(4711) is None
    assert await store.versions(4711) == []


async def test_a_thread_is_read_oldest_first_with_tombstones(desk, store, clock):
    root = await desk.hear("root", ref="root")
    clock.on(minutes=1)
    await desk.hear("answer", by=desk.ours, ref="a", parent_ref="root", root_ref="root")
    clock.on(minutes=1)
    await desk.hear("earlier", root_ref="root", created_at=clock.now - timedelta(seconds=90))
    await desk.delete("a")
    thread = await store.thread(root)
    assert [message.text for message in thread] == ["root", "earlier", ""]
    assert [message.direction for message in thread] == ["in", "in", "out"]


async def test_a_long_thread_shows_its_newest_messages(desk, store, clock):
    root = await desk.hear("0", ref="root")
    for number in range(1, 6):
        clock.on(seconds=1)
        await desk.hear(str(number), root_ref="root")
    assert [message.text for message in await store.thread(root, 3)] == ["3", "4", "5"]


async def test_the_position_orders_an_import_without_times(desk, store):
    for position in (2, 0, 1):
        await desk.hear(
            str(position), ref=f"p{position}", root_ref="p0", created_at=None, position=position
        )
    message = await store.find_message("mastodon", "p1")
    assert [each.text for each in await store.thread(message.id)] == ["0", "1", "2"]


async def test_search_finds_words_newest_first(desk, store):
    first = await desk.hear("the blue parcel")
    second = await desk.hear("a Blue moon")
    await desk.hear("something green")
    assert [message.id for message in await store.search("blue")] == [second, first]
    assert [message.id for message in await store.search("blue", before=second)] == [first]
    assert [message.id for message in await store.search("blue parcel")] == [first]
    assert [message.id for message in await store.search("blue", limit=1)] == [second]


async def test_search_finds_the_beginning_of_a_word_and_ignores_accents(desk, store):
    message_id = await desk.hear("Le café est fermé")
    assert [message.id for message in await store.search("caf")] == [message_id]
    assert [message.id for message in await store.search("FERME")] == [message_id]


@pytest.mark.parametrize(
    "query",
    ['"', "'", "", " ", "*", "a AND", "NEAR(", "c++", 'hello "world', "(", ")", "^a", "a:b", "-a",
     "\0", "\ud800", "text:x", "a OR OR b", "{}[]", "%", "_", ";", "--", "\u202e", "😀" * 50,
     "x" * 10_000, "NOT", "messages_fts", "a*b*c", '""""', "'; DROP TABLE messages;--"],
)  # fmt: skip
async def test_any_query_is_safe(desk, store, query):
    await desk.hear("hello world")
    assert isinstance(await store.search(query), list)
    assert isinstance(await store.find_people(query), list)
    assert isinstance(await desk.queue("all", text=query), list)


async def test_an_edited_text_is_found_by_its_new_words_only(desk, store, clock):
    message_id = await desk.hear("apples", ref="q")
    await desk.edit("pears", "q", edited_at=clock.on(seconds=1))
    assert await store.search("apples") == []
    assert [message.id for message in await store.search("pears")] == [message_id]


async def test_the_queue_is_ordered_by_when_an_answer_is_due(desk, store):
    late = await desk.hear("late")
    await desk.tag(answer_by_at=desk.now + timedelta(hours=2))
    never = await desk.hear("never due")
    await desk.tag(answer_by_at=None)
    soon = await desk.hear("soon")
    await desk.tag(answer_by_at=desk.now + timedelta(hours=1))
    await desk.suggest("hello")
    assert await desk.queued_ids() == [soon, late, never]


async def test_pages_of_the_queue_follow_on_without_gap_or_repeat(desk, store):
    ids = [await desk.hear(str(number)) for number in range(7)]
    await desk.tag(answer_by_at=desk.now)
    await desk.suggest("hello")
    seen, after = [], None
    while page := await desk.queue(limit=3, after=after):
        seen += [entry.message.id for entry in page]
        after = seen[-1]
    assert seen == ids
    newest, after = [], None
    while page := await desk.queue("all", limit=3, after=after):
        newest += [entry.message.id for entry in page]
        after = newest[-1]
    assert newest == ids[::-1]


async def test_a_message_whose_drafters_still_think_is_not_shown_yet(desk):
    message_id = await desk.hear()
    await desk.tag()
    assert await desk.queued_ids() == []
    await desk.suggest("hello")
    assert await desk.queued_ids() == [message_id]


async def test_a_message_whose_drafters_failed_is_shown(desk, store, clock):
    message_id = await desk.hear()
    await desk.tag()
    for _ in range(3):
        work = (await desk.claim("suggest"))[0]
        await store.release(work, clock.now, retry_at=clock.now, error="boom")
    assert await desk.queued_ids("silent") == [message_id]


async def test_filters_narrow_the_queue(desk, store):
    question = await desk.hear("where is it")
    await desk.tag()
    other = replace(
        desk.tags,
        language="de",
        sentiment=Scored("positive", 0.9),
        intents=(Scored("praise", 0.9),),
    )
    praise = await desk.hear("lovely", by="bob")
    await desk.tag(other)
    await desk.suggest("hello")
    person = (await store.message(praise)).author.person_id
    for narrow, expected in (
        ({"intent": "question"}, [question]),
        ({"sentiment": "positive"}, [praise]),
        ({"language": "de"}, [praise]),
        ({"platform": "mastodon"}, [question, praise]),
        ({"platform": "x"}, []),
        ({"source": "masto-mentions"}, [question, praise]),
        ({"text": "lovely"}, [praise]),
        ({"person_id": person}, [praise]),
        ({"person_id": person, "intent": "question"}, []),
        ({"intent": "' OR 1=1 --"}, []),
    ):
        assert await desk.queued_ids(**narrow) == expected, narrow


async def test_a_view_that_is_none_is_refused(store, desk):
    with pytest.raises(KeyError):
        await store.queue(QueueFilter(view="id; DROP TABLE messages"), desk.now)


async def test_the_counts_agree_with_the_lists(desk, store, clock):
    await desk.suggested("one")
    await desk.suggested("two", by="bob")
    message_id = await desk.hear("three", by="cid")
    await desk.tag()
    await desk.suggest(silence="none")
    await store.decide(
        "snoozed", message_id, 1, clock.now, request_id="r", until=clock.now + timedelta(hours=1)
    )
    counts = await store.queue_counts(clock.now)
    for view in ("needs_you", "silent", "snoozed", "sending", "held", "done", "all"):
        assert counts[view] == len(await desk.queue(view)), view
    assert (counts["needs_you"], counts["snoozed"], counts["all"]) == (2, 1, 3)


async def test_a_line_of_the_queue_knows_the_person_and_the_thread(desk, store):
    await desk.sent(by="ann")
    suggestion = await desk.suggested("and another thing", by="ann")
    entry = await store.entry(suggestion.message_id)
    assert (entry.person_name, entry.exchanges, entry.thread_length) == ("Ann", 1, 1)
    assert entry.suggestion == suggestion
    assert entry.reply is None


async def test_an_entry_shows_what_became_of_its_reply(desk, store):
    reply = await desk.sent()
    entry = await store.entry(reply.message_id)
    assert (entry.reply, entry.message.state) == (reply, "done")
    assert entry.suggestion.state == "taken"
    assert entry.thread_length == 2
    assert await desk.queued_ids("done") == [reply.message_id]
