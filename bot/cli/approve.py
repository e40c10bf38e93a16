"""`byname approve MESSAGE`: what Enter does in the page."""

import uuid
from typing import Any

import click

from bot.cli._context import Api, api, home_option, json_option, print_rows, run_async, say


@click.command(
    "approve",
    epilog="\b\nExamples:\n  byname approve 118\n  byname approve 118 --option 2\n"
    "  byname approve 118 --text 'Hi Ana, it leaves today.'\n"
    "  byname approve 118 --by-hand --link https://news.ycombinator.com/item?id=1",
)
@click.argument("message_id", type=click.IntRange(min=1))
@home_option
@click.option("--option", type=click.IntRange(1, 3), default=1, show_default=True)
@click.option("--text", help="Send these words instead.")
@click.option(
    "--by-hand", is_flag=True, help="You answered on the platform yourself: only note it."
)
@click.option("--link", default="", help="Link of your answer, with --by-hand.")
@click.option("--yes", is_flag=True, help="Do not ask; the text is printed all the same.")
@json_option
def command(
    message_id: int,
    home: str | None,
    option: int,
    text: str | None,
    by_hand: bool,
    link: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Approve a suggested reply after showing exactly what will be sent."""
    if link and not by_hand:
        raise click.UsageError("--link goes with --by-hand")
    if by_hand:
        run_async(_note(message_id, home, link, as_json=as_json))
        return
    run_async(_approve(message_id, home, option, text, yes=yes, as_json=as_json))


async def _approve(
    message_id: int, home: str | None, option: int, text: str | None, *, yes: bool, as_json: bool
) -> None:
    async with api(home) as client:
        entry = (await client.get(f"messages/{message_id}"))["entry"]
        body = _body(entry, option, text)
        say(f"to {entry['message']['author']['handle']}: {body['text']}", err=True)
        if not yes:
            click.confirm("Send this?", abort=True, err=True)
        reply = await _send(client, message_id, body)
    print_rows(
        [reply], as_json, lambda row: f"reply {row['id']} leaves at {row['send_after'][:19]}"
    )


async def _note(message_id: int, home: str | None, link: str, *, as_json: bool) -> None:
    async with api(home) as client:
        path = f"messages/{message_id}/by-hand"
        made = await client.post(path, request_id=uuid.uuid4().hex, url=link)
    print_rows([made["decision"]], as_json, lambda _: "noted: answered by hand")


def _body(entry: dict[str, Any], option: int, text: str | None) -> dict[str, Any]:
    from bot.errors import InputError  # noqa: PLC0415

    suggestion = entry.get("suggestion")
    shown = {one["number"]: one for one in suggestion["options"]} if suggestion else {}
    if option not in shown and text is None:
        raise InputError("Nothing is suggested under that number; give your own --text.")
    chosen = shown.get(option)
    body: dict[str, Any] = {"text": text or (chosen or {}).get("text", "")}
    if chosen and suggestion:
        body |= {
            "suggestion_id": suggestion["id"],
            "suggestion_version": suggestion["version"],
            "option": option,
            "shown_hash": chosen["hash"],
        }
    return body


async def _send(client: Api, message_id: int, body: dict[str, Any]) -> Any:
    path = f"messages/{message_id}/approve"
    return (await client.post(path, request_id=uuid.uuid4().hex, **body))["reply"]
