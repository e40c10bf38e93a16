"""What commands share: the home option, opening the store, the JSON API, printing.

A command that writes talks to <home>/run.sock. When no bot runs there, the same API is served for
the length of the command by this process, which takes the home's lock: one way of writing.
"""

import asyncio
import contextlib
import json
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot.home import CONFIG_NAME, SOCKET_NAME, find_home

if TYPE_CHECKING:
    import aiohttp

    from bot.desk import Desk
    from bot.errors import BotError
    from bot.permits import Permits
    from nlp.tagger import Tagger

T = TypeVar("T")
MOST_WIDE = 100

home_option = click.option(
    "--home",
    metavar="DIR",
    envvar="BYNAME_HOME",
    help="Folder with byname.toml, database and secrets.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")


def run_async(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@contextlib.asynccontextmanager
async def reading(home: str | None) -> AsyncIterator["Desk"]:
    """Open a home for reading only; works beside a running bot."""
    from bot.config import read_config  # noqa: PLC0415
    from bot.desk import Desk  # noqa: PLC0415
    from storage import open_reader  # noqa: PLC0415

    folder = find_home(home)
    config = read_config(folder / CONFIG_NAME)
    store = await open_reader(folder)
    try:
        yield Desk(folder, config, store)
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def writing(home: str | None) -> AsyncIterator["Desk"]:
    """Open a home for writing; refused while a bot runs on it (StoreLocked)."""
    from bot.config import read_config  # noqa: PLC0415
    from bot.desk import Desk, wall_clock  # noqa: PLC0415
    from storage import open_store  # noqa: PLC0415

    folder = find_home(home)
    config = read_config(folder / CONFIG_NAME)
    store = await open_store(folder, clock=wall_clock)
    try:
        await store.put_setting("time_zone", config.brand.time_zone, "system", wall_clock())
        yield Desk(folder, config, store)
    finally:
        await store.close()


def model_for(home: str | None, weights: Path | None) -> "Tagger":
    """Load the named weights, or the home's with what was learned there, or the shipped ones."""
    from bot.config import read_config  # noqa: PLC0415
    from bot.teach import load_model  # noqa: PLC0415
    from nlp.folder import SHIPPED  # noqa: PLC0415
    from nlp.tagger import load_tagger  # noqa: PLC0415 - the model takes half a second

    if weights is None and home:
        folder = find_home(home)
        return load_model(read_config(folder / CONFIG_NAME), folder)
    return load_tagger(weights or SHIPPED)


class Api:
    """The JSON API as commands use it. Paths are below /api/v1."""

    def __init__(self, session: "aiohttp.ClientSession") -> None:
        self._session = session

    async def get(self, path: str, **query: str) -> Any:
        return await self._call("GET", path, params=query)

    async def post(self, path: str, **body: Any) -> Any:
        return await self._call("POST", path, json=body)

    async def _call(self, method: str, path: str, **more: Any) -> Any:
        from aiohttp import ClientError  # noqa: PLC0415

        from bot.errors import Unreachable  # noqa: PLC0415

        url = f"http://byname/api/v1/{path}"
        try:
            async with self._session.request(method, url, **more) as answer:
                body = await answer.json(content_type=None)
        except (ClientError, ValueError) as error:
            raise Unreachable(
                f"the running bot broke off while it was asked for {path} ({error}). "
                f"Look whether it was done, and try again."
            ) from None
        if answer.status >= 400:
            raise _refusal(answer.status, str(body.get("error", answer.reason)))
        return body


def _refusal(status: int, said: str) -> "BotError":
    """Return the error, and so the exit code, that an answer of the API means to a command."""
    from bot.errors import InputError, InUse, Refused, Unreachable  # noqa: PLC0415

    if status in {400, 404, 413, 415}:
        return InputError(said)
    if status == 409:
        return InUse(said)
    return Unreachable(said) if status >= 500 else Refused(said)


@contextlib.asynccontextmanager
async def api(home: str | None) -> AsyncIterator[Api]:
    """Talk to the running bot, or be it for a moment."""
    folder = find_home(home)
    socket = folder / SOCKET_NAME
    if await _answers(socket):
        async with _client(socket) as client:
            yield client
        return
    async with _own_api(home) as own, _client(own) as client:
        yield client


@contextlib.asynccontextmanager
async def _own_api(home: str | None) -> AsyncIterator[Path]:
    from bot.service import first_admin, serving_socket  # noqa: PLC0415
    from bot.web.app import create_socket_app  # noqa: PLC0415

    async with writing(home) as desk, _permits(desk) as permits:
        desk = replace(desk, permits=permits)  # noqa: PLW2901 - the same desk, knowing more
        await first_admin(desk)
        async with serving_socket(create_socket_app(desk), desk.home) as path:
            yield path


@contextlib.asynccontextmanager
async def _permits(desk: "Desk") -> AsyncIterator["Permits"]:
    """Ask platforms whether we may reply, with connectors that are opened when they are needed.

    A login that cannot be opened here says nothing; the running bot looks again before sending.
    """
    from bot.errors import BotError  # noqa: PLC0415
    from bot.logins import build_some, close_all  # noqa: PLC0415
    from bot.permits import Permits  # noqa: PLC0415
    from connectors.contract import Connector, ConnectorError  # noqa: PLC0415

    opened: dict[str, Connector] = {}

    def connector_of(login: str) -> Connector | None:
        sources = [name for name, one in desk.config.sources.items() if one.login == login]
        if login not in opened:
            try:
                opened.update(build_some(desk, sources))
            except (BotError, ConnectorError):
                return None
        return opened.get(login)

    try:
        yield Permits(desk.store, connector_of, desk.clock)
    finally:
        await close_all(opened)


@contextlib.asynccontextmanager
async def _client(socket: Path) -> AsyncIterator[Api]:
    import aiohttp  # noqa: PLC0415

    connector = aiohttp.UnixConnector(path=str(socket))
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Api(session)


async def is_running(home: str | None) -> bool:
    """Say whether a bot runs on this home and can be talked to."""
    return await _answers(find_home(home) / SOCKET_NAME)


async def _answers(socket: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def beside(head: str, words: str) -> str:
    """Set words beside a head and wrap them under themselves; a pipe gets them in one line."""
    if not sys.stdout.isatty():
        return head + words
    return textwrap.fill(
        words,
        width=max(min(shutil.get_terminal_size().columns, MOST_WIDE), len(head) + 30),
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_on_hyphens=False,
        break_long_words=False,
    )


def print_json(row: Any) -> None:
    """Print one JSON line. What UTF-8 cannot say, a lone surrogate, is escaped as JSON allows."""
    line = json.dumps(row, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:
        line = json.dumps(row)
    click.echo(line)


def say(line: str, *, err: bool = False) -> None:
    """Print a line for a person. Other people's words cannot command the terminal from here."""
    hidden = {"Cc", "Cf", "Cs"}
    odd = {one for one in line if one not in "\n\u200d" and unicodedata.category(one) in hidden}
    click.echo(line.translate(dict.fromkeys(map(ord, odd), "\ufffd")), err=err)


def print_rows(rows: list[dict[str, Any]], as_json: bool, line: Callable[..., str]) -> None:
    """Print rows for a person, or as JSON lines for a program."""
    for row in rows:
        if as_json:
            print_json(row)
        else:
            say(line(row))
