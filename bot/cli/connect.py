"""`byname connect PLATFORM`: signs one of our accounts in and keeps its secret."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli._context import home_option, is_running, run_async, writing

if TYPE_CHECKING:
    from connectors.contract import SignIn
    from connectors.model import Health
    from storage.model import Taken

WAIT_SECONDS = 600


@click.command(
    "connect",
    epilog="\b\nExamples:\n  byname connect mastodon --login masto\n"
    "  byname connect bluesky --login bsky --paste",
)
@click.argument("platform")
@home_option
@click.option("--login", help="Name of the login in byname.toml; default: the platform's.")
@click.option(
    "--paste", is_flag=True, help="Paste the code by hand; for a machine without browser."
)
@click.option(
    "--learn/--no-learn",
    default=None,
    help="Learn from this login's own past replies. Default: ask.",
)
def command(
    platform: str, home: str | None, login: str | None, paste: bool, learn: bool | None
) -> None:
    """Sign in, show what is asked and why, check it, and keep the secret (mode 0600).

    Learning brings in the login's own past replies with the messages above them, as history: so
    byname can suggest what was answered before, with names, numbers and links left out.
    """
    run_async(_connect(platform, home, login or platform, paste=paste, learn=learn))


async def _connect(
    platform: str, home: str | None, login: str, *, paste: bool, learn: bool | None
) -> None:
    from bot.desk import wall_clock  # noqa: PLC0415
    from bot.home import FileSecrets, find_home  # noqa: PLC0415
    from connectors._load import sign_in  # noqa: PLC0415

    folder = find_home(home)
    flow = sign_in(platform)
    click.echo("byname asks for:")
    for scope, why in flow.why.items():
        click.echo(f"  {scope:<22} {why}")
    answers = {
        one.name: click.prompt(one.prompt, hide_input=one.is_secret, default=one.default or None)
        for one in flow.questions
    }
    values = await _values(flow, answers, paste=paste)
    FileSecrets(folder, locks={}).write(login, values)
    added = add_login(folder, platform, login, answers.get("base_url", ""), flow.source_kind)
    click.echo(f"signed in; the secret is {folder / 'secrets' / f'{login}.json'}")
    if added:
        click.echo(
            f"added [logins.{login}] and [sources.{login}-{flow.source_kind}] to byname.toml"
        )
    _say(await _check(folder, login))
    await _offer_learning(folder, login, learn)
    click.echo(f"listening starts with messages after {wall_clock():%Y-%m-%d %H:%M} UTC")


async def _values(flow: "SignIn", answers: Mapping[str, str], *, paste: bool) -> Mapping[str, str]:
    from bot.desk import wall_clock  # noqa: PLC0415

    if paste:
        url = await flow.begin(answers, None, wall_clock)
        returned = {"code": await asyncio.to_thread(_ask_code, url)} if url else {}
        return await flow.finish(answers, returned, wall_clock)
    came: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()
    async with _callback(came, getattr(flow, "redirect_port", 0)) as address:
        url = await flow.begin(answers, address, wall_clock)
        if url is None:
            return await flow.finish(answers, {}, wall_clock)
        click.echo(f"open this page and allow it:\n\n  {url}\n")
        returned = dict(await asyncio.wait_for(came, WAIT_SECONDS))
    return await flow.finish(answers, returned, wall_clock)


def _ask_code(url: str) -> str:
    click.echo(f"open this page, allow it, and copy the code:\n\n  {url}\n")
    return str(click.prompt("code"))


@contextlib.asynccontextmanager
async def _callback(
    came: "asyncio.Future[Mapping[str, str]]", wanted: int = 0
) -> AsyncIterator[str]:
    """Listen on loopback for the page to send its code; yields the address to give it."""
    from aiohttp import web  # noqa: PLC0415

    from bot.service import serving  # noqa: PLC0415

    async def take(request: web.Request) -> web.Response:
        if not came.done():
            came.set_result(dict(request.query))
        return web.Response(text="byname has what it needs. You can close this page.")

    app = web.Application()
    app.router.add_get("/signed-in", take)
    async with serving(app, "127.0.0.1", wanted) as port:
        yield f"http://127.0.0.1:{port}/signed-in"


def add_login(home: Path, platform: str, login: str, base_url: str, kind: str) -> bool:
    """Append the login and its first source to byname.toml, unless they stand there."""
    from bot.config import read_config  # noqa: PLC0415
    from bot.desk import wall_clock  # noqa: PLC0415
    from bot.home import CONFIG_NAME  # noqa: PLC0415

    path = home / CONFIG_NAME
    if login in read_config(path).logins:
        return False
    since = wall_clock().replace(microsecond=0).isoformat()
    address = f"base_url = {json.dumps(base_url)}\n" if base_url else ""
    block = (
        f"\n[logins.{login}]\nplatform = {json.dumps(platform)}\n{address}"
        f'\n[sources.{login}-{kind}]\nlogin = {json.dumps(login)}\nkind = "{kind}"\n'
        f"answer_since = {since}\n"
    )
    with path.open("a", encoding="utf-8") as file:
        file.write(block)
    read_config(path)
    return True


async def _check(home: Path, login: str) -> "Health":
    from bot.config import read_config  # noqa: PLC0415
    from bot.desk import wall_clock  # noqa: PLC0415
    from bot.home import CONFIG_NAME  # noqa: PLC0415
    from bot.logins import build_connector, close_all, wanted  # noqa: PLC0415

    want = next(one for one in wanted(read_config(home / CONFIG_NAME)) if one.name == login)
    connector = build_connector(want, home, wall_clock)
    try:
        return await connector.check()
    finally:
        await close_all({login: connector})


async def _offer_learning(home: Path, login: str, learn: bool | None) -> None:
    """Bring the login's past in as history, if the human wants that and nothing else writes."""
    if learn is None:
        learn = click.confirm("Learn from this login's own past replies?", default=True)
    if not learn:
        return
    if await is_running(str(home)):
        click.echo("a bot runs on this home: stop it, then `byname collect --since 365d` learns")
        return
    taken = await _learn(home, login)
    click.echo(
        f"{taken.added} messages, and what stands above them, came in as history; "
        f"`byname run` reads them and remembers what was answered"
    )


async def _learn(home: Path, login: str) -> "Taken":
    from bot.collect import add, collect  # noqa: PLC0415
    from bot.logins import build_polling, close_all  # noqa: PLC0415
    from storage.model import Taken  # noqa: PLC0415

    total = Taken()
    async with writing(str(home)) as desk:
        names = [name for name, one in desk.config.sources.items() if one.login == login]
        connectors = build_polling(desk, names)
        try:
            for name in names:
                source, connector = desk.config.source(name), connectors[login]
                total = add(total, await collect(desk, connector, source, is_learning=True))
        finally:
            await close_all(connectors)
    return total


def _say(health: "Health") -> None:
    label = "seen" if health.has_automation_label else "not set"
    click.echo(f"signed in as {health.who}; automation label {label}")
    for line in health.todo:
        click.echo(f"  to do: {line}")
