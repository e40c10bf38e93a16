"""The same service with the outbox that most bots have: any error is tried again at once.

    python -m benchmarks.naive run --home DIR

Only for comparison in kill_loop.py. Nothing of byname itself can be switched to this.
"""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from bot import outbox, service
from bot.cli import main
from bot.desk import Desk
from bot.outbox import Outcome
from bot.tag import Reader
from connectors.contract import Connector
from connectors.model import Outgoing


async def attempt(
    connector: Connector,
    reply: Outgoing,
    timeout_s: float,  # noqa: ARG001 - the place of the careful one
    desk: Desk,
    attempts: int,  # noqa: ARG001
) -> Outcome:
    as_new = replace(reply, key=uuid4().hex, created_at=desk.clock())  # no key, no fixed place
    try:
        return Outcome("sent", posted=await connector.post(as_new))
    except Exception as error:  # noqa: BLE001 - that is what is wrong with it
        return Outcome("approved", repr(error), not_before=desk.clock())


careful_start = service.start


async def start(desk: Desk, reader: Reader) -> Any:
    for reply in await desk.store.replies("sending"):
        await desk.store.move_reply(reply, "approved", desk.clock(), actor="naive", reason="again")
    return await careful_start(desk, reader)


outbox.attempt = attempt
service.start = start

if __name__ == "__main__":
    main()
