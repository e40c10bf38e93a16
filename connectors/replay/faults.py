"""What goes wrong on a replayed platform, as data: probabilities with a seed, or a script.

A table, or a TOML file of the same form:

    seed = 7
    visibility_lag_s = 2        # every reply is seen this much later than it was accepted
    in_flight_s = 5             # after a fault that takes effect: up to this much later still

    [[rules]]
    fault = "error_after"       # see FAULTS
    operation = "post"          # post, pages, thread, recheck, find_reply, delete, check
    probability = 0.08          # or a script:
    attempts = [1, 3]           # which attempts of one reply (of one operation, when reading)
    messages = ["m12"]          # only when replying to these

The same seed lets the same things go wrong for the same reply and attempt, over every restart.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from connectors.contract import (
    AuthFailed,
    ConnectorError,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)

Operation = Literal["post", "pages", "thread", "recheck", "find_reply", "delete", "check"]
Name = Literal[
    "rate_limited",
    "refused",
    "error_before",
    "error_after",
    "timeout_before",
    "timeout_after",
    "cut",
    "garbled",
    "rejected",
    "auth_failed",
    "slow",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """`takes_effect`: the platform did what it was asked, whatever the caller gets to hear."""

    says: str
    takes_effect: bool


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "rate_limited": Fault("429 Too Many Requests", takes_effect=False),
        "refused": Fault("the connection was refused", takes_effect=False),
        "error_before": Fault("503 Service Unavailable", takes_effect=False),
        "error_after": Fault("502 Bad Gateway", takes_effect=True),
        "timeout_before": Fault("no answer in time", takes_effect=False),
        "timeout_after": Fault("no answer in time", takes_effect=True),
        "cut": Fault("the connection was cut", takes_effect=True),
        "garbled": Fault("the answer cannot be read", takes_effect=True),
        "rejected": Fault("the platform refused this reply", takes_effect=False),
        "auth_failed": Fault("the token was revoked", takes_effect=False),
        "slow": Fault("", takes_effect=True),
    }
)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Table):
    fault: Name
    operation: Operation = "post"
    probability: Annotated[float, Field(ge=0, le=1)] = 0.0
    attempts: tuple[int, ...] = ()
    messages: tuple[str, ...] = ()
    until_s: float | None = None  # rate_limited: when to come back; None: the platform is silent
    wait_s: Annotated[float, Field(ge=0)] = 0.0  # how long the caller waits for all this

    @model_validator(mode="after")
    def _says_when(self) -> "Rule":
        if not (self.probability or self.attempts or self.messages):
            raise ValueError("a rule needs a probability, attempts or messages")
        return self

    def _is_scripted(self, message: str, attempt: int) -> bool:
        named = not self.messages or message in self.messages
        return named and (not self.attempts or attempt in self.attempts)

    def applies(self, message: str, attempt: int, draw: float) -> bool:
        if not self._is_scripted(message, attempt):
            return False
        return draw < self.probability if self.probability else True


class Faults(_Table):
    seed: int = 0
    visibility_lag_s: Annotated[float, Field(ge=0)] = 0.0
    in_flight_s: Annotated[float, Field(ge=0)] = 0.0
    rules: tuple[Rule, ...] = ()

    def choose(self, operation: Operation, key: str, message: str, attempt: int) -> Rule | None:
        """Return the first rule that lets this attempt go wrong."""
        for number, rule in enumerate(self.rules):
            drawn = _draw(self.seed, operation, key, attempt, number)
            if rule.operation == operation and rule.applies(message, attempt, drawn):
                return rule
        return None

    def lag(self, rule: Rule | None, key: str, attempt: int) -> timedelta:
        """Return how much later than now an effect is seen."""
        in_flight = self.in_flight_s * _draw(self.seed, "lag", key, attempt, 0) if rule else 0.0
        return timedelta(seconds=self.visibility_lag_s + in_flight)


def read_faults(value: object, home: Path) -> Faults:
    """Read faults from a table, or from a TOML file named relative to the home."""
    try:
        if isinstance(value, str):
            value = tomllib.loads((home / value).read_text(encoding="utf-8"))
        return Faults.model_validate(value or {})
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConnectorError(f"the faults of this replay cannot be read: {error}") from error


def error_of(rule: Rule, now: datetime) -> ConnectorError | None:
    """Return what the caller gets to hear; None: nothing is wrong but the time it took."""
    says = f"replay: {FAULTS[rule.fault].says}"
    until = None if rule.until_s is None else now + timedelta(seconds=rule.until_s)
    errors: Mapping[str, ConnectorError | None] = {
        "slow": None,
        "rate_limited": RateLimited(says, until=until),
        "refused": Unavailable(says, was_sent=False),
        "rejected": Rejected(says),
        "auth_failed": AuthFailed(says),
        "garbled": UnexpectedAnswer(says, raw="<html><body>It works!"),
    }
    return errors.get(rule.fault, Unavailable(says))


def takes_effect(rule: Rule | None) -> bool:
    return rule is None or FAULTS[rule.fault].takes_effect


def _draw(*parts: object) -> float:
    digest = sha256("\x1f".join(str(one) for one in parts).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
