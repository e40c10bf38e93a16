"""`byname import threads FILE`: conversations from elsewhere become history and memory."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli._context import home_option, run_async, writing

if TYPE_CHECKING:
    from bot.desk import Desk


@click.group("import")
def command() -> None:
    """Bring conversations in from a file."""


@command.command(
    "threads",
    epilog="\b\nExamples:\n  byname import threads talks.jsonl.gz\n"
    "  byname import threads talks.jsonl --home ~/acme --json",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@home_option
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.option("--tag/--no-tag", default=True, help="Tag what came in, now. Default: yes.")
def threads(file: Path, home: str | None, as_json: bool, tag: bool) -> None:
    """Import threads, one JSON object a line, gzipped or not.

    Interrupted, the same command goes on where it stopped; repeated, it adds nothing twice.
    Malformed lines are kept in <home>/rejects with their line number.
    """
    run_async(_threads(file, home, as_json=as_json, tag=tag))


async def _threads(file: Path, home: str | None, *, as_json: bool, tag: bool) -> None:
    from bot.importing import import_threads, read_lines  # noqa: PLC0415
    from storage.model import ImportCounts  # noqa: PLC0415

    total = sum(1 for _ in read_lines(file))
    async with writing(home) as desk:
        rejects = desk.home / "rejects" / f"{file.name}.rejects.jsonl"
        rejects.parent.mkdir(exist_ok=True)
        counts = ImportCounts()
        with click.progressbar(
            length=total, label="reading", hidden=as_json, file=sys.stderr
        ) as bar:
            async for progress in import_threads(desk, file, rejects):
                bar.update(progress.line - bar.pos)
                counts = progress.counts
        tagged = await _tag_all(desk, as_json=as_json) if tag else 0
    _print(asdict(counts) | {"tagged": tagged}, rejects, as_json=as_json)


async def _tag_all(desk: "Desk", *, as_json: bool) -> int:
    from bot.tag import tag_in_bulk  # noqa: PLC0415
    from nlp.bulk import tag_many  # noqa: PLC0415

    left = (await desk.store.work_left()).get("tag", 0)
    done = 0
    with _bar(left, "tagging", as_json) as bar:
        async for count in tag_in_bulk(desk, tag_many):
            bar.update(count)
            done += count
    return done


def _print(counts: dict[str, int], rejects: Path, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(counts))
        return
    click.echo(
        f"{counts['threads']} threads: {counts['added']} messages added, {counts['known']} known "
        f"before, {counts['conflicting']} conflicting, {counts['rejected']} lines rejected; "
        f"{counts['tagged']} tagged"
    )
    if counts["rejected"]:
        click.echo(f"rejected lines, with reasons: {rejects}")


def _bar(length: int, label: str, is_hidden: bool) -> Any:
    return click.progressbar(length=length, label=label, hidden=is_hidden, file=sys.stderr)
