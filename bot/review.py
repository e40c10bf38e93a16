"""A reviewer's decisions, with the safeguards that stand between a key press and a post.

Called by the web pages, the JSON API and the commands alike. The store makes each step atomic and
idempotent; here roles, the guard and the rule against approving unread are applied.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.desk import Desk
from bot.errors import NotAllowed, Refused
from bot.permits import said
from bot.suggest.guard import Finding, inspect_reply
from storage.model import (
    Approval,
    BrakeScope,
    Decision,
    DecisionKind,
    Message,
    QueueEntry,
    Reply,
    Reviewer,
)
from storage.store import Conflict

MIN_SECONDS_ON_SCREEN = 0.7  # DESIGN section 4: nothing is approved in its first 700 ms
REJECT_REASONS = ("wrong facts", "wrong tone", "wrong person", "not needed", "too late", "other")


@dataclass(frozen=True, slots=True)
class Approve:
    """What stood on screen when the reviewer said yes, and the text they want sent."""

    request_id: str
    message_id: int
    text: str
    suggestion_id: int | None = None
    suggestion_version: int | None = None
    option: int | None = None
    shown_hash: str | None = None
    seconds: float | None = None  # on screen before the decision


async def approve(desk: Desk, reviewer: Reviewer, asked: Approve) -> Reply:
    """Put a reply into the outbox. Raises Refused (role, guard, unread) or Conflict."""
    require(reviewer, "review")
    if asked.seconds is not None and asked.seconds < MIN_SECONDS_ON_SCREEN:
        raise Refused("That was too fast to have been read; look at it and approve again.")
    entry = await desk.store.entry(asked.message_id)
    await refuse_forbidden(desk, entry.message)
    text = asked.text.strip()
    refuse_blocked(inspect_reply(text, entry.message, desk.config))
    now = desk.clock()
    reply = await desk.store.approve(
        Approval(
            request_id=asked.request_id,
            message_id=asked.message_id,
            reviewer_id=reviewer.id,
            text=text,
            send_after=now + desk.config.undo_window,
            kind=_kind(entry, asked, text),
            suggestion_id=asked.suggestion_id,
            suggestion_version=asked.suggestion_version,
            option=asked.option,
            shown_hash=asked.shown_hash,
            seconds=asked.seconds,
        ),
        now,
    )
    _tell(desk, asked.message_id)
    return reply


async def reject(
    desk: Desk, reviewer: Reviewer, message_id: int, request_id: str, reason: str
) -> Decision:
    """Put the suggestion aside with a reason; the message goes on waiting for a human's words."""
    return await _decide(desk, reviewer, "rejected", message_id, request_id, reason=reason)


async def no_reply_needed(
    desk: Desk, reviewer: Reviewer, message_id: int, request_id: str
) -> Decision:
    return await _decide(desk, reviewer, "no_reply", message_id, request_id)


async def answered_by_hand(
    desk: Desk, reviewer: Reviewer, message_id: int, request_id: str, url: str = ""
) -> Decision:
    """End a message that a human answered on the platform itself; `url` is the answer's link."""
    if url and not url.startswith(("https://", "http://")):
        raise Refused("Give the whole link of your answer, or none.")
    return await _decide(desk, reviewer, "by_hand", message_id, request_id, reason=url)


async def snooze(
    desk: Desk, reviewer: Reviewer, message_id: int, request_id: str, until: datetime
) -> Decision:
    if until <= desk.clock():
        raise Refused("Snooze needs a time in the future.")
    return await _decide(desk, reviewer, "snoozed", message_id, request_id, until=until)


async def undo(desk: Desk, reviewer: Reviewer, reply_id: int) -> Reply:
    """Recall an approved reply that has not left. Raises Conflict when it has."""
    require(reviewer, "review")
    reply = await desk.store.recall(reply_id, reviewer.id, desk.clock())
    _tell(desk, reply.message_id)
    return reply


async def correct(
    desk: Desk, reviewer: Reviewer, message_id: int, changes: dict[str, object]
) -> None:
    """Keep a human's word on a tag; it teaches later."""
    require(reviewer, "review")
    await desk.store.correct_tags(message_id, changes, reviewer.id, desk.clock())
    _tell(desk, message_id)


