"""Being signed in: the saved session of one login, renewed one at a time and kept durably.

A session is two tokens. The access token lives for hours and is renewed with the refresh token; the
app password is used only when both are worthless, because createSession may be called 30 times in 5
minutes and 300 times a day (docs.bsky.app, rate limits). Not here: any other call (api).
"""

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import datetime, timedelta
from json import loads
from types import MappingProxyType
from typing import Any

import aiohttp

from connectors._http import Answer, ask, ensure_ok
from connectors.bluesky.syntax import is_did, stamp
from connectors.contract import (
    AuthFailed,
    Clock,
    RateLimited,
    Rejected,
    Secrets,
    UnexpectedAnswer,
)

CREATE_AT_MOST_EVERY = timedelta(minutes=5)  # 288 a day: under the 300 that are allowed
WHAT_TO_DO = (
    "make an app password under Settings, Privacy and security, App passwords, and connect this"
    " login again"
)
NOBODY = (
    "Bluesky's search is only for who is signed in (app.bsky.feed.searchPosts): `byname connect"
    " bluesky`, and name that login in the source"
)
EXPIRED = ("ExpiredToken", "InvalidToken")  # come as HTTP 400, not 401: renew and see
REFUSED = (
    *("AuthMissing", "AuthenticationRequired", "AuthFactorTokenRequired"),
    *("AccountTakedown", "AccountDeactivated", "AccountSuspended", "AccountNotFound"),
)
_CODES: Mapping[str, str] = MappingProxyType(
    {"RecordNotFound": "parent_gone", "NotFound": "parent_gone", "InvalidSwap": "duplicate"}
)

Values = Mapping[str, str]


def error_name(answer: Answer) -> str:
    return _told(answer).get("error") or ""


def reason(answer: Answer) -> str:
    """Return what the server gave as its reason: a name and a sentence."""
    told = _told(answer)
    parts = (told.get("error"), told.get("message"))
    return ": ".join(one for one in parts if isinstance(one, str) and one)[:300]


def ensure(answer: Answer, clock: Clock) -> Answer:
    """Return an answer of 2xx. Which 4xx concern the sign-in is told by name, not by status."""
    name = error_name(answer) if answer.status >= 400 else ""
    if 400 <= answer.status < 429 and name in (*EXPIRED, *REFUSED):
        raise AuthFailed(f"{reason(answer)}: {WHAT_TO_DO}")
    if name in _CODES:
        raise Rejected(reason(answer), code=_CODES[name])
    if not name and answer.status in (400, 403, 404, 410, 413):  # from something in between
        raise UnexpectedAnswer(f"a {answer.status} without a reason", raw=answer.text[:4000])
    return ensure_ok(answer, clock, said=reason(answer))


async def create(
    web: aiohttp.ClientSession, base_url: str, identifier: str, password: str, clock: Clock
) -> Values:
    """Sign in with an app password and return what Secrets keeps."""
    body = {"identifier": identifier.removeprefix("@"), "password": password}
    url = f"{base_url}/xrpc/com.atproto.server.createSession"
    answer = ensure(await ask(web, "POST", url, json=body), clock)
    return {
        "identifier": identifier,
        "password": password,
        "signed_in_at": stamp(clock()),
        **_tokens(answer, base_url),
    }


