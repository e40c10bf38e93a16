"""Collecting: a page and its cursor belong together; one bad message never costs its page."""

import pytest

from bot.collect import collect
from connectors.contract import Unavailable


def said(ref, at="-30m", **more):
    return {"type": "message", "ref": ref, "author": "ada", "at": at, "kind": "mention",
            "text": f"about {ref}", **more}  # fmt: skip


async def test_what_came_to_pass_is_counted(town):
    here = await town(
        said("a"),
        said("b"),
        {"type": "edit", "ref": "a", "at": "-10m", "text": "otherwise"},
        {"type": "delete", "ref": "b", "at": "-5m"},
        {"type": "garbled", "at": "-4m", "raw": "<html>"},
    )
    taken = await here.hear()
    assert (taken.added, taken.edited, taken.deleted, taken.unreadable) == (2, 1, 1, 1)
    assert len(taken.taken_ids) == 2
    (state,) = await here.store.source_states()
    assert (state.name, state.messages, state.error) == ("all", 2, "")


async def test_a_second_look_finds_only_what_is_new(town):
    here = await town(said("a"), said("b", at="+60s"))
    assert (await here.hear()).added == 1
    assert (await here.hear()).added == 0
    here.wall.go(seconds=61)
    assert (await here.hear()).added == 1


async def test_a_platform_that_fails_between_two_pages_costs_nothing(town):
    many = [said(f"m{number}", at=f"-{500 - number}s") for number in range(450)]
    cut = {"fault": "cut", "operation": "pages", "attempts": [2]}
    here = await town(*many, faults=[cut])
    with pytest.raises(Unavailable):
        await here.hear()
    (state,) = await here.store.source_states()
    assert state.messages == 200
    assert (await here.hear()).added == 250


async def test_a_kill_between_two_pages_costs_nothing(town):
    many = [said(f"m{number}", at=f"-{500 - number}s") for number in range(450)]
    here = await town(*many)
    source = here.desk.config.source("all")
    async for page in here.connector.pages(source, None):
        await here.store.take_page(source, page, here.wall())
        break
    await here.restart()
    assert (await here.hear()).added == 250


async def test_hostile_texts_are_kept_and_harmless(town):
    here = await town(
        said("nul", text="a\x00b?"),
        said("rtl", text="pay \u202eecuoy?"),
        said("empty", text=""),
        said("emoji", text="🧨" * 10_000),
        said("big", text="word " * 210_000),
        said("script", text="<script>alert(1)</script>?"),
    )
    assert (await here.hear()).added == 6
    await here.hear_and_tag()
    assert (await here.message("nul")).text == "ab?"
    assert len((await here.message("big")).text.encode()) <= 100_000
    assert (await here.message("script")).text == "<script>alert(1)</script>?"
    assert (await here.message("empty")).state == "done"
    assert (await here.store.work_left())["tag"] == 0


async def test_what_a_keyword_found_first_can_be_answered_once_it_is_heard_as_a_mention(
    town, config
):
    tables = {"sources": {"word": {"login": "masto", "kind": "search", "query": "about"}}}
    here = await town(said("a"), **tables)
    assert (await here.hear("word")).added == 1
    await here.hear_and_tag()
    message = await here.message("a")
    assert (message.login, message.source, message.state) == ("masto", "all", "done")
    reply = await here.approve("a")
    assert (await here.send()).id == reply.id


async def test_two_logins_of_one_world_do_not_hear_each_other_twice(town, config):
    tables = {"sources": {"again": {"login": "masto", "kind": "all"}}}
    here = await town(said("a"), **tables)
    assert (await here.hear("all")).added == 1
    second = await collect(here.desk, here.connector, here.desk.config.source("again"))
    assert (second.added, second.known) == (0, 1)
