"""Where a status stands in its thread: Mastodon names parents by this server's ids only.

One call tells everything above and under a status; what it told is kept, so that a thread costs one
call. Not here: what a status says (parse).
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.contract import Rejected
from connectors.mastodon.api import Api, at
from connectors.mastodon.parse import Above, ref_of

_MOST_KEPT = 20_000

Status = Mapping[str, Any]


class Threads:
    """What is known about the places of statuses: server id -> (ref, root ref)."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: OrderedDict[str, tuple[str, str]] = OrderedDict()

    async def place(self, status: Status) -> Above:
        """Return what is above a status; a parent that is gone makes it a thread of its own."""
        parent = status.get("in_reply_to_id")
        if not parent:
            return self._keep(status, Above(None, ref_of(status)))
        if parent not in self._known:
            await self.above(status["id"], status)
        return self._learn(status)

    async def above(self, server_ref: str, status: Status | None = None) -> Sequence[Status]:
        """Return the statuses above one, oldest first; none if it is gone.

        What is under it is learned as far as its parents are known: the rest would be a guess.
        """
        try:
            told = await self._api.browse(at("/api/v1/statuses/{}/context", server_ref))
        except Rejected as error:
            if error.code == "parent_gone":
                return ()
            raise
        ancestors: Sequence[Status] = told["ancestors"]
        for one in (*ancestors, *((status,) if status else ())):
            self._learn(one)
        for one in told["descendants"]:
            if one["in_reply_to_id"] in self._known:
                self._learn(one)
        return ancestors

    def ref(self, server_ref: str) -> str | None:
        known = self._known.get(server_ref)
        return known[0] if known else None

    def known_above(self, status: Status) -> Above:
        """Return what is known without asking."""
        parent = self._known.get(status.get("in_reply_to_id") or "")
        if parent is None:
            own = self._known.get(status["id"])
            return Above(None, own[1] if own else ref_of(status))
        return Above(*parent)

    def _learn(self, status: Status) -> Above:
        return self._keep(status, self.known_above(status))

    def _keep(self, status: Status, above: Above) -> Above:
        self._known[status["id"]] = (ref_of(status), above.root_ref)
        self._known.move_to_end(status["id"])
        if len(self._known) > _MOST_KEPT:
            self._known.popitem(last=False)
        return above
