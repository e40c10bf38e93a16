"""`byname erase PERSON`: everything somebody said goes, and what was written to them."""

from typing import Any

import click

from bot.cli._context import Api, api, home_option, json_option, print_rows, run_async, say


@click.command(
    "erase", epilog="\b\nExamples:\n  byname erase ana@social.example\n  byname erase 12 --yes"
)
@click.argument("who")
@home_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def command(who: str, home: str | None, yes: bool, as_json: bool) -> None:
    """Erase a person by id, name or handle. This cannot be undone.

    Their messages become tombstones without words, also in search, memory and the files of the
    database; digests that name or quote them are removed. Backups keep the words until they are
    replaced; a restored one forgets the person again.
    """
    run_async(_erase(who, home, is_sure=yes, as_json=as_json))


async def _erase(who: str, home: str | None, *, is_sure: bool, as_json: bool) -> None:
    async with api(home) as client:
        person = await _find(client, who)
        say(_line(person), err=True)
        if not is_sure:
            click.confirm("Erase everything about this person?", abort=True, err=True)
        done = await client.post(f"people/{person['id']}/erase", confirm="erase")
    print_rows([done["erased"]], as_json, _done)


async def _find(client: Api, who: str) -> dict[str, Any]:
    from bot.errors import InputError  # noqa: PLC0415

    if who.isdigit():
        return dict((await client.get(f"people/{who}"))["person"])
    found = (await client.get("people", q=who))["people"]
    if len(found) == 1:
        return dict(found[0])
    if not found:
        raise InputError(f"Nobody is called {who!r}. Try part of a name or handle.")
    ids = ", ".join(f"{one['id']} ({one['name']})" for one in found[:10])
    raise InputError(f"{len(found)} people are called like {who!r}; give the id: {ids}")


def _line(person: dict[str, Any]) -> str:
    handles = ", ".join(f"{one['handle']} on {one['platform']}" for one in person["accounts"])
    return f"{person['id']}: {person['name'] or '(no name)'} ({handles})"


def _done(row: dict[str, Any]) -> str:
    return (
        f"erased: {row['messages']} messages of {row['accounts']} accounts, "
        f"{row['digests']} digests removed; the database files are clean"
    )
