"""The thread above a mention: brought once, kept as history, and never at the cost of the page."""

import pytest

from bot.above import MOST_ABOVE, Hanging, catch_up, hanging, keep_above
from bot.collect import collect
from connectors.model import Author, Message, MessageRef, Page, Seen

POST = {"type": "message", "ref": "post", "author": "us", "at": "-3d", "kind": "post",
        "text": "New saddles are in."}  # fmt: skip
FIRST = {"type": "message", "ref": "first", "author": "bo", "at": "-2h", "kind": "post",
         "text": "does anybody know a good saddle?"}  # fmt: skip
SECOND = {"type": "message", "ref": "second", "author": "ada", "at": "-90m", "kind": "comment",
          "text": "ask the people who make them", "parent": "first"}  # fmt: skip
ASKED = {"type": "message", "ref": "asked", "author": "bo", "at": "-30m", "kind": "mention",
         "text": "@tern which saddle for rain?", "parent": "second"}  # fmt: skip
MENTIONS = {"all": {"kind": "mentions"}}


async def thread_of(here, ref):
    return [one.ref for one in await here.store.thread((await here.message(ref)).id)]


async def test_what_is_above_a_mention_comes_in_with_it(town):
    here = await town(FIRST, SECOND, ASKED, sources=MENTIONS)
    assert (await here.hear()).added == 1
    assert await thread_of(here, "asked") == ["first", "second", "asked"]


async def test_what_is_above_is_history_and_only_the_mention_waits(town):
    here = await town(FIRST, SECOND, ASKED, sources=MENTIONS)
    await here.hear_and_tag()
    states = {ref: (await here.message(ref)).state for ref in ("first", "second", "asked")}
    assert states == {"first": "history", "second": "history", "asked": "waiting"}
    first = await here.message("first")
    assert (first.login, first.conversation_id) == (None, None)


async def test_what_is_above_can_still_become_a_mention(town):
    here = await town(FIRST, SECOND, ASKED, sources=MENTIONS | {"more": {"login": "masto",
                      "kind": "all", "answer_since": "2026-03-01T00:00:00Z"}})  # fmt: skip
    await here.hear_and_tag()
    assert (await here.message("second")).state == "history"
    await here.hear("more")
    assert (await here.message("second")).login == "masto"


async def test_a_platform_that_does_not_tell_costs_only_the_context(town):
    broken = {"fault": "error_before", "operation": "thread", "attempts": [1]}
    here = await town(FIRST, SECOND, ASKED, faults=[broken], sources=MENTIONS)
    assert (await here.hear()).added == 1
    assert await thread_of(here, "asked") == ["asked"]


async def test_a_later_look_down_the_queue_brings_it_once(town):
    broken = {"fault": "error_before", "operation": "thread", "attempts": [1]}
    here = await town(FIRST, SECOND, ASKED, faults=[broken], sources=MENTIONS)
    await here.hear_and_tag()
    asked: set[int] = set()
    assert await catch_up(here.desk, here.connectors, asked) == 2
    assert await thread_of(here, "asked") == ["first", "second", "asked"]
    assert await catch_up(here.desk, here.connectors, asked) == 0


async def test_our_own_words_above_are_ours_and_answer_what_they_answered(town):
    ours = {"type": "message", "ref": "ours", "author": "us", "at": "-80m", "kind": "reply",
            "text": "We do.", "parent": "second"}  # fmt: skip
    again = {**ASKED, "parent": "ours"}
    here = await town(FIRST, SECOND, ours, again, sources=MENTIONS)
    page = Page((Seen(await heard_alone(here, "asked")),), "c")
    source = here.desk.config.source("all")
    await here.store.take_page(source, page, here.wall())
    told = await here.connector.thread(hanging(source, page)[0].address)
    await keep_above(here.desk, source, told)
    kept = await here.message("ours")
    assert (kept.direction, kept.login, kept.state) == ("out", "masto", "done")
    assert await thread_of(here, "asked") == ["first", "second", "ours", "asked"]


async def heard_alone(here, ref):
    source = here.desk.config.source("all")
    async for page in here.connector.pages(source, None):
        for event in page.events:
            if isinstance(event, Seen) and event.message.ref == ref:
                return event.message
    raise AssertionError(ref)


def said(ref, parent=None, root="root", at=None, **author):
    return Message("mastodon", ref, Author("ada", "ada", **author), "hm", "mention", root, at,
                   parent_ref=parent)  # fmt: skip


@pytest.fixture
def source(config):
    return config(sources=MENTIONS).source("all")


def refs(found: list[Hanging]):
    return [one.address.ref for one in found]


def test_one_call_is_enough_for_a_root(source):
    page = Page((Seen(said("a", "p")), Seen(said("b", "q")), Seen(said("c", "r", "other"))), None)
    assert refs(hanging(source, page)) == ["b", "c"]


def test_a_parent_in_the_same_page_is_not_asked_for(source):
    assert hanging(source, Page((Seen(said("a")), Seen(said("b", "a"))), None)) == []


def test_nothing_is_asked_for_old_messages_or_our_own_unless_we_learn(source, wall):
    wall.go(days=-30)
    page = Page((Seen(said("old", "p", at=wall())), Seen(said("us", "q", "r", is_ours=True))), None)
    assert refs(hanging(source, page)) == []
    assert refs(hanging(source, page, is_learning=True)) == ["old", "us"]


async def test_of_a_very_long_thread_the_first_and_the_nearest_are_kept(town):
    here = await town()
    told = [said(f"m{number}", f"m{number - 1}") for number in range(400)]
    assert await keep_above(here.desk, here.desk.config.source("all"), told) == MOST_ABOVE
    assert await here.store.find_message("mastodon", "m0") is not None
    assert await here.store.find_message("mastodon", "m399") is not None
    assert await here.store.find_message("mastodon", "m1") is None


async def test_an_address_is_what_a_connector_needs(town):
    here = await town()
    await here.hear()
    message = await here.message("ask")
    assert await here.store.addresses([message.id, 999]) == {
        message.id: MessageRef("mastodon", "ask", "ask", None, "ada", "ada", "public")
    }


async def test_a_source_without_a_beginning_answers_from_its_first_start(town):
    here = await town(sources={"later": {"login": "masto", "kind": "all"}})
    source = here.desk.config.source("later")
    await collect(here.desk, here.connector, source)
    await here.hear_and_tag()
    assert (await here.message("ask")).state == "history"
