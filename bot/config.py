"""byname.toml: what the operator decides, parsed once at the border and trusted from there on.

Secrets never stand here (bot.home). Every key has a description; docs/reference/configuration.md
is generated from them. Environment names like BYNAME_WEB__PORT override single keys.
"""

import os
import tomllib
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bot.errors import ConfigError
from bot.purposes import PURPOSES
from connectors._platforms import DataRules, data_rules
from connectors.model import Source

LISTEN_ONLY = frozenset({"search", "keyword", "hashtag", "subreddit"})  # nobody there wrote to us

ENV_PREFIX = "BYNAME_"
ENV_NOT_KEYS = ("BYNAME_HOME", "BYNAME_SHARED", "BYNAME_SECRET_")


Day = date


class Table(BaseModel):
    """A table of byname.toml. An unknown key is an error, never silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Brand(Table):
    """Who we are."""

    name: str = Field(min_length=1, description="The brand's name, as people write it.")
    time_zone: str = Field("UTC", description="IANA time zone; days and the digest follow it.")
    languages: tuple[str, ...] = Field(("en",), description="Languages people write to us in.")
    signature: str = Field("", description="First name that human replies are signed with.")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            msg = f"{value!r} is no IANA time zone; write one like Europe/London"
            raise ValueError(msg)
        return value


class Login(BaseModel):
    """One of our own accounts. Keys that are not listed here go to its connector."""

    model_config = ConfigDict(extra="allow", frozen=True)
    platform: str = Field(description="x, reddit, bluesky, mastodon, ...")
    connector: str = Field("", description="Connector to use; default: the platform's own.")
    base_url: str = Field("", description="Server address, where a platform has several.")
    monthly_cap_dollars: Decimal | None = Field(
        None,
        ge=0,
        description="What this login may cost in a calendar month (UTC), where a platform takes "
        "money. Reading pauses before it is exceeded; without it, it does not start. Approved "
        "replies count, and are not stopped: their price stood beside them.",
    )


class SourceTable(BaseModel):
    """One thing we listen to. Without a login, keys not listed here go to its connector."""

    model_config = ConfigDict(extra="allow", frozen=True)
    login: str = Field("", description="Login that listens, and answers.")
    platform: str = Field("", description="Platform, for a source without login.")
    connector: str = Field("", description="Its connector; default: the platform's own.")
    base_url: str = Field("", description="Server address, for a source without login.")
    kind: str = Field(
        "mentions",
        description="mentions, replies, quotes, comments, hashtag, search, subreddit, all.",
    )
    query: str = Field("", description="Keyword, hashtag or feed, by kind.")
    languages: tuple[str, ...] = Field((), description="Default: the brand's languages.")
    answer_since: datetime | None = Field(
        None, description="Older messages are history: tagged, never suggested."
    )
    listen_only: bool = Field(False, description="Never answer what this source brings.")
    poll_seconds: float = Field(15, gt=0, description="Pause between two looks.")
    monthly_cap_dollars: Decimal | None = Field(
        None,
        ge=0,
        description="What this source alone may cost in a month, inside its login's cap. A search "
        "on a platform that takes money starts only when this is set; `byname check` and the "
        "sources page say beforehand about how much it would cost.",
    )


class PlatformApproval(Table):
    """A platform's written approval of what its rules forbid otherwise. NAME is the platform."""

    reference: str = Field(min_length=1, description="Where it is written: ticket, mail, contract.")
    date: Day = Field(description="The day it was given.")


class Keep(Table):
    """How long words from a platform are kept. NAME is the platform."""

    days: int = Field(
        ge=2,
        description="Older words are erased, counts stay. What is not kept need not be looked at "
        "again every day, which on X costs more than hearing it.",
    )


