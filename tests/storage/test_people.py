"""Persons are sets of accounts, decided by a log of merges that can be undone."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from connectors.model import Author
from nlp.model import Scored
from storage.model import Merge
from storage.store import Conflict, NotFound


async def persons(desk, *names):
    ids = []
    for name in names:
        message = await desk.store.message(await desk.hear(f"I am {name}", by=name))
        ids.append(message.author.person_id)
    return ids


async def test_one_account_alone_is_a_person(desk, store):
    [ann] = await persons(desk, "ann")
    person = await store.person(ann)
    assert (person.name, person.in_count, person.out_count) == ("Ann", 1, 0)
    assert [account.handle for account in person.accounts] == ["ann"]
    assert (person.first_at, person.last_at) == (desk.now, desk.now)


async def test_a_merge_makes_two_one_and_rewrites_no_message(desk, store):
    ann, anna = await persons(desk, "ann", "anna")
    before = [await store.message(each) for each in (1, 2)]
    await store.merge(ann, anna, 1, "same address", desk.now)
    for person_id in (ann, anna):
        person = await store.person(person_id)
        assert person.id == ann
        assert [account.handle for account in person.accounts] == ["ann", "anna"]
        assert (person.in_count, person.conversations) == (2, 2)
    assert len(await store.person_messages(ann)) == 2
    after = [await store.message(each) for each in (1, 2)]
    assert [each.author.id for each in after] == [each.author.id for each in before]
    assert {each.author.person_id for each in after} == {ann}


async def test_a_merge_can_be_undone(desk, store):
    ann, anna = await persons(desk, "ann", "anna")
    merge_id = await store.merge(ann, anna, 1, "", desk.now)
    await store.unmerge(merge_id, 1, desk.now)
    assert (await store.person(anna)).id == anna
    assert len((await store.person(ann)).accounts) == 1
    await store.unmerge(merge_id, 1, desk.now)
    with pytest.raises(NotFound):
        await store.unmerge(99, 1, desk.now)


async def test_undoing_one_merge_leaves_the_others(desk, store):
    ann, bob, cid, dan = await persons(desk, "ann", "bob", "cid", "dan")
    first = await store.merge(ann, bob, 1, "", desk.now)
    await store.merge(cid, dan, 1, "", desk.now)
    await store.merge(bob, dan, 1, "", desk.now)
    assert len((await store.person(dan)).accounts) == 4
    await store.unmerge(first, 1, desk.now)
    assert [account.handle for account in (await store.person(ann)).accounts] == ["ann"]
    assert {account.handle for account in (await store.person(dan)).accounts} == {
        "bob", "cid", "dan",
    }  # fmt: skip


async def test_the_merges_that_made_a_person_are_listed_while_they_stand(desk, store):
    ann, bob, cid, dan = await persons(desk, "ann", "bob", "cid", "dan")
    reviewer = await store.add_reviewer("Rae", "review", desk.now)
    first = await store.merge(ann, bob, reviewer.id, "same address", desk.now)
    await store.merge(cid, dan, reviewer.id, "", desk.now)
    assert await store.merges(bob) == [Merge(first, "Bob", "same address", "Rae", desk.now)]
    last = await store.merge(bob, dan, reviewer.id, "", desk.now)
    assert [one.other_name for one in await store.merges(ann)] == ["Dan", "Dan", "Bob"]
    await store.unmerge(first, reviewer.id, desk.now)
    assert await store.merges(ann) == []
    assert next(iter(await store.merges(bob))).id == last
    with pytest.raises(NotFound):
        await store.merges(99)


async def test_what_is_one_already_cannot_be_merged(desk, store):
    ann, bob = await persons(desk, "ann", "bob")
    await store.merge(ann, bob, 1, "", desk.now)
    with pytest.raises(Conflict):
        await store.merge(bob, ann, 1, "", desk.now)
    with pytest.raises(NotFound):
        await store.merge(ann, 99, 1, "", desk.now)


async def test_people_are_found_by_a_part_of_handle_or_name(desk, store, clock):
    await desk.hear(by=Author("1", "jdoe", "Jane Döe"))
    clock.on(minutes=1)
    await desk.hear(by=Author("2", "other", "Other Doe"))
    await desk.hear(by=desk.ours, kind="post")
    assert [person.name for person in await store.find_people("DÖE")] == ["Jane Döe"]
    assert [person.name for person in await store.find_people("doe")] == ["Other Doe", "Jane Döe"]
    assert [person.name for person in await store.find_people("", limit=1)] == ["Other Doe"]
    assert await store.find_people("%") == []
    assert await store.find_people("brand") == []


async def test_everything_said_both_ways_newest_first(desk, store, clock):
    reply = await desk.sent(by="ann")
    clock.on(minutes=1)
    await desk.hear("thanks", by="ann")
    await desk.hear("not hers", by="bob")
    ann = (await store.message(reply.message_id)).author.person_id
    said = await store.person_messages(ann)
    assert [message.text for message in said] == [
        "thanks", "It is on its way.", "where is my order?",
    ]  # fmt: skip
    assert await store.person_messages(ann, limit=1) == said[:1]
    assert await store.person_messages(ann, before=said[0].id) == said[1:]


async def test_notes_and_wishes_are_read_through_the_person(desk, store):
    ann, anna = await persons(desk, "ann", "anna")
    reviewer = await store.add_reviewer("Rae", "review", desk.now)
    note = await store.add_note(2, "prefers e-mail", reviewer.id, desk.now)
    await store.set_opt_out(2, True, reviewer.id, desk.now)
    await store.merge(ann, anna, reviewer.id, "", desk.now)
    person = await store.person(ann)
    assert person.notes == (note,)
    assert (note.text, note.by, note.account_id) == ("prefers e-mail", "Rae", 2)
    assert [account.opted_out_at for account in person.accounts] == [None, desk.now]
    await store.set_opt_out(2, False, reviewer.id, desk.now)
    assert (await store.person(ann)).accounts[1].opted_out_at is None
    with pytest.raises(NotFound):
        await store.add_note(99, "x", 1, desk.now)
    assert "prefers" not in repr(await store.audit())


async def test_days_count_what_was_said_and_how_it_sounded(desk, store, clock):
    await desk.sent(by="ann")
    clock.on(days=1)
    await desk.hear("lovely", by="ann", ref="lovely")
    await desk.tag(replace(desk.tags, sentiment=Scored("positive", 0.9)), state="done")
    days = await store.person_days(1, date(2026, 11, 1))
    assert [(day.day, day.in_count, day.out_count) for day in days] == [
        (date(2026, 11, 22), 1, 1),
        (date(2026, 11, 23), 1, 0),
    ]
    assert [(day.positive, day.neutral, day.negative) for day in days] == [(0, 0, 1), (1, 0, 0)]
    lovely = await store.find_message("mastodon", "lovely")
    await store.correct_tags(lovely.id, {"sentiment": "negative"}, 1, clock.now)
    assert (await store.person_days(1, date(2026, 11, 23)))[0].negative == 1
    assert await store.person_days(1, date(2027, 1, 1)) == []


async def test_days_are_local_dates_of_the_brand(desk, store):
    late = desk.now.replace(hour=23, minute=30)
    await desk.hear(by="ann", created_at=late)
    await desk.tag()
    assert (await store.person_days(1, date(2026, 1, 1)))[0].day == date(2026, 11, 22)
    await store.put_setting("time_zone", "Asia/Tokyo", "ann", desk.now)
    [day] = await store.person_days(1, date(2026, 1, 1))
    assert (day.day, day.in_count, day.negative) == (date(2026, 11, 23), 1, 1)
    await desk.hear(by="ann", created_at=late)
    assert (await store.person_days(1, date(2026, 1, 1)))[0].in_count == 2


async def test_an_import_without_times_counts_in_no_day(desk, store):
    source = replace(desk.mentions, name="twcs", kind="import", login=None)
    await desk.hear(created_at=None, position=0, source=source)
    await desk.tag()
    assert await store.person_days(1, date(1970, 1, 1)) == []
    assert (await store.person(1)).in_count == 1
    assert await store.first_day("UTC") is None
    assert await store.exchanges(desk.now - timedelta(days=1), desk.now + timedelta(days=1)) == []


async def test_our_accounts_are_told_apart(desk, store):
    await persons(desk, "ann")
    await desk.hear(by=desk.ours, kind="post")
    assert [account.handle for account in await store.accounts_of(is_ours=True)] == ["brand"]
    assert [account.handle for account in await store.accounts_of(is_ours=False)] == ["ann"]
