"""Drafts from the playbook: the entry whose examples mean the same, its slots filled from facts."""

from collections.abc import Sequence

from bot.suggest.drafters._context import Context
from bot.suggest.playbook import Answer, Entry
from bot.suggest.slots import fill, first_name
from storage.model import Draft, Evidence


def draft_from_playbook(near: Sequence[tuple[str, float]], context: Context) -> list[Draft]:
    """Return the options of the best fitting entry, or nothing when none is near enough.

    `near` has the refs of the nearest examples with their similarity, best first.
    """
    for ref, similarity in near:
        if similarity < context.config.suggest.min_playbook:
            return []
        entry = context.playbook.entry_of(ref)
        if entry is not None and _fits(entry, context):
            return _options(entry, ref, similarity, context)
    return []


def _fits(entry: Entry, context: Context) -> bool:
    return not context.intents or bool(context.intents & set(entry.intents))


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
