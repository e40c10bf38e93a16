"""SqliteStore: the Store Protocol on one SQLite file.

Thin on purpose: each method says whether it writes or reads and names the function that does it.
Times become milliseconds here.
"""

import functools
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from connectors.model import Page, Posted, Source
from nlp.model import Tags, Vector
from storage.model import (
    Account,
    Approval,
    AuditEntry,
    Brake,
    BrakeScope,
    DayNumbers,
    Decision,
    DecisionKind,
    Draft,
    Exchange,
    Memory,
    Message,
    Note,
    Person,
    PersonActivity,
    PersonDay,
    QueueEntry,
    QueueFilter,
    Reply,
    Reviewer,
    Role,
    Session,
    SourceState,
    Stage,
    Suggestion,
    Taken,
    Version,
    Work,
)
from storage.sqlite import (
    audit,
    brakes,
    counting,
    erasing,
    keeping,
    listening,
    outbox,
    people,
    queueing,
    reading,
    remembering,
    reviewing,
    suggesting,
    tagging,
    team,
    working,
)
from storage.sqlite.engine import Connection, Readers, Writer
from storage.sqlite.opening import Clock
from storage.sqlite.times import to_ms, to_ms_or_none
from storage.states import MessageState, ReplyState
from storage.store import StoreReadOnly

P = ParamSpec("P")
T = TypeVar("T")
_NO_LIMIT = 24 * 3600.0


