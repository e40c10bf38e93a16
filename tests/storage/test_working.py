"""Stages take their work from the store; results count only with the token that was given out."""

from dataclasses import replace

from nlp.model import Flag, Scored, Tags


async def test_work_is_given_to_one_worker_at_a_time(desk):
    await desk.hear()
    assert len(await desk.claim("tag", "first")) == 1
    assert await desk.claim("tag", "second") == []


async def test_a_claim_takes_no_more_than_asked_oldest_first(desk, clock):
    ids = []
    for _ in range(3):
        ids.append(await desk.hear())
        clock.on(seconds=1)
    assert [work.message_id for work in await desk.claim("tag", limit=2)] == ids[:2]
    assert [work.message_id for work in await desk.claim("tag", limit=2)] == ids[2:]


async def test_a_lease_that_ran_out_goes_to_another_and_the_late_result_is_refused(
    desk, store, clock
):
    message_id = await desk.hear()
    slow = (await desk.claim("tag", "slow", seconds=60))[0]
    clock.on(seconds=61)
    fast = (await desk.claim("tag", "fast"))[0]
    assert fast.token != slow.token
    for work, accepted in ((slow, False), (fast, True), (fast, False)):
        saved = await store.save_tags(
            work, desk.tags, None, clock.now, state="done", answer_by_at=None, reason=""
        )
        assert saved is accepted
    assert (await store.message(message_id)).state == "done"


async def test_a_token_of_an_earlier_life_is_void(desk, store, clock):
    await desk.hear(ref="q")
    old = (await desk.claim("tag"))[0]
    await desk.edit("edited meanwhile", "q", edited_at=clock.on(seconds=1))
    assert not await store.save_tags(
        old, desk.tags, None, clock.now, state="done", answer_by_at=None, reason=""
    )
    fresh = (await desk.claim("tag"))[0]
    assert fresh.token > old.token


async def test_released_work_waits_and_is_dead_after_three_failures(desk, store, clock):
    await desk.hear()
    for attempt in range(3):
        work = (await desk.claim("tag"))[0]
        assert work.attempts == attempt + 1
        retry_at = clock.now.replace(minute=attempt + 10)
        await store.release(work, clock.now, retry_at=retry_at, error="boom")
        assert await desk.claim("tag") == []
        clock.now = retry_at
    assert await desk.claim("tag") == []
    assert await store.work_left() == {"tag": 0, "suggest": 0, "embed": 0, "dead": 1}


async def test_a_poison_message_does_not_stand_in_the_way_of_others(desk, store, clock):
    poison = await desk.hear()
    for _ in range(3):
        work = (await desk.claim("tag"))[0]
        await store.release(work, clock.now, retry_at=clock.now, error="boom")
    other = await desk.hear()
    assert [work.message_id for work in await desk.claim("tag")] == [other] != [poison]


async def test_a_message_whose_worker_dies_again_and_again_is_dead(desk, store, clock):
    await desk.hear()
    for _ in range(10):
        assert len(await desk.claim("tag")) == 1
        clock.on(seconds=61)
    assert await desk.claim("tag") == []
    assert (await store.work_left())["dead"] == 1


async def test_an_edit_brings_dead_work_back_to_life(desk, store, clock):
    await desk.hear(ref="q")
    for _ in range(3):
        work = (await desk.claim("tag"))[0]
        await store.release(work, clock.now, retry_at=clock.now, error="boom")
    await desk.edit("now readable", "q", edited_at=clock.on(seconds=1))
    assert len(await desk.claim("tag")) == 1


async def test_tags_come_back_as_they_were_given(desk, store):
    message_id = await desk.hear()
    await desk.tag(answer_by_at=desk.now, reason="a question")
    kept = await store.message(message_id)
    assert kept.tags == desk.tags
    assert (kept.state, kept.answer_by_at, kept.reason) == ("waiting", desk.now, "a question")
    assert (await store.work_left())["suggest"] == 1


async def test_tags_that_were_not_judged_stay_none(desk, store):
    message_id = await desk.hear("bonjour tout le monde")
    foreign = Tags(language="fr", model="tagger@1")
    await desk.tag(foreign, state="done")
    assert (await store.message(message_id)).tags == foreign


