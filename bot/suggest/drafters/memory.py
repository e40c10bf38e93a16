"""Drafts from memory: what a human of ours answered when somebody asked nearly the same.

Whatever was particular to that other person becomes a slot; a slot that facts or the present
message cannot fill means silence (DESIGN section 7). A draft from memory never posts alone.
"""

from bot.suggest.drafters._context import Context
from bot.suggest.slots import fill, first_name, generalise, unexplained
from storage.model import Draft, Evidence, Memory, Message
from storage.store import Store


async def draft_from_memory(store: Store, context: Context) -> list[Draft]:
    """Return a draft from the nearest earlier answer that can be said again, or nothing."""
    memories = await store.memories(
        context.vector, limit=6, exclude_thread=context.message.thread_id
    )
    for memory in memories:
        if memory.similarity < context.config.suggest.min_memory:
            return []
        if (text := say_again(memory, context)) is not None:
            return [_draft(memory, text)]
    return []


def say_again(memory: Memory, context: Context) -> str | None:
    """Turn an old answer into one for this person, or None when something cannot be carried."""
    if not _same_matter(memory.question, context):
        return None
    question, author = memory.question, context.message.author
    general = generalise(
        memory.answer.text,
        asker=first_name(question.author.name, question.author.handle),
        asker_handle=question.author.handle.split("@")[0],
    )
    known = " ".join([*context.playbook.facts.values(), context.message.text])
    if unexplained(general, known):
        return None
    text = fill(general, {"first_name": first_name(author.name, author.handle)})
    if text is None:
        return None
    signature = context.config.brand.signature
    return f"{text} – {signature}" if signature else text  # noqa: RUF001 - as the playbook signs


def _same_matter(question: Message, context: Context) -> bool:
    if question.tags is None or not context.intents:
        return True
    return bool(context.intents & {scored.label for scored in question.tags.intents})


def _draft(memory: Memory, text: str) -> Draft:
    evidence = Evidence(
        kind="memory",
        ref=str(memory.question.id),
        title=f"answered before to {memory.question.author.name or memory.question.author.handle}",
        similarity=memory.similarity,
        quote=memory.answer.text,
        url=memory.answer.url,
    )
    return Draft(text, "memory", memory.similarity, "as we answered before", (evidence,))
