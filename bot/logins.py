"""Builds the connectors that byname.toml asks for, and hands them their settings."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors._load import load

from bot.config import Config
from bot.desk import Clock, Desk
from bot.home import FileSecrets
from connectors.contract import Connector, Secrets


@dataclass(frozen=True, slots=True)
class LoginSetup:
    """What one connector is built from (connectors.contract.Setup)."""

    login: str
    platform: str
    home: Path
    settings: Mapping[str, object]
    secrets: Secrets
    clock: Clock


def build_connectors(desk: Desk) -> dict[str, Connector]:
    """Return a connector per login and per source without login, by the name it goes under."""
    secrets = FileSecrets(desk.home, locks={})
    built = {}
    for name, connector, platform, settings in _wanted(desk.config):
        setup = LoginSetup(name, platform, desk.home, settings, secrets, desk.clock)
        built[name] = load(connector)(setup)
    return built


def connector_name(config: Config, source: str) -> str:
    """Return the name under which a source's connector was built."""
    return config.sources[source].login or f"source:{source}"


async def close_all(connectors: Mapping[str, Connector]) -> None:
    await asyncio.gather(*(one.close() for one in connectors.values()), return_exceptions=True)


def _wanted(config: Config) -> list[tuple[str, str, str, Mapping[str, object]]]:
    logins = [
        (name, login.connector or login.platform, login.platform, _settings(login.base_url, login))
        for name, login in config.logins.items()
    ]
    nothing: Mapping[str, object] = {}
    alone = [
        (f"source:{name}", table.connector, table.platform, nothing)
        for name, table in config.sources.items()
        if not table.login
    ]
    return logins + alone


def _settings(base_url: str, login: object) -> Mapping[str, object]:
    extra = getattr(login, "model_extra", None) or {}
    return {"base_url": base_url, **extra} if base_url else dict(extra)
