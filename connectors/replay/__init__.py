"""replay: a connector that plays a world written in a file, several platforms of it at any speed.

    [logins.demo-x]
    connector = "replay"
    platform = "x"
    world = "world.jsonl"       # relative to the home; one login per platform of the same world
    speed = 1.0                 # what lies after the first start comes sooner; "max": at once
    answer_pace = 1.0           # how fast scripted people answer; without it: as `speed`
    account = "brand"           # ref or handle; without it: the first account that is ours
    faults = "faults.toml"      # or a table, see faults; seed = 7 replaces theirs
    idempotency_key = false     # true: the same key twice makes one reply
    has_automation_label = false
    prices = { read = 0.005 }   # dollars; a platform that takes money, see till

The world keeps its time and what we did in it in `<home>/replay-<world>.jsonl`. All logins of one
world should name the same speed: there is one time. Not here: what any of it means (the modules).
"""

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from connectors._settings import read_settings
from connectors.contract import Connector, ConnectorError, Setup
from connectors.replay.connector import Login, Replay
from connectors.replay.faults import Faults, read_faults
from connectors.replay.ledger import Ledger, Paced, Started
from connectors.replay.till import Prices, Till
from connectors.replay.timeline import Timeline
from connectors.replay.when import Pace, read_speed, start
from connectors.replay.world import AccountLine, World, WorldError, load_world

__all__ = ["World", "WorldError", "connect", "ledger_path", "load_world"]

Speed = Annotated[float, BeforeValidator(read_speed)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    world: Path
    connector: str = "replay"
    platform: str = ""
    account: str = ""
    speed: Speed = 1.0
    answer_pace: Speed | None = None
    seed: int | None = None
    faults: Any = None
    idempotency_key: bool = False
    has_automation_label: bool = False
    prices: Prices = Prices()


def connect(setup: Setup) -> Connector:
    """Open one login on one platform of a world."""
    settings = read_settings(setup, _Settings)
    world = _load(setup.home / settings.world)
    platform = settings.platform or setup.platform
    login = Login(
        setup.login,
        world.name,
        _account(world, platform, settings.account),
        settings.answer_pace or settings.speed,
        settings.idempotency_key,
        settings.has_automation_label,
    )
    ledger = Ledger(ledger_path(setup.home, world))
    pace = _pace(ledger, world, settings.speed, setup.clock())
    timeline = Timeline(world, platform, pace)
    faults = _faults(settings, setup.home)
    till = Till(setup.meter, settings.prices)
    return Replay(timeline, ledger, login, faults=faults, till=till, clock=setup.clock)


def ledger_path(home: Path, world: World) -> Path:
    return home / f"replay-{world.name}.jsonl"


def _load(path: Path) -> World:
    try:
        known = path.stat()
    except OSError:
        return load_world(path)
    return _load_once(path, known.st_mtime_ns, known.st_size)


@lru_cache(maxsize=4)
def _load_once(path: Path, _changed_at: int, _size: int) -> World:
    return load_world(path)


def _account(world: World, platform: str, wanted: str) -> AccountLine:
    ours = [one for (where, _), one in world.accounts.items() if where == platform and one.ours]
    found = [one for one in ours if wanted in ("", one.ref, one.handle)]
    if not found:
        called = f" called {wanted}" if wanted else ""
        raise ConnectorError(f"the world {world.name} has no account of ours{called} on {platform}")
    return found[0]


def _pace(ledger: Ledger, world: World, speed: float, now: datetime) -> Pace:
    """Return how this world has been played so far, and note what is new about it."""
    ledger.read()
    if not any(isinstance(one, Started) for one in ledger.entries):
        ledger.add(Started(at=now, world=world.name), Paced(at=now, speed=speed))
        ledger.read()
    anchor = next(one.at for one in ledger.entries if isinstance(one, Started))
    speeds = [one for one in ledger.entries if isinstance(one, Paced)]
    pace = start(anchor, speeds[0].speed)
    for one in speeds[1:]:
        pace = pace.at_speed(one.speed, one.at)
    if speed != speeds[-1].speed:
        ledger.add(Paced(at=now, speed=speed))
        pace = pace.at_speed(speed, now)
    return pace


def _faults(settings: _Settings, home: Path) -> Faults:
    faults = read_faults(settings.faults, home)
    return faults if settings.seed is None else faults.model_copy(update={"seed": settings.seed})
