"""What is found by listening: read and drafted for, with its thread, and never posted to."""

from dataclasses import replace

import pytest

from bot.errors import Refused
from bot.permits import Permits
from bot.recheck import recheck_due
from bot.review import Approve, answered_by_hand, approve
from bot.suggest.playbook import read_playbook
from bot.suggest.suggest import learn_playbook, suggest_some
from storage.model import QueueFilter
from storage.store import Conflict

BOOK = """\
[[entry]]
id = "rain"
intents = ["question"]
examples = ["which saddle for rain?"]
[[entry.replies]]
text = "The green saddle likes rain. {signature}"
"""
FIRST = {"type": "message", "ref": "first", "author": "bo", "at": "-2h", "kind": "post",
         "text": "does anybody know a good saddle?"}  # fmt: skip
ASKED = {"type": "message", "ref": "asked", "author": "ada", "at": "-30m", "kind": "comment",
         "text": "which saddle for rain?", "parent": "first"}  # fmt: skip
THANKS = {"type": "message", "ref": "thanks", "author": "bo", "at": "-20m", "kind": "comment",
          "text": "rain, thank you", "parent": "asked"}  # fmt: skip
EDIT = {"type": "edit", "ref": "asked", "at": "+1h", "text": "which saddle for heavy rain?"}
WORD = {"all": {"kind": "search", "query": "rain"}}


@pytest.fixture
async def here(town):
    """A town that heard, tagged and drafted for what holds the word."""
    made = await town(FIRST, ASKED, THANKS, EDIT, sources=WORD)
    permits = Permits(made.store, made.connectors.get, made.wall)
    made.desk = replace(made.desk, permits=permits)
    (made.home / "playbook").mkdir()
    (made.home / "playbook" / "book.toml").write_text(BOOK)
    book = read_playbook(made.home / "playbook")
    await learn_playbook(made.desk, made.reader, book)
    await made.hear_and_tag()
    await suggest_some(made.desk, made.reader, book, made.owner)
    return made


async def listed(here, view):
    entries = await here.store.queue(QueueFilter(view=view), here.wall())
    return [entry.message.ref for entry in entries]


async def test_what_asks_for_an_answer_waits_to_be_answered_by_hand(here):
    assert await listed(here, "by_hand") == ["asked"]
    assert await listed(here, "needs_you") == []
    assert (await here.message("thanks")).state == "done"


async def test_a_draft_is_made_though_nothing_can_be_posted(here):
    suggestion = await here.store.suggestion_for((await here.message("asked")).id)
    assert [one.text for one in suggestion.options] == ["The green saddle likes rain. Ines"]


async def test_the_thread_above_comes_in_as_history(here):
    asked = await here.message("asked")
    thread = await here.store.thread(asked.id)
    assert [one.ref for one in thread] == ["first", "asked", "thanks"]
    assert (await here.message("first")).state == "history"


async def test_it_is_never_approved_even_with_a_login_beside_it(here):
    asked = Approve("click-1", (await here.message("asked")).id, "The green one.")
    reply = None
    with pytest.raises((Refused, Conflict)):
        reply = await approve(here.desk, here.admin, asked)
    assert reply is None
    assert await here.store.replies() == []


async def test_answered_by_hand_ends_it_once(here):
    message_id = (await here.message("asked")).id
    await answered_by_hand(here.desk, here.admin, message_id, "click-1", "https://m.example/1")
    assert (await here.message("asked")).state == "done"
    assert await here.store.suggestion_for(message_id) is None
    with pytest.raises(Conflict):
        await answered_by_hand(here.desk, here.admin, message_id, "click-2")


async def test_who_may_only_read_may_not_say_that_it_was_answered(here):
    reader = await here.store.add_reviewer("Rolf", "read", here.wall())
    with pytest.raises(Refused):
        await answered_by_hand(here.desk, reader, (await here.message("asked")).id, "click-1")


async def test_an_edit_there_lets_it_wait_anew_by_hand_only(here):
    here.wall.go(hours=25)
    assert (await recheck_due(here.desk, here.connector, "masto")).edited == 1
    await here.hear_and_tag()
    kept = await here.message("asked")
    assert (kept.text, kept.state, kept.login) == (EDIT["text"], "waiting", None)
