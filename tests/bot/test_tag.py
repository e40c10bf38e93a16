"""Tagging: what is new is understood once, and a poisonous message stands in nobody's way."""

import asyncio

import pytest

from bot.tag import embed_some, tag_in_bulk, tag_some
from nlp.model import Understood


def said(ref, text, **more):
    return {"type": "message", "ref": ref, "author": "ada", "at": "-30m", "kind": "mention",
            "text": text, **more}  # fmt: skip


async def test_a_question_waits_and_praise_is_done(town):
    here = await town(said("q", "where is it?"), said("p", "thank you"))
    await here.hear_and_tag()
    question, praise = await here.message("q"), await here.message("p")
    assert (question.state, question.reason) == ("waiting", "question")
    assert question.answer_by_at is not None
    assert (praise.state, praise.reason) == ("done", "praise: no reply needed")
    assert praise.tags.sentiment.label == "neutral"


async def test_history_is_tagged_and_never_waits(town):
    here = await town(said("old", "where is it?", at="-9d 10:00"))
    await here.hear_and_tag()
    message = await here.message("old")
    assert (message.state, message.tags.intents[0].label) == ("history", "question")
    assert (await here.store.work_left())["suggest"] == 0


async def test_a_foreign_text_has_its_language_and_no_invented_tags(town):
    here = await town(said("fr", "bonjour, où est ma commande ?"))
    await here.hear_and_tag()
    message = await here.message("fr")
    assert (message.tags.language, message.tags.sentiment, message.tags.intents) == ("fr", None, ())
    assert (message.state, message.reason) == ("waiting", "in another language (fr)")


async def test_every_message_is_read_once(town, glossary):
    here = await town(*(said(f"m{n}", f"number {n}?") for n in range(40)))
    await here.hear_and_tag()
    assert len(glossary.read) == 40
    assert await tag_some(here.desk, here.reader, "me") == 0


async def test_a_poisonous_message_is_retried_three_times_and_then_dead(town, glossary):
    here = await town(said("bad", "poison"), said("good", "where?"))
    await here.hear()
    assert await tag_some(here.desk, here.reader, "me") == 2
    assert (await here.message("good")).state == "waiting"
    assert await tag_some(here.desk, here.reader, "me") == 0
    for _ in range(3):
        here.wall.go(hours=1)
        await tag_some(here.desk, here.reader, "me")
    assert glossary.read.count("poison") == 3
    assert await here.store.work_left() == {"tag": 0, "suggest": 1, "embed": 0, "dead": 1}
    assert (await here.message("bad")).state == "new"


async def test_work_of_a_worker_that_vanished_is_done_by_the_next(town):
    here = await town(said("q", "where is it?"))
    await here.hear()
    now = here.wall()
    here.wall.go(seconds=1)
    assert len(await here.store.claim("tag", "gone", 8, now, here.wall())) == 1
    assert await tag_some(here.desk, here.reader, "me") == 1
    assert (await here.message("q")).state == "waiting"


async def test_a_restart_takes_back_what_was_claimed(town):
    here = await town(said("q", "where is it?"))
    await here.hear()
    await here.store.claim("tag", "gone", 8, here.wall(), here.wall().replace(year=2027))
    assert await tag_some(here.desk, here.reader, "me") == 0
    await here.restart()
    assert await tag_some(here.desk, here.reader, "me") == 1


async def test_an_answered_question_gets_its_place_in_memory(town):
    here = await town()
    await here.approve()
    await here.send()
    while await embed_some(here.desk, here.reader, "me"):
        pass
    vectors = await here.store.vectors("answered", "glossary-1")
    assert list(vectors) == [str((await here.message()).id)]


async def test_in_bulk_everything_that_waits_is_tagged(town, glossary):
    here = await town(*(said(f"m{n}", f"number {n}?") for n in range(100)))
    await here.hear()

    def tag_many(texts, *, languages):
        return (glossary.understand(text, languages) for text in texts)

    assert [count async for count in tag_in_bulk(here.desk, tag_many)] == [64, 36]
    assert (await here.store.work_left())["tag"] == 0
    assert (await here.message("m99")).state == "waiting"


async def test_in_bulk_a_poisonous_text_costs_only_itself(town, glossary):
    here = await town(said("bad", "poison"), *(said(f"m{n}", f"number {n}?") for n in range(5)))
    await here.hear()

    def tag_many(texts, *, languages):
        return (glossary.understand(text, languages) for text in texts)

    with pytest.raises(ArithmeticError):
        [count async for count in tag_in_bulk(here.desk, tag_many)]
    here.wall.go(hours=2)
    assert await tag_some(here.desk, here.reader, "me") == 6
    assert (await here.message("m4")).state == "waiting"


async def test_an_edit_while_it_is_being_read_is_read_again(town):
    """The answer about the old words is refused: the lease went with them."""
    edit = {"type": "edit", "ref": "q", "at": "+10s", "text": "thank you, found it"}
    here = await town(said("q", "where is it?"), edit)
    await here.hear()
    entered, go_on = asyncio.Event(), asyncio.Event()

    class Slow:
        async def understand(self, text, languages=("en",)) -> Understood:
            found = await here.reader.understand(text, languages)
            entered.set()
            await go_on.wait()
            return found

    reading = asyncio.create_task(tag_some(here.desk, Slow(), "slow"))
    await entered.wait()
    here.wall.go(seconds=20)
    await here.hear()
    go_on.set()
    await reading
    assert (await here.message("q")).tags is None
    await here.hear_and_tag()
    assert (await here.message("q")).state == "done"


async def test_what_was_read_to_be_tagged_is_not_read_again_to_be_suggested(town, glossary, reader):
    first = await reader.understand("where is it?")
    assert await reader.understand("where is it?") is first
    assert glossary.read == ["where is it?"]
    await reader.understand("where is it?")
    assert len(glossary.read) == 2


async def test_a_new_model_does_not_hand_out_what_the_old_one_said(glossary, reader):
    await reader.understand("where is it?")
    reader.tagger = type(glossary)("glossary-2")
    assert (await reader.understand("where is it?")).tags.model == "glossary-2"


async def test_answers_that_nobody_asks_for_again_are_not_kept_for_ever(reader):
    for number in range(1_100):
        await reader.understand(f"number {number}?")
    assert len(reader.fresh) == 1_000
