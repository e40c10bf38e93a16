"""bluesky: hears and speaks for one account of the AT Protocol's social network.

    [logins.sky]
    connector = "bluesky"
    account = "acme.example"                # the handle; or in the secret, as `identifier`
    base_url = "https://bsky.social"        # where the account signs in
    team = ["kim.acme.example"]             # colleagues who answer as the brand: handles or DIDs

Sources: "mentions" (said to us, quotes of us, under our posts, and what we say ourselves),
"search" and "hashtag" (listen-only). The secret is `password`, an app password, and the session
that is made with it (sign_in, session). Not here: what any of it means (the modules).
"""

from pydantic import BaseModel, ConfigDict, HttpUrl

from connectors._settings import read_settings
from connectors.bluesky.api import Api
from connectors.bluesky.connector import Bluesky
from connectors.bluesky.session import Session
from connectors.bluesky.sign_in import DEFAULT_URL
from connectors.contract import Connector, Setup, has_login

__all__ = ["connect"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: HttpUrl = HttpUrl(DEFAULT_URL)
    account: str = ""
    connector: str = "bluesky"
    platform: str = "bluesky"
    team: tuple[str, ...] = ()
    timeout_s: float = 30.0


def connect(setup: Setup) -> Connector:
    """Open one login; nothing is asked of its server yet."""
    settings = read_settings(setup, _Settings)
    base_url = str(settings.base_url).rstrip("/")
    signed_in = Session(
        base_url,
        setup.login,
        setup.secrets,
        setup.clock,
        account=settings.account,
        is_login=has_login(setup),
    )
    return Bluesky(Api(signed_in, setup.clock, timeout_s=settings.timeout_s), team=settings.team)
