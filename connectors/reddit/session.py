"""Being signed in: one login's access token, renewed one at a time and kept durably.

Tokens live for an hour. prawcore would believe in one for ten seconds too long, ask for one in each
thread, and lose a refresh token that Reddit exchanges: so tokens are asked for here, through
prawcore's authorizers, and kept through Secrets. Not here: any other call (api).
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import prawcore

from connectors.contract import AuthFailed, Clock, Rejected, Secrets, UnexpectedAnswer
from connectors.reddit.approval import ensure_approved
from connectors.reddit.door import Door
from connectors.reddit.threads import Threads

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
LIVES = timedelta(minutes=55)  # of the 3600 s that Reddit gives
WHAT_TO_DO = "connect this login again"

Values = Mapping[str, str]


def authenticator(
    door: Door, values: Values, redirect_uri: str | None = None
) -> prawcore.TrustedAuthenticator:
    """Return prawcore's word for our app. Raises AuthFailed when the login has none."""
    client_id, secret = values.get("client_id", ""), values.get("client_secret", "")
    if not client_id or not secret:
        raise AuthFailed(f"this login has no app yet: {WHAT_TO_DO}")
    return prawcore.TrustedAuthenticator(
        client_id=client_id, client_secret=secret, redirect_uri=redirect_uri, requestor=door
    )


def ask_token(door: Door, values: Values, clock: Clock) -> Values:
    """Ask for a token with what the login has (blocking) and return what Secrets keeps."""
    ensure_approved(values, clock)
    app = authenticator(door, values)
    if values.get("refresh"):
        return taken(prawcore.Authorizer(authenticator=app, refresh_token=values["refresh"]),
                     values, clock)  # fmt: skip
    if not values.get("username") or not values.get("password"):
        raise AuthFailed(f"this login has neither a password nor a refresh token: {WHAT_TO_DO}")
    script = prawcore.ScriptAuthorizer(
        authenticator=app, username=values["username"], password=values["password"]
    )
    return taken(script, values, clock)


def taken(
    authorizer: prawcore.Authorizer,
    values: Values,
    clock: Clock,
    ask: Callable[[], None] | None = None,
) -> Values:
    """Let an authorizer ask, and return what it got; what cannot be read of it was never there."""
    began = clock()
    try:
        (ask or authorizer.refresh)()
    except prawcore.OAuthException as error:  # a 200 that says no
        raise AuthFailed(f"Reddit refused: {error}; {WHAT_TO_DO}") from error
    except Rejected as error:
        raise AuthFailed(f"Reddit refused: {error.reason}; {WHAT_TO_DO}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnexpectedAnswer(f"an unreadable token: {error!r}", was_sent=False) from error
    if not isinstance(authorizer.access_token, str) or not authorizer.access_token:
        raise UnexpectedAnswer("a sign-in without a token", was_sent=False)
    return {
        **values,
        "access": authorizer.access_token,
        "access_until": (began + LIVES).isoformat(),
        "refresh": authorizer.refresh_token or values.get("refresh", ""),
        "scope": " ".join(sorted(authorizer.scopes or ())),
    }


class Session:
    """The token of one login."""

    def __init__(
        self,
        login: str,
        secrets: Secrets,
        clock: Clock,
        threads: Threads,
        door: Callable[[Values], Door],
    ) -> None:
        self._login = login
        self._secrets = secrets
        self._clock = clock
        self._threads = threads
        self._door = door
        self._values: Values | None = None
        self._one_at_a_time = asyncio.Lock()

    @property
    def values(self) -> Values:
        """What is kept of this login. Raises AuthFailed without an approval in force."""
        if self._values is None:
            self._values = self._secrets.read(self._login)
        ensure_approved(self._values, self._clock)
        return self._values

    async def token(self) -> str:
        """Return a token that is good for some minutes more."""
        values = self.values
        if values.get("access") and self._clock() < _until(values):
            return values["access"]
        return await self.renew(stale=values.get("access", ""))

    async def renew(self, stale: str) -> str:
        """Renew, unless somebody did since the token that turned out stale was read."""

        async def renewed(values: Values) -> Values:
            if values.get("access", "") not in ("", stale) and self._clock() < _until(values):
                return values
            return await self._threads.run(
                lambda: ask_token(self._door(values), values, self._clock)
            )

        async with self._one_at_a_time:
            if self._values is not None and self._values.get("access", "") not in ("", stale):
                return self._values["access"]
            self._values = await self._secrets.refresh(self._login, renewed)
            return self._values["access"]


def _until(values: Values) -> datetime:
    try:
        until = datetime.fromisoformat(values.get("access_until", ""))
    except ValueError:
        return _LONG_AGO
    return until if until.tzinfo else until.replace(tzinfo=UTC)