class Nlp(Table):
    """How texts are understood."""

    weights: str = Field("", description="Folder of the weights; default: the ones that ship.")
    sentiment_model: str = Field(
        "", description="Another sentiment model: hub id or folder (extra `torch`)."
    )
    sentiment_labels: dict[str, Literal["negative", "neutral", "positive"]] = Field(
        default_factory=dict, description="What that model's own label names mean."
    )
    learn: bool = Field(True, description="Learn every night from what people corrected.")


class Suggest(Table):
    """Where suggestions come from."""

    playbook: str = Field("playbook/", description="Folder of playbook files, in the home.")
    memory: bool = Field(True, description="Suggest what a human answered to a like question.")
    min_playbook: float = Field(0.56, ge=0, le=1, description="Least similarity to an example.")
    min_memory: float = Field(0.6, ge=0, le=1, description="Least similarity to a question.")


class Web(Table):
    """The review pages."""

    host: str = Field("127.0.0.1", description="Address; other than loopback needs TLS in front.")
    port: int = Field(8400, ge=0, le=65535, description="Port; 0 takes a free one.")
    behind_tls: bool = Field(False, description="A proxy with TLS stands in front.")
    public_url: str = Field("", description="Address people use, when it differs.")


class Smtp(Table):
    """Where the digest mail goes out. The password is a secret named `smtp`."""

    host: str = Field("", description="Mail server; empty: no mail.")
    port: int = Field(587, description="Its port.")
    user: str = Field("", description="User to sign in with; empty: no sign-in.")
    tls: Literal["starttls", "tls", "none"] = Field("starttls", description="Encryption.")
    sender: str = Field("", description="From address.")


class Digest(Table):
    """The daily digest."""

    at: time = Field(time(7, 0), description="Local time of day it is sent.")
    to: tuple[str, ...] = Field((), description="Mail addresses; empty: written to the home only.")
    smtp: Smtp = Smtp()


class Policy(Table):
    """Limits. They delay, they never drop."""

    undo_seconds: float = Field(10, ge=0, le=600, description="Time to undo an approval.")
    quiet_hours: str = Field("", description="Local hours without posting, like 22:00-07:00.")
    max_posts_per_hour: int = Field(60, ge=1, description="Per login.")
    max_automatic_per_person_day: int = Field(3, ge=0, description="Loop guard.")
    allowed_links: tuple[str, ...] = Field((), description="Hosts that replies may link to.")
    answer_within_minutes: int = Field(240, ge=1, description="Promise for a usual question.")
    crisis_within_minutes: int = Field(15, ge=1, description="Promise for a crisis.")
    crisis_at_least: float = Field(
        0.75, ge=0, le=1, description="Probability from which a crisis goes before all others."
    )
    post_timeout_seconds: float = Field(30, gt=0, description="One attempt's total time.")
    settle_seconds: float = Field(
        120, gt=0, description="Longer than time-out + in-flight bound + visibility lag."
    )
    lookup_gap_seconds: float = Field(60, gt=0, description="Between two read-backs.")


