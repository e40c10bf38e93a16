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
    from connectors.model import Budget, Health


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
    wide = max(len(line.part) for line in lines)
    print_rows(
        rows,
        as_json,
        lambda row: f"{'ok  ' if row['ok'] else 'MEND'}  {row['part']:<{wide}}  {row['says']}",
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
            says=state.error or _heard(state.messages),
        )
        for state in states
    ]


def _heard(number: int) -> str:
    return "1 message" if number == 1 else f"{number:,} messages"


async def _check_logins(config: "Config", folder: Path) -> list[Line]:
    from bot.desk import wall_clock  # noqa: PLC0415
    from bot.errors import BotError  # noqa: PLC0415
    from bot.logins import build_connector, close_all, wanted  # noqa: PLC0415
    from bot.standing import signed_out  # noqa: PLC0415
    from connectors.contract import AuthFailed, ConnectorError  # noqa: PLC0415

    lines = []
    for want in wanted(config):
        part = f"login {want.name}"
        try:
            connector = build_connector(want, folder, wall_clock)
        except (BotError, ConnectorError) as error:
            lines.append(Line(part, ok=False, says=str(error)))
            continue
        try:
            lines.append(Line(part, *_healthy(await connector.check())))
        except AuthFailed as error:
            says = f"{signed_out(want.platform, want.name)} ({error})"
            lines.append(Line(part, ok=False, says=says))
        except ConnectorError as error:
            lines.append(Line(part, ok=False, says=str(error)))
        finally:
            await close_all({want.name: connector})
    return lines


def _healthy(health: "Health") -> tuple[bool, str]:
    label = "automation label seen" if health.has_automation_label else "no automation label"
    left = _budget(health.budget)
    said = [f"signed in as {health.who}", label, *([left] if left else []), *health.todo]
    return health.ok, "; ".join(said)


def _budget(budget: "Budget") -> str:
    """Say what a login may still ask of its platform; nothing where the platform does not say."""
    if budget.left is None:
        return budget.price
    of = f" of {budget.limit}" if budget.limit is not None else ""
    until = f" until {budget.resets_at:%H:%M:%S} UTC" if budget.resets_at else ""
    price = f", {budget.price}" if budget.price else ""
    return f"{budget.left}{of} calls left{until}{price}"
