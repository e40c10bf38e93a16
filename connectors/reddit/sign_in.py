"""Signing in on Reddit: first its approval, then the app, then a password or a page to visit.

A script app signs in with the password of the account that made it. A web app sends the human to a
page that returns to the address registered with the app, with a code; Reddit accepts no other
address, so the code is pasted. Not here: asking the questions and keeping what `finish` returns.
"""

import secrets
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit

import prawcore

from connectors.contract import AuthFailed, Clock, ConnectorError, Question
from connectors.reddit.api import Place, path_of
from connectors.reddit.approval import WHERE, ensure_approved
from connectors.reddit.door import Door
from connectors.reddit.limits import Limits
from connectors.reddit.scopes import SCOPES, WHY
from connectors.reddit.session import Values, ask_token, authenticator, taken
from connectors.reddit.threads import Threads

UNUSED = "-"  # an answer that this kind of app does not need
KINDS = ("script", "web")
_KEPT = (
    *("approval_reference", "approval_date", "approval_covers_data"),
    *("kind", "client_id", "client_secret", "username"),
)


class Flow:
    """One sign-in, as `byname connect` walks through it (connectors.contract.SignIn)."""

    why: Mapping[str, str] = MappingProxyType(
        {"approval": f"Reddit requires it before any use of its API, see {WHERE}", **WHY}
    )
    questions = (
        Question("approval_reference", "Reference of Reddit's approval (ticket or contract)"),
        Question("approval_date", "Date of the approval (YYYY-MM-DD)"),
        Question(
            "approval_covers_data",
            "Does it allow profiling people and training on their words? (yes, no)",
            default="no",
        ),
        Question("kind", "Kind of app at reddit.com/prefs/apps (script, web)", default="script"),
        Question("client_id", "The app's id"),
        Question("client_secret", "The app's secret", is_secret=True),
        Question("username", "Name of the account, without u/"),
        Question("password", "Its password (script apps only)", is_secret=True, default=UNUSED),
        Question(
            "redirect_uri",
            "Redirect address registered with the app (web apps only)",
            default="http://localhost:8080",
        ),
    )
    source_kind = "mentions"

    def __init__(self, place: Place | None = None) -> None:
        self._place = place or Place()
        self._state = ""

    async def begin(
        self, answers: Mapping[str, str], redirect_uri: str | None, clock: Clock
    ) -> str | None:
        """Refuse without an approval; return the page of a web app, None for a script."""
        values = _values(answers)
        ensure_approved(values, clock)
        self._place.agent_of(values)
        if values["kind"] == "script":
            if values.get("password", UNUSED) == UNUSED:
                raise AuthFailed("a script app signs in with the account's password")
            return None
        if redirect_uri is not None:
            raise ConnectorError(
                "Reddit returns only to the address registered with the app: "
                "run this again with --paste and paste the address that it sends you to"
            )
        self._state = secrets.token_urlsafe(24)
        app = authenticator(self._door(values, clock), values, answers["redirect_uri"])
        return app.authorize_url(duration="permanent", scopes=list(SCOPES), state=self._state)

    async def finish(
        self, answers: Mapping[str, str], returned: Mapping[str, str], clock: Clock
    ) -> Mapping[str, str]:
        """Sign in, ask who we are, and return what Secrets keeps. Raises AuthFailed."""
        values = _values(answers)
        ensure_approved(values, clock)
        door, threads = self._door(values, clock), Threads("reddit-sign-in", 1)
        try:
            if values["kind"] == "script":
                kept = await threads.run(lambda: ask_token(door, values, clock))
            else:
                code = self._code(returned)
                app = authenticator(door, values, answers["redirect_uri"])
                kept = await threads.run(lambda: _exchange(app, code, values, clock))
            who = await threads.run(lambda: _me(self._place, door, kept["access"]))
        finally:
            await threads.close()
        if who["username"].casefold() != values["username"].casefold():
            raise AuthFailed(f"this is u/{who['username']}, not u/{values['username']}")
        return {**kept, **who}

    def _door(self, values: Values, clock: Clock) -> Door:
        return self._place.door(values, Limits(clock), clock)

    def _code(self, returned: Mapping[str, str]) -> str:
        """Return the code; refuse an answer that belongs to another sign-in."""
        told = {**returned, **_pasted(returned.get("code", ""))}
        if told.get("state", self._state) != self._state:
            raise AuthFailed("the page answered for another sign-in; start again")
        if told.get("error") or not told.get("code"):
            raise AuthFailed(f"the page gave no code: {told.get('error') or 'nothing'}")
        return told["code"]


def _values(answers: Mapping[str, str]) -> dict[str, str]:
    """Return what is kept of the answers. Raises AuthFailed for a kind that there is not."""
    values = {name: answers.get(name, "").strip() for name in _KEPT}
    values["username"] = values["username"].removeprefix("/").removeprefix("u/")
    if values["kind"] not in KINDS:
        raise AuthFailed(f"byname signs in with these kinds of app: {', '.join(KINDS)}")
    if values["kind"] == "script":
        values["password"] = answers.get("password", UNUSED)
    return values


def _pasted(text: str) -> dict[str, str]:
    """Read a pasted address; a bare code stays what it is. Reddit ends an address with `#_`."""
    parts = urlsplit(text.strip())
    if not parts.query:
        return {"code": text.strip().removesuffix("#_")} if text.strip() else {}
    return {name: found[0] for name, found in parse_qs(parts.query).items()}


def _exchange(
    app: prawcore.TrustedAuthenticator, code: str, values: Values, clock: Clock
) -> Values:
    authorizer = prawcore.Authorizer(authenticator=app)
    kept = taken(authorizer, values, clock, ask=lambda: authorizer.authorize(code))
    if not kept["refresh"]:
        raise AuthFailed("Reddit gave no refresh token; start again")
    return kept


def _me(place: Place, door: Door, access: str) -> Values:
    """Ask who we are (blocking). Raises AuthFailed when it cannot be read."""
    url = f"{place.oauth_url.rstrip('/')}/{path_of('me')}"
    headers = {"Authorization": f"bearer {access}"}
    told = door.request("GET", url, params={"raw_json": 1}, headers=headers).json()
    if not isinstance(told, dict) or not told.get("name") or not told.get("id"):
        raise AuthFailed("Reddit does not say who signed in")
    return {"username": str(told["name"]), "user_ref": f"t2_{told['id']}"}


async def sign_out(place: Place, values: Values, clock: Clock) -> None:
    """Make a saved token worthless; the refresh token takes its access tokens with it."""
    door = place.door(values, Limits(clock), clock)
    app, threads = authenticator(door, values), Threads("reddit-sign-out", 1)
    refresh = values.get("refresh", "")
    try:
        await threads.run(
            lambda: app.revoke_token(
                refresh or values.get("access", ""),
                token_type="refresh_token" if refresh else "access_token",
            )
        )
    finally:
        await threads.close()
