"""reddit: hears and speaks for one account on Reddit, through praw in worker threads.

    [logins.reddit]
    connector = "reddit"
    team = ["kim_of_acme"]                  # colleagues who answer as the brand
    user_agent = "linux:my.app:1.0 (by /u/acme)"    # default: made from the app and the account

Sources: "mentions" (said to us, and what we say ourselves), "comments" (under our posts, or under
those that `query` names), "subreddit" and "search" (listen-only). The secret is made by sign_in:
the app, and a password or a refresh token. Reddit's approval stands in byname.toml ([approvals.
reddit]); without it nothing is asked of Reddit. Not here: what any of it means (the modules).
"""

from pydantic import BaseModel, ConfigDict, HttpUrl

from connectors._settings import read_settings
from connectors.contract import Connector, Setup
from connectors.reddit.agent import checked
from connectors.reddit.api import OAUTH, REDDIT, Api, Place
from connectors.reddit.connector import Reddit

__all__ = ["connect"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    reddit_url: HttpUrl = HttpUrl(REDDIT)
    oauth_url: HttpUrl = HttpUrl(OAUTH)
    connector: str = "reddit"
    platform: str = "reddit"
    team: tuple[str, ...] = ()
    timeout_s: float = 30.0
    user_agent: str = ""


def connect(setup: Setup) -> Connector:
    """Open one login; nothing is asked of Reddit yet, and no thread is made."""
    settings = read_settings(setup, _Settings)
    place = Place(
        reddit_url=str(settings.reddit_url).rstrip("/"),
        oauth_url=str(settings.oauth_url).rstrip("/"),
        timeout_s=settings.timeout_s,
        agent=checked(settings.user_agent) if settings.user_agent else "",
    )
    api = Api(place, setup.login, setup.secrets, setup.clock, setup.approval)
    return Reddit(api, team=settings.team)
