"""The calls of the X API that we make, through tweepy's AsyncClient, each paid for.

Before a paid call the meter is asked for the most that it may cost, after it the meter is told what
came back; what was paid for already today (UTC) is free, as X says. We never ask X to put users or
other posts beside what we ask for: everything that comes back is charged. Not here: the way to X
(wire), what answers mean (parse).
"""

from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tweepy.asynchronous import AsyncClient

from connectors._prices import X as PRICES
from connectors._prices import x_reply_kind
from connectors.contract import Meter, UnexpectedAnswer
from connectors.model import Charge
from connectors.x.answers import said
from connectors.x.wire import Wire

PAGE = 100
POST_FIELDS = (
    *("attachments", "author_id", "conversation_id", "created_at", "edit_history_tweet_ids"),
    *("entities", "in_reply_to_user_id", "lang", "note_tweet", "referenced_tweets"),
    "reply_settings",
)
MEDIA_FIELDS = ("alt_text", "preview_image_url", "type", "url")
USER_FIELDS = ("name", "protected", "public_metrics", "username")

_POSTS: Mapping[str, Any] = MappingProxyType(
    {  # the user's token goes as a bearer, never signed: user_auth would mean OAuth 1
        "tweet_fields": list(POST_FIELDS),
        "expansions": ["attachments.media_keys"],
        "media_fields": list(MEDIA_FIELDS),
        "user_auth": False,
    }
)

Told = Mapping[str, Any]
Call = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows as X gave them, the media they show, what X could not give, and where it goes on."""

    rows: Sequence[Any] = ()
    media: Mapping[str, Told] = field(default_factory=dict)
    errors: Sequence[Any] = ()
    further: str | None = None


class Api:
    """One login's calls."""

    def __init__(self, wire: Wire, meter: Meter, *, owns_app: bool = True) -> None:
        self._client = AsyncClient(return_type=dict, wait_on_rate_limit=False)
        self._client.session = wire
        self._wire = wire
        self._meter = meter
        self.owns_app = owns_app
        self._own = "owned read" if owns_app else "post read"

    async def mentions(self, purpose: str, user_id: str, **where: Any) -> Listing:
        where = {"max_results": PAGE, **where}
        return await self._list(
            purpose, self._own, lambda: self._client.get_users_mentions(user_id, **_POSTS, **where)
        )

    async def own(self, purpose: str, user_id: str, **where: Any) -> Listing:
        where = {"max_results": PAGE, "exclude": ["retweets"], **where}
        return await self._list(
            purpose, self._own, lambda: self._client.get_users_tweets(user_id, **_POSTS, **where)
        )

    async def search(self, purpose: str, query: str, **where: Any) -> Listing:
        where = {"max_results": PAGE, "next_token": where.pop("pagination_token", None), **where}
        return await self._list(
            purpose,
            "post read",
            lambda: self._client.search_recent_tweets(query, **_POSTS, **where),
        )

    async def lookup(self, purpose: str, refs: Sequence[str]) -> Listing:
        """Look up at most 100 posts; those that X will not show are in `errors`."""
        told = await self._read(
            purpose,
            "post read",
            refs,
            lambda: self._client.get_tweets(list(refs), **_POSTS),
        )
        return read_listing(told, needs_rows=False)

    async def users(self, purpose: str, ids: Sequence[str]) -> Sequence[Any]:
        """Look up at most 100 users."""
        told = await self._read(
            purpose,
            "user read",
            [f"user:{one}" for one in ids],
            lambda: self._client.get_users(
                ids=list(ids), user_fields=list(USER_FIELDS), user_auth=False
            ),
            mark="user:",
        )
        return read_listing(told, needs_rows=False).rows

    async def me(self, purpose: str) -> Told:
        """Return who we are. tweepy would break where X leaves out the name."""
        told = await self._read(
            purpose,
            "user read",
            ["user:me"],
            lambda: self._client.get_me(user_fields=list(USER_FIELDS), user_auth=False),
            mark="user:",
        )
        user = told.get("data")
        if not isinstance(user, dict) or not (user.get("id") and user.get("username")):
            raise UnexpectedAnswer("X does not say who we are", raw=str(told)[:4000])
        return user

    async def count(self, purpose: str, query: str) -> int:
        """Return how many posts of the last 7 days a search finds."""
        told = await self._act(
            purpose,
            "count",
            lambda: self._client.get_recent_tweets_count(query, granularity="day"),
        )
        meta = told.get("meta")
        found = isinstance(meta, dict) and (
            meta.get("total_tweet_count", meta.get("total_post_count"))
        )
        if not isinstance(found, int) or isinstance(found, bool):
            raise UnexpectedAnswer("X does not say how many there are", raw=str(told)[:4000])
        return found

    async def create(self, text: str, parent: str, key: str) -> Told:
        """Post a reply, once. Its price counts even if nobody knows whether X took it.

        It counts once for all attempts of a day: X takes at most one of them.
        """
        kind = x_reply_kind(text)
        await self._meter.ask("reply", PRICES[kind])
        try:
            told = await self._client.create_tweet(
                text=text, in_reply_to_tweet_id=parent, user_auth=False
            )
        except BaseException as error:
            if _may_have_cost(error):
                await self._pay("reply", kind, [f"reply:{key}"])
            raise
        await self._pay("reply", kind, [f"reply:{key}"])
        return _table(told)

    async def delete(self, ref: str) -> None:
        await self._act(
            "reply", "deletion", lambda: self._client.delete_tweet(ref, user_auth=False)
        )

    async def paid_today(self, refs: Sequence[str]) -> frozenset[str]:
        return await self._meter.paid_today(refs)

    async def close(self) -> None:
        await self._wire.close()

    async def _list(self, purpose: str, what: str, call: Call) -> Listing:
        await self._meter.ask(purpose, PRICES[what] * PAGE)
        told = _table(await call())
        await self._pay(purpose, what, refs_in(told))
        return read_listing(told)

    async def _read(
        self, purpose: str, what: str, refs: Sequence[str], call: Call, *, mark: str = ""
    ) -> Told:
        """Read things by name: those paid for today are free."""
        paid = await self._meter.paid_today(refs)
        await self._meter.ask(purpose, PRICES[what] * len(set(refs) - paid))
        told = _table(await call())
        await self._pay(purpose, what, [f"{mark}{one}" for one in refs_in(told)])
        return told

    async def _act(self, purpose: str, what: str, call: Call) -> Told:
        await self._meter.ask(purpose, PRICES[what])
        told = _table(await call())
        await self._meter.spent(purpose, Charge(what, 1, PRICES[what]))
        return told

    async def _pay(self, purpose: str, what: str, refs: Sequence[str]) -> None:
        paid = await self._meter.paid_today(refs)
        new = tuple(one for one in dict.fromkeys(refs) if one not in paid)
        if new:
            await self._meter.spent(purpose, Charge(what, len(new), len(new) * PRICES[what], new))


