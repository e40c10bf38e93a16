"""Signing in on X: an app of the human's own, a page to allow it, a code, two tokens.

X charges for every call: the prices are shown before anything is asked. Not here: serving the
address that the page sends the code to, and keeping what `finish` returns (bot does both).
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from urllib.parse import parse_qs, urlencode, urlsplit

from connectors._http import ask, ensure_ok, session
from connectors._prices import X_SOURCE, x_price_list
from connectors.contract import AuthFailed, Clock, Question, UnexpectedAnswer
from connectors.x.answers import problem
from connectors.x.tokens import Values, exchange
from connectors.x.wire import USER_AGENT

API_URL = "https://api.x.com"
PAGE_URL = "https://x.com/i/oauth2/authorize"
SCOPES = ("tweet.read", "users.read", "tweet.write", "offline.access")
PORT = 8765
REDIRECT = f"http://127.0.0.1:{PORT}/signed-in"
NONE = "none"
WHY: Mapping[str, str] = MappingProxyType(
    {
        "tweet.read": "to hear what is said to us, and to read the thread above it",
        "users.read": "to know who we are, and who speaks to us",
        "tweet.write": "to post the replies that you approve, and to delete them",
        "offline.access": "to stay signed in: a token lives for two hours and is renewed",
        "(what it costs)": f"X charges per call: {x_price_list()} ({X_SOURCE})",
        "(before you begin)": (
            "make an app at console.x.com, by the account that is to speak; buy credits there;"
            f" give it the callback address {REDIRECT} and the right to read and write"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in under way; `url` is for the human, the rest is for `finish`."""

    url: str
    state: str
    verifier: str
    redirect_uri: str


def begin(page_url: str, client_id: str, redirect_uri: str = REDIRECT) -> SignIn:
    """Say where the human has to go. Source: docs.x.com, OAuth 2.0 authorization code with PKCE."""
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(SCOPES),
        "state": state,
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
    }
    return SignIn(f"{page_url}?{urlencode(query)}", state, verifier, redirect_uri)


async def finish(base_url: str, one: SignIn, code: str, client: Values, clock: Clock) -> Values:
    """Turn the code into what Secrets keeps; a code that is wrong or too old is AuthFailed."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": one.redirect_uri,
        "code_verifier": one.verifier,
    }
    async with session(USER_AGENT) as web:
        tokens = await exchange(web, base_url, form, client, clock)
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = await ask(web, "GET", f"{base_url}/2/users/me", headers=headers)
    me = problem(ensure_ok(answer, clock)).get("data")
    if not isinstance(me, dict) or not (me.get("id") and me.get("username")):
        raise UnexpectedAnswer("X does not say who signed in", raw=answer.text[:4000])
    return {**client, **tokens, "id": str(me["id"]), "username": str(me["username"])}


async def revoke(base_url: str, values: Values, clock: Clock) -> None:
    """Make a login's tokens worthless. Source: docs.x.com, as above."""
    form = {"token": values["access_token"], "client_id": values["client_id"]}
    async with session(USER_AGENT) as web:
        ensure_ok(await ask(web, "POST", f"{base_url}/2/oauth2/revoke", data=form), clock)


class Flow:
    """One sign-in, as `byname connect` walks through it (connectors.contract.SignIn)."""

    why = WHY
    questions = (
        Question("client_id", "Client ID of your app (console.x.com, keys and tokens)"),
        Question("client_secret", "Client secret, if it has one", is_secret=True, default=NONE),
        Question("owns_app", "Is the account also the owner of the app? Reading it costs a fifth",
                 default="yes"),
    )  # fmt: skip
    source_kind = "mentions"
    redirect_port = PORT  # X sends the browser back only to an address that was registered

    def __init__(self, base_url: str = API_URL, page_url: str = PAGE_URL) -> None:
        self._base_url = base_url
        self._page_url = page_url
        self._begun: SignIn | None = None

    async def begin(
        self, answers: Mapping[str, str], redirect_uri: str | None, _clock: Clock
    ) -> str | None:
        client_id = answers["client_id"].strip()
        self._begun = begin(self._page_url, client_id, redirect_uri or REDIRECT)
        return self._begun.url

    async def finish(
        self, answers: Mapping[str, str], returned: Mapping[str, str], clock: Clock
    ) -> Mapping[str, str]:
        """Refuses an answer that belongs to another sign-in."""
        assert self._begun is not None
        returned = _pasted(returned)
        if returned.get("state", self._begun.state) != self._begun.state:
            raise AuthFailed("the page answered for another sign-in; start again")
        if not returned.get("code"):
            raise AuthFailed(returned.get("error") or "the page gave no code")
        client = {"client_id": answers["client_id"].strip(), "owns_app": _owns(answers)}
        secret = answers.get("client_secret", NONE).strip()
        client |= {"client_secret": secret} if secret not in ("", NONE) else {}
        return await finish(self._base_url, self._begun, returned["code"], client, clock)


def _owns(answers: Mapping[str, str]) -> str:
    is_owner = answers.get("owns_app", "yes").strip().casefold() in ("yes", "y", "true", "")
    return "yes" if is_owner else "no"


def _pasted(returned: Mapping[str, str]) -> Mapping[str, str]:
    """Read the address that the browser ended on, where somebody pasted that for a code."""
    code = returned.get("code", "").strip()
    if "code=" not in code:
        return {**returned, "code": code}
    query = parse_qs(urlsplit(code).query or code)
    return {name: values[0] for name, values in query.items()}


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
