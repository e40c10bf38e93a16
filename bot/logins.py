"""Builds the connectors that byname.toml asks for, and hands them their settings."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.config import Config, Login
from bot.desk import Clock, Desk
from bot.home import FileSecrets
from connectors._load import load
from connectors.contract import Connector, Free, Meter, Secrets


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
        Wanted(f"source:{name}", table.connector, table.platform)
        for name, table in config.sources.items()
        if not table.login
    ]


def build_connector(want: Wanted, home: Path, clock: Clock) -> Connector:
    """Build one connector. Raises what its `connect` raises, or ConnectorError for no such name."""
    secrets = FileSecrets(home, locks={})
    setup = LoginSetup(want.name, want.platform, home, want.settings, secrets, clock)
    return load(want.connector)(setup)


def build_connectors(desk: Desk) -> dict[str, Connector]:
    """Return all connectors by the name they go under."""
    return {want.name: build_connector(want, desk.home, desk.clock) for want in wanted(desk.config)}


def build_polling(desk: Desk, sources: Collection[str]) -> dict[str, Connector]:
    """Return the connectors of some sources, for one look each: none of them streams."""
    names = {connector_name(desk.config, source) for source in sources}
    wants = [_polling(want) for want in wanted(desk.config) if want.name in names]
    return {want.name: build_connector(want, desk.home, desk.clock) for want in wants}


def _polling(want: Wanted) -> Wanted:
    if "streaming" not in want.settings:
        return want
    return replace(want, settings={**want.settings, "streaming": False})


def connector_name(config: Config, source: str) -> str:
    """Return the name under which a source's connector was built."""
    return config.sources[source].login or f"source:{source}"


async def close_all(connectors: Mapping[str, Connector]) -> None:
    await asyncio.gather(*(one.close() for one in connectors.values()), return_exceptions=True)


def _settings(login: Login) -> Mapping[str, object]:
    extra: dict[str, object] = dict(login.model_extra or {})
    return {"base_url": login.base_url, **extra} if login.base_url else extra
