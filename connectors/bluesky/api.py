"""XRPC calls of one account at its server, and the session that they need.

A session is kept and renewed, not made anew: a server allows 30 sign-ins in five minutes. An
expired token comes as a 400 that says so; the call was not heard, is made again once with a new
token, and that is the only repetition there is. Not here: what answers mean (parse).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from connectors._http import Answer, ask, budget_of, ensure_ok, leave_a_share, session
from connectors.contract import AuthFailed, Clock, Rejected, Secrets, UnexpectedAnswer
from connectors.model import Budget

USER_AGENT = "byname (+https://pypi.org/project/byname)"
KEPT_FOR_POSTING = 60  # calls that reading leaves over
_EXPIRED = ("ExpiredToken", "InvalidToken")
_STOPPED = ("AccountTakedown", "AccountDeactivated", "AuthMissing", "AuthenticationRequired")
_GONE = ("RecordNotFound", "NotFound", "HandleNotFound")

Params = Sequence[tuple[str, str]]


class Api:
    """One account at one server."""

    def __init__(
        self, base_url: str, login: str, secrets: Secrets, clock: Clock, *, timeout_s: float = 30.0
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.clock = clock
        self.reading: Budget = Budget()
        self._login = login
        self._secrets = secrets
        self._timeout_s = timeout_s
        self._reader: aiohttp.ClientSession | None = None
        self._writer: aiohttp.ClientSession | None = None

    @property
    def did(self) -> str:
        """Our account's permanent name."""
        return self._secret("did")

    @property
    def handle(self) -> str:
        return self._secret("handle")

    async def browse(self, name: str, params: Params = ()) -> Any:
        """Get what can wait: not when what is left of this period is kept for posting."""
        leave_a_share(self.reading, KEPT_FOR_POSTING, self.clock)
        return await self.get(name, params)

    async def get(self, name: str, params: Params = ()) -> Any:
        return await self._call("GET", name, params=list(params))

    async def send(self, name: str, body: Mapping[str, Any]) -> Any:
        return await self._call("POST", name, json=body)

    async def close(self) -> None:
        for one in (self._reader, self._writer):
            if one is not None:
                await one.close()

    async def _call(self, method: str, name: str, **options: Any) -> Any:
        token = self._secret("accessJwt")
        answer = await self._once(method, name, token, **options)
        if error_name(answer) in _EXPIRED:
            token = await self._renew(token)
            answer = await self._once(method, name, token, **options)
        return read(answer, self.clock)

    async def _once(self, method: str, name: str, token: str, **options: Any) -> Answer:
        answer = await ask(
            self._session(method),
            method,
            f"{self.base_url}/xrpc/{name}",
            headers={"Authorization": f"Bearer {token}"},
            timeout_s=self._timeout_s,
            **options,
        )
        self.reading = budget_of(answer.headers, self.clock()) or self.reading
        return answer

    def _secret(self, name: str) -> str:
        value = self._secrets.read(self._login).get(name, "")
        if not value:
            raise AuthFailed("this login has no session yet: connect it")
        return value

    async def _renew(self, used: str) -> str:
        """Renew the session, unless somebody else has just done so."""

        async def renew(values: Mapping[str, str]) -> Mapping[str, str]:
            if values.get("accessJwt") != used:
                return values
            return await self._renewed(values)

        return (await self._secrets.refresh(self._login, renew))["accessJwt"]

    async def _renewed(self, values: Mapping[str, str]) -> Mapping[str, str]:
        """Use the refresh token; where that is too old, sign in again with the app password."""
        name = "com.atproto.server.refreshSession"
        answer = await self._once("POST", name, values.get("refreshJwt", ""))
        if answer.status < 400:
            return {**values, **session_values(read(answer, self.clock))}
        if answer.status in (400, 401) and values.get("app_password"):
            made = await create_session(
                self._session("POST"), self.base_url, values["identifier"], values["app_password"],
                clock=self.clock,
            )  # fmt: skip
            return {**values, **made}
        if answer.status in (400, 401):
            raise AuthFailed("the session cannot be renewed: connect this login again")
        return {**values, **session_values(read(answer, self.clock))}

    def _session(self, method: str) -> aiohttp.ClientSession:
        if method == "GET":
            self._reader = self._reader or session(USER_AGENT)
            return self._reader
        self._writer = self._writer or session(USER_AGENT, for_writes=True)
        return self._writer


async def create_session(
    web: aiohttp.ClientSession, base_url: str, identifier: str, password: str, *, clock: Clock
) -> Mapping[str, str]:
    """Sign in with an app password; a wrong one is AuthFailed."""
    url = f"{base_url.rstrip('/')}/xrpc/com.atproto.server.createSession"
    body = {"identifier": identifier, "password": password}
    return session_values(read(await ask(web, "POST", url, json=body), clock))


def session_values(told: Any) -> Mapping[str, str]:
    """Return what Secrets keeps of a session."""
    names = ("did", "handle", "accessJwt", "refreshJwt")
    try:
        return {name: str(told[name]) for name in names}
    except (KeyError, TypeError) as error:
        raise UnexpectedAnswer("an answer to signing in that holds no session") from error


def error_name(answer: Answer) -> str:
    """Return the name of an XRPC error, or nothing."""
    return _told(answer)[0]


def read(answer: Answer, clock: Clock) -> Any:
    """Return the JSON of an answer, or raise what its status and its error's name say."""
    name, said = _told(answer)
    if name in _EXPIRED or name in _STOPPED:
        raise AuthFailed(f"{name}: {said}")
    if name in _GONE:
        raise Rejected(f"{name}: {said}", code="parent_gone")
    return ensure_ok(answer, clock, said=f"{name}: {said}" if name else "").json()


def _told(answer: Answer) -> tuple[str, str]:
    if answer.status < 400:
        return "", ""
    try:
        told = answer.json()
    except UnexpectedAnswer:
        return "", ""
    if not isinstance(told, dict):
        return "", ""
    return str(told.get("error") or ""), str(told.get("message") or "")[:300]
