"""What comes in, is understood and is looked up: the first half of SqliteStore.

Thin on purpose: each method says whether it writes or reads and names the function that does it.
Times become milliseconds here.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime

from connectors.model import MessageRef, Page, Source
from nlp.model import Tags, Vector
from storage.model import (
    Draft,
    Memory,
    Message,
    Person,
    PersonDay,
    QueueEntry,
    QueueFilter,
    SourceState,
    Stage,
    Suggestion,
    Taken,
    Version,
    Work,
)
from storage.sqlite import (
    listening,
    people,
    queueing,
    reading,
    remembering,
    suggesting,
    tagging,
    working,
)
from storage.sqlite.connections import Connections
from storage.sqlite.times import to_ms, to_ms_or_none
from storage.states import MessageState


class Listening(Connections):
    async def take_page(self, source: Source, page: Page, now: datetime) -> Taken:
        try:
            return await self._write(listening.take_page, source, page, now)
        except listening.UnfitEvent:
            return await self._write(listening.take_page, source, page, now, carefully=True)

    async def cursor(self, source: str) -> str | None:
        return await self._read(listening.cursor, source)

    async def note_source(self, source: str, now: datetime, *, error: str = "") -> None:
        await self._write(listening.note_source, source, to_ms(now), error)

    async def source_states(self) -> Sequence[SourceState]:
        return await self._read(listening.source_states)

    async def quarantine(self, source: str, raw: str, reason: str, now: datetime) -> None:
        await self._write(listening.quarantine, source, raw, reason, to_ms(now))


class Working(Connections):
    async def claim(
        self, stage: Stage, owner: str, limit: int, now: datetime, until: datetime
    ) -> Sequence[Work]:
        return await self._write(
            working.claim, stage, owner, limit, now=to_ms(now), until=to_ms(until)
        )

    async def release(self, work: Work, now: datetime, *, retry_at: datetime, error: str) -> None:
        await self._write(working.release, work, max(to_ms(now), to_ms(retry_at)), error)

    async def work_left(self) -> Mapping[str, int]:
        return await self._read(working.left)

    async def save_tags(
        self,
        work: Work,
        tags: Tags,
        vector: Vector | None,
        now: datetime,
        *,
        state: MessageState,
        answer_by_at: datetime | None,
        reason: str,
    ) -> bool:
        return await self._write(
            tagging.save,
            work,
            tags,
            vector,
            to_ms(now),
            state=state,
            answer_by_at=to_ms_or_none(answer_by_at),
            reason=reason,
        )

    async def save_suggestion(
        self,
        work: Work,
        drafts: Sequence[Draft],
        now: datetime,
        *,
        silence: str,
        reason: str,
    ) -> Suggestion | None:
        return await self._write(
            suggesting.save, work, drafts, to_ms(now), silence=silence, reason=reason
        )

    async def save_vector(self, work: Work, vector: Vector | None, now: datetime) -> bool:
        del now  # every result brings its time; a vector has no use for it
        return await self._write(working.save_vector, work, vector)

    async def correct_tags(
        self, message_id: int, changes: Mapping[str, object], reviewer_id: int, now: datetime
    ) -> None:
        await self._write(tagging.correct, message_id, changes, reviewer_id, to_ms(now))

    async def corrections(self) -> Sequence[tuple[Message, Mapping[str, object]]]:
        return await self._read(tagging.corrections)


class Remembering(Connections):
    async def put_vectors(self, kind: str, rows: Mapping[str, Vector], *, replace: bool) -> None:
        await self._write(remembering.put_vectors, kind, rows, replace=replace)

    async def vectors(self, kind: str, model: str) -> Mapping[str, Vector]:
        return await self._read(remembering.vectors, kind, model)

    async def nearest(self, kind: str, vector: Vector, limit: int) -> Sequence[tuple[str, float]]:
        return await self._read(self._nearest.find, kind, vector, limit)

    async def memories(
        self, vector: Vector, limit: int, *, exclude_thread: int
    ) -> Sequence[Memory]:
        return await self._read(
            remembering.memories, self._nearest, vector, limit, exclude_thread=exclude_thread
        )


class Reading(Connections):
    async def message(self, message_id: int) -> Message:
        return await self._read(reading.message, message_id)

    async def find_message(self, platform: str, ref: str) -> Message | None:
        return await self._read(reading.find_message, platform, ref)

    async def thread(self, message_id: int, limit: int = 200) -> Sequence[Message]:
        return await self._read(reading.thread, message_id, limit)

    async def versions(self, message_id: int) -> Sequence[Version]:
        return await self._read(reading.versions, message_id)

    async def addresses(self, message_ids: Sequence[int]) -> Mapping[int, MessageRef]:
        return await self._read(reading.addresses, message_ids)

    async def queue(
        self, what: QueueFilter, now: datetime, limit: int = 50, after: int | None = None
    ) -> Sequence[QueueEntry]:
        del now  # what is due is decided by wake_snoozed; the order holds at any time
        return await self._read(queueing.queue, what, limit, after)

    async def queue_counts(self, now: datetime) -> Mapping[str, int]:
        del now
        return await self._read(queueing.counts)

    async def entry(self, message_id: int) -> QueueEntry:
        return await self._read(queueing.entry, message_id)

    async def search(
        self, query: str, limit: int = 50, before: int | None = None
    ) -> Sequence[Message]:
        return await self._read(reading.search, query, limit, before)

    async def person(self, person_id: int) -> Person:
        return await self._read(people.person, person_id)

    async def find_people(self, query: str, limit: int = 20) -> Sequence[Person]:
        return await self._read(people.find, query, limit)

    async def person_messages(
        self, person_id: int, limit: int = 200, before: int | None = None
    ) -> Sequence[Message]:
        return await self._read(reading.person_messages, person_id, limit, before)

    async def person_days(self, person_id: int, since: date) -> Sequence[PersonDay]:
        return await self._read(reading.person_days, person_id, since)

    async def suggestion_for(self, message_id: int) -> Suggestion | None:
        found = await self._read(suggesting.newest_for, [message_id])
        return found.get(message_id)

    async def export_tags(self) -> AsyncIterator[tuple[Message, Tags]]:
        last_id = 0
        while step := await self._read(reading.tagged_after, last_id):
            for message, tags in step:
                yield message, tags
            last_id = step[-1][0].id
