"""`byname check`: settings, secrets, logins, database, model, in one look. Changes nothing."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli._context import beside, home_option, json_option, print_rows, run_async

if TYPE_CHECKING:
    from bot.config import Config
    from bot.desk import Desk
    from connectors.contract import Connector
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
        lambda row: beside(
            f"{'ok  ' if row['ok'] else 'MEND'}  {row['part']:<{wide}}  ", row["says"]
        ),
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
    lines += await _check_store(config, folder)
    return lines + _check_rules(config) + _check_caps(config) + await _check_logins(config, folder)


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


async def _check_store(config: "Config", folder: Path) -> list[Line]:
    from bot.desk import Desk  # noqa: PLC0415
    from bot.meter import PAUSED  # noqa: PLC0415
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
        paid = await _check_money(Desk(folder, config, store))
    finally:
        await store.close()
    whole = "audit chain whole" if broken is None else f"audit chain broken at entry {broken}"
    lines = [Line("database", ok=broken is None, says=whole)]
    lines += [
        Line(f"brake {brake.scope} {brake.target}".strip(), ok=True, says=f"on, by {brake.by}")
        for brake in brakes
    ]
    lines += [
        Line(
            f"source {state.name}",
            ok=not state.error or state.error.startswith(PAUSED),  # as its cap was meant
            says=state.error or _heard(state.messages),
        )
        for state in states
    ]
    return lines + paid


async def _check_money(desk: "Desk") -> list[Line]:
    """Say what paid platforms cost, and what their rules still wait for."""
    from bot.costs import costs  # noqa: PLC0415
    from bot.overdue import overdue  # noqa: PLC0415

    paid = await costs(desk.store, desk.config, desk.clock())
    lines = [
        Line(f"cost {one.login}", ok=True, says=one.says + (f": {one.parts}" if one.parts else ""))
        for one in paid
    ]
    late = await overdue(desk)
    return lines + [Line(f"re-checks {one.platform}", not one.reason, one.says) for one in late]


def _check_rules(config: "Config") -> list[Line]:
    """Say what each platform in use allows to be done with people's words."""
    used = {config.source(name).platform for name in config.sources}
    used |= {login.platform for login in config.logins.values()}
    return [Line(f"rules {name}", ok=True, says=_rules(config, name)) for name in sorted(used)]


def _rules(config: "Config", platform: str) -> str:
    rules = config.rules(platform)
    asked = {
        "profile people": rules.may_profile,
        "match accounts": rules.may_match_accounts,
        "train": rules.may_train,
        "model drafts": rules.may_generate,
    }
    said = [f"{what}: {'yes' if may else 'no'}" for what, may in asked.items()]
    if rules.recheck_hours is not None:
        said.append(f"looked at again every {rules.recheck_hours} h")
    if rules.retain_days is not None:
        said.append(f"kept {rules.retain_days} days")
    return "; ".join([*said, *_approval(config, platform, all(asked.values()))])


def _approval(config: "Config", platform: str, is_all_allowed: bool) -> list[str]:
    if (approval := config.approvals.get(platform)) is not None:
        for_what = "" if approval.covers_data else ", for the use of the API alone"
        return [f"approved in writing on {approval.date}{for_what}: {approval.reference}"]
    if is_all_allowed:
        return []
    return [f"no written approval on record ([approvals.{platform}] keeps one)"]


def _heard(number: int) -> str:
    return "1 message" if number == 1 else f"{number:,} messages"


async def _check_logins(config: "Config", folder: Path) -> list[Line]:
    from bot.desk import wall_clock  # noqa: PLC0415
    from bot.errors import BotError  # noqa: PLC0415
    from bot.logins import build_connector, close_all, wanted  # noqa: PLC0415
    from bot.standing import signed_out  # noqa: PLC0415
    from connectors.contract import (  # noqa: PLC0415
        WITHOUT_LOGIN,
        AuthFailed,
        ConnectorError,
    )

    lines = []
    for want in wanted(config):
        is_login = not want.name.startswith(WITHOUT_LOGIN)
        part = f"login {want.name}" if is_login else want.name
        connector = None
        try:
            connector = build_connector(want, folder, wall_clock)
            lines.append(Line(part, *_healthy(await connector.check(), is_login=is_login)))
            lines += await _look_ahead(config, connector, want.name)
        except AuthFailed as error:
            says = f"{signed_out(want.platform, want.name)} ({error})" if is_login else str(error)
            lines.append(Line(part, ok=False, says=says))
        except (BotError, ConnectorError) as error:
            lines.append(Line(part, ok=False, says=str(error)))
        finally:
            if connector is not None:
                await close_all({want.name: connector})
    return lines


async def _look_ahead(config: "Config", connector: "Connector", name: str) -> list[Line]:
    """Ask what the searches of a connector would cost, where it can tell and they cost anything."""
    from bot.config import LISTEN_ONLY  # noqa: PLC0415
    from bot.estimates import in_words  # noqa: PLC0415
    from bot.logins import connector_name  # noqa: PLC0415
    from bot.supervise import or_error  # noqa: PLC0415
    from connectors._platforms import platform  # noqa: PLC0415
    from connectors.contract import Estimates  # noqa: PLC0415

    if not isinstance(connector, Estimates):
        return []
    mine = [one for one in config.sources if connector_name(config, one) == name]
    searches = [config.source(one) for one in mine if config.sources[one].kind in LISTEN_ONLY]
    told = {one.name: await or_error(connector.estimate(one)) for one in searches}
    takes_money = bool(platform(config.source(mine[0]).platform).prices) if mine else False
    return [
        Line(f"search {name}", ok=True, says=in_words(cost) if isinstance(cost, int) else str(cost))
        for name, cost in told.items()
        if cost or takes_money
    ]


def _check_caps(config: "Config") -> list[Line]:
    """Say what a login may cost where its platform takes money, and that nobody has said it yet."""
    from bot.money import amount, micro_dollars  # noqa: PLC0415
    from connectors._platforms import platform  # noqa: PLC0415

    lines = []
    for name, login in config.logins.items():
        if not platform(login.platform).prices:
            continue
        cap, setting = (
            micro_dollars(login.monthly_cap_dollars),
            f"logins.{name}.monthly_cap_dollars",
        )
        says = (
            f"{amount(cap)} dollars a month"
            if cap is not None
            else (f"reading {login.platform} costs money: say how much a month in {setting}")
        )
        lines.append(Line(f"cap {name}", ok=cap is not None, says=says))
    return lines


def _healthy(health: "Health", *, is_login: bool) -> tuple[bool, str]:
    if not is_login:  # nobody is signed in, and nothing is posted that would need a label
        told = [f"listens as {health.who}", _budget(health.budget), *health.todo]
        return health.ok, "; ".join(part for part in told if part)
    label = "automation label seen" if health.has_automation_label else "no automation label"
    left = _budget(health.budget)
    scopes = [f"may {', '.join(health.scopes)}"] if health.scopes else []
    said = [f"signed in as {health.who}", *scopes, label, *([left] if left else []), *health.todo]
    return health.ok, "; ".join(said)


def _budget(budget: "Budget") -> str:
    """Say what a login may still ask of its platform; nothing where the platform does not say."""
    if budget.left is None:
        return budget.price
    of = f" of {budget.limit}" if budget.limit is not None else ""
    until = f" until {budget.resets_at:%H:%M:%S} UTC" if budget.resets_at else ""
    price = f", {budget.price}" if budget.price else ""
    return f"{budget.left}{of} calls left{until}{price}"
