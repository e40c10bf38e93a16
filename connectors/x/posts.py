"""Posts that we have: those read lately, so that none is paid for twice, and our own of 7 days.

Not here: posts of others to be found (hear).
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta

from connectors.contract import Clock
from connectors.model import Source
from connectors.x import parse
from connectors.x.api import Api
from connectors.x.newest import id_of
from connectors.x.snowflake import first_of

_MOST_KEPT = 5_000
WATCHED = timedelta(days=7) - timedelta(minutes=10)
MOST_WATCHED = 60  # own posts whose surroundings are searched: six queries or so


class Shelf:
    """Posts as X gave them, by each of their ids."""

    def __init__(self) -> None:
        self._rows: OrderedDict[str, parse.Row] = OrderedDict()

    def put(self, row: parse.Row) -> None:
        for one in parse.versions(row):
            self._rows[one] = row
        while len(self._rows) > _MOST_KEPT:
            self._rows.popitem(last=False)

    def get(self, ref: str) -> parse.Row | None:
        return self._rows.get(ref)


class OwnPosts:
    """Our own posts of the last 7 days: asked for once, then only what is new."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._known: set[int] = set()

    async def lately(self, source: Source, us: parse.Us) -> Sequence[int]:
        """Return the ids of our newest posts."""
        oldest = first_of(self._clock() - WATCHED)
        self._known = {one for one in self._known if one >= oldest}
        where = {"since_id": max(self._known, default=oldest)}
        listing = await self._api.own(source.name, us.id, **where)
        self._known |= {one for row in listing.rows if (one := id_of(row)) >= oldest}
        return sorted(self._known)[-MOST_WATCHED:]
