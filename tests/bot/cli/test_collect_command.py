"""`byname collect`: once, for ever, back in time, and never beside a running bot."""

import asyncio
import json

import pytest

from bot.desk import Desk, wall_clock
from bot.service import serving_socket
from bot.web.app import create_socket_app
from storage import open_store

OLD = {"type": "message", "platform": "mastodon", "ref": "old", "author": "ada", "at": "-20d",
       "kind": "mention", "text": "@tern do you make bags?"}  # fmt: skip


def test_it_prints_what_came_in(byname, home):
    said = byname("collect", "--once", "--home", home)
    assert (said.code, said.err) == (0, "")
    assert said.out == "all: 2 new, 0 known, 0 edited, 0 deleted, 0 unreadable\n"
    (row,) = byname("collect", "--once", "--home", home, "--json").rows
    assert (row["source"], row["added"], row["error"]) == ("all", 0, "")


def test_a_back_fill_is_history_and_adds_nothing_twice(byname, home):
    world = home / "world.jsonl"
    world.write_text(world.read_text() + json.dumps(OLD) + "\n")
    settings = (home / "byname.toml").read_text()
    (home / "byname.toml").write_text(settings.replace("answer_since = 2000-01-01T00:00:00Z\n", ""))
    (first,) = byname("collect", "--since", "30d", "--home", home, "--json").rows
    assert (first["added"], first["known"]) == (3, 3)
    (again,) = byname("collect", "--since", "30d", "--home", home, "--json").rows
    assert (again["added"], again["known"]) == (0, 3)
    assert byname("inbox", "--home", home, "--json").rows == []


def test_what_is_older_than_the_day_is_left_out_of_a_back_fill(byname, home):
    (row,) = byname("collect", "--since", "2999-01-01", "--home", home, "--json").rows
    assert (row["added"], row["known"]) == (2, 0)


@pytest.mark.parametrize("day", ["yesterday", "-3d", "12", "2026-13-01"])
def test_a_day_that_is_none_is_refused(byname, home, day):
    said = byname("collect", f"--since={day}", "--home", home)
    assert (said.code, "--since takes a day" in said.err) == (65, True)


def test_a_source_that_is_not_there_is_named(byname, home):
    said = byname("collect", "--once", "al", "--home", home)
    assert (said.code, said.err) == (65, "byname: There is no source 'al'; there are: all.\n")


def test_a_source_that_fails_keeps_nobody_from_the_others(byname, home):
    more = """
[logins.dead]
platform = "mastodon"
connector = "replay"
world = "world.jsonl"
faults = {rules = [{fault = "error_before", operation = "pages", probability = 1.0}]}

[sources.broken]
login = "dead"
kind = "all"
"""
    (home / "byname.toml").write_text((home / "byname.toml").read_text() + more)
    said = byname("collect", "--once", "--home", home, "--json")
    rows = {row["source"]: row for row in said.rows}
    assert said.code == 69
    assert rows["all"]["added"] == 2
    assert "503" in rows["broken"]["error"]


def test_beside_a_running_bot_it_is_refused(heard_home):
    from bot.cli.collect import _collect
    from bot.config import read_config
    from bot.errors import InUse

    async def both() -> None:
        store = await open_store(heard_home, clock=wall_clock)
        desk = Desk(heard_home, read_config(heard_home / "byname.toml", {}), store)
        try:
            async with serving_socket(create_socket_app(desk), heard_home):
                await _collect((), str(heard_home), is_once=True, since=None, js=False)
        finally:
            await store.close()

    with pytest.raises(InUse, match="collects already"):
        asyncio.run(both())
