"""Bad weather in front of a simulated platform, and a look at what is in flight there.

A middleware for any simulator: it knows of a platform only which requests write a reply. A write
that was heard takes effect a moment later, whether or not its client still lives. Not here: what a
platform answers (tests/connectors/simulators), who is killed when (kill_loop.py).
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Handles = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]

SLOW_S, LOST_S, ANSWER_S = (0.4, 1.0), 1.2, (0.0, 0.1)
EARLIEST_S = 0.02
WRITES: Mapping[str, float] = {
    "error_before": 0.04,
    "error_after": 0.04,
    "reset_before": 0.02,
    "reset_after": 0.02,
    "lost": 0.08,
    "slow": 0.04,
    "garbled": 0.02,
    "rate_limited": 0.01,
}
READS: Mapping[str, float] = {
    "error_before": 0.02,
    "reset_before": 0.01,
    "lost": 0.02,
    "slow": 0.01,
}


@dataclass
class Write:
    """A write that was heard."""

    request: web.Request
    is_done: bool = False  # has it taken effect?

    def is_in_flight(self) -> bool:
        """Say whether its client still waits for an answer."""
        transport = self.request.transport
        return transport is not None and not transport.is_closing()


@dataclass
class Weather:
    """What goes wrong on one platform, and which of its writes are under way."""

    is_write: Callable[[web.Request], bool]
    luck: random.Random
    in_flight_s: float
    writes: Mapping[str, float]
    reads: Mapping[str, float]
    began: asyncio.Event  # set whenever a write has been heard, on whatever platform
    is_bad: bool = False  # not before everybody has signed in
    attempts: int = 0
    latest_s: float = 0.0  # the longest time between hearing a write and its effect
    faults: Counter[str] = field(default_factory=Counter)
    under_way: list[Write] = field(default_factory=list)

    def middleware(self) -> Handles:
        @web.middleware
        async def pass_on(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not self.is_bad:
                return await handler(request)
            if not self.is_write(request):
                return await self._go_wrong(self._draw(self.reads), request, handler)
            await request.read()  # from here on it was heard, and goes on alone
            return await asyncio.shield(self._write(request, handler))

        return pass_on

    def in_flight(self) -> int:
        """Say how many writes were heard whose client still waits for an answer."""
        return sum(one.is_in_flight() for one in self.under_way)

    def not_yet_done(self) -> int:
        """Say how many of these have not taken effect yet."""
        return sum(one.is_in_flight() and not one.is_done for one in self.under_way)

    async def _write(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        heard_at, write = time.monotonic(), Write(request)
        fault = self._draw(self.writes)
        self.attempts += 1
        self.faults.update([fault] if fault else [])

        async def take_effect(one: web.Request) -> web.StreamResponse:
            answer = await handler(one)
            self.latest_s = max(self.latest_s, time.monotonic() - heard_at)
            write.is_done = True
            await asyncio.sleep(self.luck.uniform(*ANSWER_S))
            return answer

        with self._seen(write):
            await asyncio.sleep(self.luck.uniform(EARLIEST_S, self.in_flight_s))
            return await self._go_wrong(fault, request, take_effect)

    @contextmanager
    def _seen(self, write: Write) -> Iterator[None]:
        self.under_way.append(write)
        self.began.set()
        try:
            yield
        finally:
            self.under_way = [one for one in self.under_way if one is not write]

    def _draw(self, chances: Mapping[str, float]) -> str:
        left = self.luck.random()
        for fault, chance in chances.items():
            left -= chance
            if left < 0:
                return fault
        return ""

    async def _go_wrong(
        self, fault: str, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        match fault:
            case "error_before":
                return web.Response(status=503, text="<html>", content_type="text/html")
            case "rate_limited":
                return web.Response(status=429, text="{}", headers={"Retry-After": "1"})
            case "reset_before":
                return cut(request)
        return await self._go_wrong_after(fault, request, await handler(request))

    async def _go_wrong_after(
        self, fault: str, request: web.Request, answer: web.StreamResponse
    ) -> web.StreamResponse:
        match fault:
            case "error_after":
                return web.Response(status=502, text="<html>", content_type="text/html")
            case "reset_after":
                return cut(request)
            case "lost":
                await asyncio.sleep(LOST_S)
                return cut(request)
            case "slow":
                await asyncio.sleep(self.luck.uniform(*SLOW_S))
            case "garbled":
                return web.Response(text='{"uri": "htt', content_type="application/json")
        return answer


def cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
