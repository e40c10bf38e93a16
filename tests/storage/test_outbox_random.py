"""Random lives of replies, compared with a model that fits on one page.

Whatever order things happen in: one visible post per approved reply, nothing leaves without an
approval, at most one reply of a conversation is on its way, and the audit is whole.
"""

import asyncio
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from connectors.model import Posted
from storage import open_store
from storage.model import Approval
from storage.states import BLOCKS_ITS_CONVERSATION, OPEN_REPLY, REPLY_EDGES
from storage.store import Conflict, IllegalEdge

PEOPLE = ("ann", "bob", "cid")


class Outbox(RuleBasedStateMachine):
    desk_type = None
    clock_type = None
    fresh_home = None

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = self.clock_type()
        shutil.copytree(self.fresh_home, self.folder.name, dirs_exist_ok=True)
        self.store = self.run(open_store(Path(self.folder.name), clock=self.clock))
        self.desk = self.desk_type(self.store, self.clock)
        self.questions = {name: self.run(self.desk.hear(by=name, ref=name)) for name in PEOPLE}
        self.run(self.desk.tag())
        self.replies = {}  # id -> state, as the model believes
        self.held_copies = []  # replies as some process remembers them, perhaps long out of date
        self.braked = False
        self.unseen = set()  # people in whose conversation something happened since approval

    def run(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def teardown(self):
        assert self.run(self.store.verify_audit()) is None
        self.run(self.store.close())
        self.loop.close()
        self.folder.cleanup()

    def whose(self, reply):
        return next(name for name, each in self.questions.items() if each == reply.message_id)

    def open_of(self, name):
        return [
            reply_id
            for reply_id, (owner, state) in self.replies.items()
            if owner == name and state in OPEN_REPLY
        ]

    @rule(name=st.sampled_from(PEOPLE))
    def approve(self, name):
        number = next(self.desk.numbers)
        approval = Approval(
            f"r{number}", self.questions[name], 1, f"answer {number}", self.clock.now, "own_words"
        )
        if self.open_of(name):
            with pytest.raises(Conflict):
                self.run(self.store.approve(approval, self.clock.now))
            return
        reply = self.run(self.store.approve(approval, self.clock.now))
        self.replies[reply.id] = (name, "approved")
        self.held_copies.append(reply)
        self.unseen.discard(name)

    @rule()
    def claim(self):
        reply = self.run(self.desk.claim_reply(owner=f"owner{next(self.desk.numbers)}"))
        ready = [each for each, (_, state) in sorted(self.replies.items()) if state == "approved"]
        if self.braked:
            assert reply is None
            return
        for each in ready:
            name = self.replies[each][0]
            others = [o for o in self.open_of(name) if o != each]
            if any(self.replies[o][1] in BLOCKS_ITS_CONVERSATION for o in others):
                continue
            if name in self.unseen:
                self.replies[each] = (name, "held")
                continue
            assert reply is not None
            assert reply.id == each
            self.replies[each] = (name, "sending")
            self.held_copies.append(reply)
            return
        assert reply is None

    @precondition(lambda self: self.held_copies)
    @rule(data=st.data())
    def move(self, data):
        """Somebody acts on what they remember; only who is up to date gets through."""
        remembered = data.draw(st.sampled_from(self.held_copies))
        after = data.draw(st.sampled_from(sorted(REPLY_EDGES)))
        present = self.run(self.store.reply(remembered.id))
        posted = Posted(f"post-{remembered.id}") if after == "sent" else None
        is_legal = after in REPLY_EDGES[remembered.state] and after != "sending"
        act = self.store.move_reply(remembered, after, self.clock.now, actor="test", posted=posted)
        if not is_legal:
            with pytest.raises(IllegalEdge):
                self.run(act)
            return
        moved = self.run(act)
        if remembered != present:
            assert moved is None
            return
        assert moved.state == after
        name = self.whose(moved)
        self.replies[moved.id] = (name, after)
        self.held_copies.append(moved)
        if remembered.state == "held" and after == "approved":
            self.unseen.discard(name)

    @rule()
    def the_process_dies_and_starts_again(self):
        self.run(self.store.close())
        self.store = self.run(open_store(Path(self.folder.name), clock=self.clock))
        self.desk.store = self.store
        lost = self.run(self.store.lose_leases(self.clock.now, all_owners=True))
        sending = [each for each, (_, state) in self.replies.items() if state == "sending"]
        assert lost == len(sending)
        for each in sending:
            self.replies[each] = (self.replies[each][0], "unknown")
            self.held_copies.append(self.run(self.store.reply(each)))

    @rule(name=st.sampled_from(PEOPLE))
    def a_colleague_writes(self, name):
        self.run(self.desk.hear("by hand", by=self.desk.ours, parent_ref=name, root_ref=name))
        if self.open_of(name):
            self.unseen.add(name)

    @rule(on=st.booleans())
    def brake(self, on):
        self.run(self.store.set_brake("home", "", self.clock.now, on=on, by="test"))
        self.braked = on

    @rule(seconds=st.integers(1, 90))
    def time_passes(self, seconds):
        self.clock.now += timedelta(seconds=seconds)

    @invariant()
    def the_store_agrees_with_the_model(self):
        stored = {reply.id: reply for reply in self.run(self.store.replies())}
        assert {each: stored[each].state for each in stored} == {
            each: state for each, (_, state) in self.replies.items()
        }

    @invariant()
    def one_post_per_sent_reply_and_one_open_reply_per_conversation(self):
        posts = [
            message.ref
            for name in PEOPLE
            for message in self.run(self.store.thread(self.questions[name]))
            if message.ref.startswith("post-")
        ]
        assert len(posts) == len(set(posts))
        for name in PEOPLE:
            assert len([e for e in self.open_of(name) if self.replies[e][1] != "withdrawing"]) <= 1


def test_random_lives_of_replies(desk, fresh_home):
    home = fresh_home

    class Machine(Outbox):
        desk_type = type(desk)
        clock_type = type(desk.clock)
        fresh_home = home

    limits = settings(
        max_examples=12,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=limits)
