"""Finding connectors: everything installed under the entry point group `byname.connectors`.

A third party adds a platform from a package of its own with

    [project.entry-points."byname.connectors"]
    parrot = "byname_parrot:connect"

Not here: what a connector has to do (contract).
"""

from importlib.metadata import EntryPoint, entry_points
from typing import cast

from connectors.contract import Connect, ConnectorError

GROUP = "byname.connectors"


def installed() -> tuple[str, ...]:
    return tuple(sorted({one.name for one in entry_points(group=GROUP)}))


def load(name: str) -> Connect:
    """Return what opens a connector; say which ones there are if this one is not."""
    found = tuple(entry_points(group=GROUP, name=name))
    if not found:
        known = ", ".join(installed()) or "none"
        raise ConnectorError(f"no connector is called {name!r}; installed: {known}")
    return _open(found[0])


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
