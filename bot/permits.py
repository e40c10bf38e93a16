"""May we reply here? The platform is asked, and its answer holds for some minutes.

Asked when a suggestion is made, when somebody looks, just before an approval is taken, and in the
last look before sending. Not here: what follows from a no (bot.suggest, bot.review, bot.last_look).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.policy import wait_for_budget
from connectors._platforms import may_post
from connectors.contract import Connector, ConnectorError, Rejected
from connectors.model import MessageRef, Permission
from storage.model import Message
from storage.store import Store

FRESH = timedelta(minutes=10)
SILENCE = timedelta(seconds=30)
PATIENCE_S = 3.0  # somebody is waiting for a page
MOST_KEPT = 5000
UNKNOWN = Permission(allowed=True)  # who cannot be asked now is asked again before sending

ConnectorOf = Callable[[str], Connector | None]


@dataclass(slots=True)
class Permits:
    """What the platforms said, by message."""

    store: Store
    connector_of: ConnectorOf  # by login
    clock: Callable[[], datetime]
    _silent_until: dict[str, datetime] = field(default_factory=dict)
    _known: OrderedDict[int, tuple[datetime, Permission]] = field(default_factory=OrderedDict)

    async def ask(self, message: Message) -> Permission:
        """Return what the platform says, at most some minutes old. Raises ConnectorError."""
        if not (permission := may_post(message.platform)).allowed:
            return permission
        known = self._known.get(message.id)
        if known is not None and self.clock() < known[0] + FRESH:
            return known[1]
        connector = self.connector_of(message.login or "")
        if connector is None:
            return UNKNOWN
        there = (await self.store.addresses([message.id]))[message.id]
        return self._keep(message.id, await _ask(connector, there))

    async def hint(self, message: Message, *, can_wait: bool = True) -> Permission:
        """Return the same for a person who waits: no error, no long wait; unknown means yes.

        A platform that was silent a moment ago is left alone, and what `can_wait` does not spend
        the calls that hearing and posting need.
        """
        login = message.login or ""
        if message.id not in self._known and await self._is_spared(login, can_wait=can_wait):
            return UNKNOWN
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self.ask(message)
        except (ConnectorError, TimeoutError):
            self._silent_until[login] = self.clock() + SILENCE
            return UNKNOWN

    async def _is_spared(self, login: str, *, can_wait: bool) -> bool:
        silent_until = self._silent_until.get(login)
        if silent_until is not None and self.clock() < silent_until:
            return True
        connector = self.connector_of(login)
        if connector is None or not can_wait:
            return False
        return wait_for_budget(await connector.budget(), self.clock()) > 0

    def _keep(self, message_id: int, permission: Permission) -> Permission:
        self._known[message_id] = (self.clock(), permission)
        self._known.move_to_end(message_id)
        if len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        return permission


async def _ask(connector: Connector, there: MessageRef) -> Permission:
    try:
        return await connector.may_reply(there)
    except Rejected as error:  # a definite no, said in another way
        return Permission(False, error.reason, "the platform's answer")


def said(permission: Permission) -> str:
    """Say a no in one line: the rule, and where it is written."""
    return f"{permission.rule} ({permission.source})" if permission.source else permission.rule
