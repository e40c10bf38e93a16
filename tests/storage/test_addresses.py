"""How connectors address what we hold, rechecks by source, and states that nobody decided."""

from dataclasses import replace

from connectors.model import MessageRef


async def test_a_message_is_addressed_by_ref_root_author_and_visibility(desk, store):
    root = await desk.hear(ref="root")
    below = await desk.hear(ref="below", root_ref="root", server_ref="17", visibility="unlisted")
    assert await store.addresses([root, below, 4711]) == {
        root: MessageRef("mastodon", "root", "root", None, "id-ann", "ann", "public"),
        below: MessageRef("mastodon", "below", "root", "17", "id-ann", "ann", "unlisted"),
    }


async def test_rechecks_are_narrowed_to_what_a_login_can_see(desk, store, clock):
    other = replace(desk.mentions, name="other-mentions", login="other")
    mine, theirs = await desk.hear(), await desk.hear(source=other)
    clock.on(hours=25)
    found = await store.to_recheck("mastodon", clock.now, sources=["other-mentions"])
    assert [one.id for one in found] == [theirs]
    assert [one.id for one in await store.to_recheck("mastodon", clock.now)] == [mine, theirs]
    besides = await store.to_recheck("mastodon", clock.now, but_not=["other-mentions"])
    assert [one.id for one in besides] == [mine]
    assert await store.count_overdue("mastodon", clock.now) == 2
    assert await store.count_overdue("mastodon", clock.now, sources=["other-mentions"]) == 1
    assert await store.count_overdue("x", clock.now) == 0
    assert await store.to_recheck("mastodon", clock.now, sources=[]) == []


async def test_when_a_message_was_compared_is_known(desk, store, clock):
    message_id = await desk.hear()
    assert (await store.message(message_id)).checked_at == clock.now
    await store.note_checked([message_id], clock.on(hours=1))
    assert (await store.message(message_id)).checked_at == clock.now


async def test_a_passing_state_is_kept_without_an_audit_entry(store, clock):
    before = len(await store.audit())
    await store.put_state("login:masto", "{}", clock.now)
    await store.put_state("login:masto", '{"ok": true}', clock.now)
    assert await store.get_setting("login:masto") == '{"ok": true}'
    assert len(await store.audit()) == before
