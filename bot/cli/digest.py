"""`byname digest`: one day's digest, shown, written to files, or sent."""

from typing import TYPE_CHECKING

import click

from bot.cli._context import api, home_option, is_running, reading, run_async, writing

if TYPE_CHECKING:
    from datetime import date

    from bot.desk import Desk
    from bot.digest.page import DigestPage


@click.command(
    "digest",
    epilog="\b\nExamples:\n  byname digest\n  byname digest --date 2026-03-10 --out reports/"
    "\n  byname digest --send\n  byname digest --date today --json",
)
@click.option(
    "--date",
    "day",
    default="yesterday",
    show_default=True,
    metavar="D",
    help="YYYY-MM-DD, today or yesterday, in the brand's time zone.",
)
@click.option("--out", metavar="DIR", help="Write HTML, text, Markdown and JSON there.")
@click.option("--send", is_flag=True, help="Mail it to digest.to, also when it was sent before.")
@home_option
@click.option("--json", "as_json", is_flag=True, help="Print the page's facts as JSON.")
def command(day: str, out: str | None, send: bool, home: str | None, as_json: bool) -> None:
    """Build the digest of one day; print it as text unless told otherwise."""
    if send and out:
        raise click.UsageError("--send and --out do not go together.")
    run_async(_send(home, day) if send else _show(home, day, out, as_json=as_json))


async def _show(home: str | None, day: str, out: str | None, *, as_json: bool) -> None:
    from pathlib import Path  # noqa: PLC0415

    from bot.digest.build import build  # noqa: PLC0415
    from bot.digest.files import render_json, write_files  # noqa: PLC0415
    from bot.digest.text import render_text  # noqa: PLC0415

    async with reading(home) as desk:
        one = _day(desk, day)
        page = await build(await _where_it_runs(desk, home), one)
    if out:
        for path in write_files(page, Path(out)).values():
            click.echo(str(path))
        return
    click.echo(render_json(page) if as_json else render_text(page), nl=as_json)


async def _send(home: str | None, day: str) -> None:
    from bot.errors import ConfigError  # noqa: PLC0415

    async with reading(home) as desk:
        if not desk.config.digest.to:
            raise ConfigError("Nobody to send it to: set digest.to in byname.toml.")
        one = _day(desk, day)
        page = await _sent(await _where_it_runs(desk, home), one)
    await _remember(home, page)
    click.echo(f"sent to {', '.join(desk.config.digest.to)}: {page.subject}")


async def _where_it_runs(desk: "Desk", home: str | None) -> "Desk":
    """Return the desk whose links lead to the running bot: `run --port` beats byname.toml."""
    from dataclasses import replace  # noqa: PLC0415

    if not await is_running(home):
        return desk
    async with api(home) as running:
        address = (await running.get("address"))["address"]
    web = desk.config.web.model_copy(update={"public_url": address})
    return replace(desk, config=desk.config.model_copy(update={"web": web}))


async def _sent(desk: "Desk", day: "date") -> "DigestPage":
    from bot.digest.build import build  # noqa: PLC0415
    from bot.digest.schedule import send_digest  # noqa: PLC0415

    page = await build(desk, day)
    await send_digest(desk, page)
    return page


async def _remember(home: str | None, page: "DigestPage") -> None:
    """Note the sending where no bot runs; a running one keeps its own count and sends its own."""
    from storage.store import StoreLocked  # noqa: PLC0415

    try:
        async with writing(home) as desk:
            await desk.store.claim_digest(page.day, desk.clock())
            await desk.store.digest_sent(page.day, desk.clock())
    except StoreLocked:
        click.echo("The running bot does not know of this mail and will send its own.", err=True)


def _day(desk: "Desk", given: str) -> "date":
    """Read a date as people write it, in the brand's time zone."""
    from datetime import date, timedelta  # noqa: PLC0415

    from bot.errors import InputError  # noqa: PLC0415

    today = desk.clock().astimezone(desk.config.zone).date()
    named = {"today": today, "yesterday": today - timedelta(days=1)}
    try:
        day = named.get(given) or date.fromisoformat(given)
    except ValueError:
        raise InputError(f"{given!r} is no date; write YYYY-MM-DD, today or yesterday.") from None
    if day > today:
        raise InputError(f"{day} has not begun yet.")
    return day
