"""News for open pages as server-sent events: a topic and an id, never a word of anybody.

A page that hears something looks again through the usual addresses, with its usual rights.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from bot.live import News
from bot.web.auth import caller_of
from bot.web.keys import DESK, SETTINGS, STOPPING


async def events(request: web.Request) -> web.StreamResponse:
    """Stream news until the page goes, the session ends or the service stops."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        await response.write(b"retry: 2000\nevent: hello\ndata: {}\n\n")
        async for line in _lines(request):
            await response.write(line)
    return response


async def _lines(request: web.Request) -> AsyncIterator[bytes]:
    """Yield one event per piece of news, and a heartbeat when there is none."""
    desk, stopping = request.app[DESK], request.app[STOPPING]
    listener = desk.hub.listen()
    stop = asyncio.ensure_future(stopping.wait())
    following: asyncio.Future[News] = asyncio.ensure_future(_next(listener))
    try:
        while not stopping.is_set():
            waiting: set[asyncio.Future[Any]] = {following, stop}
            done, _ = await asyncio.wait(
                waiting,
                timeout=request.app[SETTINGS].heartbeat_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if following in done:
                yield _event(following.result())
                following = asyncio.ensure_future(_next(listener))
            elif not done:
                if await caller_of(request) is None:
                    return
                yield b": here\n\n"
    finally:
        following.cancel()
        stop.cancel()
        await asyncio.gather(following, stop, return_exceptions=True)


async def _next(listener: AsyncIterator[News]) -> News:
    return await anext(listener)


def _event(news: News) -> bytes:
    what = {"topic": news.topic, "id": None if news.ref_id is None else str(news.ref_id)}
    return f"event: news\ndata: {json.dumps(what)}\n\n".encode()
