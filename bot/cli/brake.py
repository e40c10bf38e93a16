"""`byname brake`: stops everything that has not left yet, at once; survives restarts."""

from typing import Any

import click

from bot.cli._context import api, home_option, json_option, print_rows, run_async


@click.command(
    "brake",
    epilog="\b\nExamples:\n  byname brake on --reason 'wrong price in the playbook'\n"
    "  byname brake on --login masto\n  byname brake off\n  byname brake status",
)
@click.argument("action", type=click.Choice(["on", "off", "status"]))
@home_option
@click.option("--login", help="Only this login.")
@click.option("--source", help="Only what this source brought.")
@click.option("--reason", default="", help="Why; shown on every page.")
@json_option
def command(
    action: str,
    home: str | None,
    login: str | None,
    source: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """Stop all posting, or let it go on."""
    run_async(_brake(action, home, login, source, reason, as_json=as_json))


async def _brake(
    action: str,
    home: str | None,
    login: str | None,
    source: str | None,
    reason: str,
    *,
    as_json: bool,
) -> None:
    scope = "login" if login else "source" if source else "home"
    async with api(home) as client:
        if action != "status":
            await client.post(
                "brake",
                on=action == "on",
                scope=scope,
                target=login or source or "",
                reason=reason,
            )
        brakes = (await client.get("brakes"))["brakes"]
    print_rows(brakes, as_json, _line)
    if not brakes and not as_json:
        click.echo("The brake is off: approved replies are sent.")


def _line(row: dict[str, Any]) -> str:
    what = f"{row['scope']} {row['target']}".strip()
    why = f": {row['reason']}" if row["reason"] else ""
    return f"brake on for {what}, by {row['by']} since {row['at'][:16]}{why}"
