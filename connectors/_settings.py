"""Reads the keys of byname.toml that belong to a connector; a mistake names the table and the key.

Not here: which keys there are (each connector), and where they come from (bot).
"""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from connectors.contract import ConnectorError, Setup, has_login

M = TypeVar("M", bound=BaseModel)


def read_settings(setup: Setup, kind: type[M]) -> M:
    """Return the settings of a login, or of a source without one. Raises ConnectorError."""
    try:
        return kind.model_validate(dict(setup.settings))
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        name = f"login {setup.login}" if has_login(setup) else setup.login
        raise ConnectorError(f"{name}: {said}") from error
