"""The connector that plays a world: every verb of the contract, on one platform of it.

Demo, backtest and load generator. Not here: what the world contains (world), when things happen
(timeline, when), what goes wrong (faults), and what is kept (ledger).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice

from connectors._platforms import length, may_post
from connectors._text import matching_form
from connectors.contract import Clock, ConnectorError, Rejected
from connectors.model import (
    Budget,
    Health,
    Message,
    MessageRef,
    Outgoing,
    Page,
    Permission,
    Posted,
    Recheck,
    Source,
    Unreadable,
)
from connectors.replay.faults import Faults, Operation, Rule, error_of, takes_effect
from connectors.replay.ledger import Attempted, Entry, Ledger, Replied, Withdrawn
from connectors.replay.till import Till
from connectors.replay.timeline import Moment, Timeline, place_at, read_cursor, write_cursor
from connectors.replay.world import AccountLine

WEEK = timedelta(days=7)
MONTH_DAYS = 30
Wish = Callable[[Message, Timeline], bool]
_SOON = timedelta(milliseconds=1)  # a page taken at the same instant cannot have missed a reply


@dataclass(frozen=True, slots=True)
class Login:
    """Which of the world's accounts speaks, and how this replay behaves for it."""

    name: str
    world: str
    account: AccountLine
    answer_pace: float = 1.0
    has_idempotency_key: bool = False
    has_automation_label: bool = False

    @property
    def platform(self) -> str:
        return self.account.platform


