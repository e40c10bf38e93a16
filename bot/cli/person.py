"""`byname person`: who somebody is, and everything said both ways."""

from typing import Any

import click

from bot.cli._context import home_option, json_option, print_rows, reading, run_async, say


@click.command(
    "person",
    epilog="\b\nExamples:\n  byname person ana\n  byname person 12 --json",
)
@click.argument("who")
@home_option
@click.option("--limit", type=click.IntRange(1, 1000), default=40, show_default=True)
@json_option
def command(who: str, home: str | None, limit: int, as_json: bool) -> None:
    """Show a person by id, name or handle."""
    run_async(_person(who, home, limit, as_json=as_json))


async def _person(who: str, home: str | None, limit: int, *, as_json: bool) -> None:
    from bot.errors import InputError  # noqa: PLC0415
    from bot.web.shapes import plain  # noqa: PLC0415

    async with reading(home) as desk:
        found = await _find(desk, who)
        if not found:
            raise InputError(f"Nobody is called {who!r}. Try part of a name or handle.")
        if len(found) > 1:
            print_rows([plain(one) for one in found], as_json, _person_line)
            return
        said = await desk.store.person_messages(found[0].id, limit)
    person = plain(found[0]) | {"messages": [plain(one) for one in reversed(said)]}
    if as_json:
        print_rows([person], as_json, _person_line)
        return
    say(_person_line(person))
    for message in person["messages"]:
        say(_message_line(message))


async def _find(desk: Any, who: str) -> list[Any]:
    if who.isdigit():
        return [await desk.store.person(int(who))]
    return list(await desk.store.find_people(who))


def _person_line(row: dict[str, Any]) -> str:
    handles = ", ".join(f"{one['handle']} on {one['platform']}" for one in row["accounts"])
    since = (row["first_at"] or "")[:10]
    return (
        f"{row['id']:>5}  {row['name'] or '(no name)'}  ({handles})  since {since}: "
        f"{row['in_count']} from them, {row['out_count']} from us"
    )


def _message_line(row: dict[str, Any]) -> str:
    at = (row["created_at"] or row["seen_at"])[:16].replace("T", " ")
    arrow = "->" if row["direction"] == "out" else "<-"
    text = "(deleted)" if row["deleted_at"] else " ".join(row["text"].split())
    return f"  {at} {arrow} {text}"
