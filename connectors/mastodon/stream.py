"""Hearing at once that something happened: server-sent events or a websocket, whichever there is.

A stream repeats nothing that happened while it was down, so it is never believed to be whole: it
only says that it is time to look, and what was edited or deleted. Not here: looking.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.http import HttpProcessingError

from connectors.contract import Unavailable
from connectors.mastodon.api import Api

SILENCE_S = 90.0  # servers send a heartbeat every few seconds
LONGEST_EVENT = 4 * 1024 * 1024  # bytes, one line; aiohttp by itself breaks off at 128 kB
_BREAKS = (aiohttp.ClientError, HttpProcessingError, Unavailable, TimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a stream: notification, update, status.update, delete."""

    event: str
    payload: str = ""

    def json(self) -> Any:
        try:
            return json.loads(self.payload)
        except ValueError:
            return None


async def listen(api: Api) -> AsyncIterator[Happened]:
    """Yield what happens to our account, beginning with "connected"; end if nothing is streamed.

    A stream that breaks is Unavailable, even if the server closed politely: whoever listens again
    waits first.
    """
    instance = await api.instance()
    host = instance.streaming or api.base_url
    for way in (_events, _socket):
        heard = False
        try:
            async for happened in way(api, host):
                heard = True
                yield happened
        except _BREAKS as error:
            if heard:
                raise Unavailable(f"the stream broke: {error!r}") from error
        if heard:
            raise Unavailable("the stream ended")


async def _events(api: Api, host: str) -> AsyncIterator[Happened]:
    url = _on(host, "http") + "/api/v1/streaming/user"
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=SILENCE_S)
    async with api.web().get(
        url, headers=api.authorization(), timeout=timeout, read_bufsize=LONGEST_EVENT // 2
    ) as answer:
        if answer.status != 200 or answer.content_type != "text/event-stream":
            return
        yield Happened("connected")
        lines: list[str] = []
        async for raw in answer.content:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if line:
                lines.append(line)
            elif (happened := read_event(lines)) is not None:
                yield happened
            if not line:
                lines = []


async def _socket(api: Api, host: str) -> AsyncIterator[Happened]:
    url = _on(host, "ws") + "/api/v1/streaming?stream=user"
    try:
        socket = await api.web().ws_connect(url, headers=api.authorization(), heartbeat=30)
    except aiohttp.WSServerHandshakeError:
        return
    async with socket:
        yield Happened("connected")
        async for told in socket:
            if told.type == aiohttp.WSMsgType.TEXT and (happened := read_frame(told.data)):
                yield happened


def read_event(lines: Sequence[str]) -> Happened | None:
    """Read one server-sent event; heartbeats begin with a colon and say nothing."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        fields[name] = f"{fields[name]}\n{value}" if name in fields else value
    event = fields.get("event")
    return Happened(event, fields.get("data", "")) if event else None


def read_frame(text: str) -> Happened | None:
    """Read one websocket frame; what is none of ours says nothing."""
    try:
        told = json.loads(text)
    except ValueError:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("event"), str):
        return None
    payload = told.get("payload", "")
    return Happened(told["event"], payload if isinstance(payload, str) else json.dumps(payload))


def _on(host: str, scheme: str) -> str:
    """Address a host by http or websocket, as safely as it was given."""
    parts = urlsplit(host)
    secure = "s" if parts.scheme in ("https", "wss") else ""
    return f"{scheme}{secure}://{parts.netloc}{parts.path.rstrip('/')}"
