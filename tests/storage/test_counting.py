"""What digests and measures read."""

from dataclasses import replace
from datetime import date, timedelta

from connectors.model import Author
from nlp.model import Flag, Scored

TODAY = date(2026, 11, 22)


async def test_a_day_in_numbers(desk, store, clock):
    clock.on(days=-1)
    await desk.hear("yesterday", by="ann")
    await desk.tag(state="done")
    clock.on(days=1)
    await desk.sent(by="ann")
    await desk.hear("lovely", by="bob")
    praise = replace(
        desk.tags,
        sentiment=Scored("positive", 0.9),
        intents=(Scored("praise", 0.9),),
        needs_reply=Flag(False, 0.1),
        offensive=Flag(True, 0.9),
        crisis=Flag(True, 0.9),
    )
    await desk.tag(praise, state="done")
    await desk.hear("our news", by=desk.ours, kind="post")
    [day] = await store.day_numbers([TODAY], "UTC")
    assert (day.day, day.inbound, day.outbound, day.posts) == (TODAY, 2, 2, 1)
    assert (day.people, day.first_timers) == (2, 1)
    assert (day.needs_reply, day.answered) == (1, 1)
    assert (day.positive, day.neutral, day.negative) == (1, 0, 1)
    assert (day.offensive, day.crisis) == (1, 1)
    assert (day.suggested, day.silent, day.approved, day.sent, day.failed) == (1, 0, 1, 1, 0)
    assert day.by_intent == {"question": 1, "praise": 1}
    assert day.by_platform == {"mastodon": 2}
    assert day.by_intent_sentiment == {"question": {"negative": 1}, "praise": {"positive": 1}}
    assert (day.conversations, day.two_way) == (2, 1)
    assert day.by_hour[12] == 2
    assert sum(day.by_hour) == 2


async def test_a_day_without_anything_is_zero(store):
    [day] = await store.day_numbers([TODAY], "Europe/Berlin")
    assert (day.inbound, day.people, day.suggested, day.two_way) == (0, 0, 0, 0)


async def test_days_follow_the_time_zone_also_when_the_clock_changes(desk, store):
    # 25 October 2026 has 25 hours in Berlin: 22:00 UTC before to 23:00 UTC.
    for moment in ("2026-10-24T22:30", "2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T22:30"):
        await desk.hear(created_at=desk.now.fromisoformat(f"{moment}+00:00"))
    [day, after] = await store.day_numbers(
        [date(2026, 10, 25), date(2026, 10, 26)], "Europe/Berlin"
    )
    assert (day.inbound, after.inbound) == (4, 0)
    assert (day.by_hour[0], day.by_hour[2], day.by_hour[23]) == (1, 2, 1)
    assert await store.first_day("Europe/Berlin") == date(2026, 10, 25)
    assert await store.first_day("UTC") == date(2026, 10, 24)


async def test_an_unknown_time_zone_is_utc(desk, store):
    await desk.hear()
    assert (await store.day_numbers([TODAY], "Middle/Earth"))[0].inbound == 1


async def test_exchanges_tell_when_the_first_answer_came(desk, store, clock):
    asked = clock.now
    await desk.suggested(ref="q1")
    clock.on(minutes=10)
    await desk.hear("hi", by=desk.ours, parent_ref="q1", root_ref="q1", kind="reply")
    clock.on(minutes=10)
    await desk.hear("hi again", by=desk.ours, parent_ref="q1", root_ref="q1", kind="reply")
    await desk.suggested("open question", by="bob")
    await desk.hear("chatter", by="cid")
    await desk.tag(replace(desk.tags, needs_reply=Flag(False, 0.1)), state="done")
    first, second = await store.exchanges(asked, clock.now + timedelta(seconds=1))
    assert (first.asked_at, first.answered_at) == (asked, asked + timedelta(minutes=10))
    assert (second.answered_at, second.needs_reply, second.intent) == (None, True, "question")
    assert await store.exchanges(clock.now + timedelta(days=1), clock.now) == []


async def test_activity_knows_what_came_before_the_window(desk, store, clock):
    await desk.hear("long ago", by="ann")
    before = clock.now
    clock.on(days=10)
    since = clock.now
    await desk.sent(by="ann")
    await desk.hear("beep", by=Author("id-bot", "bot", is_bot=True))
    await store.set_opt_out(1, True, 1, clock.now)
    until = clock.now + timedelta(seconds=1)
    ann, bot = sorted(await store.activity(since, until), key=lambda each: each.person_id)[:2]
    assert (ann.name, ann.handle, ann.platform) == ("Ann", "ann", "mastodon")
    assert (ann.in_count, ann.out_count, ann.negative, ann.positive) == (1, 1, 1, 0)
    assert (ann.before_in, ann.last_before_at, ann.opted_out) == (1, before, True)
    assert (bot.name, bot.is_bot, bot.before_in, bot.last_before_at) == ("bot", True, 0, None)


async def test_messages_between_two_times(desk, store, clock):
    since = clock.now
    first = await desk.hear("one")
    await desk.hear("gone", ref="gone")
    await desk.delete("gone")
    clock.on(hours=1)
    second = await desk.hear("two")
    until = clock.now
    assert [each.id for each in await store.messages_between(since, until)] == [first]
    until += timedelta(seconds=1)
    assert [each.id for each in await store.messages_between(since, until)] == [first, second]
    assert [each.id for each in await store.messages_between(since, until, limit=1)] == [first]


async def test_a_digest_is_sent_once_per_local_date(store, desk):
    assert await store.claim_digest(TODAY, desk.now)
    assert not await store.claim_digest(TODAY, desk.now)
    await store.digest_sent(TODAY, desk.now)
    assert not await store.claim_digest(TODAY, desk.now)
    assert await store.claim_digest(TODAY + timedelta(days=1), desk.now)


async def test_a_digest_that_failed_may_be_tried_again(store, desk):
    await store.claim_digest(TODAY, desk.now)
    await store.digest_sent(TODAY, desk.now, error="no mail server")
    assert await store.claim_digest(TODAY, desk.now)
    assert not await store.claim_digest(TODAY, desk.now)
