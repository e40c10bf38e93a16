"""What a search on a platform that takes money would cost: looked up before it is switched on.

A connector that can tell says so by having `estimate` (connectors.contract.Estimates). What it told
is kept as a passing state for a day. Not here: what was spent (bot.costs).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.config import LISTEN_ONLY
from bot.desk import Desk
from bot.money import amount
from bot.purposes import paying_for
from connectors.contract import Estimates
from storage.store import Store

HOLDS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What listening to a source would cost in a month, as it was looked up."""

    micro_dollars: int
    at: datetime

    @property
    def says(self) -> str:
        return in_words(self.micro_dollars)


def in_words(micro_dollars: int) -> str:
    return f"about {amount(micro_dollars)} dollars a month at the last 7 days' rate"


async def look_ahead(desk: Desk, connector: Estimates, searches: Sequence[str]) -> int:
    """Look up what searches would cost, each once a day. Returns how many were asked for."""
    asked = 0
    for name in searches:
        known = await estimate_of(desk.store, name)
        if known is None or known.at + HOLDS <= desk.clock():
            with paying_for("estimate"):  # before there is a cap to go by
                cost = await connector.estimate(desk.config.source(name))
            kept = json.dumps({"micro_dollars": cost, "at": desk.clock().isoformat()})
            await desk.store.put_state(_name(name), kept, desk.clock())
            desk.hub.tell("source")
            asked += 1
    return asked


async def estimate_of(store: Store, source: str) -> Estimate | None:
    """Return what was looked up last, however long ago."""
    kept = await store.get_setting(_name(source))
    if kept is None:
        return None
    row = json.loads(kept)
    return Estimate(row["micro_dollars"], datetime.fromisoformat(row["at"]))


async def estimates(desk: Desk) -> Mapping[str, Estimate]:
    """Return what is known of the searches in byname.toml that cost something."""
    searches = [name for name, one in desk.config.sources.items() if one.kind in LISTEN_ONLY]
    found = {name: await estimate_of(desk.store, name) for name in searches}
    return {name: one for name, one in found.items() if one is not None and one.micro_dollars}


def _name(source: str) -> str:
    return f"estimate:{source}"
