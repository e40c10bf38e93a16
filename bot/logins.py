"""Builds the connectors that byname.toml asks for, and hands them their settings."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.config import Config, Login, SourceTable
from bot.desk import Clock, Desk
from bot.errors import ConfigError
from bot.home import FileSecrets
from bot.meter import StoreMeter, caps_of
from connectors._load import load
from connectors.contract import WITHOUT_LOGIN, Connector, Free, Meter, Secrets


@dataclass(frozen=True, slots=True)
class LoginSetup:
    """What one connector is built from (connectors.contract.Setup)."""

    login: str
    platform: str
    home: Path
    settings: Mapping[str, object]
    secrets: Secrets
    clock: Clock
    meter: Meter = field(default_factory=Free)


class NoSecrets:
    """The secrets of a source without login: there are none, and none can be kept."""

    def read(self, _login: str) -> Mapping[str, str]:
        return {}

    def write(self, login: str, _values: Mapping[str, str]) -> None:
        raise ConfigError(f"{login} has no login to keep a secret for.")

    async def refresh(
        self, login: str, _renew: Callable[[Mapping[str, str]], Awaitable[Mapping[str, str]]]
    ) -> Mapping[str, str]:
        raise ConfigError(f"{login} has no login to renew a secret of.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A connector that the settings ask for: one per login, one per source without login."""

    name: str
    connector: str
    platform: str
    settings: Mapping[str, object] = field(default_factory=dict)


def wanted(config: Config) -> list[Wanted]:
    """List the connectors that byname.toml asks for."""
    logins = [
        Wanted(name, login.connector or login.platform, login.platform, _settings(login))
        for name, login in config.logins.items()
    ]
    return logins + [
        Wanted(
            f"{WITHOUT_LOGIN}{name}",
            table.connector or table.platform,
            table.platform,
            _settings(table),
        )
        for name, table in config.sources.items()
        if not table.login
    ]


def build_connector(
    want: Wanted,
    home: Path,
    clock: Clock,
    meter: Meter | None = None,
    secrets: Secrets | None = None,
) -> Connector:
    """Build one connector. Raises what its `connect` raises, or ConnectorError for no such name.

    Without a meter its calls are not counted: a single look by hand, where no store can be written.
    """
    is_login = not want.name.startswith(WITHOUT_LOGIN)
    kept = (secrets or FileSecrets(home, locks={})) if is_login else NoSecrets()
    setup = LoginSetup(want.name, want.platform, home, want.settings, kept, clock, meter or Free())
    return load(want.connector)(setup)


def build_connectors(desk: Desk, secrets: Secrets | None = None) -> dict[str, Connector]:
    """Return all connectors by the name they go under."""
    return {want.name: build_one(desk, want, secrets) for want in wanted(desk.config)}


def build_some(desk: Desk, sources: Collection[str]) -> dict[str, Connector]:
    """Return the connectors of some sources."""
    names = {connector_name(desk.config, source) for source in sources}
    wants = [want for want in wanted(desk.config) if want.name in names]
    return {want.name: build_one(desk, want) for want in wants}


def build_one(desk: Desk, want: Wanted, secrets: Secrets | None = None) -> Connector:
    """Build one connector of a running bot, or of a command that writes."""
    caps = caps_of(desk.config, want.name, want.platform)
    meter = StoreMeter(desk.store, desk.clock, caps)
    return build_connector(want, desk.home, desk.clock, meter, secrets)


def connector_name(config: Config, source: str) -> str:
    """Return the name under which a source's connector was built."""
    return config.sources[source].login or f"{WITHOUT_LOGIN}{source}"


async def close_all(connectors: Mapping[str, Connector]) -> None:
    await asyncio.gather(*(one.close() for one in connectors.values()), return_exceptions=True)


def _settings(table: Login | SourceTable) -> Mapping[str, object]:
    extra: dict[str, object] = dict(table.model_extra or {})
    return {"base_url": table.base_url, **extra} if table.base_url else extra
