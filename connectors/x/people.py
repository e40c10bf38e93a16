"""Who people are: looked up once and kept in memory, for a user costs more than a post.

Not here: what a user's fields mean (parse).
"""

from collections import OrderedDict
from collections.abc import Iterable

from connectors.contract import CapReached
from connectors.x.api import PAGE, Api
from connectors.x.parse import Row

_MOST_KEPT = 20_000


class People:
    """What is known about users, by id."""

    def __init__(self, api: Api, *, is_reading: bool = True) -> None:
        self._api = api
        self._is_reading = is_reading
        self.known: OrderedDict[str, Row] = OrderedDict()

    async def meet(self, rows: Iterable[object], purpose: str) -> None:
        """Look up the authors of rows whom we do not know.

        Where that would cost more than is allowed, their posts are heard all the same, and the
        authors go by their ids.
        """
        ids = dict.fromkeys(
            one["author_id"]
            for one in rows
            if isinstance(one, dict) and isinstance(one.get("author_id"), str)
        )
        unknown = [one for one in ids if one.isdecimal() and one not in self.known]
        if not self._is_reading:
            return
        for start in range(0, len(unknown), PAGE):
            try:
                told = await self._api.users(purpose, unknown[start : start + PAGE])
            except CapReached:
                return
            self.keep(told)

    def keep(self, users: Iterable[object]) -> None:
        for user in users:
            if isinstance(user, dict) and isinstance(user.get("id"), str):
                self.known[user["id"]] = user
        while len(self.known) > _MOST_KEPT:
            self.known.popitem(last=False)
