"""`byname check`: settings, secrets, logins, database, model, in one look. Changes nothing."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli._context import home_option, json_option, print_rows, run_async

if TYPE_CHECKING:
    from bot.config import Config


@dataclass(frozen=True, slots=True)
class Line:
    part: str
    ok: bool
    says: str


@click.command("check", epilog="\b\nExamples:\n  byname check\n  byname check --home ~/acme --json")
@home_option
@json_option
def command(home: str | None, as_json: bool) -> None:
    """Look at settings, logins, database and model, and say what to do.

    Ends with exit code 78 when something has to be mended.
    """
    lines = run_async(_check(home))
    rows = [{"part": line.part, "ok": line.ok, "says": line.says} for line in lines]
    print_rows(
        rows,
        as_json,
        lambda row: f"{'ok  ' if row['ok'] else 'MEND'}  {row['part']:<18} {row['says']}",
    )
    sys.exit(0 if all(line.ok for line in lines) else 78)


async def _check(home: str | None) -> list[Line]:
    from bot.config import merge_environment, read_config  # noqa: PLC0415
    from bot.errors import BotError  # noqa: PLC0415
    from bot.home import CONFIG_NAME, find_home  # noqa: PLC0415

    folder = find_home(home)
    try:
        config = read_config(folder / CONFIG_NAME)
    except BotError as error:
        return [Line("settings", ok=False, says=str(error))]
    used = merge_environment({}, dict(os.environ))
    note = f"; from the environment: {', '.join(used)}" if used else ""
    lines = [Line("settings", ok=True, says=f"{folder / CONFIG_NAME}{note}")]
    lines.append(_check_playbook(config, folder))
    lines.append(_check_model(config, folder))
    lines += await _check_store(folder)
    return lines + await _check_logins(config, folder)


def _check_playbook(config: "Config", folder: Path) -> Line:
    from bot.errors import BotError  # noqa: PLC0415
    from bot.policy import check_policy  # noqa: PLC0415
    from bot.suggest.playbook import read_playbook  # noqa: PLC0415

    try:
        check_policy(config)
        book = read_playbook(folder / config.suggest.playbook)
    except BotError as error:
        return Line("playbook", ok=False, says=str(error))
    return Line("playbook", ok=True, says=f"{len(book.entries)} entries, {len(book.facts)} facts")


def _check_model(config: "Config", folder: Path) -> Line:
    from bot.teach import load_model  # noqa: PLC0415
    from nlp.model import NlpError  # noqa: PLC0415

    try:
        tagger = load_model(config, folder)
    except NlpError as error:
        return Line("model", ok=False, says=str(error))
    return Line("model", ok=True, says=f"version {tagger.model}")


async def _check_store(folder: Path) -> list[Line]:
    from storage import open_reader  # noqa: PLC0415
    from storage.store import StoreError, StoreMissing  # noqa: PLC0415

    try:
        store = await open_reader(folder)
    except StoreMissing:
        return [Line("database", ok=True, says="none yet; `byname run` makes it")]
    except StoreError as error:
        return [Line("database", ok=False, says=str(error))]
    try:
        broken = await store.verify_audit()
        brakes = await store.brakes()
        states = await store.source_states()
    finally:
        await store.close()
    whole = "audit chain whole" if broken is None else f"audit chain broken at entry {broken}"
    lines = [Line("database", ok=broken is None, says=whole)]
    lines += [
        Line(f"brake {brake.scope} {brake.target}".strip(), ok=True, says=f"on, by {brake.by}")
        for brake in brakes
    ]
    return lines + [
        Line(
            f"source {state.name}",
            ok=not state.error,
            says=state.error or f"{state.messages} messages",
        )
        for state in states
    ]


async def _check_logins(config: "Config", folder: Path) -> list[Line]:
    from bot.desk import wall_clock  # noqa: PLC0415
    from bot.errors import BotError  # noqa: PLC0415
    from bot.logins import build_connector, close_all, wanted  # noqa: PLC0415
    from connectors.contract import ConnectorError  # noqa: PLC0415

    lines = []
    for want in wanted(config):
        try:
            connector = build_connector(want, folder, wall_clock)
            health = await connector.check()
            await close_all({want.name: connector})
        except (BotError, ConnectorError) as error:
            lines.append(Line(f"login {want.name}", ok=False, says=str(error)))
            continue
        label = "automation label seen" if health.has_automation_label else "no automation label"
        says = "; ".join([f"signed in as {health.who}", label, *health.todo])
        lines.append(Line(f"login {want.name}", ok=health.ok, says=says))
    return lines
