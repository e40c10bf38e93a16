"""Calls to the account's server: its own records there, and the network's view through it.

One call is one attempt; a token that has run out is renewed and the call, refused at the door, is
made with the new one. The last answer's headers are the budget, and a share of it is kept for
posting. Not here: what answers mean (parse) and in which order we ask.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from connectors._http import Answer, ask, before_sending, budget_of, leave_a_share, session
from connectors.bluesky.session import EXPIRED, Session, ensure, error_name
from connectors.contract import Clock, UnexpectedAnswer
from connectors.model import Budget

USER_AGENT = "byname (answers people one to one, approved by a human)"
KEPT_FOR_POSTING = 50  # of 3,000 calls in 5 minutes: what reading leaves over

Params = Sequence[tuple[str, str]]
Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Who:
    did: str
    handle: str
    pds: str
    access: str


class Api:
    """One login on one server."""

    def __init__(self, signed_in: Session, clock: Clock, *, timeout_s: float = 30.0) -> None:
        self.clock = clock
        self.reading = Budget()
        self.posting = Budget()
        self._session = signed_in
        self._timeout_s = timeout_s
        self._reader: aiohttp.ClientSession | None = None
        self._writer: aiohttp.ClientSession | None = None

    async def who(self) -> Who:
        values = await self._session.values(self._reading())
        pds = values.get("pds") or self._session.base_url
        return Who(values["did"], values.get("handle", ""), pds, values["access"])

    async def browse(self, nsid: str, params: Params = ()) -> Told:
        """Get what can wait: not when what is left of this period is kept for posting."""
        leave_a_share(self.reading, KEPT_FOR_POSTING, self.clock)
        return await self.get(nsid, params)

    async def get(self, nsid: str, params: Params = ()) -> Told:
        who = await self.who()
        answer = await self._get(who, nsid, params)
        if error_name(answer) in EXPIRED:
            await self._session.renew(self._reading(), stale=who.access)
            answer = await self._get(await self.who(), nsid, params)
        self.reading = budget_of(answer.headers, self.clock()) or self.reading
        return _table(ensure(answer, self.clock))

    async def send(self, nsid: str, body: Told) -> Told:
        """Write once. An expired token means that the first call changed nothing."""
        who = await self._before_writing()
        answer = await self._send(who, nsid, body)
        if error_name(answer) in EXPIRED:
            who = await self._before_writing(stale=who.access)
            answer = await self._send(who, nsid, body)
        self.posting = budget_of(answer.headers, self.clock()) or self.posting
        return _table(ensure(answer, self.clock))

    async def close(self) -> None:
        for one in (self._reader, self._writer):
            if one is not None:
                await one.close()

    async def _before_writing(self, stale: str | None = None) -> Who:
        async with before_sending():
            if stale is not None:
                await self._session.renew(self._reading(), stale=stale)
            return await self.who()

    async def _get(self, who: Who, nsid: str, params: Params) -> Answer:
        return await ask(
            self._reading(), "GET", f"{who.pds}/xrpc/{nsid}", params=list(params),
            headers=_authorization(who), timeout_s=self._timeout_s,
        )  # fmt: skip

    async def _send(self, who: Who, nsid: str, body: Told) -> Answer:
        return await ask(
            self._writing(), "POST", f"{who.pds}/xrpc/{nsid}", json=body,
            headers=_authorization(who), timeout_s=self._timeout_s,
        )  # fmt: skip

    def _reading(self) -> aiohttp.ClientSession:
        if self._reader is None:
            self._reader = session(USER_AGENT)
        return self._reader

    def _writing(self) -> aiohttp.ClientSession:
        if self._writer is None:
            self._writer = session(USER_AGENT)
        return self._writer


def _authorization(who: Who) -> dict[str, str]:
    return {"Authorization": f"Bearer {who.access}"}


def _table(answer: Answer) -> Told:
    told = answer.json()
    if not isinstance(told, dict):
        raise UnexpectedAnswer("the answer is no table", raw=answer.text[:4000])
    return told
