"""Audit, erasure, settings, backups."""

import sqlite3
import stat

import pytest

from connectors.model import Page, Seen, Unreadable
from storage import open_store
from storage.store import NotFound


def everything_in(home):
    return b"".join(path.read_bytes() for path in sorted(home.iterdir()) if path.is_file())


async def test_the_chain_of_the_audit_is_whole_and_breaks_when_touched(desk, store, home):
    await desk.sent()
    assert await store.verify_audit() is None
    entries = await store.audit()
    assert [entry.id for entry in entries] == sorted((e.id for e in entries), reverse=True)
    assert await store.audit(limit=1, before=entries[0].id) == entries[1:2]
    with sqlite3.connect(home / "byname.db") as outside:
        outside.execute("UPDATE audit SET actor = 'somebody else' WHERE id = 2")
    outside.close()
    assert await store.verify_audit() == 2


async def test_a_missing_entry_breaks_the_chain(desk, store, home):
    await desk.sent()
    with sqlite3.connect(home / "byname.db") as outside:
        outside.execute("DELETE FROM audit WHERE id = 2")
    outside.close()
    assert await store.verify_audit() == 3


async def test_an_erased_person_leaves_no_word_in_the_files(desk, store, home, clock, evidence):
    secret = "Xylophon"  # a word that stands nowhere else
    message_id = await desk.hear(f"{secret}one", ref="at://did:plc:Zebrafink/1", by="Zebrafink")
    await desk.tag()
    await desk.suggest(f"{secret}two", evidence=(evidence(message_id, f"{secret}three"),))
    await desk.edit(f"{secret}four", "at://did:plc:Zebrafink/1", by="Zebrafink",
                    edited_at=clock.on(seconds=1))  # fmt: skip
    await desk.tag()
    suggestion = (await desk.suggest(f"{secret}five"))[0]
    await store.approve(desk.approval(suggestion, f"{secret}six"), clock.now)
    await desk.move(await desk.claim_reply(), "sent")
    await desk.suggested("another question", by="bob")
    person = (await store.message(message_id)).author.person_id
    account = (await store.message(message_id)).author.id
    await store.add_note(account, f"{secret}seven", 1, clock.now)
    await desk.take(Unreadable(f'{{"from": "Zebrafink", "{secret}eight": 1}}', "odd"))
    before = everything_in(home)
    assert secret.encode() in before
    assert b"Zebrafink" in before

    assert await store.erase_person(person, "rae", clock.now) == 1
    await store.finish_erasure()
    await store.close()
    after = everything_in(home)
    assert secret.lower().encode() not in after.lower()
    assert b"zebrafink" not in after.lower()


async def test_erasure_leaves_the_chain_whole_and_the_others_untouched(desk, store, clock):
    await desk.sent(by="ann")
    other = await desk.sent(by="bob", text="another question")
    ann = (await store.message(1)).author.person_id
    await store.erase_person(ann, "rae", clock.now)
    assert await store.verify_audit() is None
    assert (await store.message(other.message_id)).text == "another question"
    thread = await store.thread(1)
    assert [message.text for message in thread] == ["", ""]
    assert {message.state for message in thread} == {"gone"}
    person = await store.person(ann)
    assert (person.name, person.notes) == ("", ())
    assert await store.find_people("ann") == []


async def test_who_was_erased_is_not_taken_again(desk, store, clock):
    heard = desk.said("words", "q", by="ann")
    await desk.take(Seen(heard))
    await store.erase_person(1, "rae", clock.now)
    taken = await desk.take(Seen(heard), Seen(desk.said("new words", by="ann")))
    assert (taken.added, taken.known) == (0, 2)
    assert await store.search("words") == []
    assert (await desk.take(Seen(desk.said("words", by="bob")))).added == 1


async def test_erasure_withdraws_what_has_not_left(desk, store, clock):
    reply = await desk.approved(by="ann")
    await store.erase_person(1, "rae", clock.now)
    ended = await store.reply(reply.id)
    assert (ended.state, ended.text) == ("withdrawn", "")
    assert await desk.claim_reply() is None


async def test_erasure_lets_what_is_in_flight_land_and_then_erases_it(desk, store, clock):
    reply = await desk.sending(by="ann")
    await store.erase_person(1, "rae", clock.now)
    assert (await store.reply(reply.id)).text == "It is on its way."
    landed = await desk.move(reply, "sent")
    assert landed.text == ""
    assert (await store.find_message("mastodon", "post-1")).text == ""


async def test_erasure_ends_what_only_a_human_could_settle(desk, store, clock):
    reply = await desk.sending(by="ann")
    stuck = await desk.move(await desk.move(reply, "unknown"), "needs_human")
    await store.erase_person(1, "rae", clock.now)
    ended = await store.reply(stuck.id)
    assert (ended.state, ended.text) == ("withdrawn", "")


