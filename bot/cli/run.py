"""`byname run`: the service with its web pages, until it is stopped."""

import asyncio
import contextlib
import ipaddress
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from bot.cli._context import home_option

if TYPE_CHECKING:
    from bot.desk import Desk


@click.command(
    "run",
    epilog="\b\nExamples:\n  byname run --demo\n  byname run --home ~/acme --port 8500",
)
@home_option
@click.option("--demo", is_flag=True, help="Play an invented brand; no account, no network.")
@click.option("--host", help="Address to listen on; default from byname.toml.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one.")
def command(home: str | None, demo: bool, host: str | None, port: int | None) -> None:
    """Listen, understand, suggest, and post what was approved.

    Prints a sign-in link for the review pages. Stops in order on Ctrl-C; a second one stops at
    once.
    """
    asyncio.run(_run(home, demo=demo, host=host, port=port))


async def _run(home: str | None, *, demo: bool, host: str | None, port: int | None) -> None:
    started = time.monotonic()
    say = _voice()
    from bot.config import read_config  # noqa: PLC0415 - only what this command needs is loaded
    from bot.demo import demo_home, make_demo_home  # noqa: PLC0415
    from bot.desk import Desk, wall_clock  # noqa: PLC0415
    from bot.home import CONFIG_NAME, find_home  # noqa: PLC0415
    from bot.logs import set_up_logs  # noqa: PLC0415
    from storage import open_store  # noqa: PLC0415

    set_up_logs()
    folder = demo_home(home) if demo else find_home(home)
    if demo:
        make_demo_home(folder, wall_clock())
    config = read_config(folder / CONFIG_NAME)
    address, number = host or config.web.host, config.web.port if port is None else port
    refuse_open_address(address, behind_tls=config.web.behind_tls)
    here = config.web.model_copy(update={"host": address, "port": number})
    config = config.model_copy(update={"web": here})  # links name the address that is in use
    say(f"byname for {config.brand.name}   home {folder}")
    store = await open_store(folder, clock=wall_clock)
    try:
        await store.put_setting("time_zone", config.brand.time_zone, "system", wall_clock())
        desk = Desk(folder, config, store)
        await _serve(desk, address, number, say, started)
    finally:
        await store.close()
    say("stopped; nothing is lost")


async def _serve(
    desk: "Desk",
    address: str,
    number: int,
    say: Callable[[str], None],
    started: float,
) -> None:
    from bot.service import run, serving, serving_socket, start, stop_on_signals  # noqa: PLC0415
    from bot.teach import explainer, load_reader  # noqa: PLC0415
    from bot.web.app import create_app, create_socket_app  # noqa: PLC0415

    reader = load_reader(desk.config, desk.home)
    desk = replace(desk, explain=explainer(reader))
    service = await start(desk, reader)
    desk = service.desk
    stop_on_signals(service)
    async with contextlib.AsyncExitStack() as stack:
        opened = await stack.enter_async_context(serving(create_app(desk), address, number))
        desk = service.desk = _with_port(desk, opened)
        await stack.enter_async_context(serving_socket(create_socket_app(desk), desk.home))
        say(f"ready after {time.monotonic() - started:.1f} s")
        say(await sign_in_line(desk, address, opened))
        await run(service)


def _with_port(desk: "Desk", port: int) -> "Desk":
    """Return the desk whose links name the port that was opened; asked for 0, it is another one."""
    web = desk.config.web.model_copy(update={"port": port})
    return replace(desk, config=desk.config.model_copy(update={"web": web}))


async def sign_in_line(desk: "Desk", address: str, port: int) -> str:
    """Make the first admin if there is none, and a one-time link for them."""
    from bot.service import LINK_LIFE, first_admin  # noqa: PLC0415

    now, admin = desk.clock(), await first_admin(desk)
    token = await desk.store.make_link(admin.id, now, now + LINK_LIFE)
    base = desk.config.web.public_url.rstrip("/") or f"http://{address}:{port}"
    return f"sign in as {admin.name}:   {base}/sign-in?token={token}   (once, within 12 hours)"


def refuse_open_address(address: str, *, behind_tls: bool) -> None:
    """Refuse to listen beyond this machine unless TLS stands in front (DESIGN section 10)."""
    from bot.errors import ConfigError  # noqa: PLC0415

    try:
        is_loopback = address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        raise ConfigError(f"{address!r} is no address; write 127.0.0.1 or ::1.") from None
    if not is_loopback and not behind_tls:
        raise ConfigError(
            f"{address} can be reached from other machines. Put a proxy with TLS in front and set "
            f"web.behind_tls = true, or listen on 127.0.0.1."
        )


def _voice() -> Callable[[str], None]:
    def say(line: str) -> None:
        click.echo(line)
        sys.stdout.flush()

    return say
