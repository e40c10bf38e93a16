"""The Store: what byname can remember, look up and decide, as a Protocol.

Every writing method is one durable transaction, with its audit entry inside it where a decision or
an outgoing act is concerned. Nothing here speaks SQL and nothing here calls a network or a model.

Errors say who must act:

    StoreError
    ├── Conflict      the reviewer: somebody was faster, or the text on screen is not the stored one
    ├── NotFound      the caller: no such id
    ├── IllegalEdge   the programmer: a step that DESIGN's life of a reply does not allow
    ├── StoreMissing  the operator: no database to read here yet (exit code 78)
    ├── StoreLocked   the operator: another process writes (exit code 75)
    ├── StoreReadOnly the operator: file or folder cannot be written (exit code 78)
    ├── StoreTooNew   the operator: written by a newer byname (exit code 78)
    └── StoreBroken   the operator: not a database, or damaged: restore a backup (exit code 78)
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from connectors.model import Charge, MessageRef, Page, Posted, Source
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
    Merge,
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
    Spending,
    Stage,
    Suggestion,
    Taken,
    Version,
    Work,
)
from storage.states import MessageState, ReplyState


class StoreError(Exception):
    """Base of everything storage raises on purpose."""


class Conflict(StoreError):
    """Somebody was faster, or the text that was shown is no longer the stored one."""


class NotFound(StoreError):
    """No such id."""


class IllegalEdge(StoreError):
    """A step that the life of a message, suggestion or reply does not allow."""


class StoreMissing(StoreError):
    """There is no database of this version to read in this home yet."""


class StoreLocked(StoreError):
    """Another process holds the lock of this home."""


class StoreReadOnly(StoreError):
    """The database cannot be written."""


class StoreTooNew(StoreError):
    """The database was written by a newer byname."""


class StoreBroken(StoreError):
    """The file is not a database, or it is damaged."""


class Listening(Protocol):
    """Collecting: pages in, with their cursor, in one transaction each."""

    async def take_page(self, source: Source, page: Page, now: datetime) -> Taken:
        """Store a page and its cursor.

        New inbound messages get work in stage `tag`; older than source.answer_since, from a
        listen_only source or an import they end as history. Known refs are left alone unless the
        text differs: then the newer edited_at wins and the difference is a version (an import:
        conflicting, first text stays). Edits keep a version, re-open review, supersede the open
        suggestion and hold an approved reply. Deletions erase text and traces, expire
        suggestions, withdraw replies that have not left.
        """
        ...

    async def cursor(self, source: str) -> str | None: ...
    async def note_source(self, source: str, now: datetime, *, error: str = "") -> None: ...
    async def source_states(self) -> Sequence[SourceState]: ...
    async def quarantine(self, source: str, raw: str, reason: str, now: datetime) -> None: ...


class Working(Protocol):
    """Stages take their work from here; rows leave when done."""

    async def claim(
        self, stage: Stage, owner: str, limit: int, now: datetime, until: datetime
    ) -> Sequence[Work]: ...

    async def release(self, work: Work, now: datetime, *, retry_at: datetime, error: str) -> None:
        """Give work back after a failure. After 3 attempts it is dead and stops blocking others."""
        ...

    async def work_left(self) -> Mapping[str, int]: ...

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
        """Store the answers of one forward pass and move the message on, if the lease still holds.

        state `waiting` also enqueues stage `suggest`. The vector is kept only when the message
        has an answer of ours (memory); else it is dropped. False: the lease was lost.
        """
        ...

    async def save_suggestion(
        self,
        work: Work,
        drafts: Sequence[Draft],
        now: datetime,
        *,
        silence: str,
        reason: str,
    ) -> Suggestion | None:
        """Supersede the open suggestion and store the new one; None when the lease was lost."""
        ...

    async def save_vector(self, work: Work, vector: Vector | None, now: datetime) -> bool: ...

    async def correct_tags(
        self, message_id: int, changes: Mapping[str, object], reviewer_id: int, now: datetime
    ) -> None:
        """Keep a human's correction: sentiment, intents, offensive, crisis, needs_reply."""
        ...

    async def corrections(self) -> Sequence[tuple[Message, Mapping[str, object]]]: ...


class Remembering(Protocol):
    """Vectors: answered messages, playbook and knowledge only."""

    async def put_vectors(self, kind: str, rows: Mapping[str, Vector], *, replace: bool) -> None:
        """Store vectors by ref. `replace` first drops all other refs of this kind."""
        ...

    async def vectors(self, kind: str, model: str) -> Mapping[str, Vector]: ...

    async def nearest(self, kind: str, vector: Vector, limit: int) -> Sequence[tuple[str, float]]:
        """Return refs and cosine similarity, best first, among vectors of the same model."""
        ...

    async def memories(
        self, vector: Vector, limit: int, *, exclude_thread: int
    ) -> Sequence[Memory]:
        """Return the nearest answered messages with the answer a human of ours sent.

        Direct messages never come back, nor deleted ones, nor automatic answers.
        """
        ...