async def test_erasure_covers_all_accounts_of_a_person_and_can_be_repeated(desk, store, clock):
    await desk.hear("one", by="ann")
    await desk.hear("two", by="anna")
    await store.merge(1, 2, 1, "Ann is Anna", clock.now)
    assert await store.erase_person(2, "rae", clock.now) == 2
    assert await store.erase_person(1, "rae", clock.now) == 2
    assert await store.search("one two") == []
    with pytest.raises(NotFound):
        await store.erase_person(99, "rae", clock.now)


async def test_erased_vectors_are_gone_from_memory_at_once(desk, store, clock, vector):
    await desk.learned("where is it", "here", vector(1, 1), by="ann")
    assert len(await store.memories(vector(1, 1), 5, exclude_thread=0)) == 1
    await store.erase_person(1, "rae", clock.now)
    assert await store.nearest("answered", vector(1, 1), 5) == []
    assert await store.memories(vector(1, 1), 5, exclude_thread=0) == []


async def test_a_reader_does_not_keep_an_erasure_from_finishing(desk, store, clock):
    await desk.hear("words", by="ann")
    await store.erase_person(1, "rae", clock.now)
    await store.finish_erasure()
    assert (await store.message(1)).text == ""


async def test_a_setting_is_kept(store, desk):
    assert await store.get_setting("digest_to") is None
    await store.put_setting("digest_to", "a@example.org", "rae", desk.now)
    await store.put_setting("digest_to", "b@example.org", "rae", desk.now)
    assert await store.get_setting("digest_to") == "b@example.org"
    assert "example.org" not in repr(await store.audit())


async def test_setting_the_same_again_is_no_act(store, desk):
    await store.put_setting("time_zone", "UTC", "system", desk.now)
    before = await store.audit()
    await store.put_setting("time_zone", "UTC", "system", desk.now)
    assert await store.audit() == before


async def test_a_sign_of_life(store):
    await store.ping()


async def test_a_backup_is_whole_private_and_starts_with_the_brake_on(desk, store, home, clock):
    reply = await desk.approved()
    copy = home / "backup.db"
    await store.backup(str(copy))
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        await store.backup(str(copy))
    assert await store.brakes() == []
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    copy.rename(elsewhere / "byname.db")
    restored = await open_store(elsewhere, clock=clock)
    try:
        assert (await restored.reply(reply.id)).text == reply.text
        assert [brake.scope for brake in await restored.brakes()] == ["home"]
        until = clock.now.replace(minute=5)
        assert await restored.claim_reply("masto", "sender", clock.now, until) is None
        assert await restored.verify_audit() is None
    finally:
        await restored.close()


async def test_a_backup_that_is_put_back_forgets_who_was_erased_since(desk, store, home, clock):
    await desk.hear("Xylophon", by="Zebrafink")
    await desk.hear("stays", by="bob")
    await store.backup(str(home / "copy"))
    await store.erase_person(1, "rae", clock.now)
    await store.close()
    (home / "copy").rename(home / "byname.db")
    restored = await open_store(home, clock=clock)
    try:
        assert (await restored.message(1)).state == "gone"
        assert (await restored.message(2)).text == "stays"
        assert await restored.verify_audit() is None
        assert b"Xylophon" not in everything_in(home)
        assert b"Zebrafink" not in everything_in(home)
        heard = desk.said("Xylophon", by="Zebrafink")
        taken = await restored.take_page(desk.mentions, Page((Seen(heard),), "c"), clock.now)
        assert taken.added == 0
    finally:
        await restored.close()


async def test_what_was_not_compared_with_its_platform_for_long_comes_first(desk, store, clock):
    old = await desk.hear("old")
    clock.on(hours=1)
    new = await desk.hear("new")
    await desk.hear("deleted", ref="d")
    await desk.delete("d")
    clock.on(hours=1)
    assert [each.id for each in await store.to_recheck("mastodon", clock.now)] == [old, new]
    assert [each.id for each in await store.to_recheck("mastodon", clock.now, limit=1)] == [old]
    await store.note_checked([old], clock.now)
    assert [each.id for each in await store.to_recheck("mastodon", clock.now)] == [new]
    assert await store.to_recheck("x", clock.now) == []


async def test_words_are_let_go_when_a_platform_asks_for_it(desk, store, clock):
    old = await desk.approved(text="old words")
    limit = clock.on(days=30)
    new = await desk.hear("new words", by="bob")
    assert await store.forget_words("x", limit, clock.now) == 0
    assert await store.forget_words("mastodon", limit, clock.now) == 1
    assert await store.forget_words("mastodon", limit, clock.now) == 0
    assert [message.id for message in await store.search("words")] == [new]
    assert (await store.reply(old.id)).state == "withdrawn"
    assert await store.verify_audit() is None
