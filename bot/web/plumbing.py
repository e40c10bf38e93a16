"""Small addresses without data: static files, health, readiness."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from bot.web.keys import DESK, STOPPING
from storage.store import StoreError

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of ours, read once; no path ever comes from a request."""

    body: bytes
    content_type: str
    etag: str


ASSETS: web.AppKey[Mapping[str, Asset]] = web.AppKey("assets")


def assets(folder: Path) -> Mapping[str, Asset]:
    """Read the static files that ship."""
    return {
        path.name: Asset(body, _TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:16])
        for path in folder.iterdir()
        if path.suffix in _TYPES and (body := path.read_bytes()) is not None
    }


async def static(request: web.Request) -> web.Response:
    """Answer with a file by its name; an unchanged one is not sent again."""
    asset = request.app[ASSETS].get(request.match_info["name"])
    if asset is None:
        raise web.HTTPNotFound(text="There is no such file.")
    headers = {"Cache-Control": "no-cache", "ETag": f'"{asset.etag}"'}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    return web.Response(
        body=asset.body, content_type=asset.content_type, charset="utf-8", headers=headers
    )


async def healthz(_request: web.Request) -> web.Response:
    """The process runs and its loop turns."""
    return web.json_response({"ok": True})


async def readyz(request: web.Request) -> web.Response:
    """The store takes a write and the service is not stopping."""
    try:
        await request.app[DESK].store.ping()
    except StoreError:
        return web.json_response({"ok": False}, status=503)
    is_stopping = request.app[STOPPING].is_set()
    return web.json_response({"ok": not is_stopping}, status=503 if is_stopping else 200)