class Reading(Protocol):
    """What pages, commands and drafters look up. Never writes."""

    async def message(self, message_id: int) -> Message: ...
    async def find_message(self, platform: str, ref: str) -> Message | None: ...
    async def thread(self, message_id: int, limit: int = 200) -> Sequence[Message]:
        """Return all messages under the same root, oldest first, in and out, tombstones too."""
        ...

    async def versions(self, message_id: int) -> Sequence[Version]: ...
    async def addresses(self, message_ids: Sequence[int]) -> Mapping[int, MessageRef]:
        """Return how connectors address these messages; unknown ids are left out."""
        ...

    async def queue(
        self, what: QueueFilter, now: datetime, limit: int = 50, after: int | None = None
    ) -> Sequence[QueueEntry]:
        """List messages ordered by answer_by_at, or newest first for done and all.

        `after` is the message id of the last entry of the page before.
        """
        ...

    async def queue_counts(self, now: datetime) -> Mapping[str, int]: ...
    async def entry(self, message_id: int) -> QueueEntry: ...
    async def search(
        self, query: str, limit: int = 50, before: int | None = None
    ) -> Sequence[Message]:
        """Find words in messages, newest first. Any input is safe; nonsense finds nothing."""
        ...

    async def person(self, person_id: int) -> Person: ...
    async def find_people(self, query: str, limit: int = 20) -> Sequence[Person]: ...
    async def person_messages(
        self, person_id: int, limit: int = 200, before: int | None = None
    ) -> Sequence[Message]:
        """Return everything said both ways, newest first: theirs, and ours to them."""
        ...

    async def person_days(self, person_id: int, since: date) -> Sequence[PersonDay]: ...
    async def suggestion_for(self, message_id: int) -> Suggestion | None: ...
    def export_tags(self) -> AsyncIterator[tuple[Message, Tags]]: ...


class Reviewing(Protocol):
    """A human's word. Every method is idempotent or refuses with Conflict."""

    async def approve(self, approval: Approval, now: datetime) -> Reply:
        """Freeze the text and put it into the outbox as `approved`.

        Raises Conflict when the suggestion was superseded, the shown hash differs from the stored
        text, the message has gone, or an open reply of this conversation exists. The same
        request_id gives the same reply.
        """
        ...

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
        """Reject (back to waiting, no suggestion), say no reply needed (done), or snooze.

        `by_hand`: a human answered on the platform itself (done); `reason` is the link, if any.
        """
        ...

    async def recall(self, reply_id: int, reviewer_id: int, now: datetime) -> Reply:
        """Undo an approval that has not left: approved -> recalled; the message waits again."""
        ...

    async def decisions(self, since: datetime, until: datetime) -> Sequence[Decision]: ...
    async def wake_snoozed(self, now: datetime) -> int: ...
    async def add_note(self, account_id: int, text: str, by: int, now: datetime) -> Note: ...
    async def set_opt_out(self, account_id: int, on: bool, by: int, now: datetime) -> None: ...
    async def merge(self, keep: int, other: int, by: int, reason: str, now: datetime) -> int: ...
    async def merges(self, person_id: int) -> Sequence[Merge]:
        """Return the joinings that made this person and still stand, the latest first."""
        ...

    async def unmerge(self, merge_id: int, by: int, now: datetime) -> None: ...


class Outbox(Protocol):
    """Posting once. Every edge is a compare-and-set with its audit entry."""

    async def claim_reply(
        self, login: str, owner: str, now: datetime, until: datetime
    ) -> Reply | None:
        """Take the next approved reply of a login: approved -> sending, durable on return.

        Refuses while a brake applies or another reply of the conversation blocks. The last look
        happens in the same transaction: a newer message of ours, or an edit or deletion of theirs
        since approval, moves the reply to held with its reason instead.
        """
        ...

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
        """Take one edge if version and token still match; None: somebody else was there first.

        `sent` stores the posted message (direction out) in the same transaction, ends the message
        it answers and enqueues stage `embed` for it. `attempts` grows on sending.
        """
        ...

    async def note_lookup(self, reply: Reply, now: datetime) -> Reply | None:
        """Count one more read-back that did not find the reply."""
        ...

    async def replies(self, *states: ReplyState, limit: int = 200) -> Sequence[Reply]: ...
    async def reply(self, reply_id: int) -> Reply: ...
    async def lose_leases(self, now: datetime, *, all_owners: bool = False) -> int:
        """Move `sending` whose lease ended (at start: all of them) to `unknown`."""
        ...

    async def set_brake(
        self,
        scope: BrakeScope,
        target: str,
        now: datetime,
        *,
        on: bool,
        by: str,
        reason: str = "",
    ) -> None: ...

    async def brakes(self) -> Sequence[Brake]: ...


