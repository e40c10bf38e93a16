"""The supervisor: runs loops and pieces of work so that one failure never stops the others.

One of the three places where errors are caught (the others: the web middleware, the commands).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

import structlog

from bot.desk import Desk
from bot.policy import backoff
from connectors.contract import AuthFailed, CapReached, ConnectorError, RateLimited
from storage.model import Stage, Work

log = structlog.get_logger()
Step = Callable[[], Awaitable[float]]
T = TypeVar("T")


class Bell:
    """A hint that there is something to do. Missing it costs a pause, never work."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self, seconds: float | None) -> None:
        """Return when rung, or after so many seconds; None: only when rung."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._event.clear()


async def run_forever(name: str, step: Step, bell: Bell, stopping: asyncio.Event) -> None:
    """Repeat a step; it returns how many seconds to pause. Errors pause longer and longer.

    When a login is no longer valid a human has to act: the loop stands still until it is rung for,
    which bot.sign_ins does when there is a new secret.
    """
    failures = 0
    pause: float | None
    while not stopping.is_set():
        try:
            pause = await step()
            if failures:
                log.info("recovered", loop=name, after_failures=failures)
            failures = 0
        except AuthFailed as error:
            log.error("login stopped", loop=name, error=str(error))  # noqa: TRY400 - no traceback
            failures, pause = 0, None
        except Exception as error:
            failures += 1
            pause = _pause_after(error, failures)
            if failures == 1 and isinstance(error, CapReached):
                log.info("stopped by its cap", loop=name, says=str(error))
            elif failures == 1:
                log.warning("failed", loop=name, error=repr(error), exc_info=_is_bug(error))
        await bell.wait(pause)


async def or_error(work: Awaitable[T]) -> T | ConnectorError:
    """Await what a platform may refuse; whoever asked goes on either way and is told why."""
    try:
        return await work
    except ConnectorError as error:
        return error


async def each_work(
    desk: Desk, stage: Stage, owner: str, limit: int, do: Callable[[Work], Awaitable[None]]
) -> int:
    """Claim work of a stage and do it; a failing piece goes back, to be retried.

    All pieces at once: what one waits for, the model or the disk, another uses meanwhile.
    """
    now = desk.clock()
    works: Sequence[Work] = await desk.store.claim(
        stage, owner, limit, now, now + timedelta(seconds=60)
    )
    await asyncio.gather(*(_do_one(desk, work, do) for work in works))
    return len(works)


async def _do_one(desk: Desk, work: Work, do: Callable[[Work], Awaitable[None]]) -> None:
    try:
        await do(work)
    except Exception as error:  # noqa: BLE001 - one poisonous message must not stop the rest
        said = repr(error)[:300]
        log.warning("work failed", stage=work.stage, message_id=work.message_id, error=said)
        retry_at = desk.clock() + backoff(work.attempts)
        await desk.store.release(work, desk.clock(), retry_at=retry_at, error=said)


def _pause_after(error: Exception, failures: int) -> float:
    seconds = backoff(failures, base=1.0, cap=300.0).total_seconds()
    return max(seconds, 60.0) if isinstance(error, RateLimited) else seconds


def _is_bug(error: Exception) -> bool:
    return not hasattr(error, "was_sent") and not isinstance(error, OSError | RateLimited)
