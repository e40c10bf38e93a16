"""Drafts from the playbook: the entry whose examples mean the same, its slots filled from facts."""

from collections.abc import Sequence

from bot.suggest.drafters._context import Context
from bot.suggest.playbook import Answer, Entry
from bot.suggest.slots import fill, first_name
from storage.model import Draft, Evidence

WANTS = frozenset({"question", "complaint", "purchase", "suggestion", "churn"})
SURE = 0.65  # from here on the nearest entry is taken even when another one is close behind
MARGIN = 0.04  # below, it must be clearly nearer than any other entry


def draft_from_playbook(near: Sequence[tuple[str, float]], context: Context) -> list[Draft]:
    """Return the options of the best fitting entry, or nothing when none is near enough.

    `near` has the refs of the nearest examples with their similarity, best first. SURE and MARGIN
    were read off the demo's waiting messages; each brand can raise suggest.min_playbook.
    """
    fitting = [
        (entry, ref, similarity)
        for ref, similarity in near
        if (entry := context.playbook.entry_of(ref)) is not None and _fits(entry, context)
    ]
    if not fitting or fitting[0][2] < context.config.suggest.min_playbook:
        return []
    entry, ref, similarity = fitting[0]
    next_best = next((near for other, _, near in fitting if other is not entry), 0.0)
    if similarity < SURE and similarity - next_best < MARGIN:
        return []
    return _options(entry, ref, similarity, context)


def _fits(entry: Entry, context: Context) -> bool:
    """Say whether the entry answers this kind of message; those who want something are one kind."""
    said, answered = context.intents, set(entry.intents)
    return not said or bool(said & answered) or bool(said & WANTS and answered & WANTS)


def _options(entry: Entry, ref: str, similarity: float, context: Context) -> list[Draft]:
    example = context.playbook.examples()[ref]
    drafts = [_draft(entry, reply, example, similarity, context) for reply in entry.replies]
    return [draft for draft in drafts if draft is not None]


def _draft(
    entry: Entry, reply: Answer, example: str, similarity: float, context: Context
) -> Draft | None:
    author = context.message.author
    values = context.playbook.facts | {
        "first_name": first_name(author.name, author.handle),
        "signature": context.config.brand.signature,
        "brand": context.config.brand.name,
    }
    text = fill(reply.text, values)
    if text is None:
        return None
    evidence = Evidence("playbook", entry.key, entry.id, similarity, quote=example)
    return Draft(
        text=text,
        drafter="playbook",
        confidence=similarity,
        label=reply.when,
        evidence=(evidence,),
        lane_key=entry.key,
    )