class Replay:
    """One login on one platform of a world."""

    def __init__(
        self,
        timeline: Timeline,
        ledger: Ledger,
        login: Login,
        *,
        faults: Faults,
        till: Till,
        clock: Clock,
    ) -> None:
        self._timeline = timeline
        self._ledger = ledger
        self._login = login
        self._faults = faults
        self._till = till
        self._clock = clock
        self._calls: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        self._replies: list[Replied] = []
        self._take(ledger.entries)

    async def check(self) -> Health:
        await self._may_fail("check")
        login, account = self._login, self._login.account
        return Health(
            who=f"@{account.handle} on {account.platform}, in the replayed world {login.world}",
            scopes=("read", "write") if may_post(account.platform).allowed else ("read",),
            has_automation_label=self._login.has_automation_label,
        )

    async def pages(self, source: Source, after: str | None) -> AsyncIterator[Page]:
        """Yield what came to pass after the cursor, oldest first, and end where now is."""
        is_wanted = _wish(source)
        self._look()
        now, place = self._clock(), read_cursor(after)
        while True:
            await self._till.may_read(source.name, self._till.page)
            await self._may_fail("pages")
            moments = (
                one for one in self._timeline.between(place, now) if self._is(one, is_wanted)
            )
            page = list(islice(moments, self._till.page))
            await self._till.was_read(source.name, [one.ref for one in page])
            if not page:
                return
            place = page[-1].place
            yield Page(tuple(one.event for one in page), write_cursor(place))

    async def thread(self, message: MessageRef) -> Sequence[Message]:
        await self._may_fail("thread")
        self._look()
        return self._timeline.above(message.ref, self._clock())

    async def recheck(self, refs: Sequence[MessageRef]) -> Sequence[Recheck]:
        await self._till.may_read("recheck", len(refs))
        await self._may_fail("recheck")
        await self._till.was_read("recheck", [one.ref for one in refs])
        self._look()
        return [self._recheck(one.ref) for one in refs]

    async def may_reply(self, message: MessageRef) -> Permission:
        self._look()
        return self._permission(message.ref)

    async def post(self, reply: Outgoing) -> Posted:
        """Try once: what goes wrong is scripted, what takes effect is written before we wait."""
        self._refuse_long(reply.text)
        await self._till.may_reply()
        self._look()
        now, attempt = self._clock(), self._attempts[reply.key] + 1
        rule = self._faults.choose("post", reply.key, reply.parent.ref, attempt)
        tried = Attempted(
            at=now, login=self._login.name, key=reply.key, fault=rule.fault if rule else ""
        )
        if rule is not None and not takes_effect(rule):
            self._ledger.add(tried)
            raise await self._fault(rule) or ConnectorError(rule.fault)
        made = self._known(reply) or self._new(reply, rule, now, attempt)
        self._ledger.add(tried, *(() if made in self._replies else (made,)))
        await self._ledger.settle()
        await self._till.was_sent()
        if error := await self._fault(rule):
            raise error
        return _posted(made)

    async def find_reply(self, reply: Outgoing) -> Posted | None:
        await self._may_fail("find_reply", reply.key, reply.parent.ref)
        self._look()
        now, wanted = self._clock(), matching_form(reply.text)
        for made in self._replies:
            standing = self._timeline.at(made.ref, now)
            if (
                made.parent == reply.parent.ref
                and made.author == self._login.account.ref
                and matching_form(made.text) == wanted
                and standing is not None
                and standing.message is not None
            ):
                return _posted(made)
        return None

    async def delete(self, posted: Posted) -> None:
        await self._may_fail("delete")
        self._look()
        now = self._clock()
        standing = self._timeline.at(posted.ref, now)
        if standing is None or standing.message is None:
            return
        platform = self._login.platform
        self._ledger.add(Withdrawn(at=now + _SOON, platform=platform, ref=posted.ref))
        await self._ledger.settle()

    async def estimate(self, source: Source) -> int:
        """Return what a month of a source costs, in micro-dollars, at the last 7 days' rate."""
        self._look()
        is_wanted, now = _wish(source), self._clock()
        week = self._timeline.between(place_at(now - WEEK), now)
        found = sum(self._is(one, is_wanted) for one in week)
        return found * self._till.read * MONTH_DAYS // WEEK.days

    async def budget(self) -> Budget:
        return Budget()

    async def close(self) -> None:
        self._ledger.close()

    def _look(self) -> None:
        """Take over what any login of this world has done meanwhile."""
        self._take(self._ledger.read())

    def _take(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if isinstance(entry, Attempted):
                self._attempts[entry.key] += 1
            elif isinstance(entry, Replied | Withdrawn) and entry.platform == self._login.platform:
                if isinstance(entry, Replied):
                    self._replies.append(entry)
                self._timeline.add(entry)

    async def _may_fail(self, operation: Operation, key: str = "", message: str = "") -> None:
        counted = f"{operation} {key}"
        self._calls[counted] += 1
        rule = self._faults.choose(operation, key, message, self._calls[counted])
        if error := await self._fault(rule):
            raise error

    async def _fault(self, rule: Rule | None) -> ConnectorError | None:
        if rule is None:
            return None
        if rule.wait_s:
            await asyncio.sleep(rule.wait_s)
        return error_of(rule, self._clock())

    def _is(self, moment: Moment, is_wanted: Wish) -> bool:
        if isinstance(moment.event, Unreadable):
            return True
        message = self._timeline.first_seen(moment.ref)
        return message is not None and is_wanted(message, self._timeline)

    def _refuse_long(self, text: str) -> None:
        size = length(self._login.platform, text)
        if size.is_firm and not size.fits:
            raise Rejected(f"{size.used} {size.unit}, {size.limit} fit", code="too_long")

    def _permission(self, ref: str) -> Permission:
        if not (permission := may_post(self._login.platform)).allowed:
            return permission
        standing = self._timeline.at(ref, self._clock())
        if standing is None or standing.message is None:
            return Permission(False, "The message is gone.", "the platform")
        if self._timeline.is_closed(ref):
            return Permission(False, "This thread takes no replies any more.", "its author")
        return Permission(True)

    def _known(self, reply: Outgoing) -> Replied | None:
        if not self._login.has_idempotency_key:
            return None
        return next((one for one in self._replies if one.key == reply.key), None)

    def _new(self, reply: Outgoing, rule: Rule | None, now: datetime, attempt: int) -> Replied:
        permission = self._permission(reply.parent.ref)
        if not permission.allowed:
            code = "parent_gone" if "gone" in permission.rule else "not_allowed"
            raise Rejected(permission.rule, code=code)
        lag = max(_SOON, self._faults.lag(rule, reply.key, attempt))
        name = sha256(f"{reply.key}/{attempt}".encode()).hexdigest()
        return Replied(
            at=now,
            visible_at=now + lag,
            login=self._login.name,
            platform=self._login.platform,
            author=self._login.account.ref,
            key=reply.key,
            ref=f"reply-{name[:16]}",
            parent=reply.parent.ref,
            text=reply.text,
            content_warning=reply.content_warning,
            language=reply.language,
            visibility=reply.parent.visibility,
            is_automatic=reply.is_automatic,
            answer_pace=self._login.answer_pace,
        )

    def _recheck(self, ref: str) -> Recheck:
        standing = self._timeline.at(ref, self._clock())
        if standing is None:
            return Recheck(ref, "unknown")
        if standing.message is None:
            return Recheck(ref, "deleted")
        return Recheck(ref, "edited" if standing.was_edited else "there", standing.message)


def _wish(source: Source) -> Wish:
    """Return what tells whether a source listens to a message."""
    match source.kind:
        case "mentions":
            return _is_for_us
        case "all":
            return lambda _, __: True
        case "search" | "keyword" | "hashtag":
            query = source.query.casefold()
            return lambda message, _: query in message.text.casefold()
        case kind:
            raise ConnectorError(f"replay has no source of kind {kind!r}: mentions, all, search")


def _is_for_us(message: Message, timeline: Timeline) -> bool:
    """Addressed to us, under something of ours, or said by us or by the team."""
    if message.author.is_ours or message.kind in ("mention", "quote", "direct"):
        return True
    around = (timeline.first_seen(one) for one in (message.parent_ref, message.root_ref) if one)
    return any(one is not None and one.author.is_ours for one in around)


def _posted(made: Replied) -> Posted:
    return Posted(made.ref, server_ref=None, created_at=made.visible_at, text=made.text)
