"""Random lives of an outbox: whatever happens in whatever order, nothing is doubled or lost.

Every seed is one order of approvals, posts, deaths between any two lines, late results, brakes and
waits; which posts go wrong is drawn anew each time, from the replies' own keys. In the end the
world's own file is compared with what was approved. With a settle window shorter than an effect
takes to be seen (50 + 60 s), about one run in six doubles.
"""

import contextlib
import random
from collections import Counter
from datetime import timedelta

import pytest

from bot.outbox import outgoing
from connectors.contract import ConnectorError

PEOPLE = 10
FAULTS = {
    "visibility_lag_s": 50,
    "in_flight_s": 60,
    "rules": [
        *(
            {"fault": name, "probability": probability}
            for name, probability in {
                "error_before": 0.1, "error_after": 0.1, "cut": 0.1, "garbled": 0.05,
                "timeout_before": 0.05, "timeout_after": 0.1, "rate_limited": 0.05,
                "refused": 0.05, "rejected": 0.03,
            }.items()
        ),
        {"fault": "error_before", "operation": "find_reply", "probability": 0.15},
    ],
}  # fmt: skip
ENDS = {"sent", "failed", "needs_human", "held"}


class Story:
    """One town, and the words that were approved in it."""

    def __init__(self, town, luck):
        self.town, self.luck = town, luck
        self.approved = {}
        self.left = [f"m{number}" for number in range(PEOPLE)]

    async def approve(self):
        if self.left:
            ref = self.left.pop(self.luck.randrange(len(self.left)))
            text = f"To {ref}: it left."
            self.approved[ref] = await self.town.approve(ref, text)

    async def send(self):
        await self.town.send()

    async def look(self):
        with contextlib.suppress(ConnectorError):
            await self.town.look()

    async def hear(self):
        await self.town.hear()

    async def wait(self):
        self.town.wall.go(seconds=self.luck.uniform(0, 60))

    async def claim(self):
        now = self.town.wall()
        return await self.town.store.claim_reply(
            "masto", self.town.owner, now, now + timedelta(seconds=60)
        )

    async def die_before_the_request(self):
        await self.claim()
        await self.town.restart()

    async def die_after_the_request(self):
        if (reply := await self.claim()) is not None:
            with contextlib.suppress(ConnectorError):
                await self.town.connector.post(outgoing(reply))
        await self.town.restart()

    async def answer_too_late(self):
        """The lease ends while the request is under way; the result comes all the same."""
        if (reply := await self.claim()) is None:
            return
        posted = None
        with contextlib.suppress(ConnectorError):
            posted = await self.town.connector.post(outgoing(reply))
        self.town.wall.go(seconds=61)
        await self.town.store.lose_leases(self.town.wall())
        if posted is not None:
            late = await self.town.store.move_reply(
                reply, "sent", self.town.wall(), actor="late", posted=posted
            )
            assert late is None

    async def brake(self):
        on = self.luck.random() < 0.4
        await self.town.store.set_brake("home", "", self.town.wall(), on=on, by="Ines")

    async def finish(self):
        """Let it work undisturbed until nothing is on its way."""
        await self.town.store.set_brake("home", "", self.town.wall(), on=False, by="Ines")
        for _ in range(200):
            while await self.town.send():
                pass
            await self.look()
            self.town.wall.go(seconds=61)
            if not await self.town.store.replies("approved", "sending", "unknown"):
                return
        raise AssertionError("it never came to an end")


STEPS = {
    "approve": 3, "send": 4, "look": 4, "hear": 1, "wait": 4, "die_before_the_request": 1,
    "die_after_the_request": 1, "answer_too_late": 1, "brake": 1,
}  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
async def test_nothing_is_doubled_lost_or_sent_unasked(town, seed):
    luck = random.Random(seed)
    people = [
        {"type": "message", "ref": f"m{n}", "author": luck.choice(["ada", "bo"]), "at": "-30m",
         "kind": "mention", "text": f"@tern where is number {n}?"}
        for n in range(PEOPLE)
    ]  # fmt: skip
    here = await town(*people, faults={"seed": seed, **FAULTS})
    story = Story(here, luck)
    for _ in range(60):
        (name,) = luck.choices(list(STEPS), list(STEPS.values()))
        await getattr(story, name)()
    await story.finish()

    posted = Counter((row["parent"], row["text"]) for row in here.ledger())
    states = {ref: await here.reply(reply) for ref, reply in story.approved.items()}
    assert set(posted) <= {(ref, reply.text) for ref, reply in states.items()}
    assert all(count == 1 for count in posted.values()), posted
    for ref, reply in states.items():
        assert reply.state in ENDS, (ref, reply.state, reply.reason)
        if reply.state in {"sent", "failed"}:
            assert posted[ref, reply.text] == (reply.state == "sent"), (ref, reply.state)
    assert await here.audit_is_whole()
