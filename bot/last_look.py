"""The last look before a reply leaves: is its message still there, and may we still answer it?

What changed here meanwhile is the store's last look, in the transaction that claims the reply. A
platform that cannot be asked delays the reply, it never drops it.
"""

from datetime import datetime, timedelta

from bot.desk import Desk
from bot.permits import Permits, said
from bot.purposes import paying_for
from bot.recheck import recheck
from connectors.contract import Connector, UnexpectedAnswer
from connectors.model import Permission
from storage.model import Brake, Message, Reply

FRESH = timedelta(minutes=10)
ACTOR = "last look"


async def look_last(desk: Desk, connector: Connector, login: str) -> None:
    """Look at the reply that leaves next; hold it where the answer is no longer allowed.

    Raises what the connector raises when it cannot tell.
    """
    reply = await next_to_leave(desk, login)
    if reply is None:
        return
    message = await desk.store.message(reply.message_id)
    with paying_for("reply"):  # it was approved: what is looked up for it is not stopped by a cap
        if is_stale(message, desk.clock()):
            await recheck(desk, connector, [message])
        permission = await _permission(desk, connector, message)
        if not permission.allowed:
            await _hold(desk, connector, reply, message, said(permission))


async def _hold(
    desk: Desk, connector: Connector, reply: Reply, message: Message, reason: str
) -> None:
    """Hold a reply; one whose message turns out to be gone is withdrawn by the deletion itself."""
    await recheck(desk, connector, [message])
    await desk.store.move_reply(reply, "held", desk.clock(), actor=ACTOR, reason=reason)
    desk.hub.tell("reply", reply.id)
    desk.hub.tell("message", reply.message_id)


async def next_to_leave(desk: Desk, login: str) -> Reply | None:
    """Return the reply that the outbox would claim now, in its order."""
    now, brakes = desk.clock(), await desk.store.brakes()
    waiting = await desk.store.replies("approved")
    due = (one for one in waiting if one.login == login and _is_due(one, now))
    return next((one for one in due if not any(_stops(brake, one) for brake in brakes)), None)


def is_stale(message: Message, now: datetime) -> bool:
    """Say whether a message was last seen on its platform too long ago to answer it unlooked."""
    return now - (message.checked_at or message.seen_at) > FRESH


def _is_due(reply: Reply, now: datetime) -> bool:
    return reply.send_after <= now and (reply.not_before is None or reply.not_before <= now)


def _stops(brake: Brake, reply: Reply) -> bool:
    targets = {"home": "", "login": reply.login, "source": reply.source}
    return brake.target == targets[brake.scope]


async def _permission(desk: Desk, connector: Connector, message: Message) -> Permission:
    permits = desk.permits or Permits(desk.store, lambda _: connector, desk.clock)
    try:
        return await permits.ask(message)
    except UnexpectedAnswer:  # not this message's fault; the post itself will say
        return Permission(allowed=True)
