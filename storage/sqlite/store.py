"""SqliteStore: the Store Protocol on one SQLite file.

Thin on purpose: each method says whether it writes or reads and names the function that does it.
Times become milliseconds here.
"""

import functools
import os
from collections.abc import Sequence
from datetime import date, datetime

from connectors.model import Charge
from storage.model import (
    Account,
    AuditEntry,
    DayNumbers,
    Exchange,
    Message,
    PersonActivity,
    Spending,
)
from storage.sqlite import (
    audit,
    counting,
    erasing,
    keeping,
    people,
    rechecking,
    spending,
)
from storage.sqlite.connections import Connections
from storage.sqlite.deciding import Outbox, Reviewing, Team
from storage.sqlite.incoming import Listening, Reading, Remembering, Working
from storage.sqlite.times import to_ms

_NO_LIMIT = 24 * 3600.0


class Counting(Connections):
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


class Paying(Connections):
    async def note_spending(self, login: str, purpose: str, charge: Charge, now: datetime) -> int:
        return await self._write(spending.note, login, purpose, charge, to_ms(now))

    async def paid_today(self, login: str, refs: Sequence[str], now: datetime) -> frozenset[str]:
        return await self._read(spending.paid, login, refs, to_ms(now))

    async def spending(self, since: date, until: date) -> Sequence[Spending]:
        return await self._read(spending.spending, since, until)


class Keeping(Connections):
    async def audit(self, limit: int = 200, before: int | None = None) -> Sequence[AuditEntry]:
        return await self._read(audit.entries, limit, before)

    async def verify_audit(self) -> int | None:
        broken: int | None = await self._readers.run(audit.verify, _NO_LIMIT)
        return broken

    async def erase_person(self, person_id: int, by: str, now: datetime) -> int:
        return await self._write(
            erasing.erase_person, person_id, by, to_ms(now), ledger=self._ledger
        )

    async def to_recheck(
        self,
        platform: str,
        before: datetime,
        limit: int = 100,
        sources: Sequence[str] | None = None,
        *,
        but_not: Sequence[str] = (),
    ) -> Sequence[Message]:
        return await self._read(
            rechecking.to_recheck, platform, to_ms(before), limit, sources, but_not
        )

    async def count_overdue(
        self, platform: str, before: datetime, sources: Sequence[str] | None = None
    ) -> int:
        return await self._read(rechecking.count_overdue, platform, to_ms(before), sources)

    async def note_checked(self, message_ids: Sequence[int], now: datetime) -> None:
        await self._write(rechecking.note_checked, message_ids, to_ms(now))

    async def forget_words(
        self, platform: str, before: datetime, now: datetime, limit: int = 1000
    ) -> int:
        return await self._write(
            rechecking.forget_words, platform, to_ms(before), to_ms(now), limit=limit
        )

    async def finish_erasure(self) -> None:
        await self._the_writer().run(erasing.finish, alone=True)

    async def ping(self) -> None:
        await self._write(keeping.ping, to_ms(self._clock()))

    async def get_setting(self, name: str) -> str | None:
        return await self._read(keeping.get_setting, name)

    async def put_setting(self, name: str, value: str, by: str, now: datetime) -> None:
        await self._write(keeping.put_setting, name, value, by, to_ms(now))

    async def put_state(self, name: str, value: str, now: datetime) -> None:
        await self._write(keeping.put_state, name, value, to_ms(now))

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
):
    """Everything byname remembers, in one file."""
