"""The one door through which praw talks HTTP: a prawcore Requestor that lets nothing be repeated.

prawcore sends any request up to three times (5xx, a dropped line, 401), sleeps before a call as the
limit headers tell it, and reads headers and errors in ways that break on odd ones. It does all of
that after this door, with what this door lets through: so the door returns answers of 2xx only,
without their limit headers, and raises the contract's errors for everything else. One call is one
attempt, and nobody sleeps. Not here: what is asked (api) and in which thread (threads).
"""

import io
import time
from collections.abc import Mapping
from typing import Any

import requests
from prawcore import Requestor
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
)

from connectors._http import MOST_BYTES, Answer, ensure_ok
from connectors.contract import AuthFailed, Clock, Unavailable, UnexpectedAnswer
from connectors.reddit.limits import HEADERS, Limits

_CONNECT_S = 10.0
_CHUNK = 65_536
_NEVER_LEFT = (NewConnectionError, ConnectTimeoutError, NameResolutionError)


def web() -> requests.Session:
    """Make a session that takes a fresh connection for each call and no settings from around it.

    Over a kept one that the server has closed meanwhile nobody knows whether a call was heard. From
    the environment requests would take a .netrc, and put it in the place of our token.
    """
    session = requests.Session()
    session.trust_env = False
    session.headers["Connection"] = "close"
    return session


class Door(Requestor):
    """One attempt for each request, within a time that applies, with the contract's errors."""

    def __init__(
        self,
        *,
        session: requests.Session,
        limits: Limits,
        clock: Clock,
        agent: str,
        timeout_s: float,
        **options: Any,
    ) -> None:
        super().__init__(session=session, timeout=timeout_s, **options)
        session.headers["User-Agent"] = agent  # ours alone, as Reddit asks for it
        self._session = session
        self._limits = limits
        self._clock = clock

    def request(
        self,
        *args: Any,
        timeout: float | None = None,  # noqa: ARG002 - prawcore's own, which no setting reaches
        **options: Any,
    ) -> requests.Response:
        """Ask once. Raises a ConnectorError; an answer that comes back is one of 2xx."""
        self._limits.ensure_open()
        response = self._heard(*args, **options)
        answer = Answer(response.status_code, response.headers, _text(response))
        self._limits.note(answer)
        ensure(answer, self._clock)
        for name in HEADERS:
            response.headers.pop(name, None)
        return response

    def _heard(self, *args: Any, **options: Any) -> requests.Response:
        until = time.monotonic() + self.timeout
        options |= {"allow_redirects": False, "stream": True}
        options["timeout"] = (min(_CONNECT_S, self.timeout), self.timeout)
        try:
            with self._session.request(*args, **options) as response:
                return _whole(response, until)
        except (requests.RequestException, HTTPError, OSError) as error:
            never_left = _never_left(error)
            said = "no connection" if never_left else "the connection broke"
            told = f"{said}: {type(error).__name__}"
            raise Unavailable(told, was_sent=not never_left) from error


def ensure(answer: Answer, clock: Clock) -> Answer:
    """Return an answer of 2xx; raise what the others mean.

    A page of HTML in the place of a 4xx comes from something in between, not from Reddit's API.
    """
    is_client_error = 400 <= answer.status < 500 and answer.status not in (401, 408, 425, 429)
    if "insufficient_scope" in answer.headers.get("WWW-Authenticate", ""):
        raise AuthFailed("this login was not granted what this needs: connect it again")
    if is_client_error and "json" not in answer.headers.get("Content-Type", ""):
        raise UnexpectedAnswer(f"a {answer.status} without a reason", raw=answer.text[:4000])
    return ensure_ok(answer, clock, said=reason(answer))


def reason(answer: Answer) -> str:
    """Return the reason Reddit gives in the body of an error."""
    if answer.status < 300:
        return ""
    try:
        told = answer.json()
    except UnexpectedAnswer:
        return ""
    table: Mapping[str, Any] = told if isinstance(told, dict) else {}
    parts = (table.get("reason"), table.get("explanation"), table.get("message"))
    return ": ".join(str(one) for one in parts if one)[:300]


def _whole(response: requests.Response, until: float) -> requests.Response:
    """Read an answer to its end, or until its time is up however slowly it drips."""
    body = bytearray(response.content if response.is_redirect else b"")  # read by requests itself
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > MOST_BYTES:
            raise UnexpectedAnswer(f"an answer of more than {MOST_BYTES} bytes")
        if time.monotonic() > until:
            raise requests.ReadTimeout("the answer took too long")
    _ensure_complete(response, len(body))
    whole = requests.Response()
    whole.status_code, whole.headers = response.status_code, response.headers
    whole.url, whole.encoding = response.url, "utf-8"
    whole.raw = io.BytesIO(bytes(body))
    return whole


def _ensure_complete(response: requests.Response, size: int) -> None:
    told = response.headers.get("Content-Length", "")
    if told.isdigit() and "Content-Encoding" not in response.headers and size < int(told):
        raise requests.exceptions.ChunkedEncodingError("the answer was cut off")


def _text(response: requests.Response) -> str:
    return response.content.decode("utf-8", "replace")


def _never_left(error: Exception) -> bool:
    """Tell whether no byte of a request can have reached the platform."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.InvalidURL):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, _NEVER_LEFT)
