"""`byname suggest FILE|-`: conversations in, suggestions with evidence (or silence) out."""

from pathlib import Path
from typing import Any

import click

from bot.cli._context import home_option, print_json, reading, run_async


@click.command(
    "suggest",
    epilog="\b\nExamples:\n  byname suggest talks.jsonl --home ~/acme\n"
    "  zcat talks.jsonl.gz | byname suggest - --playbook examples/demo/playbook",
)
@click.argument("file", type=click.Path(allow_dash=True, path_type=Path))
@home_option
@click.option("--playbook", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(file: Path, home: str | None, playbook: Path | None) -> None:
    """Suggest a reply to the last thing each conversation's customer said.

    Reads one thread a line (the schema of `byname import threads`). Uses the home's playbook and
    memory; what the brand itself said later in the same thread is never used. Writes one JSON line
    each: {"thread_id", "message_id", "suggestions": [...], "silence"}.
    """
    run_async(_suggest(file, home, playbook))


async def _suggest(file: Path, home: str | None, playbook: Path | None) -> None:
    from bot.importing import BadLine, parse_thread, read_lines  # noqa: PLC0415
    from bot.suggest.offline import Offline  # noqa: PLC0415

    async with reading(home) as desk:
        offline = await Offline.open(desk, playbook)
        for number, line in read_lines(file):
            thread = parse_thread(number, line)
            if isinstance(thread, BadLine):
                row: dict[str, Any] = {"line": number, "error": thread.reason}
            else:
                row = await offline.suggest(thread)
            print_json(row)
