"""Suggestions for conversations that are not in the store: `byname suggest`, backtests.

Reads the home's memory and a playbook; writes nothing. What the brand itself said later in the
same conversation is never looked at.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.desk import Desk
from bot.importing import ImportedMessage, ImportedThread
from bot.suggest.playbook import Playbook, read_playbook
from bot.suggest.suggest import Proposal, propose_from, why_silent
from bot.tag import Reader
from bot.teach import load_reader
from nlp.model import Understood, Vector
from storage.model import Account, Message


@dataclass(frozen=True, slots=True)
class Offline:
    desk: Desk
    reader: Reader
    playbook: Playbook
    examples: dict[str, Vector]

    @classmethod
    async def open(cls, desk: Desk, folder: Path | None) -> "Offline":
        """Load the model and the playbook (the home's, unless a folder is given)."""
        reader = load_reader(desk.config, desk.home)
        playbook = read_playbook(folder or desk.home / desk.config.suggest.playbook)
        vectors = {
            ref: (await reader.understand(text)).vector for ref, text in playbook.examples().items()
        }
        known = {ref: vector for ref, vector in vectors.items() if vector is not None}
        return cls(desk, reader, playbook, known)

    async def suggest(self, thread: ImportedThread) -> dict[str, Any]:
        """Return the suggestion for the last thing a customer said, or the silence."""
        said = next((m for m in reversed(thread.messages) if not m.author_is_brand), None)
        if said is None:
            return _row(thread, None, Proposal((), "nobody but the brand speaks here", ""))
        understood = await self.reader.understand(said.text, self.desk.config.brand.languages)
        message = _as_message(said, understood)
        return _row(thread, said, await self._propose(message, understood))

    async def _propose(self, message: Message, understood: Understood) -> Proposal:
        silence = why_silent(message)
        if silence or understood.vector is None:
            return Proposal((), silence or "there are no words to go by", "")
        near = _nearest(self.examples, understood.vector)
        return await propose_from(self.desk, self.playbook, message, understood.vector, near, ())


def _nearest(examples: dict[str, Vector], vector: Vector) -> list[tuple[str, float]]:
    from nlp.embed import cosine  # noqa: PLC0415 - numpy only where it is needed

    scored = [(ref, cosine(vector, one)) for ref, one in examples.items()]
    return sorted(scored, key=lambda pair: -pair[1])[:12]


def _as_message(said: ImportedMessage, understood: Understood) -> Message:
    at = said.created_at or datetime.now(UTC)
    author = Account(0, "import", said.author, said.author, "", "", 0, False, False, None, at)
    return Message(
        id=0,
        platform="import",
        ref=said.id,
        direction="in",
        kind="mention",
        visibility="public",
        text=said.text,
        author=author,
        thread_id=0,
        conversation_id=None,
        state="waiting",
        seen_at=at,
        created_at=said.created_at,
        source="file",
        tags=understood.tags,
    )


def _row(thread: ImportedThread, said: ImportedMessage | None, found: Proposal) -> dict[str, Any]:
    return {
        "thread_id": thread.thread_id,
        "message_id": said.id if said else None,
        "suggestions": [_draft(asdict(draft)) for draft in found.drafts],
        "silence": found.silence or None,
    }


def _draft(draft: dict[str, Any]) -> dict[str, Any]:
    rounded = round(draft["confidence"], 4)
    return {key: draft[key] for key in ("text", "drafter", "label", "evidence")} | {
        "confidence": rounded
    }
