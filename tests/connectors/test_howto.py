"""The connector of docs/howto/add-a-connector.md, installed as it stands there, and run."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from connectors import _load
from connectors.contract import Connector, Rejected
from connectors.model import MessageRef, Outgoing, Seen, Source, Unreadable

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "add-a-connector.md"
BLOCK = re.compile(r"```\w+\n# (\S+)\n(.*?)```", re.DOTALL)


@pytest.fixture
def blocks():
    return dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))


@pytest.fixture
def guestbook(blocks, tmp_path, monkeypatch, wall, setup_type):
    """Put the package where an installer would, and open the connector by its name."""
    site, home = tmp_path / "site", tmp_path / "home"
    project = tomllib.loads(blocks["pyproject.toml"])["project"]
    dist = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    for folder in (dist, home):
        folder.mkdir(parents=True)
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (dist / "METADATA").write_text(head)
    groups = project["entry-points"]
    (dist / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
            for group, entries in groups.items()
        )
    )
    (site / "byname_guestbook.py").write_text(blocks["byname_guestbook.py"], encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    yield _load.load("guestbook")(setup_type(home, wall, "guestbook", "book")), home
    sys.modules.pop("byname_guestbook", None)


async def listen(connector, after=None):
    events = []
    async for page in connector.pages(Source("book", "guestbook", "guestbook"), after):
        events += page.events
        after = page.cursor
    return events, after


async def test_it_is_a_connector_and_hears_what_is_written(guestbook):
    connector, home = guestbook
    assert isinstance(connector, Connector)
    assert await listen(connector) == ([], None)
    lines = [f"ada: line {number}\n" for number in range(150)]
    (home / "book.txt").write_text("".join([*lines, "scribble\n"]), encoding="utf-8")
    events, cursor = await listen(connector)
    assert [one.message.text for one in events if isinstance(one, Seen)][-1] == "line 149"
    assert isinstance(events[-1], Unreadable)
    assert await listen(connector, cursor) == ([], cursor)
    assert (await connector.check()).ok


async def test_it_answers_once_finds_its_answer_and_takes_it_back(guestbook, wall):
    connector, home = guestbook
    (home / "book.txt").write_text("ada: hello?\n", encoding="utf-8")
    parent = MessageRef("guestbook", "line-1", "line-1")
    reply = Outgoing("k1", "book", parent, "Hello, Ada!", wall())
    assert await connector.find_reply(reply) is None
    posted = await connector.post(reply)
    assert (await connector.post(reply)).ref == posted.ref
    assert (home / "answers.txt").read_text(encoding="utf-8").count("Hello, Ada!") == 1
    await connector.delete(posted)
    assert await connector.find_reply(reply) is None


async def test_it_says_no_where_it_should(guestbook, wall):
    connector, home = guestbook
    (home / "book.txt").write_text("ada: hello?\n", encoding="utf-8")
    gone = MessageRef("guestbook", "line-9", "line-9")
    assert not (await connector.may_reply(gone)).allowed
    for parent, text, code in (
        (gone, "hi", "parent_gone"),
        (MessageRef("guestbook", "line-1", "line-1"), "x" * 201, "too_long"),
    ):
        with pytest.raises(Rejected) as caught:
            await connector.post(Outgoing("k", "book", parent, text, wall()))
        assert caught.value.code == code
    await connector.close()


def test_the_settings_shown_are_settings_there_are(blocks):
    shown = tomllib.loads(blocks["byname.toml"])
    assert shown["logins"]["book"]["connector"] == "guestbook"
    assert shown["sources"]["book"]["login"] == "book"


def test_every_test_that_the_list_of_traps_names_exists():
    listed = PAGE.parents[1] / "reference" / "traps.md"
    tests = Path(__file__).parent
    there = "".join(one.read_text(encoding="utf-8") for one in tests.glob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", listed.read_text(encoding="utf-8"))
    assert len(named) > 10
    assert [one for one in named if f"def {one}(" not in there] == []
