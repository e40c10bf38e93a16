"""Pages in, with their cursor, in one transaction each."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.model import Attachment, Author, Edited, Page, Seen, Source, Unreadable
from storage.model import QueueFilter
from storage.store import StoreError

KEYWORD = Source("masto-search", "replay", "mastodon", kind="keyword", listen_only=True)
IMPORT = Source("twcs", "import", "import", kind="import")


async def test_a_page_is_kept_with_its_cursor(desk, store):
    taken = await desk.take(Seen(desk.said("one")), Seen(desk.said("two")), cursor="after-two")
    assert (taken.added, len(taken.taken_ids)) == (2, 2)
    assert await store.cursor("masto-mentions") == "after-two"
    assert await store.cursor("another") is None


async def test_a_message_comes_back_as_it_was_heard(desk, store):
    heard = desk.said(
        "look at this",
        url="https://m.example/1",
        content_warning="food",
        language="en",
        attachments=(Attachment("image", "https://m.example/i.png", "a pie"),),
        quoted_ref="other",
        server_ref="77",
        position=3,
        visibility="unlisted",
    )
    message_id = (await desk.take(Seen(heard))).taken_ids[0]
    kept = await store.message(message_id)
    for name in (
        "platform", "ref", "text", "kind", "visibility", "url", "content_warning", "language",
        "attachments", "quoted_ref", "server_ref", "position", "created_at",
    ):  # fmt: skip
        assert getattr(kept, name) == getattr(heard, name), name
    assert (kept.direction, kept.state, kept.login) == ("in", "new", "masto")
    assert (kept.author.handle, kept.author.name) == ("ann", "Ann")
    assert await store.find_message("mastodon", heard.ref) == kept
    assert await store.find_message("mastodon", "nothing") is None


async def test_hearing_the_same_page_again_changes_nothing(desk, store):
    events = (Seen(desk.said("one")), Seen(desk.said("two")))
    first = await desk.take(*events)
    again = await desk.take(*events)
    assert (again.added, again.known, again.taken_ids) == (0, 2, ())
    assert (await store.work_left())["tag"] == len(first.taken_ids)


async def test_the_same_message_from_two_sources_is_one_row(desk, store):
    heard = desk.said("one")
    await desk.take(Seen(heard))
    other = replace(desk.mentions, name="masto-home")
    assert (await desk.take(Seen(heard), source=other)).known == 1
    assert len(await store.search("one")) == 1


async def test_a_page_without_a_cursor_leaves_the_old_one(desk, store):
    await desk.take(cursor="c1")
    await desk.take(Seen(desk.said()), cursor=None)
    assert await store.cursor("masto-mentions") == "c1"


async def test_a_source_shows_when_it_was_heard_last_and_what_went_wrong(desk, store, clock):
    await desk.hear()
    later = clock.on(minutes=5)
    await store.note_source("masto-mentions", later, error="503 from the server")
    state = (await store.source_states())[0]
    assert (state.error, state.error_at, state.messages) == ("503 from the server", later, 1)
    assert state.last_ok_at == later - timedelta(minutes=5)
    await store.note_source("masto-mentions", later)
    state = (await store.source_states())[0]
    assert (state.error, state.error_at, state.last_ok_at) == ("", None, later)
    assert state.cursor == "c"


async def test_what_is_unreadable_is_kept_and_the_page_goes_on(desk, store):
    taken = await desk.take(Unreadable("{broken", "not JSON"), Seen(desk.said("fine")))
    assert (taken.unreadable, taken.added) == (1, 1)


async def test_one_bad_message_never_costs_its_page(desk, store):
    naive = desk.said("no time zone", created_at=datetime(2026, 1, 1))  # noqa: DTZ001
    broken = desk.said(None)
    taken = await desk.take(Seen(naive), Seen(broken), Seen(desk.said("fine")), cursor="on")
    assert (taken.unreadable, taken.added) == (2, 1)
    assert await store.cursor("masto-mentions") == "on"
    assert await store.verify_audit() is None


async def test_new_inbound_messages_get_work_and_ours_do_not(desk, store):
    await desk.hear("theirs")
    await desk.hear("ours", by=desk.ours, kind="post")
    assert (await store.work_left())["tag"] == 1


async def test_older_than_answer_since_ends_as_history(desk, store):
    message_id = await desk.hear(created_at=desk.now - timedelta(days=2))
    await desk.tag(state="waiting")
    assert (await store.message(message_id)).state == "history"
    assert (await store.work_left())["suggest"] == 0


async def test_a_listen_only_message_is_tagged_and_never_suggested(desk, store):
    message_id = await desk.hear(source=KEYWORD)
    await desk.tag(state="waiting")
    kept = await store.message(message_id)
    assert (kept.state, kept.login, kept.conversation_id) == ("history", None, None)
    assert kept.tags == desk.tags


async def test_what_a_human_may_answer_by_hand_waits_without_a_login(desk, store):
    message_id = await desk.hear(source=replace(KEYWORD, by_hand=True))
    await desk.tag(state="waiting")
    kept = await store.message(message_id)
    assert (kept.state, kept.login, kept.conversation_id) == ("waiting", None, None)
    assert (await store.work_left())["suggest"] == 1


async def test_by_hand_too_nobody_answers_what_is_older(desk, store):
    source = replace(KEYWORD, by_hand=True, answer_since=desk.now)
    message_id = await desk.hear(source=source, created_at=desk.now - timedelta(days=2))
    await desk.tag(state="waiting")
    assert (await store.message(message_id)).state == "history"


async def test_our_answer_on_the_platform_ends_what_was_to_be_answered_by_hand(desk, store):
    source = replace(KEYWORD, by_hand=True)
    message_id = await desk.hear(source=source, ref="q", kind="comment")
    await desk.tag(state="waiting")
    await desk.hear(
        "by hand", source=source, by=desk.ours, parent_ref="q", root_ref="q", kind="comment"
    )
    kept = await store.message(message_id)
    assert (kept.state, kept.reason) == ("done", "answered")
    assert (await store.person(kept.author.person_id)).out_count == 1


async def test_an_import_is_history_and_its_first_text_stays(desk, store):
    heard = replace(desk.said("first"), platform="import", created_at=None, position=0)
    taken = await desk.take(Seen(heard), source=IMPORT)
    again = await desk.take(Seen(replace(heard, text="second")), source=IMPORT)
    assert (again.conflicting, again.known) == (1, 0)
    await desk.tag()
    kept = await store.message(taken.taken_ids[0])
    assert (kept.text, kept.state, kept.created_at) == ("first", "history", None)


async def test_what_a_keyword_found_first_becomes_answerable_when_we_are_mentioned(desk, store):
    heard = desk.said("hey @brand")
    message_id = (await desk.take(Seen(heard), source=KEYWORD)).taken_ids[0]
    await desk.tag()
    await desk.take(Seen(replace(heard, server_ref="own-id")))
    kept = await store.message(message_id)
    assert (kept.state, kept.login, kept.source) == ("new", "masto", "masto-mentions")
    assert kept.server_ref == "own-id"
    assert kept.conversation_id is not None
    await desk.tag()
    assert (await store.message(message_id)).state == "waiting"


async def test_a_date_in_the_future_becomes_the_moment_we_saw_it(desk, store):
    message_id = await desk.hear(created_at=datetime(9999, 1, 1, tzinfo=UTC))
    assert (await store.message(message_id)).created_at == desk.now


async def test_a_conversation_is_one_thread_with_one_of_them(desk, store):
    root = await desk.hear("root", ref="root")
    same = await desk.hear("more", root_ref="root", kind="reply")
    other = await desk.hear("me too", root_ref="root", by="bob", kind="comment")
    post = await desk.hear("just a post", root_ref="root", by="cid", kind="post")
    kept = [await store.message(each) for each in (root, same, other, post)]
    assert kept[0].conversation_id == kept[1].conversation_id
    assert kept[2].conversation_id not in {None, kept[0].conversation_id}
    assert kept[3].conversation_id is None
    assert len({each.thread_id for each in kept}) == 1


async def test_our_message_joins_the_conversation_that_it_answers(desk, store):
    question = await desk.hear("root", ref="root")
    answer = await desk.hear("hi", by=desk.ours, parent_ref="root", root_ref="root", kind="reply")
    kept = await store.message(answer)
    assert (kept.direction, kept.state) == ("out", "done")
    assert kept.conversation_id == (await store.message(question)).conversation_id
    assert kept.parent_id == question


async def test_an_answer_by_a_colleague_elsewhere_ends_the_question(desk, store):
    suggestion = await desk.suggested(ref="q")
    await desk.hear("done!", by=desk.ours, parent_ref="q", root_ref="q", kind="reply")
    entry = await store.entry(suggestion.message_id)
    assert (entry.message.state, entry.suggestion) == ("done", None)
    assert (await store.work_left())["embed"] == 1


async def test_an_answer_may_come_in_before_its_question(desk, store, vector):
    await desk.hear("we answer", ref="a", by=desk.ours, parent_ref="q", root_ref="q", kind="reply")
    question = await desk.hear("what?", ref="q")
    await desk.tag(vector=vector(1, 2))
    assert (await store.message(question)).state == "done"
    answer = await store.find_message("mastodon", "a")
    assert answer.conversation_id == (await store.message(question)).conversation_id
    assert list(await store.vectors("answered", "encoder@1")) == [str(question)]
    assert (await store.person(1 if answer.author.id != 1 else 2)).out_count == 1


async def test_an_edit_keeps_a_version_and_reopens_review(desk, store, clock):
    suggestion = await desk.suggested(ref="q")
    clock.on(minutes=1)
    assert (await desk.edit("where is my OTHER order?", "q")).edited == 1
    entry = await store.entry(suggestion.message_id)
    assert (entry.message.text, entry.message.state) == ("where is my OTHER order?", "new")
    assert entry.suggestion is None
    versions = await store.versions(suggestion.message_id)
    assert [each.text for each in versions] == ["where is my order?"]
    assert (await store.work_left())["tag"] == 1


async def test_an_edit_holds_an_approved_reply(desk, store, clock):
    reply = await desk.approved(ref="q")
    clock.on(minutes=1)
    await desk.edit("never mind", "q")
    held = await store.reply(reply.id)
    assert (held.state, held.reason) == ("held", "the message was edited")
    assert await desk.queued_ids("held") == [reply.message_id]
    assert await desk.claim_reply() is None


async def test_an_older_edit_does_not_win(desk, store, clock):
    await desk.hear("first", ref="q")
    newer = clock.on(minutes=2)
    await desk.edit("newest", "q", edited_at=newer)
    late = desk.said("older", "q", edited_at=newer - timedelta(minutes=1))
    assert (await desk.take(Edited(late))).known == 1
    assert (await store.find_message("mastodon", "q")).text == "newest"


async def test_an_edit_of_something_unknown_is_simply_heard(desk, store):
    taken = await desk.edit("new to us", "unheard")
    assert taken.added == 1


async def test_a_deletion_leaves_a_tombstone_without_words(desk, store):
    suggestion = await desk.suggested(text="very private words", ref="q")
    await desk.edit("more private words", "q", created_at=desk.now)
    assert (await desk.delete("q")).deleted == 1
    entry = await store.entry(suggestion.message_id)
    assert (entry.message.state, entry.message.text) == ("gone", "")
    assert entry.message.deleted_at == desk.now
    assert entry.suggestion is None
    assert await store.versions(suggestion.message_id) == []
    assert await store.search("private") == []
    assert (await desk.delete("q")).known == 1


async def test_a_deletion_withdraws_a_reply_that_has_not_left(desk, store):
    reply = await desk.approved(ref="q")
    await desk.delete("q")
    ended = await store.reply(reply.id)
    assert (ended.state, ended.text) == ("withdrawn", "")
    assert await desk.claim_reply() is None


async def test_a_deleted_message_does_not_come_back(desk, store):
    heard = desk.said("words", "q")
    await desk.take(Seen(heard))
    await desk.delete("q")
    assert (await desk.take(Seen(heard), Edited(heard))).known == 2
    assert (await store.find_message("mastodon", "q")).text == ""


async def test_a_deleted_message_is_quoted_nowhere(desk, store, evidence):
    first = await desk.hear("the quoted words", ref="first")
    await desk.tag()
    await desk.suggest(silence="no")
    await desk.hear("a similar question")
    await desk.tag()
    later = (await desk.suggest("as we said", evidence=(evidence(first, "the quoted words"),)))[0]
    assert later.options[0].evidence[0].quote == "the quoted words"
    await desk.delete("first")
    kept = await store.suggestion_for(later.message_id)
    assert (kept.options[0].text, kept.options[0].evidence) == ("as we said", ())


async def test_a_changed_handle_is_taken_over_and_the_account_stays(desk, store):
    await desk.hear(by=Author("id-1", "old", "Old Name"))
    message_id = await desk.hear(by=Author("id-1", "new", ""))
    author = (await store.message(message_id)).author
    assert (author.handle, author.name) == ("new", "Old Name")
    assert len(await store.find_people("new")) == 1


async def test_a_closed_store_says_so(desk, store, clock):
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.take_page(desk.mentions, Page((Seen(desk.said()),), "c"), clock.now)


async def test_the_queue_of_an_empty_store_is_empty(store, desk):
    assert await store.queue(QueueFilter(), desk.now) == []
    assert set((await store.queue_counts(desk.now)).values()) == {0}


async def test_quarantine_ends_after_seven_days(desk, store, clock, home):
    await store.quarantine("masto-mentions", "{broken", "not JSON", clock.now)
    clock.on(days=6)
    await store.ping()
    assert rejects(home) == ["{broken"]
    clock.on(days=2)
    await store.ping()
    assert rejects(home) == []


async def test_a_deletion_reaches_into_quarantine(desk, store, clock, home):
    await store.quarantine("masto-mentions", '{"id": "ref-77", broken', "not JSON", clock.now)
    await desk.delete("ref-77")
    assert rejects(home) == []


def rejects(home):
    conn = sqlite3.connect(home / "byname.db")
    found = [row[0] for row in conn.execute("SELECT raw FROM rejects")]
    conn.close()
    return found
