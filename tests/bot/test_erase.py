"""An erased person's words are in no file of the home any more: shown by reading every byte."""

import json
from datetime import timedelta

import pytest
from webstand import Stage, Wall, open_desk

from bot.erase import Erased, erase, finish
from bot.errors import NotAllowed
from bot.rounds import Gone, forgetter

WORD, NAME, REPLY = "quokkasaurus", "Zebedee Quillfeather", "flumberdink"


def files_with(home, *words):
    """Name the files that hold one of these words, as grep would."""
    files = [path for path in sorted(home.rglob("*")) if path.is_file()]
    sought = [word.encode() for word in words]
    return [path.name for path in files if any(word in path.read_bytes() for word in sought)]


def write_digest(home, person_id, message_id, day="2026-03-09"):
    folder = home / "digests"
    folder.mkdir(exist_ok=True)
    (folder / f"{day}.html").write_text(f"<p>{NAME}: {WORD}</p>")
    facts = {"person_ids": [person_id], "message_ids": [message_id]}
    (folder / f"{day}.json").write_text(json.dumps(facts))


@pytest.fixture
async def stage(tmp_path):
    async with open_desk(tmp_path / "home", Wall()) as desk:
        yield Stage(desk)


async def a_person(stage):
    """Somebody who said much, was answered, edited, and was quoted in a digest."""
    message_id = await stage.waiting(f"my {WORD} is broken", f"Sorry about the {REPLY}.", who="zeb",
                                     name=NAME)  # fmt: skip
    other = await stage.hear(f"another {WORD}", who="zeb", name=NAME)
    await stage.edit(message_id, f"my new {WORD} is broken")
    person_id = (await stage.desk.store.message(message_id)).author.person_id
    write_digest(stage.desk.home, person_id, other)
    return person_id


async def test_not_a_word_is_left_in_any_file(stage):
    person_id = await a_person(stage)
    home, store = stage.desk.home, stage.desk.store
    assert "byname.db" in " ".join(files_with(home, WORD, NAME, REPLY))
    admin = await stage.reviewer("admin")
    done = await erase(stage.desk, admin, await store.person(person_id))
    assert done == Erased(person_id, accounts=1, messages=2, digests=1)
    assert files_with(home, WORD, NAME, REPLY, "zeb") == []
    assert await store.verify_audit() is None


async def test_a_stranger_keeps_their_words(stage):
    await a_person(stage)
    await stage.hear("an innocent wombat", who="kim")
    admin = await stage.reviewer("admin")
    (person,) = await stage.desk.store.find_people("zeb", 1)
    await erase(stage.desk, admin, person)
    assert len(await stage.desk.store.search("wombat")) == 1


async def test_only_an_admin_may_erase(stage):
    person_id = await a_person(stage)
    reviewer = await stage.reviewer("review")
    with pytest.raises(NotAllowed):
        await erase(stage.desk, reviewer, await stage.desk.store.person(person_id))
    assert files_with(stage.desk.home, WORD)


async def test_a_deletion_upstream_takes_the_digest_that_quotes_it(stage):
    message_id = await stage.hear(f"my {WORD}", who="zeb", name=NAME)
    write_digest(stage.desk.home, 999, message_id)
    await stage.delete(message_id)
    assert await finish(stage.desk) == 1
    assert files_with(stage.desk.home, WORD) == []


async def test_the_job_runs_after_what_has_gone_and_not_at_once_at_a_start(stage):
    message_id = await stage.hear(f"my {WORD}", who="zeb", name=NAME)
    await stage.delete(message_id)
    step = forgetter(stage.desk, Gone())
    await step()
    assert files_with(stage.desk.home, WORD)
    assert await step() == timedelta(hours=1).total_seconds()
    assert files_with(stage.desk.home, WORD) == []


def test_the_command_asks_and_says_what_was_done(byname, heard_home):
    asked = byname("erase", "ada", "--home", heard_home, stdin="n\n")
    assert asked.code == 130
    assert "ada" in asked.err
    done = byname("erase", "ada", "--home", heard_home, stdin="y\n")
    assert done.code == 0, done.err
    assert "erased: 1 messages of 1 accounts" in done.out
    assert byname("erase", "ada", "--home", heard_home, "--yes").code == 65
    kept = [path for path in heard_home.glob("byname.db*") if b"my order" in path.read_bytes()]
    assert kept == []


def test_nobody_is_erased_by_a_name_that_nobody_has(byname, heard_home):
    said = byname("erase", "nobody-at-all", "--home", heard_home, "--yes")
    assert (said.code, "Nobody is called" in said.err) == (65, True)
