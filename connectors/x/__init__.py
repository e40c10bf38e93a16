"""x: hears and speaks for one account on X (Twitter), by its pay-per-use API.

    [logins.x]
    connector = "x"
    team = ["kim_at_tern"]         # colleagues who answer as the brand
    automation_label = true        # once you have set the label on x.com: X does not tell us
    summoned_only = true           # false: an Enterprise contract lets you answer anybody
    reads_authors = true           # false: people go by their ids, and reading costs a tenth
    owns_app = true                # whether the account owns the developer app; asked at sign-in

Sources: "mentions" (said to us, and what we say ourselves), "conversation" (under our own posts),
"quotes" (of our own posts), "search" (listen-only). The secret is what sign_in returns: tokens that
are renewed by us. Not here: what any of it means (the modules).
"""

from pydantic import BaseModel, ConfigDict, HttpUrl

from connectors._settings import read_settings
from connectors.contract import Connector, Setup
from connectors.x.api import Api
from connectors.x.connector import X
from connectors.x.sign_in import API_URL
from connectors.x.tokens import Tokens
from connectors.x.wire import Wire

__all__ = ["connect"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: HttpUrl = HttpUrl(API_URL)
    connector: str = "x"
    platform: str = "x"
    team: tuple[str, ...] = ()
    automation_label: bool = False
    summoned_only: bool = True
    reads_authors: bool = True
    owns_app: bool | None = None
    timeout_s: float = 30.0


def connect(setup: Setup) -> Connector:
    """Open one login; nothing is asked of X yet."""
    settings = read_settings(setup, _Settings)
    base_url = str(settings.base_url).rstrip("/")
    tokens = Tokens(base_url, setup.login, setup.secrets, setup.clock)
    wire = Wire(base_url, tokens, setup.clock, timeout_s=settings.timeout_s)
    known = tokens.values()
    owns_app = known.get("owns_app", "yes") == "yes"
    if settings.owns_app is not None:
        owns_app = settings.owns_app
    return X(
        Api(wire, setup.meter, owns_app=owns_app),
        wire,
        known,
        setup.clock,
        team=settings.team,
        summoned_only=settings.summoned_only,
        has_label=settings.automation_label,
        reads_authors=settings.reads_authors,
    )