def read_listing(told: Told, *, needs_rows: bool = True) -> Listing:
    """Read a list; an answer that has neither rows nor the end of a list tells its error."""
    rows, errors, meta = told.get("data", []), told.get("errors") or [], told.get("meta")
    is_list = isinstance(rows, list) and isinstance(errors, list)
    if not is_list or (needs_rows and "data" not in told and not isinstance(meta, dict)):
        raise UnexpectedAnswer(f"X gave no list: {said(told)}", raw=str(told)[:4000])
    further = meta.get("next_token") if isinstance(meta, dict) else None
    return Listing(rows, _media(told), errors, further if isinstance(further, str) else None)


def refs_in(told: Told) -> list[str]:
    """Return the ids of everything in `data`: that is what X charges for."""
    rows = told.get("data")
    rows = rows if isinstance(rows, list) else [rows]
    return [row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]


def _media(told: Told) -> dict[str, Told]:
    includes = told.get("includes")
    media = includes.get("media") if isinstance(includes, dict) else None
    media = media if isinstance(media, list) else []
    return {one["media_key"]: one for one in media if isinstance(one, dict) and "media_key" in one}


def _table(told: Any) -> Told:
    if not isinstance(told, dict):
        raise UnexpectedAnswer("X answered something else", raw=str(told)[:4000])
    return told


def _may_have_cost(error: BaseException) -> bool:
    """Tell whether X may have taken a reply though we only have an error of it."""
    return isinstance(error, CancelledError) or getattr(error, "was_sent", False) is True