async def test_a_new_model_replaces_what_holds_and_keeps_what_was_said(desk, store, clock):
    message_id = await desk.hear(ref="q")
    await desk.tag()
    await desk.edit("changed", "q", edited_at=clock.on(seconds=1))
    newer = replace(desk.tags, model="tagger@2", sentiment=Scored("positive", 0.7))
    await desk.tag(newer)
    assert (await store.message(message_id)).tags == newer


async def test_a_correction_by_a_human_wins_over_every_model(desk, store, clock):
    message_id = await desk.hear(ref="q")
    await desk.tag()
    await store.correct_tags(
        message_id, {"sentiment": "positive", "intents": ["praise"], "crisis": True}, 1, clock.now
    )
    await store.correct_tags(message_id, {"sentiment": "neutral"}, 1, clock.now)
    corrected = await store.message(message_id)
    assert corrected.is_corrected
    assert corrected.tags.sentiment == Scored("neutral", 1.0)
    assert corrected.tags.intents == (Scored("praise", 1.0),)
    assert corrected.tags.crisis == Flag(True, 1.0)
    assert corrected.tags.needs_reply == desk.tags.needs_reply
    await desk.edit("changed", "q", edited_at=clock.on(seconds=1))
    await desk.tag(replace(desk.tags, model="tagger@2"))
    assert (await store.message(message_id)).tags.sentiment == Scored("neutral", 1.0)
    [(message, changes)] = await store.corrections()
    assert message.id == message_id
    assert changes == {"sentiment": "neutral", "intents": ["praise"], "crisis": True}


async def test_tags_can_be_exported_with_their_messages(desk, store):
    ids = [await desk.hear(f"message {number}") for number in range(3)]
    await desk.tag()
    await desk.hear("not tagged")
    exported = [(message.id, tags) async for message, tags in store.export_tags()]
    assert exported == [(each, desk.tags) for each in ids]


async def test_a_suggestion_comes_back_with_options_and_evidence(desk, store, evidence):
    message_id = await desk.hear()
    await desk.tag()
    saved = (await desk.suggest("one", "two", evidence=(evidence(message_id, "as said"),)))[0]
    assert await store.suggestion_for(message_id) == saved
    assert [option.text for option in saved.options] == ["one", "two"]
    assert [option.number for option in saved.options] == [1, 2]
    assert saved.options[0].hash != saved.options[1].hash
    assert saved.options[0].evidence == (evidence(message_id, "as said"),)
    assert (saved.version, saved.state, saved.reason) == (1, "open", "first contact")
    assert (await store.message(message_id)).state == "suggested"


async def test_silence_waits_with_its_reason(desk, store):
    message_id = await desk.hear()
    await desk.tag()
    await desk.suggest(silence="no entry of the playbook fits")
    entry = await store.entry(message_id)
    assert entry.suggestion.options == ()
    assert entry.suggestion.silence == "no entry of the playbook fits"
    assert entry.message.state == "waiting"
    assert await desk.queued_ids("silent") == [message_id]
    assert await desk.queued_ids("needs_you") == [message_id]


async def test_a_new_suggestion_supersedes_the_open_one(desk, store, clock):
    first = await desk.suggested(ref="q")
    await desk.edit("changed", "q", edited_at=clock.on(seconds=1))
    await desk.tag()
    second = (await desk.suggest("better"))[0]
    assert second.version == first.version + 1
    assert await store.suggestion_for(first.message_id) == second


async def test_a_suggestion_for_what_was_answered_meanwhile_is_not_kept(desk, store, clock):
    message_id = await desk.hear()
    await desk.tag()
    work = (await desk.claim("suggest"))[0]
    await store.decide("no_reply", message_id, 1, clock.now, request_id="r")
    assert await store.save_suggestion(work, [], clock.now, silence="x", reason="") is None
    assert (await store.message(message_id)).state == "done"


async def test_work_is_freed_when_its_process_is_known_to_be_gone(desk, store, clock):
    await desk.hear()
    await desk.claim("tag", "dead process", seconds=3600)
    await store.lose_leases(clock.now, all_owners=True)
    assert len(await desk.claim("tag", "next process")) == 1
