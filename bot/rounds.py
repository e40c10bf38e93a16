"""The rounds of the running bot: what is looked after again and again beside the messages' way.

Each loop only repeats a step of another module; bot.service runs them, supervised. A connector's
loops are its own, so that a login that is refused or slow keeps none of the others waiting.
"""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from bot.above import catch_up
from bot.config import LISTEN_ONLY
from bot.desk import Desk
from bot.erase import finish
from bot.estimates import look_ahead
from bot.overdue import note_recheck
from bot.policy import wait_for_budget
from bot.recheck import forget_old, platforms_of, recheck_due, sources_of
from bot.standing import look, standings
from bot.supervise import Step, or_error
from connectors.contract import Connector, ConnectorError, Estimates

log = structlog.get_logger()
STANDING_S = 240.0
RECHECK_S = 300.0
NEXT_BATCH_S = 5.0
ABOVE_S = 300.0
SETTLE_S = 300.0
FORGET_S = 3600.0
ESTIMATE_S = 3600.0


def rounds(
    desk: Desk,
    connectors: Mapping[str, Connector],
    gone: "Gone",
    back: Callable[[str], None] = lambda _: None,
) -> dict[str, Step]:
    """Return the loops by name; `back` is told of a login that is accepted again."""
    loops = {f"recheck:{name}": rechecker(desk, connectors, name, gone) for name in connectors}
    loops |= {f"login:{name}": looker(desk, connectors, name, back) for name in desk.config.logins}
    loops |= {
        f"estimate:{name}": estimator(desk, connectors, name)
        for name, one in connectors.items()
        if isinstance(one, Estimates) and searches_of(desk, name)
    }
    return loops | {"above": climber(desk, connectors), "forget": forgetter(desk, gone)}


class Gone:
    """Whether words have gone since the files were last cleaned. At a start nobody knows."""

    def __init__(self) -> None:
        self.is_so = True

    def note(self, deleted: int) -> None:
        self.is_so = self.is_so or deleted > 0


def rechecker(desk: Desk, connectors: Mapping[str, Connector], name: str, gone: Gone) -> Step:
    async def step() -> float:
        for platform in platforms_of(desk, name):  # first: what goes need not be asked about
            gone.note(await forget_old(desk, platform))
        connector = connectors[name]
        wait = wait_for_budget(await connector.budget(), desk.clock())
        if wait:
            return wait
        looked = await or_error(recheck_due(desk, connector, name))
        if isinstance(looked, ConnectorError):
            await note_recheck(desk, name, str(looked)[:300])
            raise looked
        await note_recheck(desk, name, "")
        gone.note(looked.deleted)
        if looked.total:
            log.info("looked again", login=name, messages=looked.total, deleted=looked.deleted)
        return NEXT_BATCH_S if looked.total else RECHECK_S

    return step


def looker(
    desk: Desk, connectors: Mapping[str, Connector], login: str, back: Callable[[str], None]
) -> Step:
    async def step() -> float:
        before = (await standings(desk)).get(login)
        seen = await look(desk, connectors[login], login)
        if before is not None and before.is_signed_out and seen.ok:
            back(login)
        return STANDING_S

    return step


def estimator(desk: Desk, connectors: Mapping[str, Connector], name: str) -> Step:
    async def step() -> float:
        connector = connectors[name]  # another one after signing in again
        assert isinstance(connector, Estimates)
        await look_ahead(desk, connector, searches_of(desk, name))
        return ESTIMATE_S

    return step


def searches_of(desk: Desk, name: str) -> list[str]:
    return [one for one in sources_of(desk, name) if desk.config.sources[one].kind in LISTEN_ONLY]


def climber(desk: Desk, connectors: Mapping[str, Connector]) -> Step:
    asked: set[int] = set()

    async def step() -> float:
        await catch_up(desk, connectors, asked)
        return ABOVE_S

    return step


def forgetter(desk: Desk, gone: Gone) -> Step:
    """Finish what an erasure or a deletion began, also one that a crash interrupted.

    Not in the first minutes, and not often: on a large database the writer is busy for seconds.
    """
    is_settled = asyncio.Event()

    async def step() -> float:
        if not is_settled.is_set() or not gone.is_so:
            is_settled.set()
            return SETTLE_S
        gone.is_so = False
        await finish(desk)
        return FORGET_S

    return step
