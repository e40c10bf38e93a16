"""From a waiting message to a suggestion with evidence, or to silence with its reason."""

import pytest

from bot.suggest.playbook import Playbook, read_playbook
from bot.suggest.suggest import learn_playbook, suggest_some
from bot.tag import embed_some

BOOK = """\
[facts]
days = "30"

[[entry]]
id = "returns"
intents = ["question"]
examples = ["how do I send it back?", "can I return my kettle?"]
[[entry.replies]]
when = "gives the days"
text = "Hi {first_name}, you can send it back within {days} days. {signature}"
[[entry.replies]]
text = "Sure, {first_name}! {signature}"

[[entry]]
id = "idiots"
intents = ["question"]
examples = ["which shops sell the green lamp?"]
[[entry.replies]]
text = "See https://elsewhere.example {first_name}"
"""


def said(ref, text, **more):
    return {"type": "message", "ref": ref, "author": "ada", "at": "-30m", "kind": "mention",
            "text": text, **more}  # fmt: skip


@pytest.fixture
def suggested(town):
    """Let a town hear, tag and suggest; return it and the entry of one message."""

    async def run(*rows, ref="q", **tables):
        here = await town(*rows, **tables)
        (here.home / "playbook").mkdir()
        (here.home / "playbook" / "a.toml").write_text(BOOK)
        playbook = read_playbook(here.home / "playbook")
        await learn_playbook(here.desk, here.reader, playbook)
        await here.hear_and_tag()
        while await suggest_some(here.desk, here.reader, playbook, "me"):
            pass
        return here, await here.store.entry((await here.message(ref)).id)

    return run


async def test_the_nearest_entry_answers_with_its_slots_filled_and_its_evidence(suggested):
    _, entry = await suggested(said("q", "can I return my kettle?"))
    first, second = entry.suggestion.options
    assert first.text == "Hi Ada, you can send it back within 30 days. Ines"
    assert second.text == "Sure, Ada! Ines"
    assert (first.drafter, first.label, entry.message.state) == (
        "playbook",
        "gives the days",
        "suggested",
    )
    (evidence,) = first.evidence
    assert (evidence.kind, evidence.title, evidence.quote) == (
        "playbook",
        "returns",
        "can I return my kettle?",
    )
    assert evidence.ref == first.lane_key == f"returns@{first.lane_key.partition('@')[2]}"
    assert evidence.similarity > 0.99
    assert entry.suggestion.reason == "question, first contact"


async def test_nothing_like_it_is_silence_with_its_reason(suggested):
    _, entry = await suggested(said("q", "zebra crossing tomorrow?"))
    assert entry.suggestion.options == ()
    assert entry.suggestion.silence == "nothing like it in the playbook, nor answered before"
    assert entry.message.state == "waiting"


async def test_another_language_is_silence(suggested):
    _, entry = await suggested(said("q", "bonjour can I return my kettle?"))
    assert entry.suggestion.silence.startswith("written in another language (fr)")


async def test_abuse_is_silence(suggested):
    _, entry = await suggested(said("q", "can I return my kettle, idiot?"))
    assert entry.suggestion.silence.startswith("abusive")


async def test_a_draft_that_the_guard_stops_is_silence_that_says_why(suggested):
    _, entry = await suggested(said("q", "which shops sell the green lamp?"))
    assert entry.suggestion.silence == (
        "the guard held back every draft: "
        "Links to elsewhere.example are not in policy.allowed_links of byname.toml."
    )


async def test_an_entry_of_another_intent_does_not_answer(suggested):
    _, entry = await suggested(said("q", "thank you, can I return my kettle?"))
    assert all(option.drafter != "playbook" for option in entry.suggestion.options)


async def test_what_needs_no_reply_is_never_suggested(suggested):
    _, entry = await suggested(said("q", "thank you for the kettle"))
    assert (entry.suggestion, entry.message.state) == (None, "done")


async def answered(here, ref, text):
    reply = await here.approve(ref, text)
    await here.send()
    assert (await here.reply(reply)).state == "sent"
    while await embed_some(here.desk, here.reader, "me"):
        pass


