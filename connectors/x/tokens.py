"""Being signed in: an access token that lives for two hours, renewed by us, one at a time.

tweepy renews nothing. X's refresh tokens work once: what comes back is kept durably (Secrets)
before it is used. Not here: how a human signs in (sign_in), any other call (wire).
"""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from connectors._http import Answer, ask
from connectors.contract import AuthFailed, Clock, Rejected, Secrets, UnexpectedAnswer
from connectors.x.answers import ensure, problem

TOKEN_PATH = "/2/oauth2/token"  # noqa: S105 - an address
EARLY = timedelta(minutes=5)
JUST_NOW = timedelta(minutes=1)
WHAT_TO_DO = "connect this login again"

Values = Mapping[str, str]


class Tokens:
    """The tokens of one login."""

    def __init__(self, base_url: str, login: str, secrets: Secrets, clock: Clock) -> None:
        self._base_url = base_url
        self._login = login
        self._secrets = secrets
        self._clock = clock
        self._values: Values | None = None
        self._one_at_a_time = asyncio.Lock()

    def values(self) -> Values:
        """Return what is kept of the sign-in."""
        if self._values is None:
            self._values = self._secrets.read(self._login)
        return self._values

    async def token(self, web: aiohttp.ClientSession) -> str:
        """Return a token that is good for some minutes more."""
        values = self.values()
        token = values.get("access_token", "")
        if not token:
            raise AuthFailed(f"this login has no token: {WHAT_TO_DO}")
        return await self.renew(web, token) if self._is_old(values) else token

    async def renew(self, web: aiohttp.ClientSession, stale: str) -> str:
        """Renew, unless somebody did since the token that turned out stale was read."""

        async def renewed(values: Values) -> Values:
            if values.get("access_token", "") not in ("", stale):
                return values
            self._refuse_twice(values)
            return {**values, **await self._renewed(web, values)}

        async with self._one_at_a_time:
            if self.values().get("access_token") in ("", stale):
                self._values = await self._secrets.refresh(self._login, renewed)
            return self.values()["access_token"]

    def _is_old(self, values: Values) -> bool:
        expires_at = values.get("expires_at", "")
        return bool(expires_at) and self._clock() >= datetime.fromisoformat(expires_at) - EARLY

    def _refuse_twice(self, values: Values) -> None:
        """Stop where X refuses a token that it has only just given us."""
        given_at = values.get("given_at", "")
        if given_at and self._clock() - datetime.fromisoformat(given_at) < JUST_NOW:
            raise AuthFailed(f"X refuses a token that it has just given: {WHAT_TO_DO}")

    async def _renewed(self, web: aiohttp.ClientSession, values: Values) -> Values:
        if not values.get("refresh_token"):
            raise AuthFailed(f"the token has run out and cannot be renewed: {WHAT_TO_DO}")
        form = {"grant_type": "refresh_token", "refresh_token": values["refresh_token"]}
        return await exchange(web, self._base_url, form, values, self._clock)


async def exchange(
    web: aiohttp.ClientSession, base_url: str, form: Values, client: Values, clock: Clock
) -> Values:
    """Get tokens for a code or a refresh token; a definite no is AuthFailed.

    Source: docs.x.com, OAuth 2.0 authorization code with PKCE: a client with a secret says who it
    is in the header, one without in the form.
    """
    headers, body = {}, dict(form)
    if secret := client.get("client_secret"):
        pair = b64encode(f"{client['client_id']}:{secret}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    else:
        body["client_id"] = client["client_id"]
    answer = await ask(web, "POST", base_url + TOKEN_PATH, data=body, headers=headers)
    try:
        return tokens_of(ensure(answer, clock), clock)
    except Rejected as error:
        raise AuthFailed(f"{error.reason}: {WHAT_TO_DO}") from error


def tokens_of(answer: Answer, clock: Clock) -> Values:
    """Return what Secrets keeps of a token answer."""
    told: Mapping[str, Any] = problem(answer)
    token, now = told.get("access_token"), clock()
    if not isinstance(token, str) or not token:
        raise UnexpectedAnswer("a sign-in without a token", was_sent=False)
    seconds = told.get("expires_in")
    lives = timedelta(seconds=seconds if isinstance(seconds, int) else 7200)
    refresh = told.get("refresh_token")
    return {
        "access_token": token,
        **({"refresh_token": refresh} if isinstance(refresh, str) else {}),
        "expires_at": (now + lives).isoformat(),
        "given_at": now.isoformat(),
        "scope": str(told.get("scope", "")),
    }
