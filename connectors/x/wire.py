"""The session that tweepy sends its calls through: ours, so that tweepy's traps stay shut.

tweepy's AsyncClient writes the host into every address, opens a new session for each call, sets no
time-out, reads the body of every error as JSON and calls itself again at once for a 429 that does
not say until when. Through this session a call goes to the address we are given, once, with a limit
of time; whatever is not 2xx or cannot be read becomes an error of the contract before tweepy sees
it; and tweepy never sees the token, which it would write into its log. Not here: which calls there
are (api).
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from connectors._http import Answer, ask, before_sending, budget_of, session
from connectors.contract import Clock, Unavailable
from connectors.model import Budget
from connectors.x.answers import ensure
from connectors.x.tokens import Tokens

USER_AGENT = "byname (answers people one to one, approved by a human)"
TWEEPY_HOST = "https://api.twitter.com"
_NUMBER = re.compile(r"\d{3,}")


class Reply:
    """An answer in the form that tweepy reads: it has come whole, and it is 2xx."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.status = answer.status
        self.reason = ""
        self.headers = answer.headers

    async def read(self) -> bytes:
        return self._answer.text.encode()

    async def json(self) -> Any:
        return self._answer.json()


class Wire:
    """One login's way to X."""

    def __init__(
        self, base_url: str, tokens: Tokens, clock: Clock, *, timeout_s: float = 30.0
    ) -> None:
        self.budgets: dict[str, Budget] = {}  # by call: "GET /2/users/:id/mentions"
        self._base_url = base_url
        self._tokens = tokens
        self._clock = clock
        self._timeout_s = timeout_s
        self._web: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Reply]:
        """Make one call as tweepy asks for it; its headers say nothing that we need."""
        del headers
        path = url.removeprefix(TWEEPY_HOST)
        yield Reply(await self._answer(method, path, params, json))

    async def close(self) -> None:
        if self._web is not None:
            await self._web.close()

    async def _answer(
        self, method: str, path: str, params: Mapping[str, Any] | None, json: Any
    ) -> Answer:
        """Ask; a token refused at the door is renewed. Only what reads is then asked again."""
        async with before_sending():
            token = await self._tokens.token(self._session())
        answer = await self._ask(method, path, token, params=params, json=json)
        if answer.status == 401:
            async with before_sending():
                token = await self._tokens.renew(self._session(), token)
            if method != "GET":
                raise Unavailable("the token had run out; now there is a new one", was_sent=False)
            answer = await self._ask(method, path, token, params=params, json=json)
        return ensure(answer, self._clock)

    async def _ask(self, method: str, path: str, token: str, **options: Any) -> Answer:
        url = self._base_url + path
        headers = {"Authorization": f"Bearer {token}"}
        answer = await ask(
            self._session(), method, url, headers=headers, timeout_s=self._timeout_s, **options
        )
        if (budget := budget_of(answer.headers, self._clock())) is not None:
            self.budgets[f"{method} {_NUMBER.sub(':id', path)}"] = budget
        return answer

    def _session(self) -> aiohttp.ClientSession:
        if self._web is None:
            self._web = session(USER_AGENT)
        return self._web
