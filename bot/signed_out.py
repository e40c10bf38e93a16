"""What stands for a login that cannot be opened: it refuses everything, and says why.

So a login without its secret is stopped like one whose secret was taken back: alone, until somebody
signs it in (bot.sign_ins). Not here: opening a login (bot.logins).
"""

from collections.abc import AsyncIterator, Sequence
from typing import NoReturn

from connectors.contract import AuthFailed
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
)


class SignedOut:
    """A login that nobody is signed in to (connectors.contract.Connector)."""

    def __init__(self, why: str) -> None:
        self._why = why

    async def check(self) -> Health:
        self._refuse()

    async def pages(self, _source: Source, _after: str | None) -> AsyncIterator[Page]:
        self._refuse()
        yield  # a generator, as those of all connectors are

    async def thread(self, _message: MessageRef) -> Sequence[Message]:
        self._refuse()

    async def recheck(self, _refs: Sequence[MessageRef]) -> Sequence[Recheck]:
        self._refuse()

    async def may_reply(self, _message: MessageRef) -> Permission:
        self._refuse()

    async def post(self, _reply: Outgoing) -> Posted:
        self._refuse()

    async def find_reply(self, _reply: Outgoing) -> Posted | None:
        self._refuse()

    async def delete(self, _posted: Posted) -> None:
        self._refuse()

    async def budget(self) -> Budget:
        return Budget()

    async def close(self) -> None:
        return None

    def _refuse(self) -> NoReturn:
        raise AuthFailed(self._why)
