"""Finding connectors: everything installed under the entry point group `byname.connectors`.

A third party adds a platform from a package of its own with

    [project.entry-points."byname.connectors"]
    parrot = "byname_parrot:connect"

Not here: what a connector has to do (contract).
"""

from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import cast

import connectors
from connectors.contract import Connect, ConnectorError, SignIn

GROUP = "byname.connectors"
SIGN_IN_GROUP = "byname.sign_in"
_OURS = {GROUP: "connectors.{}:connect", SIGN_IN_GROUP: "connectors.{}.sign_in:Flow"}


def ours() -> tuple[str, ...]:
    """Return the connectors of byname itself: the folders beside this file.

    They are found without their entry points, which an older installation of this code may lack.
    """
    return tuple(sorted(one.name for one in iter_modules(connectors.__path__) if one.ispkg))


def installed(group: str = GROUP) -> tuple[str, ...]:
    """Return the names there are, ours and those of others."""
    names = {one.name for one in entry_points(group=group)}
    return tuple(sorted(names | {one for one in ours() if _of_ours(group, one)}))


def load(name: str) -> Connect:
    """Return what opens a connector; say which ones there are if this one is not."""
    entry = _find(GROUP, name)
    if entry is None:
        known = ", ".join(installed())
        raise ConnectorError(f"no connector is called {name!r}; installed: {known}")
    return _open(entry)


def sign_in(name: str) -> SignIn:
    """Return how a human signs in. Raises ConnectorError where there is nothing to sign in to."""
    entry = _find(SIGN_IN_GROUP, name)
    if entry is None:
        known = ", ".join(installed(SIGN_IN_GROUP))
        raise ConnectorError(f"{name!r} has nothing to sign in to; these have: {known}")
    return cast("SignIn", entry.load()())


def _find(group: str, name: str) -> EntryPoint | None:
    found = tuple(entry_points(group=group, name=name))
    return found[0] if found else _of_ours(group, name)


def _of_ours(group: str, name: str) -> EntryPoint | None:
    target = _OURS[group].format(name)
    is_there = name in ours() and find_spec(target.partition(":")[0]) is not None
    return EntryPoint(name, target, group) if is_there else None


def _open(entry: EntryPoint) -> Connect:
    try:
        connect = entry.load()
    except (ImportError, AttributeError) as error:
        raise ConnectorError(
            f"connector {entry.name} ({entry.value}) is broken: {error}"
        ) from error
    if not callable(connect):
        raise ConnectorError(f"connector {entry.name}: {entry.value} cannot be called")
    return cast("Connect", connect)