async def settle_by_hand(
    desk: Desk, reviewer: Reviewer, reply_id: int, outcome: str, url: str = ""
) -> Reply:
    """End needs_human: `seen` (with its link), `absent` (send again) or `withdraw`; lift `held`."""
    require(reviewer, "review")
    reply = await desk.store.reply(reply_id)
    moved = await _settle(desk, reviewer, reply, outcome, url)
    if moved is None:
        raise Conflict("This reply has moved on; look at it again.")
    _tell(desk, reply.message_id)
    return moved


async def set_brake(
    desk: Desk,
    reviewer: Reviewer,
    scope: BrakeScope,
    target: str = "",
    *,
    on: bool,
    reason: str = "",
) -> None:
    """Stop everything that has not left yet, or let it go again, for a home, login or source."""
    require(reviewer, "review")
    known = {"home": [""], "login": list(desk.config.logins), "source": list(desk.config.sources)}
    if target not in known[scope]:
        raise Refused(f"There is no {scope} called {target}.")
    await desk.store.set_brake(scope, target, desk.clock(), on=on, by=reviewer.name, reason=reason)
    desk.hub.tell("brake")


def later(now: datetime, choice: str) -> datetime:
    """Turn a snooze choice into a time: `1h`, `3h`, `tomorrow` (next day, same time), `week`."""
    steps = {
        "1h": timedelta(hours=1),
        "3h": timedelta(hours=3),
        "tomorrow": timedelta(days=1),
        "week": timedelta(days=7),
    }
    if choice not in steps:
        raise Refused(f"Snooze takes one of: {', '.join(steps)}.")
    return now + steps[choice]


def require(reviewer: Reviewer, role: str) -> None:
    """Refuse unless the reviewer's role allows it: read < review < admin."""
    order = ("read", "review", "admin")
    if reviewer.disabled_at is not None or order.index(reviewer.role) < order.index(role):
        raise NotAllowed(f"{reviewer.name} may not do this; it needs the role {role}.")


async def refuse_forbidden(desk: Desk, message: Message) -> None:
    """Refuse with the platform's rule where it does not allow an answer."""
    if desk.permits is None:
        return
    permission = await desk.permits.hint(message, can_wait=False)
    if not permission.allowed:
        raise Refused(f"No answer is allowed here: {said(permission)}")


def refuse_blocked(findings: list[Finding]) -> None:
    blocked = [finding.message for finding in findings if finding.blocks]
    if blocked:
        raise Refused(" ".join(blocked))


async def _settle(
    desk: Desk, reviewer: Reviewer, reply: Reply, outcome: str, url: str
) -> Reply | None:
    from connectors.model import Posted  # noqa: PLC0415 - only this one step builds a Posted

    now, move = desk.clock(), desk.store.move_reply
    if outcome == "seen":
        if not url.startswith(("https://", "http://")):
            raise Refused("Give the link of the reply that you saw.")
        posted = Posted(ref=url, url=url)
        return await move(reply, "sent", now, actor=reviewer.name, reason="seen", posted=posted)
    if outcome in {"absent", "release"}:
        return await move(reply, "approved", now, actor=reviewer.name, reason=outcome)
    if outcome == "withdraw":
        return await move(reply, "withdrawn", now, actor=reviewer.name, reason="by hand")
    raise Refused("The outcome is one of: seen, absent, release, withdraw.")


async def _decide(
    desk: Desk,
    reviewer: Reviewer,
    kind: DecisionKind,
    message_id: int,
    request_id: str,
    *,
    reason: str = "",
    until: datetime | None = None,
) -> Decision:
    require(reviewer, "review")
    decision = await desk.store.decide(
        kind,
        message_id,
        reviewer.id,
        desk.clock(),
        request_id=request_id,
        reason=reason,
        until=until,
    )
    _tell(desk, message_id)
    return decision


def _kind(entry: QueueEntry, asked: Approve, text: str) -> DecisionKind:
    if entry.suggestion is None or asked.option is None:
        return "own_words"
    shown = {option.number: option.text for option in entry.suggestion.options}
    return "approved" if shown.get(asked.option, "").strip() == text else "edited"


def _tell(desk: Desk, message_id: int) -> None:
    desk.hub.tell("queue", message_id)
    desk.hub.tell("message", message_id)
