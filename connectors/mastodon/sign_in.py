"""Signing in on an instance: an app of our own there, a page for the human, a code, a token.

The code comes back to a local address, or is shown to be pasted. Not here: serving that address
and keeping what `finish` returns (bot does both, through Secrets).
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import aiohttp

from connectors._http import ask, ensure_ok, session
from connectors.contract import AuthFailed, Clock, Question, Rejected, UnexpectedAnswer
from connectors.mastodon.api import USER_AGENT
from connectors.mastodon.connector import SCOPES

PASTE = "urn:ietf:wg:oauth:2.0:oob"  # the instance shows the code instead of sending it somewhere
WHY: Mapping[str, str] = {
    "read:accounts": "to know who we are and whether somebody has blocked us",
    "read:notifications": "to hear what is said to us",
    "read:search": "to find a message by its address",
    "read:statuses": "to read the thread above a mention, and our own posts",
    "write:statuses": "to post the replies that you approve, and to delete them",
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in under way; `url` is for the human, the rest is for `finish`."""

    base_url: str
    url: str
    state: str
    verifier: str
    client_id: str
    client_secret: str
    redirect_uri: str


async def begin(base_url: str, clock: Clock, redirect_uri: str = PASTE) -> SignIn:
    """Make an app on the instance and say where the human has to go."""
    base_url = base_url.rstrip("/")
    async with session(USER_AGENT) as web:
        app = await _send(web, base_url + "/api/v1/apps", clock, {
            "client_name": "byname", "redirect_uris": redirect_uri, "scopes": " ".join(SCOPES),
        })  # fmt: skip
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    query = {
        "response_type": "code", "client_id": app["client_id"], "redirect_uri": redirect_uri,
        "scope": " ".join(SCOPES), "state": state, "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
    }  # fmt: skip
    url = f"{base_url}/oauth/authorize?{urlencode(query)}"
    return SignIn(
        base_url, url, state, verifier, app["client_id"], app["client_secret"], redirect_uri
    )


async def finish(one: SignIn, code: str, clock: Clock) -> Mapping[str, str]:
    """Turn the code into what Secrets keeps; a code that is wrong or too old is AuthFailed."""
    async with session(USER_AGENT) as web:
        try:
            told = await _send(web, one.base_url + "/oauth/token", clock, {
                "grant_type": "authorization_code", "code": code.strip().partition("&")[0],
                "client_id": one.client_id, "client_secret": one.client_secret,
                "redirect_uri": one.redirect_uri, "code_verifier": one.verifier,
            })  # fmt: skip
        except Rejected as error:
            raise AuthFailed(f"the instance refused the code: {error.reason}") from error
    return {
        "access_token": str(told["access_token"]),
        "scope": str(told.get("scope", "")),
        "client_id": one.client_id,
        "client_secret": one.client_secret,
    }


async def revoke(base_url: str, values: Mapping[str, str], clock: Clock) -> None:
    """Make a token worthless on its instance."""
    body = {key: values[key] for key in ("client_id", "client_secret")}
    async with session(USER_AGENT) as web:
        await _send(
            web, base_url.rstrip("/") + "/oauth/revoke", clock,
            {**body, "token": values["access_token"]},
        )  # fmt: skip


async def _send(
    web: aiohttp.ClientSession, url: str, clock: Clock, form: Mapping[str, str]
) -> Mapping[str, Any]:
    told = ensure_ok(await ask(web, "POST", url, data=form), clock).json()
    if not isinstance(told, dict):
        raise UnexpectedAnswer("the instance answered something else", raw=str(told)[:400])
    return told


class Flow:
    """One sign-in, as `byname connect` walks through it (connectors.contract.SignIn)."""

    why = WHY
    questions = (Question("base_url", "Address of your server", default="https://mastodon.social"),)
    source_kind = "mentions"

    def __init__(self) -> None:
        self._begun: SignIn | None = None

    async def begin(
        self, answers: Mapping[str, str], redirect_uri: str | None, clock: Clock
    ) -> str | None:
        self._begun = await begin(answers["base_url"], clock, redirect_uri or PASTE)
        return self._begun.url

    async def finish(
        self, _answers: Mapping[str, str], returned: Mapping[str, str], clock: Clock
    ) -> Mapping[str, str]:
        """Refuses an answer that belongs to another sign-in."""
        assert self._begun is not None
        if returned.get("state", self._begun.state) != self._begun.state:
            raise AuthFailed("the page answered for another sign-in; start again")
        if not returned.get("code"):
            raise AuthFailed(returned.get("error_description") or "the page gave no code")
        return await finish(self._begun, returned["code"], clock)


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
