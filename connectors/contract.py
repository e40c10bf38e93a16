"""The contract every connector fulfils, and the errors it may raise.

Errors say who must act:

    ConnectorError
    ├── Unavailable        nobody: it is tried again later
    ├── RateLimited        nobody: wait until `until`
    │   └── CapReached     the human who set the monthly cap, or nobody: it starts anew next month
    ├── AuthFailed         the human who owns the login: it stops, the others go on
    ├── Rejected           the human who wrote the reply: the platform said a definite no
    └── UnexpectedAnswer   whoever maintains the connector: quarantined, we go on

While posting, Unavailable and UnexpectedAnswer carry `was_sent`: False only when no byte of the
request can have reached the platform. Everything else is an unknown outcome: it is looked up, never
repeated blindly.

Not here: how a platform is reached. Adding a platform touches one file or folder, and its test.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from connectors.model import (
    Budget,
    Charge,
    Health,
    Message,
    MessageRef,
    Outgoing,
    Page,
    Permission,
    Posted,
    Recheck,
    Source,
)

Clock = Callable[[], datetime]


class ConnectorError(Exception):
    """Base of everything a connector raises on purpose."""


class Unavailable(ConnectorError):
    """The platform cannot be reached or answers 5xx. Try again later."""

    def __init__(self, message: str, *, was_sent: bool = True) -> None:
        super().__init__(message)
        self.was_sent = was_sent


class RateLimited(ConnectorError):
    """The platform asks us to wait. Definitely not accepted."""

    def __init__(self, message: str, *, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class CapReached(RateLimited):
    """A paid call would cost more than the human allowed for this month. Nothing was asked."""


class AuthFailed(ConnectorError):
    """The login is no longer valid. It stops until a human signs in again."""


class Rejected(ConnectorError):
    """A definite no to this reply; the reason is for the reviewer."""

    def __init__(self, reason: str, *, code: str = "rejected") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code  # rejected, parent_gone, too_long, not_allowed, duplicate


class UnexpectedAnswer(ConnectorError):
    """An answer that could not be read."""

    def __init__(self, message: str, *, raw: str = "", was_sent: bool = True) -> None:
        super().__init__(message)
        self.raw = raw
        self.was_sent = was_sent


class Secrets(Protocol):
    """Where a login's secrets live. Writes are atomic and durable; one refresh at a time."""

    def read(self, login: str) -> Mapping[str, str]: ...
    def write(self, login: str, values: Mapping[str, str]) -> None: ...
    async def refresh(
        self, login: str, renew: Callable[[Mapping[str, str]], Awaitable[Mapping[str, str]]]
    ) -> Mapping[str, str]: ...


class Meter(Protocol):
    """What paid calls cost this month, by login and purpose. bot keeps it and knows the cap.

    A purpose is the name of the source that is read, or one of: reply, recheck, thread, check.
    """

    async def ask(self, purpose: str, at_most: int, /) -> None:
        """Raise CapReached if `at_most` micro-dollars more might exceed the cap. Ask before."""
        ...

    async def spent(self, purpose: str, charge: Charge, /) -> None:
        """Note durably what a call did cost; refs paid for already today (UTC) count once.

        Said after each call that was asked for, also where it cost nothing (units 0): it is counted
        as a call, and what was asked for is free again for others.
        """
        ...

    async def paid_today(self, refs: Sequence[str], /) -> frozenset[str]:
        """Return which of these were paid for since midnight UTC: they cost nothing again."""
        ...


class Free:
    """The meter of a platform that costs nothing."""

    async def ask(self, _purpose: str, _at_most: int) -> None:
        return None

    async def spent(self, _purpose: str, _charge: Charge) -> None:
        return None

    async def paid_today(self, _refs: Sequence[str]) -> frozenset[str]:
        return frozenset()


@runtime_checkable
class Connector(Protocol):
    """One login on one platform (replay: several platforms of one world)."""

    async def check(self) -> Health: ...

    def pages(self, source: Source, after: str | None) -> AsyncIterator[Page]:
        """Yield pages oldest first, starting after the cursor. Polling ends, streaming does not.

        Streaming is for a source that may; a page without events then says that somebody looked.
        """
        ...

    async def thread(self, message: MessageRef) -> Sequence[Message]:
        """Return the messages above a message, oldest first."""
        ...

    async def recheck(self, refs: Sequence[MessageRef]) -> Sequence[Recheck]: ...

    async def may_reply(self, message: MessageRef) -> Permission: ...

    async def post(self, reply: Outgoing) -> Posted:
        """Try once. Raises a ConnectorError; anything ambiguous has was_sent=True."""
        ...

    async def find_reply(self, reply: Outgoing) -> Posted | None:
        """Look for a reply that may have been posted. None: definitely not visible now."""
        ...

    async def delete(self, posted: Posted) -> None: ...

    async def budget(self) -> Budget: ...

    async def close(self) -> None: ...


@runtime_checkable
class Estimates(Protocol):
    """A connector of a platform that charges can say what a source is likely to cost."""

    async def estimate(self, source: Source) -> int:
        """Return micro-dollars a month, rather too many; asking may cost something itself."""
        ...


class Setup(Protocol):
    """What a connector is built from; bot hands it over (see `connect` of each connector)."""

    @property
    def login(self) -> str:
        """The login's name; `source:NAME` for a source without one, which has no secrets."""
        ...

    @property
    def platform(self) -> str: ...
    @property
    def home(self) -> Path: ...
    @property
    def settings(self) -> Mapping[str, object]: ...
    @property
    def secrets(self) -> Secrets: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def meter(self) -> Meter: ...


WITHOUT_LOGIN = "source:"


def has_login(setup: Setup) -> bool:
    """Say whether an account stands behind what is opened; without one it only listens."""
    return not setup.login.startswith(WITHOUT_LOGIN)


Connect = Callable[[Setup], Connector]
"""The object behind an entry point in group `byname.connectors`."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that only the human knows, asked before signing in."""

    name: str
    prompt: str
    is_secret: bool = False
    default: str = ""


class SignIn(Protocol):
    """How a human signs a login in; behind an entry point in group `byname.sign_in`.

    `byname connect` asks the questions, opens the address that `begin` returns (None: there is no
    page to visit), and keeps what `finish` returns through Secrets. A flow whose platform sends the
    browser back only to an address that was registered before has a `redirect_port: int` too.

    Answers of these names are written into byname.toml too: `monthly_cap_dollars` (what the login
    may cost), and `approval_reference` and `approval_date` where `approval_covers_data` is yes: the
    platform's written approval of what its data rules forbid otherwise.
    """

    @property
    def why(self) -> Mapping[str, str]:
        """What is asked of the platform, and what byname needs it for."""
        ...

    @property
    def questions(self) -> Sequence[Question]: ...

    @property
    def source_kind(self) -> str:
        """The kind of source that a new login listens to first."""
        ...

    async def begin(
        self, answers: Mapping[str, str], redirect_uri: str | None, clock: Clock
    ) -> str | None: ...

    async def finish(
        self, answers: Mapping[str, str], returned: Mapping[str, str], clock: Clock
    ) -> Mapping[str, str]:
        """`returned` is what the page sent back (code, state); only `code` when it was pasted."""
        ...
