"""bluesky: hears and speaks for one account of the AT Protocol's network.

    [logins.blue]
    connector = "bluesky"
    base_url = "https://bsky.social"            # the account's server
    team = ["kim.example.com", "did:plc:…"]     # colleagues who answer as the brand

Sources: "mentions" (mentions, replies, quotes, and what we say ourselves), "search" and "hashtag"
(listen-only). The secrets are what sign_in returns; the session in them is kept and renewed. A
content warning has no counterpart here and is left out. Not here: what any of it means.
"""

from pydantic import BaseModel, ConfigDict, HttpUrl, ValidationError

from connectors.bluesky.api import Api
from connectors.bluesky.connector import Bluesky
from connectors.contract import Connector, ConnectorError, Setup

__all__ = ["connect"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: HttpUrl = HttpUrl("https://bsky.social")
    connector: str = "bluesky"
    platform: str = "bluesky"
    team: tuple[str, ...] = ()
    timeout_s: float = 30.0


def connect(setup: Setup) -> Connector:
    """Open one account; nothing is asked of its server yet."""
    try:
        settings = _Settings.model_validate(dict(setup.settings))
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConnectorError(f"login {setup.login}: {said}") from error
    api = Api(
        str(settings.base_url),
        setup.login,
        setup.secrets,
        setup.clock,
        timeout_s=settings.timeout_s,
    )
    return Bluesky(api, team=settings.team)
