"""The home folder: byname.toml, the database, the secrets. Where things are, not what they say."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import ConfigError

CONFIG_NAME = "byname.toml"
SOCKET_NAME = "run.sock"


def data_folder() -> Path:
    """Return where programs keep data for this user (XDG base directory specification)."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "byname"


def find_home(given: str | None) -> Path:
    """Resolve --home, BYNAME_HOME, this folder if byname.toml is in it, else the user's."""
    if given or (given := os.environ.get("BYNAME_HOME")):
        return Path(given).expanduser().resolve()
    here = Path.cwd()
    return here if (here / CONFIG_NAME).exists() else data_folder() / "home"


def make_home(home: Path) -> None:
    """Create the folder for this user's eyes only. Raises ConfigError when it cannot be."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
    except OSError as error:
        raise ConfigError(f"The home {home} cannot be made: {error.strerror}.") from None


@dataclass(frozen=True, slots=True)
class FileSecrets:
    """One 0600 file per login under <home>/secrets; an environment variable wins.

    BYNAME_SECRET_<LOGIN> holds the same JSON object (for systemd credentials and containers).
    """

    home: Path
    locks: dict[str, asyncio.Lock]
    written: dict[str, object] = field(default_factory=dict)  # `edition` of what was written here

    def edition(self, login: str) -> object:
        """Return what changes whenever a secret is written, be it with the same words; or None."""
        try:
            now = self._path(login).stat()
        except OSError:
            return None
        return now.st_ino, now.st_mtime_ns

    def read(self, login: str) -> Mapping[str, str]:
        """Return a login's secret. Raises ConfigError that says where to put it."""
        raw = os.environ.get(f"BYNAME_SECRET_{login.upper().replace('-', '_')}")
        path = self._path(login)
        try:
            values = json.loads(raw if raw is not None else path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(
                f"The secret of login {login!r} is missing: expected {path}. "
                f"Run `byname connect` or write the file (mode 0600)."
            ) from None
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise ConfigError(f"The secret of login {login!r} is no JSON object: {path}") from None
        if not isinstance(values, dict):
            raise ConfigError(f"The secret of login {login!r} is no JSON object: {path}")
        return {str(key): str(value) for key, value in values.items()}

    def write(self, login: str, values: Mapping[str, str]) -> None:
        """Replace a secret so that a crash leaves the old one or the new one, never half."""
        path = self._path(login)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(handle, 0o600)  # a draft that a crash left behind keeps its own mode
            json.dump(dict(values), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        self.written[login] = self.edition(login)
        _sync_folder(path.parent)

    async def refresh(
        self, login: str, renew: Callable[[Mapping[str, str]], Awaitable[Mapping[str, str]]]
    ) -> Mapping[str, str]:
        """Renew a secret, one at a time: whoever waited gets what the first one fetched.

        What a human signed in with meanwhile stands above what an older secret was renewed to.
        """
        before = self.read(login)
        async with self.locks.setdefault(login, asyncio.Lock()):
            edition, now = self.edition(login), self.read(login)
            if now != before:
                return now
            fresh = await renew(now)
            if self.edition(login) != edition:
                return self.read(login)
            self.write(login, fresh)
            return fresh

    def _path(self, login: str) -> Path:
        return self.home / "secrets" / f"{login}.json"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
