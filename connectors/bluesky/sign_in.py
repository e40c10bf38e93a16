"""Signing in on Bluesky with an app password, once; the session is kept and renewed afterwards.

An app password cannot delete the account nor change its password, and can be withdrawn alone. Not
here: keeping what is returned (bot does, through Secrets).
"""

from collections.abc import Mapping

from connectors._http import session
from connectors.bluesky.api import USER_AGENT, create_session
from connectors.contract import Clock

WHY: Mapping[str, str] = {
    "identifier": "the account's handle, to know who we are",
    "app_password": "to hear what is said to us, and to post and delete the replies you approve",
}


async def sign_in(base_url: str, identifier: str, password: str, clock: Clock) -> Mapping[str, str]:
    """Return what Secrets keeps; a wrong password is AuthFailed."""
    identifier = identifier.strip().removeprefix("@")
    async with session(USER_AGENT, for_writes=True) as web:
        made = await create_session(web, base_url, identifier, password.strip(), clock=clock)
    return {**made, "identifier": identifier, "app_password": password.strip()}
