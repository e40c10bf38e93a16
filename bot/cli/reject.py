"""`byname reject MESSAGE`: what d does in the page."""

import uuid

import click

from bot.cli._context import api, home_option, run_async


@click.command(
    "reject",
    epilog="\b\nExamples:\n  byname reject 118 --reason 'wrong tone'\n"
    "  byname reject 118 --no-reply",
)
@click.argument("message_id", type=click.IntRange(min=1))
@home_option
@click.option("--reason", default="other", show_default=True, help="Why; it teaches later.")
@click.option("--no-reply", is_flag=True, help="Nothing needs to be answered at all.")
def command(message_id: int, home: str | None, reason: str, no_reply: bool) -> None:
    """Put a suggestion aside; the message waits for a human's own words."""
    run_async(_reject(message_id, home, reason, no_reply=no_reply))


async def _reject(message_id: int, home: str | None, reason: str, *, no_reply: bool) -> None:
    request_id = uuid.uuid4().hex
    async with api(home) as client:
        if no_reply:
            await client.post(f"messages/{message_id}/no-reply", request_id=request_id)
        else:
            path = f"messages/{message_id}/reject"
            await client.post(path, request_id=request_id, reason=reason)
    click.echo("done: no reply needed" if no_reply else "rejected; it waits for your own words")
