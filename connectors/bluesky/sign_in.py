"""Signing in with an app password: what is asked, why, and what is kept.

An app password is made by the human in the account's settings and can be taken back there. Not
here: asking for it and keeping what `sign_in` returns (bot does both, through Secrets).
"""

from collections.abc import Mapping
from types import MappingProxyType

from connectors._http import ask, session
from connectors.bluesky.api import USER_AGENT
from connectors.bluesky.session import WHAT_TO_DO, create, ensure
from connectors.contract import AuthFailed, Clock, Question, Rejected

DEFAULT_URL = "https://bsky.social"
WHERE = "https://bsky.app/settings/app-passwords"
WHY: Mapping[str, str] = MappingProxyType(
    {
        "com.atproto.appPass": (
            "an app password may read what is said to you, read and write your posts, and nothing"
            " about the account itself: no e-mail address, no deletion, no direct messages"
        ),
    }
)


async def sign_in(base_url: str, identifier: str, password: str, clock: Clock) -> Mapping[str, str]:
    """Sign in once and return what Secrets keeps; a wrong password is AuthFailed."""
    async with session(USER_AGENT) as web:
        try:
            return await create(web, base_url.rstrip("/"), identifier, password.strip(), clock)
        except Rejected as error:
            raise AuthFailed(f"{error.reason}: {WHAT_TO_DO}") from error


async def sign_out(base_url: str, values: Mapping[str, str], clock: Clock) -> None:
    """Make a saved session worthless. The app password itself is taken back in the settings."""
    url = f"{values.get('pds') or base_url.rstrip('/')}/xrpc/com.atproto.server.deleteSession"
    headers = {"Authorization": f"Bearer {values['refresh']}"}
    async with session(USER_AGENT) as web:
        ensure(await ask(web, "POST", url, headers=headers), clock)


class Flow:
    """One sign-in, as `byname connect` walks through it (connectors.contract.SignIn).

    There is no page to visit: the human makes an app password first and types it in here.
    """

    why = WHY
    questions = (
        Question("base_url", "Address of the account's server", default=DEFAULT_URL),
        Question("identifier", "Handle of the account"),
        Question("password", f"App password (made at {WHERE})", is_secret=True),
    )
    source_kind = "mentions"

    async def begin(
        self, _answers: Mapping[str, str], _redirect_uri: str | None, _clock: Clock
    ) -> str | None:
        return None

    async def finish(
        self, answers: Mapping[str, str], _returned: Mapping[str, str], clock: Clock
    ) -> Mapping[str, str]:
        return await sign_in(
            answers["base_url"], answers["identifier"].strip(), answers["password"], clock
        )