class Team(Protocol):
    """Reviewers, one-time links, sessions. Tokens are stored as SHA-256 only."""

    async def add_reviewer(self, name: str, role: Role, now: datetime) -> Reviewer: ...
    async def reviewers(self) -> Sequence[Reviewer]: ...
    async def set_reviewer(
        self, reviewer_id: int, now: datetime, *, role: Role | None = None, disabled: bool = False
    ) -> Reviewer: ...
    async def make_link(self, reviewer_id: int, now: datetime, expires_at: datetime) -> str:
        """Return a one-time token for a sign-in link."""
        ...

    async def redeem_link(
        self, token: str, now: datetime, expires_at: datetime
    ) -> tuple[str, Session] | None:
        """Trade a one-time token for a session token; None when used, expired or unknown."""
        ...

    async def session(self, token: str, now: datetime) -> Session | None: ...
    async def sessions(self, now: datetime) -> Sequence[Session]:
        """Return every browser that is signed in, the latest first."""
        ...

    async def end_session(self, session_id: int, by: int, now: datetime) -> None:
        """Sign one browser out; doing it twice changes nothing."""
        ...


class Counting(Protocol):
    """What digests and measures read."""

    async def day_numbers(self, days: Sequence[date], time_zone: str) -> Sequence[DayNumbers]: ...
    async def exchanges(self, since: datetime, until: datetime) -> Sequence[Exchange]: ...
    async def activity(self, since: datetime, until: datetime) -> Sequence[PersonActivity]: ...
    async def messages_between(
        self, since: datetime, until: datetime, limit: int = 5000
    ) -> Sequence[Message]: ...
    async def first_day(self, time_zone: str) -> date | None: ...
    async def claim_digest(self, day: date, now: datetime) -> bool:
        """Take the right to send the digest of a local date; False when it was taken before."""
        ...

    async def digest_sent(self, day: date, now: datetime, *, error: str = "") -> None: ...
    async def accounts_of(self, *, is_ours: bool) -> Sequence[Account]: ...


class Paying(Protocol):
    """What paid calls of our logins cost. Days are UTC dates, as platforms bill."""

    async def note_spending(self, login: str, purpose: str, charge: Charge, now: datetime) -> int:
        """Note one call; return what it did cost, in micro-dollars.

        Of charge.refs those that this login paid for already today cost nothing again: price and
        units shrink with them, the call counts.
        """
        ...

    async def paid_today(self, login: str, refs: Sequence[str], now: datetime) -> frozenset[str]:
        """Return which refs this login has paid for since midnight UTC."""
        ...

    async def spending(self, since: date, until: date) -> Sequence[Spending]:
        """Return sums by login, purpose and thing; `until` is the first day that is left out."""
        ...


class Keeping(Protocol):
    """Audit, erasure, health, closing."""

    async def audit(self, limit: int = 200, before: int | None = None) -> Sequence[AuditEntry]: ...
    async def verify_audit(self) -> int | None:
        """Walk the chain; return the id of the first broken entry, or None when it is whole."""
        ...

    async def erase_person(self, person_id: int, by: str, now: datetime) -> int:
        """Erase a person's words and name in one transaction; return the number of messages."""
        ...

    async def to_recheck(
        self,
        platform: str,
        before: datetime,
        limit: int = 100,
        sources: Sequence[str] | None = None,
        *,
        but_not: Sequence[str] = (),
    ) -> Sequence[Message]:
        """Return messages with words that were last compared with the platform before a time.

        Those that were compared longest ago come first (DataRules.recheck_hours). `sources`
        narrows to what these brought, so that one login looks only at what it can see; `but_not`
        leaves out what these brought.
        """
        ...

    async def count_overdue(
        self, platform: str, before: datetime, sources: Sequence[str] | None = None
    ) -> int:
        """Count what to_recheck would return, to 10,000 at most."""
        ...

    async def note_checked(self, message_ids: Sequence[int], now: datetime) -> None:
        """Remember that these messages were compared with their platform now."""
        ...

    async def forget_words(
        self, platform: str, before: datetime, now: datetime, limit: int = 1000
    ) -> int:
        """Erase the words of messages heard before a time (DataRules.retain_days).

        Returns how many; at most `limit` in one transaction. What is counted stays counted. The
        files hold the words until finish_erasure.
        """
        ...

    async def finish_erasure(self) -> None:
        """Drop the erased words from the files: FTS optimize, then a truncating checkpoint."""
        ...

    async def ping(self) -> None:
        """Write and commit something small; raises StoreError when the database cannot."""
        ...

    async def get_setting(self, name: str) -> str | None: ...
    async def put_setting(self, name: str, value: str, by: str, now: datetime) -> None: ...
    async def put_state(self, name: str, value: str, now: datetime) -> None:
        """Keep a passing state, read with get_setting; nobody decided it, so it is not audited."""
        ...

    async def backup(self, path: str) -> None: ...
    async def close(self) -> None: ...


class Store(
    Listening,
    Working,
    Remembering,
    Reading,
    Reviewing,
    Outbox,
    Team,
    Counting,
    Paying,
    Keeping,
    Protocol,
):
    """All of it. Open one with storage.open_store (write) or storage.open_reader (query only)."""
