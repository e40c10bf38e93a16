"""The contract on real servers: what a simulator cannot prove.

Real servers take their time: whatever has to become visible is asked for until a deadline.
"""

import asyncio
import time

import pytest
from peer import clock, ref_of

from connectors.contract import Connector, Rejected
from connectors.model import Outgoing, Seen


async def until(peer, look, is_there):
    """Look again and again until what is looked for is there; fail at the deadline."""
    deadline = time.monotonic() + peer.patience_s
    while not is_there(found := await look()):
        if time.monotonic() > deadline:
            pytest.fail(f"not there after {peer.patience_s} s: {found!r}")
        await asyncio.sleep(0.2)
    return found


class Listener:
    """Hears what is new, as bot does: pages from where the cursor stands."""

    def __init__(self, peer) -> None:
        self.peer, self.cursor, self.heard = peer, None, []

    async def __call__(self):
        async for page in self.peer.us.pages(self.peer.source, self.cursor):
            self.heard += [one.message for one in page.events if isinstance(one, Seen)]
            self.cursor = page.cursor
        return self.heard

    def theirs(self, heard):
        return [one for one in heard if not one.author.is_ours]


def reply(parent, text="It left today, see https://example.com/track?n=7 & more."):
    return Outgoing(f"k-{parent.ref}", "desk", ref_of(parent), text, clock())


async def one_mention(peer, text="where is my order?"):
    listen = Listener(peer)
    await listen()
    ref = await peer.say(text)
    heard = await until(peer, listen, lambda heard: any(one.ref == ref for one in heard))
    return next(one for one in heard if one.ref == ref), listen


async def test_the_login_is_what_it_says(peer):
    assert isinstance(peer.us, Connector)
    health = await peer.us.check()
    assert health.ok
    assert f"@{peer.handle}" in health.who


async def test_every_mention_is_heard_once_and_a_restart_repeats_nothing(peer):
    listen = Listener(peer)
    await listen()
    said = [await peer.say(f"question {number}") for number in range(12)]
    heard = await until(peer, listen, lambda heard: {one.ref for one in heard} >= set(said))
    refs = [one.ref for one in heard]
    assert len(refs) == len(set(refs))
    assert all(f"@{peer.handle}" in one.text for one in listen.theirs(heard))
    again = Listener(peer)
    again.cursor = listen.cursor
    assert await again() == []


async def test_a_mention_is_answered_and_the_answer_is_read_back_once(peer):
    mention, listen = await one_mention(peer)
    assert (await peer.us.may_reply(ref_of(mention))).allowed
    made = reply(mention)
    assert await peer.us.find_reply(made) is None
    posted = await peer.us.post(made)

    async def look():
        return await peer.us.find_reply(made)

    found = await until(peer, look, bool)
    assert found.ref == posted.ref

    shown = await until(peer, lambda: peer.replies(mention.ref), bool)
    assert len(shown) == 1
    assert "It left today" in shown[0]
    heard = await until(peer, listen, lambda heard: any(one.ref == posted.ref for one in heard))
    ours = next(one for one in heard if one.ref == posted.ref)
    assert ours.author.is_ours
    assert (ours.parent_ref, ours.root_ref) == (mention.ref, mention.root_ref)
    above = await peer.us.thread(ref_of(ours))
    assert [one.ref for one in above] == [mention.ref]
    told = await peer.us.recheck([ref_of(mention), ref_of(ours)])
    assert [one.fate for one in told] == ["there", "there"]


async def test_the_same_reply_twice_is_one_where_the_server_can_tell(peer):
    mention, _ = await one_mention(peer, "twice?")
    made = reply(mention)
    await peer.us.post(made)
    if peer.source.platform == "mastodon":
        pytest.skip("snac2 ignores the Idempotency-Key: looking before is what keeps it to one")
    await peer.us.post(made)
    shown = await until(peer, lambda: peer.replies(mention.ref), bool)
    await asyncio.sleep(1)
    assert len(await peer.replies(mention.ref)) == len(shown) == 1


async def test_a_deleted_reply_is_gone(peer):
    if not peer.has_delete:
        pytest.skip("snac2 has no deletion in this API")
    mention, _ = await one_mention(peer, "oops?")
    made = reply(mention)
    posted = await peer.us.post(made)
    await until(peer, lambda: peer.replies(mention.ref), bool)
    await peer.us.delete(posted)
    assert await peer.us.find_reply(made) is None
    await until(peer, lambda: peer.replies(mention.ref), lambda shown: not shown)
    await peer.us.delete(posted)


async def test_an_over_long_text_never_leaves(peer):
    mention, _ = await one_mention(peer, "how long?")
    with pytest.raises(Rejected) as caught:
        await peer.us.post(reply(mention, "x" * 100_000))
    assert caught.value.code == "too_long"