class Config(Table):
    """The whole file."""

    brand: Brand
    logins: dict[str, Login] = Field(default_factory=dict, description="Our accounts.")
    sources: dict[str, SourceTable] = Field(default_factory=dict, description="What we hear.")
    approvals: dict[str, PlatformApproval] = Field(
        default_factory=dict, description="Written approvals, by platform."
    )
    keep: dict[str, Keep] = Field(default_factory=dict, description="By platform.")
    nlp: Nlp = Nlp()
    suggest: Suggest = Suggest()
    web: Web = Web()
    digest: Digest = Digest()
    policy: Policy = Policy()

    @model_validator(mode="after")
    def _sources_name_logins(self) -> "Config":
        for name, source in self.sources.items():
            if source.login and source.login not in self.logins:
                msg = f"sources.{name} names login {source.login!r}, which is not under [logins]"
                raise ValueError(msg)
            if name in PURPOSES:
                msg = f"sources.{name}: what is spent goes by that name; choose another"
                raise ValueError(msg)
            if not source.login and not source.platform:
                msg = f"sources.{name} needs a login, or a platform to listen on without one"
                raise ValueError(msg)
            _refuse_unknown(name, source)
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.brand.time_zone)

    @property
    def undo_window(self) -> timedelta:
        return timedelta(seconds=self.policy.undo_seconds)

    def _aware(self, at: datetime | None) -> datetime | None:
        """Read a time without zone, as TOML allows it, in the brand's zone."""
        return at.replace(tzinfo=self.zone) if at is not None and at.tzinfo is None else at

    def rules(self, platform: str) -> DataRules:
        """Return what may be done with words from a platform, by its rules and by ours.

        A written approval on record lifts some of its rules; ours may keep words for less long.
        """
        rules = data_rules(platform, is_approved=platform in self.approvals)
        if platform not in self.keep:
            return rules
        days = self.keep[platform].days
        return replace(rules, retain_days=min(days, rules.retain_days or days))

    def source(self, name: str) -> Source:
        """Return a source in the words of the connectors."""
        table = self.sources[name]
        login = self.logins.get(table.login)
        platform = table.platform or (login.platform if login else "")
        connector = table.connector or (login and login.connector) or platform
        is_found = table.kind in LISTEN_ONLY
        listen_only = table.listen_only or is_found
        return Source(
            name=name,
            connector=str(connector),
            platform=platform,
            kind=table.kind,
            login=None if listen_only else table.login or None,  # it reads, it never answers
            query=table.query,
            languages=table.languages or self.brand.languages,
            answer_since=self._aware(table.answer_since),
            listen_only=listen_only,
            by_hand=not table.listen_only and (is_found or not table.login),
        )


def _refuse_unknown(name: str, source: SourceTable) -> None:
    """Refuse keys that no connector gets to see: those of a source's login stand with the login."""
    extra = [*(source.model_extra or ()), *(["base_url"] if source.base_url else [])]
    if source.login and extra:
        msg = (
            f"sources.{name}.{extra[0]}: no such key; see docs/reference/configuration.md for the"
            f" ones there are. What its connector needs stands under logins.{source.login}"
        )
        raise ValueError(msg)


def read_config(
    path: Path, env: Annotated[dict[str, str] | None, "default: os.environ"] = None
) -> Config:
    """Parse byname.toml and the environment. Raises ConfigError with one line per mistake."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing. Run `byname init` to write one.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    merge_environment(raw, dict(os.environ) if env is None else env)
    return parse_config(raw, str(path))


def parse_config(raw: dict[str, Any], where: str = "byname.toml") -> Config:
    """Validate a parsed table."""
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        lines = "; ".join(_explain(e["loc"], e["msg"], e["type"]) for e in error.errors())
        raise ConfigError(f"{where}: {lines}") from None


def merge_environment(raw: dict[str, Any], env: dict[str, str]) -> list[str]:
    """Put BYNAME_TABLE__KEY values into the table; return the names that were used."""
    used = []
    for name, value in sorted(env.items()):
        if not name.startswith(ENV_PREFIX) or name.startswith(ENV_NOT_KEYS):
            continue
        *tables, key = name.removeprefix(ENV_PREFIX).lower().split("__")
        if not tables:
            continue
        target = raw
        for table in tables:
            target = target.setdefault(table, {})
            if not isinstance(target, dict):
                raise ConfigError(f"{name} in the environment: {table} is a value, not a table.")
        target[key] = value
        used.append(name)
    return used


def _explain(loc: tuple[int | str, ...], message: str, kind: str) -> str:
    name = ".".join(str(part) for part in loc)
    if kind == "extra_forbidden":
        return f"{name}: no such key; see docs/reference/configuration.md for the ones there are"
    if kind == "missing":
        return f"{name}: is missing"
    return (
        f"{name}: {message.removeprefix('Value error, ')}"
        if name
        else message.removeprefix("Value error, ")
    )
