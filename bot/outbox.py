"""Posts approved replies, each at most once, and finds out what became of uncertain ones.

The promise, word for word (DESIGN section 4): at most one visible reply per approved reply on
platforms with an idempotency key or read-back; otherwise it stops in needs_human; never a blind
retry. Not here: who may approve (bot.review), what each edge stores (storage).
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.config import Policy
from bot.desk import Desk
from bot.last_look import look_last
from bot.policy import backoff
from connectors.contract import (
    AuthFailed,
    Connector,
    ConnectorError,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)
from connectors.model import Outgoing, Posted
from storage.model import Reply
from storage.states import ReplyState

log = structlog.get_logger()
ACTOR = "outbox"
MAX_WAIT = timedelta(hours=1)  # STORAGE 3.5 row 16: an absurd Retry-After is capped
MAX_ATTEMPTS = 3
NEEDED_LOOKUPS = 2
EARLY_LOOK = timedelta(seconds=6)  # most lost answers are visible at once


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt, or one look-up, means for the reply."""

    state: ReplyState
    reason: str = ""
    posted: Posted | None = None
    not_before: datetime | None = None
    error: ConnectorError | None = None


async def send_next(desk: Desk, connector: Connector, login: str, owner: str) -> Reply | None:
    """Post the next approved reply of a login, once. Returns it as it stands, or None.

    Raises AuthFailed after the reply has been put back, so that the login stops; and what the last
    look raises, before anything was claimed.
    """
    await look_last(desk, connector, login)
    now = desk.clock()
    timeout = desk.config.policy.post_timeout_seconds
    reply = await desk.store.claim_reply(login, owner, now, now + timedelta(seconds=2 * timeout))
    if reply is None:
        return None
    desk.hub.tell("reply", reply.id)
    outcome = await attempt(connector, outgoing(reply), timeout, desk, reply.attempts)
    moved = await asyncio.shield(_record(desk, reply, outcome))
    if isinstance(outcome.error, AuthFailed):
        raise outcome.error
    return moved


async def attempt(
    connector: Connector, reply: Outgoing, timeout_s: float, desk: Desk, attempts: int
) -> Outcome:
    """Try once and say what it means."""
    try:
        async with asyncio.timeout(timeout_s):
            return Outcome("sent", posted=await connector.post(reply))
    except TimeoutError:
        return Outcome("unknown", f"no answer within {timeout_s:g} s")
    except Exception as error:  # noqa: BLE001 - whatever broke, the request may have left
        return judge(error, desk.clock(), attempts)


def judge(error: Exception, now: datetime, attempts: int) -> Outcome:
    """Say what an error while posting means. Only what is certain is called certain."""
    match error:
        case RateLimited():
            until = wait_until(error.until, now, attempts)
            return Outcome("approved", f"rate limited: {error}", not_before=until)
        case AuthFailed():
            later = now + backoff(attempts)
            return Outcome("approved", f"login refused: {error}", not_before=later, error=error)
        case Rejected(code="duplicate"):
            return Outcome("unknown", error.reason)
        case Rejected():
            return Outcome("failed", error.reason)
        case Unavailable(was_sent=False) | UnexpectedAnswer(was_sent=False):
            later = now + backoff(attempts)
            return Outcome("approved", f"not reached: {error}", not_before=later)
        case ConnectorError():
            return Outcome("unknown", str(error))
        case _:
            log.error("connector broke while posting", error=repr(error), exc_info=error)
            return Outcome("unknown", f"connector broke: {error!r}"[:300])


async def reconcile(desk: Desk, connector: Connector, reply: Reply) -> Reply | None:
    """Look once for an uncertain reply, if it is time to. Returns it when it moved."""
    if not is_due(reply, desk.clock(), desk.config.policy):
        return None
    outcome = await look_up(connector, reply, desk)
    if outcome is None:
        return None
    return await _record(desk, reply, outcome)


async def look_up(connector: Connector, reply: Reply, desk: Desk) -> Outcome | None:
    """Ask the platform; None: still not known.

    An answer shows the platform as it was when it was asked: that moment counts, not the later one.
    """
    asked_at = desk.clock()
    try:
        found = await connector.find_reply(outgoing(reply))
    except Rejected as error:  # several matches, or another text: no machine may decide this
        return Outcome("needs_human", error.reason)
    if found is not None:
        return Outcome("sent", "found by look-up", posted=found)
    return await _count_absence(desk, reply, asked_at)


async def _count_absence(desk: Desk, reply: Reply, now: datetime) -> Outcome | None:
    assert reply.unknown_since is not None
    settled = now >= reply.unknown_since + timedelta(seconds=desk.config.policy.settle_seconds)
    if not settled:
        return None
    if reply.lookups + 1 < NEEDED_LOOKUPS:
        await desk.store.note_lookup(reply, now)
        return None
    if reply.attempts >= MAX_ATTEMPTS:
        return Outcome("needs_human", f"not visible after {reply.attempts} attempts")
    return Outcome("approved", "twice not found, trying again", not_before=now)


def is_due(reply: Reply, now: datetime, policy: Policy) -> bool:
    """Say whether to look now: once early, then after the settle window, then with a gap.

    Looking costs calls (on X: money), so that between the early look and the window there is none.
    """
    assert reply.unknown_since is not None
    if now < reply.unknown_since + timedelta(seconds=policy.settle_seconds):
        return now <= reply.unknown_since + EARLY_LOOK
    if reply.looked_up_at is None:
        return True
    return now >= reply.looked_up_at + timedelta(seconds=policy.lookup_gap_seconds)


def wait_until(until: datetime | None, now: datetime, attempts: int) -> datetime:
    """Return when to try again after a 429: as told, within one hour; else by backing off."""
    if until is None or until <= now:
        return now + min(backoff(attempts, base=15.0), MAX_WAIT)
    return min(until, now + MAX_WAIT)


def outgoing(reply: Reply) -> Outgoing:
    """Return a stored reply in the words of the connectors. Same on every attempt."""
    return Outgoing(
        key=reply.key,
        login=reply.login,
        parent=reply.parent,
        text=reply.text,
        created_at=reply.approved_at,
        content_warning=reply.content_warning,
        is_automatic=reply.is_automatic,
    )


async def _record(desk: Desk, reply: Reply, outcome: Outcome) -> Reply | None:
    moved = await desk.store.move_reply(
        reply,
        outcome.state,
        desk.clock(),
        actor=ACTOR,
        reason=outcome.reason,
        posted=outcome.posted,
        not_before=outcome.not_before,
    )
    if moved is None:
        log.warning("late result refused", reply_id=reply.id, outcome=outcome.state)
    desk.hub.tell("reply", reply.id)
    desk.hub.tell("message", reply.message_id)
    return moved
