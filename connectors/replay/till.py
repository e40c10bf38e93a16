"""A replayed platform that takes money: its prices are settings, so that a cap can be tried.

    [logins.demo-x.prices]
    read = 0.005                # dollars for each message read, once a day (UTC)
    reply = 0.01
    page = 20                   # messages a page: what one call may cost at most

Not here: what was spent and what may be (the meter that bot hands over).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from connectors.contract import Meter
from connectors.model import Charge

_DOLLAR = 1_000_000
Dollars = Annotated[Decimal, Field(ge=0)]


class Prices(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    read: Dollars = Decimal(0)
    reply: Dollars = Decimal(0)
    page: Annotated[int, Field(ge=1)] = 200


class Till:
    """Asks before a call and pays after it, where the platform is not free."""

    def __init__(self, meter: Meter, prices: Prices) -> None:
        self._meter = meter
        self.page = prices.page
        self.read = int(prices.read * _DOLLAR)
        self._reply = int(prices.reply * _DOLLAR)

    async def may_read(self, purpose: str, most: int) -> None:
        """Raise CapReached where so many messages might cost too much."""
        if self.read:
            await self._meter.ask(purpose, most * self.read)

    async def was_read(self, purpose: str, refs: Sequence[str]) -> None:
        if self.read:
            charge = Charge("message read", len(refs), len(refs) * self.read, tuple(refs))
            await self._meter.spent(purpose, charge)

    async def may_reply(self) -> None:
        if self._reply:
            await self._meter.ask("reply", self._reply)

    async def was_sent(self) -> None:
        if self._reply:
            await self._meter.spent("reply", Charge("reply", 1, self._reply))
