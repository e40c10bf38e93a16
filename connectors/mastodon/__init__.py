"""mastodon: hears and speaks on one instance of Mastodon, or of a server with the same API.

    [logins.masto]
    connector = "mastodon"
    base_url = "https://social.example"
    team = ["kim", "lee@elsewhere.example"]     # colleagues who answer as the brand
    streaming = true                            # false: look every poll_seconds, though it streams
    look_anyway_s = 120                         # what no stream tells is looked for this often

Sources: "mentions" (said to us, quotes of us, and what we say ourselves), "hashtag" (listen-only).
A hashtag needs no login where the server shows it to everybody:

    [sources.tag]
    platform = "mastodon"
    kind = "hashtag"
    query = "acme"
    base_url = "https://social.example"

The secret is `access_token`; tokens of Mastodon do not run out, so there is nothing to refresh, and
a refused one needs a human (sign_in). Not here: what any of it means (the modules).
"""

from pydantic import BaseModel, ConfigDict, HttpUrl

from connectors._settings import read_settings
from connectors.contract import Connector, Setup, has_login
from connectors.mastodon.api import Api
from connectors.mastodon.connector import Mastodon

__all__ = ["connect"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: HttpUrl
    connector: str = "mastodon"
    platform: str = "mastodon"
    team: tuple[str, ...] = ()
    streaming: bool = True
    look_anyway_s: float = 120.0
    timeout_s: float = 30.0


def connect(setup: Setup) -> Connector:
    """Open one login on one instance; nothing is asked of it yet."""
    settings = read_settings(setup, _Settings)
    secret = setup.secrets.read(setup.login)
    token, granted = secret.get("access_token", ""), secret.get("scope", "").split()
    is_public = not has_login(setup)
    api = Api(
        str(settings.base_url),
        token,
        setup.clock,
        timeout_s=settings.timeout_s,
        is_public=is_public,
    )
    return Mastodon(
        api,
        team=settings.team,
        is_streaming=settings.streaming,
        look_anyway_s=settings.look_anyway_s,
        granted=granted,
        is_public=is_public,
    )