EMPTY = Playbook({}, {})


async def ask_again(here, ref):
    await here.hear_and_tag()
    while await suggest_some(here.desk, here.reader, EMPTY, "me"):
        pass
    return await here.store.entry((await here.message(ref)).id)


async def remembered(town, answer, question="does the green lamp float?", **tables):
    again = said("q2", question, author="bo", at="+60s")
    here = await town(said("q1", "does the green lamp float?"), again, **tables)
    await answered(here, "q1", answer)
    here.wall.go(minutes=2)
    return await ask_again(here, "q2")


async def test_what_a_human_answered_before_is_suggested_to_the_next(town):
    entry = await remembered(town, "Hi Ada, it does. – Ines")
    (option,) = entry.suggestion.options
    assert option.text == "Hi Bo, it does. – Ines"
    assert (option.drafter, option.lane_key) == ("memory", "")
    assert option.evidence[0].quote == "Hi Ada, it does. – Ines"
    assert option.evidence[0].title == "answered before to Ada Berg"


async def test_a_number_nobody_can_explain_means_silence(town):
    entry = await remembered(town, "Hi Ada, your order 4711 does.")
    assert entry.suggestion.options == ()


async def test_a_number_that_stands_in_the_question_may_be_said_again(town):
    text = "does the green lamp float at 30 degrees?"
    again = said("q2", text, author="bo", at="+60s")
    here = await town(said("q1", text), again)
    await answered(here, "q1", "Yes, at 30 degrees too.")
    here.wall.go(minutes=2)
    entry = await ask_again(here, "q2")
    assert entry.suggestion.options[0].text.startswith("Yes, at 30 degrees too.")


async def test_a_question_that_is_only_a_little_alike_is_not_answered_from_memory(town):
    entry = await remembered(town, "It does.", "where does my grey parcel go now?")
    assert entry.suggestion.options == ()


async def test_memory_can_be_switched_off(town):
    entry = await remembered(town, "It does.", suggest={"memory": False})
    assert entry.suggestion.options == ()


async def test_a_crisis_is_never_answered_from_memory(town):
    text = "does the green lamp float when it is on fire?"
    here = await town(said("q1", text), said("q2", text, author="bo", at="+60s"))
    await answered(here, "q1", "It does.")
    here.wall.go(minutes=2)
    entry = await ask_again(here, "q2")
    assert entry.suggestion.options == ()


async def test_a_person_we_know_is_said_to_be_known(town):
    here = await town(said("q1", "does it float?"), said("q2", "and sink?", at="+60s"))
    await answered(here, "q1", "It does.")
    here.wall.go(minutes=2)
    entry = await ask_again(here, "q2")
    assert entry.suggestion.reason == "question, answered 1 time before"


async def test_an_edit_makes_a_new_suggestion_and_the_old_one_cannot_be_approved(suggested):
    edit = {"type": "edit", "ref": "q", "at": "+30s", "text": "how do I send it back?"}
    here, before = await suggested(said("q", "can I return my kettle?"), edit)
    here.wall.go(minutes=1)
    await here.hear_and_tag()
    book = read_playbook(here.home / "playbook")
    await suggest_some(here.desk, here.reader, book, "me")
    after = (await here.store.entry(before.message.id)).suggestion
    assert after.version == before.suggestion.version + 1
    assert after.options[0].evidence[0].quote == "how do I send it back?"


async def test_learning_the_playbook_again_reads_only_what_is_new(town, glossary):
    here = await town()
    (here.home / "playbook").mkdir()
    path = here.home / "playbook" / "a.toml"
    path.write_text(BOOK)
    await learn_playbook(here.desk, here.reader, read_playbook(path.parent))
    glossary.read.clear()
    here.reader.fresh.clear()
    path.write_text(BOOK.replace("Sure,", "Of course,"))
    await learn_playbook(here.desk, here.reader, read_playbook(path.parent))
    assert {text for text in glossary.read if "hello" not in text} == {
        "how do I send it back?",
        "can I return my kettle?",
    }
    vectors = await here.store.vectors("playbook", "glossary-1")
    assert set(vectors) == set(read_playbook(path.parent).examples())
