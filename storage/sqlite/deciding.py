"""What people decide and what leaves: the second half of SqliteStore. Thin on purpose."""

from collections.abc import Sequence
from datetime import datetime

from connectors.model import Posted
from storage.model import (
    Approval,
    Brake,
    BrakeScope,
    Decision,
    DecisionKind,
    Merge,
    Note,
    Reply,
    Reviewer,
    Role,
    Session,
)
from storage.sqlite import (
    brakes,
    outbox,
    people,
    reviewing,
    team,
)
from storage.sqlite.connections import Connections
from storage.sqlite.times import to_ms, to_ms_or_none
from storage.states import ReplyState


class Reviewing(Connections):
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

    async def merges(self, person_id: int) -> Sequence[Merge]:
        return await self._read(people.merges, person_id)

    async def unmerge(self, merge_id: int, by: int, now: datetime) -> None:
        await self._write(people.unmerge, merge_id, by, to_ms(now))


class Outbox(Connections):
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


class Team(Connections):
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

    async def sessions(self, now: datetime) -> Sequence[Session]:
        return await self._read(team.sessions, to_ms(now))

    async def end_session(self, session_id: int, by: int, now: datetime) -> None:
        await self._write(team.end_session, session_id, by, to_ms(now))