class Session:
    """The session of one login."""

    def __init__(
        self,
        base_url: str,
        login: str,
        secrets: Secrets,
        clock: Clock,
        *,
        account: str = "",
        is_login: bool = True,
    ) -> None:
        self.base_url = base_url
        self._is_login = is_login
        self._account = account
        self._login = login
        self._secrets = secrets
        self._clock = clock
        self._values: Values | None = None
        self._one_at_a_time = asyncio.Lock()

    async def values(self, web: aiohttp.ClientSession) -> Values:
        """Return the session; sign in if there is none yet."""
        if not self._is_login:
            raise AuthFailed(NOBODY)
        if self._values is None:
            self._values = self._secrets.read(self._login)
        if not (self._values.get("access") and self._values.get("did")):
            return await self.renew(web, stale="")
        return self._values

    async def renew(self, web: aiohttp.ClientSession, stale: str) -> Values:
        """Renew, unless somebody did since the token that turned out stale was read."""

        async def renewed(values: Values) -> Values:
            if values.get("access", "") not in ("", stale):
                return values
            return await self._renewed(web, values)

        async with self._one_at_a_time:
            if self._values and self._values.get("access", "") not in ("", stale):
                return self._values
            self._values = await self._secrets.refresh(self._login, renewed)
            return self._values

    async def _renewed(self, web: aiohttp.ClientSession, values: Values) -> Values:
        if values.get("refresh"):
            try:
                return {**values, **await self._refreshed(web, values)}
            except AuthFailed:
                if not values.get("password"):
                    raise
        return await self._created(web, values)

    async def _refreshed(self, web: aiohttp.ClientSession, values: Values) -> Values:
        base_url = values.get("pds") or self.base_url
        url = f"{base_url}/xrpc/com.atproto.server.refreshSession"
        headers = {"Authorization": f"Bearer {values['refresh']}"}
        return _tokens(ensure(await ask(web, "POST", url, headers=headers), self._clock), base_url)

    async def _created(self, web: aiohttp.ClientSession, values: Values) -> Values:
        identifier = values.get("identifier") or self._account
        password = values.get("password", "")
        if not identifier or not password:
            raise AuthFailed(f"this login has no app password: {WHAT_TO_DO}")
        self._spare(values.get("signed_in_at", ""))
        return await create(web, self.base_url, identifier, password, self._clock)

    def _spare(self, signed_in_at: str) -> None:
        """Refuse to sign in again so soon: something is wrong, and the calls are few."""
        if not signed_in_at:
            return
        since = datetime.fromisoformat(signed_in_at)
        next_at = since + CREATE_AT_MOST_EVERY
        if since <= self._clock() < next_at:
            raise RateLimited("signed in a moment ago; the next sign-in waits", until=next_at)


def scopes_of(access: str) -> tuple[str, ...]:
    """Return what a token says it may do; tokens are ours to send, not to read, so it may not."""
    try:
        body = access.split(".")[1]
        scope = loads(urlsafe_b64decode(body + "=" * (-len(body) % 4))).get("scope")
    except (IndexError, ValueError, AttributeError):
        scope = None
    return tuple(scope.split()) if isinstance(scope, str) and scope else ("session",)


def _told(answer: Answer) -> Mapping[str, Any]:
    try:
        told = answer.json()
    except UnexpectedAnswer:
        return {}
    return told if isinstance(told, dict) else {}


def _tokens(answer: Answer, base_url: str) -> Values:
    told = _told(answer)
    did, access, refresh = (told.get(one) for one in ("did", "accessJwt", "refreshJwt"))
    if not (isinstance(access, str) and isinstance(refresh, str) and is_did(str(did))):
        raise UnexpectedAnswer("a sign-in without tokens", was_sent=False)  # nothing of it is kept
    return {
        "access": access,
        "refresh": refresh,
        "did": str(did),
        "handle": str(told.get("handle", "")),
        "pds": _pds(told.get("didDoc"), base_url),
    }


def _pds(document: Any, base_url: str) -> str:
    """Return where the account lives: the address in its DID document, if it is as safe as ours."""
    services = document.get("service") if isinstance(document, dict) else None
    for one in services if isinstance(services, list) else ():
        if isinstance(one, dict) and str(one.get("id", "")).endswith("#atproto_pds"):
            endpoint = str(one.get("serviceEndpoint", "")).rstrip("/")
            if endpoint.startswith(("https://", base_url.partition("://")[0] + "://")):
                return endpoint
    return base_url
