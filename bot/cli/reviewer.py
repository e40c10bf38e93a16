"""`byname reviewer`: people who may read, review or administrate, and their sign-in links."""

from typing import Any

import click

from bot.cli._context import api, home_option, json_option, print_rows, run_async


@click.group("reviewer")
def command() -> None:
    """Add people who may review, and make sign-in links."""


@command.command("add", epilog="\b\nExample:\n  byname reviewer add Maja --role review")
@click.argument("name")
@click.option("--role", type=click.Choice(["read", "review", "admin"]), default="review")
@home_option
@json_option
def add(name: str, role: str, home: str | None, as_json: bool) -> None:
    """Add a reviewer and print a one-time sign-in link for them."""
    run_async(_add(name, role, home, as_json=as_json))


@command.command("list", epilog="\b\nExample:\n  byname reviewer list --json")
@home_option
@json_option
def list_(home: str | None, as_json: bool) -> None:
    """List everybody who may sign in."""
    run_async(_list(home, as_json=as_json))


@command.command("link", epilog="\b\nExample:\n  byname reviewer link 2")
@click.argument("reviewer_id")
@home_option
def link(reviewer_id: str, home: str | None) -> None:
    """Print a new one-time sign-in link."""
    run_async(_link(reviewer_id, home))


@command.command("disable", epilog="\b\nExample:\n  byname reviewer disable 2")
@click.argument("reviewer_id")
@home_option
def disable(reviewer_id: str, home: str | None) -> None:
    """Take the right to sign in away; open sessions end."""
    run_async(_disable(reviewer_id, home))


async def _add(name: str, role: str, home: str | None, *, as_json: bool) -> None:
    async with api(home) as client:
        row = (await client.post("reviewers", name=name, role=role))["reviewer"]
        made = await client.post("links", reviewer_id=row["id"])
    print_rows([row | {"url": made["url"]}], as_json, _line)


async def _list(home: str | None, *, as_json: bool) -> None:
    async with api(home) as client:
        rows = (await client.get("reviewers"))["reviewers"]
    print_rows(rows, as_json, _line)


async def _link(reviewer_id: str, home: str | None) -> None:
    async with api(home) as client:
        made = await client.post("links", reviewer_id=reviewer_id)
    click.echo(made["url"])


async def _disable(reviewer_id: str, home: str | None) -> None:
    async with api(home) as client:
        await client.post(f"reviewers/{reviewer_id}", disabled=True)
    click.echo("disabled")


def _line(row: dict[str, Any]) -> str:
    off = "  (disabled)" if row.get("disabled_at") else ""
    link = f"\n      sign in once: {row['url']}" if "url" in row else ""
    return f"{row['id']:>4}  {row['name']:<20} {row['role']}{off}{link}"
