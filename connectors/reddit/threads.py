"""A few worker threads for calls that block: bounded, and left behind when nobody waits any more.

Whoever is cancelled goes on at once; the thread ends its call in the background, within that call's
own time-out. The threads are daemons: neither close() nor the end of the process waits for a slow
platform. Not here: what is called (api).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from connectors.contract import Unavailable

CLOSING_S = 1.0

Done = TypeVar("Done")


class Threads:
    """At most `most` threads, made when they are needed."""

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._ends: list[Future[None]] = []
        self._busy = 0
        self._lock = Lock()
        self._is_closed = False

    @property
    def count(self) -> int:
        return len(self._ends)

    async def run(self, work: Callable[[], Done]) -> Done:
        """Do something that blocks and return what it returned; one that waits can be taken back.

        Raises Unavailable, with nothing done, when the threads were closed.
        """
        if self._is_closed:
            raise Unavailable("this connector is closed", was_sent=False)
        if self._busy >= len(self._ends) and len(self._ends) < self._most:
            self._begin()
        future: Future[Done] = Future()
        with self._lock:
            self._busy += 1
        future.add_done_callback(self._one_less)
        self._jobs.put((future, work))
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Let the threads end; wait a second for them, no longer."""
        self._is_closed = True
        for _ in self._ends:
            self._jobs.put(None)
        ends, self._ends = self._ends, []
        if not ends:
            return
        _, late = await asyncio.wait([asyncio.wrap_future(one) for one in ends], timeout=CLOSING_S)
        for one in late:
            one.cancel()

    def _one_less(self, _: Future[Any]) -> None:
        with self._lock:
            self._busy -= 1

    def _begin(self) -> None:
        end: Future[None] = Future()
        end.set_running_or_notify_cancel()
        self._ends.append(end)
        name = f"{self._name}-{len(self._ends)}"
        Thread(target=_work, args=(self._jobs, end), name=name, daemon=True).start()


def _work(
    jobs: "SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]", end: "Future[None]"
) -> None:
    while (job := jobs.get()) is not None:
        future, work = job
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it, whatever it is
            future.set_exception(error)
        del job, future, work
    end.set_result(None)
