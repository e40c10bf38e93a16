"""The User-Agent that Reddit asks for: `<platform>:<app ID>:<version> (by /u/<name>)`.

Source: support.reddithelp.com, Reddit Data API Wiki: default agents are limited drastically, and
agents that pretend to be others are banned. So nothing else leaves here.
"""

import re
import sys
from importlib.metadata import PackageNotFoundError, version

from connectors.contract import ConnectorError

_FORM = re.compile(r"[\w.-]+:[\w.-]+:v?[\w.-]+ \(by /?u/[\w-]{2,30}\)")
_DEFAULTS = re.compile(r"python-requests|urllib|praw|curl|mozilla|aiohttp|okhttp", re.IGNORECASE)


def user_agent(client_id: str, name: str) -> str:
    """Name our program, its app and the account that answers for it. Raises ConnectorError."""
    return checked(f"{sys.platform}:byname.{client_id}:{_version()} (by /u/{name})")


def checked(agent: str) -> str:
    """Return a User-Agent that Reddit accepts; refuse any other."""
    if not _FORM.fullmatch(agent) or _DEFAULTS.search(agent.partition(" (by ")[0]):
        raise ConnectorError(
            f"{agent!r} is no User-Agent that Reddit accepts: "
            "<platform>:<app ID>:<version> (by /u/<name>)"
        )
    return agent


def _version() -> str:
    try:
        return version("byname")
    except PackageNotFoundError:
        return "0"
