"""hackernews: listens for words on Hacker News; nothing can be posted there by program.

    [sources.hn]
    connector = "hackernews"
    platform = "hackernews"
    kind = "search"                 # or "keyword": the same
    query = "acme kettle"           # every word as it is written; "in quotes": a phrase; -word: not
    account = "acme_support"        # our own account there, so that answers by hand are seen
    team = ["kim"]                  # colleagues who answer as the brand

No login is needed. Words are found through hn.algolia.com (base_url), what became of a message is
asked of the Firebase API (items_url). Not here: what any of it means (the modules).
"""

from pydantic import BaseModel, ConfigDict, HttpUrl

from connectors._settings import read_settings
from connectors.contract import Connector, Setup
from connectors.hackernews.api import Api
from connectors.hackernews.connector import HackerNews

__all__ = ["connect"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: HttpUrl = HttpUrl("https://hn.algolia.com/api/v1")
    items_url: HttpUrl = HttpUrl("https://hacker-news.firebaseio.com/v0")
    account: str = ""
    connector: str = "hackernews"
    platform: str = "hackernews"
    team: tuple[str, ...] = ()
    timeout_s: float = 30.0


def connect(setup: Setup) -> Connector:
    """Open one listener; nothing is asked yet."""
    settings = read_settings(setup, _Settings)
    api = Api(
        str(settings.base_url), str(settings.items_url), setup.clock, timeout_s=settings.timeout_s
    )
    return HackerNews(api, account=settings.account, team=settings.team)
