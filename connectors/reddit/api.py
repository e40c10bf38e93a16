"""The calls of Reddit's API that we use, through praw, in threads that nothing waits for.

Reading and writing have their own threads, each thread its own praw.Reddit (praw is not made to be
shared). praw keeps the addresses, the form of a call and of an answer; what it would do beyond that
(repeat, sleep, ask for tokens, look for updates) is switched off or kept out by the door. Not here:
what answers mean (parse, refusals) and in which order we ask.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import praw
import prawcore
from praw.endpoints import API_PATH

from connectors._http import leave_a_share
from connectors.contract import AuthFailed, Clock, Secrets, Unavailable, UnexpectedAnswer
from connectors.model import Budget
from connectors.reddit.agent import checked, user_agent
from connectors.reddit.door import Door, web
from connectors.reddit.limits import Limits
from connectors.reddit.session import Session, Values
from connectors.reddit.threads import Threads

REDDIT, OAUTH = "https://www.reddit.com", "https://oauth.reddit.com"
KEPT_FOR_POSTING = 15  # calls of ten minutes that reading leaves over
READERS = 3

Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where Reddit is, and how long we wait for it."""

    reddit_url: str = REDDIT
    oauth_url: str = OAUTH
    timeout_s: float = 30.0
    agent: str = ""  # empty: made from the app and the account

    def door(self, values: Values, limits: Limits, clock: Clock) -> Door:
        """Open a door for token requests; those of praw are opened by praw itself."""
        agent = self.agent_of(values)
        return Door(
            session=web(),
            limits=limits,
            clock=clock,
            agent=agent,
            timeout_s=self.timeout_s,
            user_agent=agent,
            reddit_url=self.reddit_url.rstrip("/"),
            oauth_url=self.oauth_url.rstrip("/"),
        )

    def agent_of(self, values: Values) -> str:
        if self.agent:
            return checked(self.agent)
        return user_agent(values.get("client_id", ""), values.get("username", ""))


class Api:
    """One login."""

    def __init__(self, place: Place, login: str, secrets: Secrets, clock: Clock) -> None:
        self.clock = clock
        self._place = place
        self._limits = Limits(clock)
        self._readers = Threads(f"reddit-{login}-read", READERS)
        self._writer = Threads(f"reddit-{login}-write", 1)
        self._own = threading.local()
        self.signed_in = Session(
            login, secrets, clock, self._readers, lambda one: place.door(one, self._limits, clock)
        )

    @property
    def budget(self) -> Budget:
        return self._limits.budget

    async def browse(self, path: str, params: Params | None = None) -> Any:
        """Get what can wait: not when what is left of these ten minutes is kept for posting."""
        leave_a_share(self.budget, KEPT_FOR_POSTING, self.clock)
        return await self.get(path, params)

    async def get(self, path: str, params: Params | None = None) -> Any:
        """Get something; a token that turned out worthless is renewed once."""
        token = await self.signed_in.token()
        try:
            return await self._readers.run(lambda: self._ask(token, "GET", path, params=params))
        except _TokenRefused:
            fresh = await self.signed_in.renew(stale=token)
        try:
            return await self._readers.run(lambda: self._ask(fresh, "GET", path, params=params))
        except _TokenRefused as error:
            raise AuthFailed(str(error)) from error

    async def send(self, path: str, form: Params) -> Any:
        """Send a form, once. A token that turned out worthless is renewed, the form sent no more.

        Reddit read nothing of a form that came with a worthless token: it may be sent again.
        """
        token = await self.signed_in.token()
        try:
            return await self._writer.run(lambda: self._ask(token, "POST", path, form=form))
        except _TokenRefused as error:
            await self.signed_in.renew(stale=token)
            raise Unavailable(
                "the token ran out just now; it is renewed", was_sent=False
            ) from error

    async def close(self) -> None:
        await self._readers.close()
        await self._writer.close()

    def _ask(
        self,
        token: str,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        form: Params | None = None,
    ) -> Any:
        """Ask through this thread's praw (blocking); `request` gives the JSON as it came."""
        reddit = self._reddit(token)
        try:
            return reddit.request(
                method=method,
                path=path,
                params=dict(params) if params else None,
                data=dict(form) if form else None,
            )
        except prawcore.exceptions.BadJSON as error:
            raise UnexpectedAnswer(
                "the answer is no JSON", raw=error.response.text[:4000]
            ) from error
        except AuthFailed as error:
            if str(error).startswith("401"):
                raise _TokenRefused(str(error)) from error
            raise

    def _reddit(self, token: str) -> praw.Reddit:
        """Return this thread's praw with the token of now."""
        if getattr(self._own, "reddit", None) is None:
            self._own.reddit, self._own.token = self._open(), ""
        reddit: praw.Reddit = self._own.reddit
        if self._own.token != token:
            reddit.auth.implicit(access_token=token, expires_in=3600, scope="*")
            self._own.token = token
        return reddit

    def _open(self) -> praw.Reddit:
        """Make a praw that asks for no token of its own: it is given one.

        A client without secret is what praw calls an installed app, the kind that may be given one.
        Settings are named so that no praw.ini and no environment variable can set them.
        """
        place, values = self._place, self.signed_in.values
        agent = place.agent_of(values)
        kept: dict[str, Any] = {
            "session": web(),
            "limits": self._limits,
            "clock": self.clock,
            "agent": agent,
            "timeout_s": place.timeout_s,
        }
        return praw.Reddit(
            requestor_class=Door,
            requestor_kwargs=kept,
            reddit_url=place.reddit_url.rstrip("/"),
            oauth_url=place.oauth_url.rstrip("/"),
            user_agent=agent,
            client_id=values["client_id"],
            client_secret=None,
            username=None,
            password=None,
            refresh_token=None,
            redirect_uri=None,
            check_for_updates=False,
            check_for_async=False,
        )


class _TokenRefused(AuthFailed):
    """A 401: this token is worthless; whether the login is, the next one tells."""


def path_of(name: str, **parts: str) -> str:
    """Return an address of the API by praw's name for it."""
    return str(API_PATH[name]).format(**parts)
