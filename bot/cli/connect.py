"""`byname connect PLATFORM`: signs one of our accounts in and keeps its secret."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli._asking import ask_all, known_answers
from bot.cli._context import api, beside, home_option, is_running, run_async, writing
from bot.cli._written import write_answers

if TYPE_CHECKING:
    from connectors.contract import SignIn
    from connectors.model import Health
    from storage.model import Taken

WAIT_SECONDS = 600
LABEL = "say in the account's profile that it is automated; nothing posts by itself before"
TAKEN_OVER_WITHIN_S = 10
START = (
    "a bot runs on this home and does not know this login yet: stop it, let it learn from past "
    "replies with `byname collect --since 365d` if you like, and start it again"
)


@click.command(
    "connect",
    epilog="\b\nExamples:\n  byname connect mastodon --login masto\n"
    "  byname connect bluesky --login bsky --paste\n"
    "  byname connect reddit",
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

    PLATFORM is mastodon, bluesky, x, reddit, or one that another package brings.

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
    _list(flow.why)
    known = known_answers(folder, platform, login)
    answers = ask_all(flow, known, is_pasting=paste)
    _refuse_elsewhere(login, known.get("base_url", ""), answers.get("base_url", ""))
    values = await _values(flow, answers, paste=paste)
    written_at = wall_clock()
    FileSecrets(folder, locks={}).write(login, values)
    click.echo(f"signed in; the secret is {folder / 'secrets' / f'{login}.json'}")
    written = write_answers(folder, platform, login, answers, flow.source_kind)
    for line in written.says:
        click.echo(line)
    added = written.is_new
    _say(await _check(folder, login))
    if await is_running(str(folder)):
        click.echo(START if added else await _running_bot_says(folder, login, written_at))
        return
    await _offer_learning(folder, login, learn)
    if added:
        click.echo(
            f"`byname run` listens from now on: to messages after {wall_clock():%Y-%m-%d %H:%M} UTC"
        )


def _refuse_elsewhere(login: str, known: str, given: str) -> None:
    """Refuse to put the secret of one server where byname.toml names another."""
    from bot.errors import InputError  # noqa: PLC0415

    if known and given.rstrip("/") != known.rstrip("/"):
        raise InputError(
            f"The login {login} is on {known} (byname.toml), not on {given}: "
            f"name another one with --login."
        )


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


async def _running_bot_says(home: Path, login: str, since: datetime) -> str:
    """Wait until the running bot has looked with the new secret, and say what it saw."""
    seen = None
    async with api(str(home)) as bot:
        for _ in range(TAKEN_OVER_WITHIN_S * 2):
            logins = {one["login"]: one for one in (await bot.get("sources"))["logins"]}
            seen = logins.get(login)
            if seen and seen["ok"] and datetime.fromisoformat(seen["seen_at"]) >= since:
                return "the running bot has taken the new secret: this login goes on"
            await asyncio.sleep(0.5)
    return f"the running bot does not go on with this login: {seen['says'] if seen else START}"


async def _offer_learning(home: Path, login: str, learn: bool | None) -> None:
    """Bring the login's past in as history, if the human wants that."""
    if learn is None:
        learn = click.confirm("Learn from this login's own past replies?", default=True)
    if not learn:
        return
    taken = await _learn(home, login)
    if not taken.added:
        click.echo("nothing came in: this login has said nothing yet that could be learned from")
        return
    click.echo(
        f"{taken.added} messages, and what stands above them, came in as history; "
        f"`byname run` reads them and remembers what was answered"
    )


async def _learn(home: Path, login: str) -> "Taken":
    from bot.collect import add, collect  # noqa: PLC0415
    from bot.logins import build_some, close_all  # noqa: PLC0415
    from storage.model import Taken  # noqa: PLC0415

    total = Taken()
    async with writing(str(home)) as desk:
        names = [name for name, one in desk.config.sources.items() if one.login == login]
        connectors = build_some(desk, names)
        try:
            for name in names:
                source, connector = desk.config.source(name), connectors[login]
                total = add(total, await collect(desk, connector, source, is_learning=True))
        finally:
            await close_all(connectors)
    return total


def _list(why: Mapping[str, str]) -> None:
    """Print what is asked and why."""
    wide = 2 + max(len(name) for name in why)
    for name, reason in why.items():
        click.echo(beside(f"  {name:<{wide}}", reason))


def _say(health: "Health") -> None:
    missing = "not seen" if health.todo else f"not seen: {LABEL}"  # the platform knows better how
    label = "seen" if health.has_automation_label else missing
    click.echo(f"signed in as {health.who}; automation label {label}")
    for line in health.todo:
        click.echo(f"  to do: {line}")
