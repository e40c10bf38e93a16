"""`byname source`: what we listen to besides what is said to our logins."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli._context import home_option, is_running, json_option, print_rows, run_async

if TYPE_CHECKING:
    from bot.config import Config
    from connectors.model import Health

NAME = re.compile(r"[A-Za-z0-9_-]+")
USUAL_KIND = {"mastodon": "hashtag"}  # elsewhere: search


@click.group("source")
def command() -> None:
    """Listen for words, and see what is listened to."""


@command.command(
    "add",
    epilog="\b\nExamples:\n  byname source add hn --platform hackernews --query 'acme kettle'\n"
    "  byname source add tag --platform mastodon --query acme --base-url https://mastodon.social\n"
    "  byname source add sky --login bsky --query acme",
)
@click.argument("name")
@home_option
@click.option("--platform", default="", help="Where to listen, when no login is needed there.")
@click.option("--login", default="", help="Login that listens, where one is needed.")
@click.option("--query", required=True, help="Words or hashtag to listen for.")
@click.option("--kind", default="", help="search, keyword or hashtag; default: the platform's.")
@click.option("--base-url", default="", help="Server address, where a platform has several.")
@click.option("--account", default="", help="Our own account there: its answers count as ours.")
@click.option("--check/--no-check", default=True, help="Ask the platform whether it answers.")
def add(
    name: str,
    home: str | None,
    platform: str,
    login: str,
    query: str,
    kind: str,
    base_url: str,
    account: str,
    check: bool,
) -> None:
    """Add a source to byname.toml: what is found is answered by hand, never by byname."""
    given = {
        "platform": platform,
        "login": login,
        "kind": kind or USUAL_KIND.get(platform, "search"),
        "query": query,
        "base_url": base_url,
        "account": account,
    }
    run_async(_add(name, home, given, check=check))


@command.command("list", epilog="\b\nExample:\n  byname source list --json")
@home_option
@json_option
def list_(home: str | None, as_json: bool) -> None:
    """List the sources of byname.toml, with what they brought."""
    run_async(_list(home, as_json=as_json))


async def _add(name: str, home: str | None, given: Mapping[str, str], *, check: bool) -> None:
    from bot.home import CONFIG_NAME, find_home  # noqa: PLC0415

    folder = find_home(home)
    block = new_source(folder, name, {key: value for key, value in given.items() if value})
    config = with_source(folder, block)
    await _require_connector(config, folder, name, can_open=check)
    with (folder / CONFIG_NAME).open("a", encoding="utf-8") as file:
        file.write(block)
    click.echo(f"added [sources.{name}] to {folder / CONFIG_NAME}")
    if check:
        health = await _check(folder, name)
        click.echo(f"listens as {health.who}")
        for line in health.todo:
            click.echo(f"  to do: {line}")
    if await is_running(home):
        click.echo("a bot runs on this home: restart it, then it listens")


def new_source(home: Path, name: str, keys: Mapping[str, str]) -> str:
    """Return the lines that a new source adds to byname.toml."""
    from bot.config import read_config  # noqa: PLC0415
    from bot.desk import wall_clock  # noqa: PLC0415
    from bot.errors import InputError  # noqa: PLC0415
    from bot.home import CONFIG_NAME  # noqa: PLC0415

    path = home / CONFIG_NAME
    if not NAME.fullmatch(name):
        raise InputError(f"{name!r} cannot be a source's name: letters, digits, - and _ can.")
    if name in read_config(path).sources:
        raise InputError(f"sources.{name} stands in {path} already; choose another name.")
    since = wall_clock().replace(microsecond=0).isoformat()
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items()]
    return "\n".join((f"\n[sources.{name}]", *lines, f"answer_since = {since}\n"))


def with_source(home: Path, block: str) -> "Config":
    """Return the settings as they would be with a new source. Raises ConfigError if none are."""
    import tomllib  # noqa: PLC0415

    from bot.config import parse_config  # noqa: PLC0415
    from bot.home import CONFIG_NAME  # noqa: PLC0415

    path = home / CONFIG_NAME
    return parse_config(tomllib.loads(path.read_text(encoding="utf-8") + block), str(path))


async def _require_connector(config: "Config", home: Path, name: str, *, can_open: bool) -> None:
    """Refuse a source with which `byname run` could not start."""
    from bot.desk import wall_clock  # noqa: PLC0415
    from bot.logins import build_connector, close_all, connector_name, wanted  # noqa: PLC0415
    from connectors._load import load  # noqa: PLC0415

    wanted_name = connector_name(config, name)
    want = next(one for one in wanted(config) if one.name == wanted_name)
    load(want.connector)
    if can_open:
        await close_all({name: build_connector(want, home, wall_clock)})


async def _check(home: Path, name: str) -> "Health":
    from bot.config import read_config  # noqa: PLC0415
    from bot.desk import wall_clock  # noqa: PLC0415
    from bot.home import CONFIG_NAME  # noqa: PLC0415
    from bot.logins import build_connector, close_all, connector_name, wanted  # noqa: PLC0415

    config = read_config(home / CONFIG_NAME)
    wanted_name = connector_name(config, name)
    want = next(one for one in wanted(config) if one.name == wanted_name)
    connector = build_connector(want, home, wall_clock)
    try:
        return await connector.check()
    finally:
        await close_all({name: connector})


async def _list(home: str | None, *, as_json: bool) -> None:
    from bot.config import read_config  # noqa: PLC0415
    from bot.home import CONFIG_NAME, find_home  # noqa: PLC0415

    folder = find_home(home)
    config = read_config(folder / CONFIG_NAME)
    brought = await _brought(folder)
    rows = []
    for name in config.sources:
        source = config.source(name)
        rows.append(
            {
                "name": name,
                "platform": source.platform,
                "kind": source.kind,
                "login": config.sources[name].login,
                "query": source.query,
                "by_hand": source.by_hand,
                "listen_only": source.listen_only,
            }
            | brought.get(name, {"messages": 0, "error": ""})
        )
    print_rows(rows, as_json, _line)
    if not rows and not as_json:
        click.echo("No source stands in byname.toml: `byname connect`, or `byname source add`.")


async def _brought(folder: Path) -> Mapping[str, dict[str, Any]]:
    """Return what each source brought so far; nothing before the first run."""
    from storage import open_reader  # noqa: PLC0415
    from storage.store import StoreMissing  # noqa: PLC0415

    try:
        store = await open_reader(folder)
    except StoreMissing:
        return {}
    try:
        states = await store.source_states()
    finally:
        await store.close()
    return {one.name: {"messages": one.messages, "error": one.error} for one in states}


def _line(row: dict[str, Any]) -> str:
    how = "by hand" if row["by_hand"] else "only heard" if row["listen_only"] else "answered"
    what = f"{row['kind']} on {row['platform']}"
    rest = f"{row['query']}  {row['error']}".strip()
    return f"{row['name']:<18} {what:<24} {how:<10} {row['messages']:>7} heard  {rest}".rstrip()
