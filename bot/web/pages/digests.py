"""The digests that were built: the list of days, and each as the file it was written to.

Building and sending a digest is bot.digest's. The file is shown in a frame that may run nothing.
"""

import asyncio
import re
from datetime import date
from pathlib import Path

from aiohttp import web

from bot.web.keys import DESK
from bot.web.render import page

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# A digest is made for mail: its styles are inside it. Nothing else is allowed in there.
_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-same-origin; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


async def digests(request: web.Request) -> web.Response:
    """Show the newest digest, or the one of the day in the address."""
    days = await asyncio.to_thread(_days, _folder(request))
    asked = request.match_info.get("day", "")
    if asked and asked not in days:
        raise web.HTTPNotFound(text="There is no digest of that day.")
    shown = asked or (days[0] if days else "")
    return await page(request, "digests.html", days=days, shown=shown)


async def digest_file(request: web.Request) -> web.StreamResponse:
    """Answer with the digest itself, locked in by its own policy."""
    day = request.match_info["day"]
    path = _folder(request) / f"{day}.html"
    if not _DAY.fullmatch(day) or not await asyncio.to_thread(path.is_file):
        raise web.HTTPNotFound(text="There is no digest of that day.")
    text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    headers = {"Content-Security-Policy": _CSP}
    return web.Response(text=text, content_type="text/html", headers=headers)


def _folder(request: web.Request) -> Path:
    return request.app[DESK].home / "digests"


def _days(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    found = [path.stem for path in folder.glob("*.html") if _is_day(path.stem)]
    return sorted(found, reverse=True)


def _is_day(name: str) -> bool:
    try:
        return bool(_DAY.fullmatch(name) and date.fromisoformat(name))
    except ValueError:
        return False
