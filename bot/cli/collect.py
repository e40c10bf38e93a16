"""`byname collect`: brings in what was said, without the running bot."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from bot.cli._context import home_option, is_running, json_option, print_rows, run_async, writing

if TYPE_CHECKING:
    from bot.desk import Desk
    from connectors.contract import Connector
    from storage.model import Taken

UNAVAILABLE = 69


@click.command(
    "collect",
    epilog="\b\nExamples:\n  byname collect --once\n  byname collect --since 90d masto-mentions\n"
    "  byname collect --since 2026-01-01 --json",
)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@home_option
@click.option("--once", is_flag=True, help="Look once and end; otherwise go on until stopped.")
@click.option("--since", metavar="DAY", help="Back-fill as history: 2026-01-31, or 30d. Once.")
@json_option
def command(
    sources: tuple[str, ...], home: str | None, once: bool, since: str | None, as_json: bool
) -> None:
    """Collect from all sources, or from those named. Nothing is answered or posted.

    Refused while the bot runs on this home: it collects already.
    """
    run_async(_collect(sources, home, is_once=once or since is not None, since=since, js=as_json))


async def _collect(
    names: Sequence[str], home: str | None, *, is_once: bool, since: str | None, js: bool
) -> None:
    from bot.errors import InUse  # noqa: PLC0415
    from bot.logins import build_some, close_all  # noqa: PLC0415

    if await is_running(home):
        raise InUse("A bot runs on this home and collects already; stop it first for a back-fill.")
    async with writing(home) as desk:
        chosen = choose(desk, names)
        start = since_day(since, desk) if since else None
        connectors = build_some(desk, chosen)
        try:
            await _rounds(desk, connectors, chosen, start, is_once=is_once, js=js)
        finally:
            await close_all(connectors)


async def _rounds(
    desk: "Desk",
    connectors: "dict[str, Connector]",
    names: Sequence[str],
    since: datetime | None,
    *,
    is_once: bool,
    js: bool,
) -> None:
    while True:
        rows = [await _one(desk, connectors, name, since) for name in names]
        print_rows(rows, js, _line)
        if is_once:
            sys.exit(UNAVAILABLE if any(row["error"] for row in rows) else 0)
        await asyncio.sleep(min(desk.config.sources[name].poll_seconds for name in names))


async def _one(
    desk: "Desk", connectors: "dict[str, Connector]", name: str, since: datetime | None
) -> dict[str, Any]:
    """Collect from one source; what is wrong with it keeps nobody from the others."""
    from bot.collect import add, back_fill, collect  # noqa: PLC0415
    from bot.logins import connector_name  # noqa: PLC0415
    from bot.standing import trouble  # noqa: PLC0415
    from bot.supervise import or_error  # noqa: PLC0415
    from connectors.contract import ConnectorError  # noqa: PLC0415
    from storage.model import Taken  # noqa: PLC0415

    source, connector = desk.config.source(name), connectors[connector_name(desk.config, name)]
    total, error = Taken(), ""

    def heard(taken: "Taken") -> None:
        nonlocal total
        total = add(total, taken)

    if since is None:
        told = await or_error(collect(desk, connector, source, heard=heard))
    else:
        told = await or_error(back_fill(desk, connector, source, since, heard=heard))
    if isinstance(told, ConnectorError):
        error = trouble(desk, name, told)
        await desk.store.note_source(name, desk.clock(), error=error)
    counts = {key: value for key, value in asdict(total).items() if key != "taken_ids"}
    return {"source": name, **counts, "error": error}


def choose(desk: "Desk", names: Sequence[str]) -> list[str]:
    """Return the sources to look at. Raises InputError for a name that is not there."""
    from bot.errors import InputError  # noqa: PLC0415

    known = list(desk.config.sources)
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"There is no source {unknown[0]!r}; there are: {', '.join(known)}.")
    if not known:
        raise InputError("No source stands in byname.toml; `byname connect` adds one.")
    return list(names) or known


def since_day(text: str, desk: "Desk") -> datetime:
    """Read a day, a moment, or so many days before now. Raises InputError."""
    from bot.errors import InputError  # noqa: PLC0415

    if text.removesuffix("d").isdigit() and text.endswith("d") and len(text) < 7:
        return desk.clock() - timedelta(days=int(text[:-1]))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--since takes a day like 2026-01-31, or 30d, not {text!r}.") from None
    return at if at.tzinfo else at.replace(tzinfo=desk.config.zone)


def _line(row: dict[str, Any]) -> str:
    said = (
        f"{row['source']}: {row['added']} new, {row['known']} known, {row['edited']} edited, "
        f"{row['deleted']} deleted, {row['unreadable']} unreadable"
    )
    return f"{said}; {row['error']}" if row["error"] else said