class _Connections:
    """How every section reaches the database."""

    def __init__(
        self, readers: Readers, writer: Writer | None, clock: Clock, lock: int | None = None
    ) -> None:
        self._readers = readers
        self._writer = writer
        self._clock = clock
        self._lock = lock
        self._nearest = remembering.Nearest()
        self._closed = False

    async def _write(
        self,
        function: Callable[Concatenate[Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        result: T = await self._the_writer().run(_bind(function, args, kwargs))
        return result

    async def _read(
        self,
        function: Callable[Concatenate[Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        result: T = await self._readers.run(_bind(function, args, kwargs))
        return result

    def _the_writer(self) -> Writer:
        if self._writer is None:
            raise StoreReadOnly("this store was opened to read only: go through the service")
        return self._writer


def _bind(
    function: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Callable[[Connection], T]:
    def bound(conn: Connection) -> T:
        return function(conn, *args, **kwargs)

    return bound


class _Listening(_Connections):
    async def take_page(self, source: Source, page: Page, now: datetime) -> Taken:
        return await self._write(listening.take_page, source, page, now)

    async def cursor(self, source: str) -> str | None:
        return await self._read(listening.cursor, source)

    async def note_source(self, source: str, now: datetime, *, error: str = "") -> None:
        await self._write(listening.note_source, source, to_ms(now), error)

    async def source_states(self) -> Sequence[SourceState]:
        return await self._read(listening.source_states)

    async def quarantine(self, source: str, raw: str, reason: str, now: datetime) -> None:
        await self._write(listening.quarantine, source, raw, reason, to_ms(now))


class _Working(_Connections):
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

    async def save_vector(self, work: Work, vector: Vector | None, now: datetime) -> bool:  # noqa: ARG002 - the Protocol gives every result its time
        return await self._write(working.save_vector, work, vector)

    async def correct_tags(
        self, message_id: int, changes: Mapping[str, object], reviewer_id: int, now: datetime
    ) -> None:
        await self._write(tagging.correct, message_id, changes, reviewer_id, to_ms(now))

    async def corrections(self) -> Sequence[tuple[Message, Mapping[str, object]]]:
        return await self._read(tagging.corrections)


class _Remembering(_Connections):
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


class _Reading(_Connections):
    async def message(self, message_id: int) -> Message:
        return await self._read(reading.message, message_id)

    async def find_message(self, platform: str, ref: str) -> Message | None:
        return await self._read(reading.find_message, platform, ref)

    async def thread(self, message_id: int, limit: int = 200) -> Sequence[Message]:
        return await self._read(reading.thread, message_id, limit)

    async def versions(self, message_id: int) -> Sequence[Version]:
        return await self._read(reading.versions, message_id)

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


class _Reviewing(_Connections):
    async def approve(self, approval: Approval, now: datetime) -> Reply:
        return await self._write(reviewing.approve, approval, to_ms(now))

    async def decide(
        self,
        kind: DecisionKind,
        message_id: int,
        reviewer_id: int,
        now: datetime,
        *,
        request_id: str,
        reason: str = "",
        seconds: float | None = None,
        until: datetime | None = None,
    ) -> Decision:
        return await self._write(
            reviewing.decide,
            kind,
            message_id,
            reviewer_id,
            to_ms(now),
            request_id=request_id,
            reason=reason,
            seconds=seconds,
            until=to_ms_or_none(until),
        )

    async def recall(self, reply_id: int, reviewer_id: int, now: datetime) -> Reply:
        return await self._write(reviewing.recall, reply_id, reviewer_id, to_ms(now))

    async def decisions(self, since: datetime, until: datetime) -> Sequence[Decision]:
        return await self._read(reviewing.decisions, to_ms(since), to_ms(until))

    async def wake_snoozed(self, now: datetime) -> int:
        return await self._write(reviewing.wake_snoozed, to_ms(now))

    async def add_note(self, account_id: int, text: str, by: int, now: datetime) -> Note:
        return await self._write(people.add_note, account_id, text, by, to_ms(now))

    async def set_opt_out(self, account_id: int, on: bool, by: int, now: datetime) -> None:
        await self._write(people.set_opt_out, account_id, on, by, to_ms(now))

    async def merge(self, keep: int, other: int, by: int, reason: str, now: datetime) -> int:
        return await self._write(people.merge, keep, other, by=by, reason=reason, now=to_ms(now))

    async def unmerge(self, merge_id: int, by: int, now: datetime) -> None:
        await self._write(people.unmerge, merge_id, by, to_ms(now))


class _Outbox(_Connections):
    async def claim_reply(
        self, login: str, owner: str, now: datetime, until: datetime
    ) -> Reply | None:
        return await self._write(outbox.claim, login, owner, to_ms(now), to_ms(until))

    async def move_reply(
        self,
        reply: Reply,
        after: ReplyState,
        now: datetime,
        *,
        actor: str,
        reason: str = "",
        posted: Posted | None = None,
        not_before: datetime | None = None,
        lookups: int | None = None,
    ) -> Reply | None:
        return await self._write(
            outbox.move,
            reply,
            after,
            to_ms(now),
            actor=actor,
            reason=reason,
            posted=posted,
            not_before=not_before,
            lookups=lookups,
        )

    async def note_lookup(self, reply: Reply, now: datetime) -> Reply | None:
        return await self._write(outbox.note_lookup, reply, to_ms(now))

    async def replies(self, *states: ReplyState, limit: int = 200) -> Sequence[Reply]:
        return await self._read(outbox.replies, states, limit)

    async def reply(self, reply_id: int) -> Reply:
        return await self._read(reviewing.reply, reply_id)

    async def lose_leases(self, now: datetime, *, all_owners: bool = False) -> int:
        return await self._write(outbox.lose_leases, to_ms(now), all_owners=all_owners)

    async def set_brake(
        self,
        scope: BrakeScope,
        target: str,
        now: datetime,
        *,
        on: bool,
        by: str,
        reason: str = "",
    ) -> None:
        await self._write(brakes.set_brake, scope, target, to_ms(now), on=on, by=by, reason=reason)

    async def brakes(self) -> Sequence[Brake]:
        return await self._read(brakes.brakes)


class _Team(_Connections):
    async def add_reviewer(self, name: str, role: Role, now: datetime) -> Reviewer:
        return await self._write(team.add, name, role, to_ms(now))

    async def reviewers(self) -> Sequence[Reviewer]:
        return await self._read(team.reviewers)

    async def set_reviewer(
        self, reviewer_id: int, now: datetime, *, role: Role | None = None, disabled: bool = False
    ) -> Reviewer:
        return await self._write(team.change, reviewer_id, to_ms(now), role=role, disabled=disabled)

    async def make_link(self, reviewer_id: int, now: datetime, expires_at: datetime) -> str:
        return await self._write(team.make_link, reviewer_id, to_ms(now), to_ms(expires_at))

    async def redeem_link(
        self, token: str, now: datetime, expires_at: datetime
    ) -> tuple[str, Session] | None:
        return await self._write(team.redeem_link, token, to_ms(now), to_ms(expires_at))

    async def session(self, token: str, now: datetime) -> Session | None:
        return await self._read(team.session, token, to_ms(now))

    async def end_session(self, session_id: int, now: datetime) -> None:
        await self._write(team.end_session, session_id, to_ms(now))


class _Counting(_Connections):
    async def day_numbers(self, days: Sequence[date], time_zone: str) -> Sequence[DayNumbers]:
        return await self._read(counting.day_numbers, days, time_zone)

    async def exchanges(self, since: datetime, until: datetime) -> Sequence[Exchange]:
        return await self._read(counting.exchanges, to_ms(since), to_ms(until))

    async def activity(self, since: datetime, until: datetime) -> Sequence[PersonActivity]:
        return await self._read(counting.activity, to_ms(since), to_ms(until))

    async def messages_between(
        self, since: datetime, until: datetime, limit: int = 5000
    ) -> Sequence[Message]:
        return await self._read(counting.messages_between, to_ms(since), to_ms(until), limit)

    async def first_day(self, time_zone: str) -> date | None:
        return await self._read(counting.first_day, time_zone)

    async def claim_digest(self, day: date, now: datetime) -> bool:
        return await self._write(counting.claim_digest, day, to_ms(now))

    async def digest_sent(self, day: date, now: datetime, *, error: str = "") -> None:
        await self._write(counting.digest_sent, day, to_ms(now), error)

    async def accounts_of(self, *, is_ours: bool) -> Sequence[Account]:
        return await self._read(people.of_ours, is_ours)


class _Keeping(_Connections):
    async def audit(self, limit: int = 200, before: int | None = None) -> Sequence[AuditEntry]:
        return await self._read(audit.entries, limit, before)

    async def verify_audit(self) -> int | None:
        return await self._read(audit.verify)

    async def erase_person(self, person_id: int, by: str, now: datetime) -> int:
        return await self._write(erasing.erase_person, person_id, by, to_ms(now))

    async def finish_erasure(self) -> None:
        await self._the_writer().run(erasing.finish, alone=True)

    async def ping(self) -> None:
        await self._write(keeping.ping)

    async def get_setting(self, name: str) -> str | None:
        return await self._read(keeping.get_setting, name)

    async def put_setting(self, name: str, value: str, by: str, now: datetime) -> None:
        await self._write(keeping.put_setting, name, value, by, to_ms(now))

    async def backup(self, path: str) -> None:
        copy = functools.partial(keeping.backup, path=path, now=to_ms(self._clock()))
        await self._readers.run(copy, _NO_LIMIT)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._readers.stop()
        if self._writer is not None:
            await self._writer.stop()
        if self._lock is not None:
            os.close(self._lock)


class SqliteStore(
    _Listening,
    _Working,
    _Remembering,
    _Reading,
    _Reviewing,
    _Outbox,
    _Team,
    _Counting,
    _Keeping,
):
    """Everything byname remembers, in one file."""
