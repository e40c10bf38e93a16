"""Finding connectors: everything installed under the entry point group `byname.connectors`.

A third party adds a platform from a package of its own with

    [project.entry-points."byname.connectors"]
    parrot = "byname_parrot:connect"

Not here: what a connector has to do (contract).
"""

from importlib.metadata import EntryPoint, entry_points
from typing import cast

from connectors.contract import Connect, ConnectorError, SignIn

GROUP = "byname.connectors"
SIGN_IN_GROUP = "byname.sign_in"


def installed() -> tuple[str, ...]:
    return tuple(sorted({one.name for one in entry_points(group=GROUP)}))


def load(name: str) -> Connect:
    """Return what opens a connector; say which ones there are if this one is not."""
    found = tuple(entry_points(group=GROUP, name=name))
    if not found:
        known = ", ".join(installed()) or "none"
        raise ConnectorError(f"no connector is called {name!r}; installed: {known}")
    return _open(found[0])


def sign_in(name: str) -> SignIn:
    """Return how a human signs in. Raises ConnectorError where there is nothing to sign in to."""
    found = tuple(entry_points(group=SIGN_IN_GROUP, name=name))
    if not found:
        known = ", ".join(sorted({one.name for one in entry_points(group=SIGN_IN_GROUP)}))
        raise ConnectorError(f"{name!r} has nothing to sign in to; these have: {known}")
    return cast("SignIn", found[0].load()())


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
