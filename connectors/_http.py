"""The one place that talks HTTP for connectors and says what an answer means.

One call is one attempt: nothing here repeats, follows a redirect or waits for a limit. What went
wrong becomes an error of the contract; what the headers say about limits becomes a Budget. Not
here: addresses and bodies of any platform.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from connectors.contract import (
    AuthFailed,
    Clock,
    ConnectorError,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)
from connectors.model import Budget

MOST_BYTES = 16 * 1024 * 1024
SHORTEST_WAIT = timedelta(seconds=1)
USUAL_WAIT = timedelta(minutes=1)  # asked to wait, but not for how long, or until a time long past
LONGEST_WAIT = timedelta(hours=1)  # a header that asks for more is not believed
_CONNECT_S = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a platform answered, read to its end."""

    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        """Return the body as JSON; UnexpectedAnswer if it is none."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError) as error:
            raise UnexpectedAnswer("the answer is no JSON", raw=self.text[:4000]) from error


def session(user_agent: str) -> aiohttp.ClientSession:
    """Make a session that takes a fresh connection for each call.

    Over a kept one that the server has closed meanwhile, nobody knows whether a call was heard;
    some servers close after every answer without saying so (snac2).
    """
    connector = aiohttp.TCPConnector(force_close=True)
    headers = {"User-Agent": user_agent}
    return aiohttp.ClientSession(connector=connector, headers=headers, middlewares=(_once,))


async def _once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Name a failure before aiohttp sees it, which would send any GET, PUT or DELETE again."""
    async with _named_failures():
        return await send(request)


async def ask(
    web: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    timeout_s: float = 30.0,
    **options: Any,
) -> Answer:
    """Ask once and return the answer, whatever its status."""
    timeout = aiohttp.ClientTimeout(total=timeout_s, connect=min(_CONNECT_S, timeout_s))
    async with (
        _named_failures(),
        web.request(method, url, timeout=timeout, allow_redirects=False, **options) as response,
    ):
        body = await _read(response)
        charset = response.charset or "utf-8"
        return Answer(response.status, response.headers.copy(), _decode(body, charset))


@asynccontextmanager
async def _named_failures() -> AsyncIterator[None]:
    """Turn what aiohttp raises into what the contract says; only a failed connect sent nothing."""
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise Unavailable(f"no connection: {error}", was_sent=False) from error
    except aiohttp.InvalidURL as error:
        raise Unavailable(f"no such address: {error}", was_sent=False) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        said = str(error) or type(error).__name__
        raise Unavailable(f"the connection broke: {said}") from error


@asynccontextmanager
async def before_sending() -> AsyncIterator[None]:
    """Wrap what a post has to ask first: if that fails, nothing of the post can have been heard."""
    try:
        yield
    except Unavailable as error:
        raise Unavailable(str(error), was_sent=False) from error
    except UnexpectedAnswer as error:
        raise UnexpectedAnswer(str(error), raw=error.raw, was_sent=False) from error


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        body += chunk
        if len(body) > MOST_BYTES:
            raise UnexpectedAnswer(f"an answer of more than {MOST_BYTES} bytes")
    return bytes(body)


def _decode(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def ensure_ok(answer: Answer, clock: Clock, *, said: str = "") -> Answer:
    """Return an answer of 2xx; raise the error that says who must act otherwise.

    `said` is what the platform gave as a reason, if the caller could find it in the body.
    """
    if 200 <= answer.status < 300:
        return answer
    raise _error(answer, clock(), said or _plain(answer))


def _error(answer: Answer, now: datetime, said: str) -> ConnectorError:
    status, told = answer.status, f"{answer.status}: {said}"
    if status == 429:
        return RateLimited(told, until=now + (wait_of(answer.headers, now) or USUAL_WAIT))
    if status == 401:
        return AuthFailed(told)
    if status >= 500 or status in (408, 425):
        return Unavailable(told)
    if 400 <= status < 500:
        return Rejected(told, code=_CODES.get(status, "rejected"))
    return UnexpectedAnswer(told, raw=answer.text[:4000])


_CODES = {403: "not_allowed", 404: "parent_gone", 410: "parent_gone", 413: "too_long"}


def _plain(answer: Answer) -> str:
    if "json" in answer.headers.get("Content-Type", ""):
        return answer.text[:300]
    return "an answer without a reason"


_RESETS = ("X-RateLimit-Reset", "RateLimit-Reset", "X-Rate-Limit-Reset")


def wait_of(
    headers: Mapping[str, str], now: datetime, names: Sequence[str] = ("Retry-After", *_RESETS)
) -> timedelta | None:
    """Return how long a platform asks to wait, within reason; None if it does not say."""
    server_now = _date(headers.get("Date", "")) or now
    for name in names:
        wait = _distance(headers.get(name, ""), server_now)
        if wait is not None:
            return _within_reason(wait)
    return None


def _within_reason(wait: timedelta) -> timedelta:
    if wait < timedelta():
        return USUAL_WAIT
    return min(max(wait, SHORTEST_WAIT), LONGEST_WAIT)


def _distance(value: str, server_now: datetime) -> timedelta | None:
    """Read seconds, seconds since 1970, an ISO time or an HTTP date: distances on their clock."""
    try:
        seconds = float(value)
    except ValueError:
        moment = _date(value)
        return None if moment is None else moment - server_now
    try:
        if seconds > 1_000_000_000:
            return datetime.fromtimestamp(seconds, UTC) - server_now
        return timedelta(seconds=seconds)
    except (ValueError, OverflowError, OSError):
        return LONGEST_WAIT if seconds > 0 else None


def _date(value: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(value)
        except (ValueError, TypeError, IndexError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def budget_of(headers: Mapping[str, str], now: datetime) -> Budget | None:
    """Return what the headers say about calls left; None if they say nothing."""
    left = _number(headers, "Remaining")
    if left is None:
        return None
    wait = wait_of(headers, now, _RESETS)
    return Budget(left, _number(headers, "Limit"), None if wait is None else now + wait)


def leave_a_share(budget: Budget, kept: int, clock: Clock) -> None:
    """Refuse to read on when what is left of this period is kept for posting."""
    if budget.left is None or budget.resets_at is None or budget.left > kept:
        return
    if clock() < budget.resets_at:
        raise RateLimited("the rest of this period is kept for posting", until=budget.resets_at)


def _number(headers: Mapping[str, str], what: str) -> int | None:
    for prefix in ("X-RateLimit-", "RateLimit-", "X-Rate-Limit-"):
        try:
            return max(0, int(float(headers.get(prefix + what, ""))))
        except (ValueError, OverflowError):
            continue
    return None
