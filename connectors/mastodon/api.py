"""The dozen calls of the Mastodon API that we use, and the instance's own facts.

One call is one attempt; errors are the contract's. The last answer's headers are the budget, and a
share of it is kept for posting. Not here: what the answers mean (parse) and in which order we ask.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

from connectors._http import Answer, ask, budget_of, ensure_ok, leave_a_share, session
from connectors.contract import AuthFailed, Clock, Rejected, UnexpectedAnswer
from connectors.model import Budget

USER_AGENT = "byname (answers people one to one, approved by a human)"
KEPT_FOR_POSTING = 15  # calls that reading leaves over

Params = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Instance:
    """What an instance says about itself; servers differ, so nothing is assumed."""

    version: str = ""
    most_characters: int = 500
    streaming: str = ""  # where it streams, if anywhere


class Api:
    """One login on one instance."""

    def __init__(
        self,
        base_url: str,
        token: str,
        clock: Clock,
        *,
        timeout_s: float = 30.0,
        is_public: bool = False,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.reading: Budget = Budget()
        self.posting: Budget = Budget()
        self.clock = clock
        self._token = token
        self._is_public = is_public
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._instance: Instance | None = None

    async def browse(self, path: str, params: Params = ()) -> Any:
        """Get what can wait: not when what is left of this period is kept for posting."""
        leave_a_share(self.reading, KEPT_FOR_POSTING, self.clock)
        return await self.get(path, params)

    async def get(self, path: str, params: Params = ()) -> Any:
        answer = await ask(
            self.web(), "GET", self.base_url + path, params=list(params), **self._options()
        )
        self.reading = budget_of(answer.headers, self.clock()) or self.reading
        return self._ok(answer).json()

    async def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, key: str = ""
    ) -> Any:
        options = self._options()
        if key:
            options["headers"]["Idempotency-Key"] = key
        answer = await ask(self.web(), method, self.base_url + path, json=body, **options)
        self.posting = budget_of(answer.headers, self.clock()) or self.posting
        return self._ok(answer).json()

    async def instance(self) -> Instance:
        """Return the instance's facts: asked once, by the newer address and then by the older."""
        if self._instance is None:
            self._instance = await self._ask_instance()
        return self._instance

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def web(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = session(USER_AGENT)
        return self._session

    def authorization(self) -> dict[str, str]:
        if self._is_public:
            return {}
        if not self._token:
            raise AuthFailed("this login has no token yet: connect it")
        return {"Authorization": f"Bearer {self._token}"}

    def _options(self) -> dict[str, Any]:
        return {"headers": self.authorization(), "timeout_s": self._timeout_s}

    def _ok(self, answer: Answer) -> Answer:
        if self._is_public and answer.status in (401, 403, 422):
            raise AuthFailed(
                f"{self.base_url} shows this only to who is signed in: `byname connect mastodon`,"
                f" and name that login in the source ({answer.status} {_reason(answer)})"
            )
        return ensure_ok(answer, self.clock, said=_reason(answer))

    async def _ask_instance(self) -> Instance:
        for path in ("/api/v2/instance", "/api/v1/instance"):
            try:
                return read_instance(await self.get(path))
            except (Rejected, UnexpectedAnswer):
                continue
        return Instance()


def read_instance(told: Any) -> Instance:
    """Read either form of an instance's facts; what is missing keeps its usual value."""
    if not isinstance(told, dict):
        raise UnexpectedAnswer("an instance that does not describe itself", raw=str(told)[:400])
    configuration = _table(told.get("configuration"))
    most = _table(configuration.get("statuses")).get("max_characters")
    urls = _table(configuration.get("urls"))
    older = _table(told.get("urls"))
    return Instance(
        version=str(told.get("version", "")),
        most_characters=int(most or told.get("max_toot_chars") or 500),
        streaming=str(urls.get("streaming") or older.get("streaming_api") or ""),
    )


def at(path: str, *parts: str) -> str:
    """Fill a path with parts that came from elsewhere."""
    return path.format(*(quote(one, safe="") for one in parts))


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _reason(answer: Answer) -> str:
    """Return the reason an instance gives, in whatever language it speaks."""
    if answer.status < 300:
        return ""
    try:
        told = answer.json()
    except UnexpectedAnswer:
        return ""
    table = _table(told)
    return str(table.get("error_description") or table.get("error") or "")[:300]
