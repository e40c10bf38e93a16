"""From a message that waits to a suggestion with evidence, or to silence with a reason.

Drafters are asked in order of trust; the guard reads every draft; silence is a result.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.desk import Desk
from bot.permits import said
from bot.policy import is_foreign
from bot.suggest.drafters import drafters_for
from bot.suggest.drafters._context import Context
from bot.suggest.drafters.memory import draft_from_memory
from bot.suggest.drafters.playbook import draft_from_playbook
from bot.suggest.guard import inspect_reply
from bot.suggest.playbook import Playbook
from bot.supervise import each_work
from bot.tag import Reader, languages_of
from nlp.model import Vector
from storage.model import Draft, Message, Work

MAX_OPTIONS = 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """Drafts, best first, or none and the reason why."""

    drafts: tuple[Draft, ...]
    silence: str
    reason: str


async def suggest_some(
    desk: Desk, reader: Reader, playbook: Playbook, owner: str, limit: int = 24
) -> int:
    """Suggest replies for up to `limit` waiting messages; return how many were taken."""

    async def suggest_one(work: Work) -> None:
        message = await desk.store.message(work.message_id)
        understood = await reader.understand(message.text, languages_of(desk, message))
        proposal = await propose(desk, playbook, message, understood.vector)
        await desk.store.save_suggestion(
            work,
            proposal.drafts,
            desk.clock(),
            silence=proposal.silence,
            reason=proposal.reason,
        )
        desk.hub.tell("queue", message.id)

    return await each_work(desk, "suggest", owner, limit, suggest_one)


async def propose(
    desk: Desk, playbook: Playbook, message: Message, vector: Vector | None
) -> Proposal:
    """Ask the drafters in order of trust and keep what the guard lets through."""
    reason = await _why(desk, message)
    if message.login is not None and (forbidden := await why_forbidden(desk, message)):
        return Proposal((), forbidden, reason)
    if (silence := why_silent(message)) or vector is None:
        return Proposal((), silence or "there are no words to go by", reason)
    near = await desk.store.nearest("playbook", vector, limit=12)
    thread = tuple(await desk.store.thread(message.id))
    found = await propose_from(desk, playbook, message, vector, near, thread)
    return replace(found, reason=reason)


async def propose_from(
    desk: Desk,
    playbook: Playbook,
    message: Message,
    vector: Vector,
    near: Sequence[tuple[str, float]],
    thread: tuple[Message, ...],
) -> Proposal:
    """Draft from the nearest playbook examples, then from memory; the guard reads every draft."""
    context = Context(message, vector, thread, playbook, desk.config)
    allowed = drafters_for(desk.config, message.platform)
    drafts = draft_from_playbook(near, context)
    if "memory" in allowed and len(drafts) < MAX_OPTIONS and not context.is_crisis:
        drafts += _unlike(await draft_from_memory(desk.store, context), drafts)
    drafts = [draft for draft in drafts if draft.drafter in allowed]
    kept = [draft for draft in drafts if not _blocked(draft, message, desk)][:MAX_OPTIONS]
    if kept:
        return Proposal(tuple(kept), "", "")
    silence = "nothing like it in the playbook, nor answered before"
    if drafts:
        silence = "the guard held back every draft: " + _first_finding(drafts[0], message, desk)
    return Proposal((), silence, "")


def why_silent(message: Message) -> str:
    """Say why no machine should draft here, or nothing when one may."""
    tags = message.tags
    if tags is None or is_foreign(tags):
        language = tags.language if tags else "unknown"
        return f"written in another language ({language}): answer in your own words"
    if tags.offensive is not None and tags.offensive.value:
        return "abusive: a human should find the words, or none"
    return ""


async def why_forbidden(desk: Desk, message: Message) -> str:
    """Say which rule of the platform forbids an answer here, or nothing when none does."""
    if desk.permits is None:
        return ""
    permission = await desk.permits.hint(message)
    return "" if permission.allowed else f"no answer is allowed here: {said(permission)}"


async def _why(desk: Desk, message: Message) -> str:
    """Say in one line why this person and why now."""
    entry = await desk.store.entry(message.id)
    before = entry.exchanges
    known = f"answered {before} time{'s' * (before != 1)} before" if before else "first contact"
    return f"{message.reason}, {known}" if message.reason else known


def _blocked(draft: Draft, message: Message, desk: Desk) -> bool:
    return any(f.blocks for f in inspect_reply(draft.text, message, desk.config))


def _first_finding(draft: Draft, message: Message, desk: Desk) -> str:
    return next(f.message for f in inspect_reply(draft.text, message, desk.config) if f.blocks)


def _unlike(drafts: list[Draft], others: list[Draft]) -> list[Draft]:
    """Keep drafts that say something else than the others do (shared words below 60 %)."""
    return [replace(d) for d in drafts if all(_overlap(d.text, o.text) < 0.6 for o in others)]


def _overlap(one: str, other: str) -> float:
    left, right = set(one.lower().split()), set(other.lower().split())
    return len(left & right) / max(1, min(len(left), len(right)))


async def learn_playbook(desk: Desk, reader: Reader, playbook: Playbook) -> None:
    """Give every example of the playbook its vector; unchanged ones are kept from before."""
    examples = playbook.examples()
    probe = await reader.understand("hello there, how are you?")
    known = await desk.store.vectors("playbook", probe.vector.model) if probe.vector else {}
    rows = {ref: known[ref] for ref in examples if ref in known}
    for ref, text in examples.items():
        if ref not in rows:
            vector = (await reader.understand(text)).vector
            if vector is not None:
                rows[ref] = vector
    await desk.store.put_vectors("playbook", rows, replace=True)
