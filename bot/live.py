"""News for open pages: something changed, look again. Never the truth, only a hint.

Not a queue: a listener that is too slow loses hints and re-reads everything at the next one.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

Topic = Literal["queue", "message", "reply", "brake", "people", "source"]


@dataclass(frozen=True, slots=True)
class News:
    topic: Topic
    ref_id: int | None = None


class Hub:
    """Fan-out inside one process."""

    def __init__(self, depth: int = 256) -> None:
        self._listeners: set[asyncio.Queue[News]] = set()
        self._depth = depth

    def tell(self, topic: Topic, ref_id: int | None = None) -> None:
        for queue in self._listeners:
            if not queue.full():
                queue.put_nowait(News(topic, ref_id))

    async def listen(self) -> AsyncIterator[News]:
        queue: asyncio.Queue[News] = asyncio.Queue(self._depth)
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)
