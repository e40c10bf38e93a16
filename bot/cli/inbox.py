"""`byname inbox`: what waits for an answer, most urgent first."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from bot.cli._context import home_option, json_option, print_rows, reading, run_async

if TYPE_CHECKING:
    from storage.model import Message

VIEWS = ("needs_you", "by_hand", "silent", "snoozed", "sending", "held", "done", "all")


@click.command(
    "inbox",
    epilog="\b\nExamples:\n  byname inbox\n  byname inbox --intent churn --json\n"
    "  byname inbox --search 'never arrived'",
)
@home_option
@click.option("--view", type=click.Choice(VIEWS), default="needs_you", show_default=True)
@click.option("--intent", default="", help="Only messages with this intent.")
@click.option("--platform", default="", help="Only this platform.")
@click.option("--search", "text", default="", help="Only messages with these words.")
@click.option("--limit", type=click.IntRange(1, 500), default=30, show_default=True)
@json_option
def command(
    home: str | None, view: Any, intent: str, platform: str, text: str, limit: int, as_json: bool
) -> None:
    """List messages that wait, ordered by when the answer is due."""
    run_async(_inbox(home, view, intent, platform, text, limit, as_json=as_json))


async def _inbox(
    home: str | None, view: Any, intent: str, platform: str, text: str, limit: int, *, as_json: bool
) -> None:
    from bot.desk import wall_clock  # noqa: PLC0415
    from bot.web.shapes import plain  # noqa: PLC0415
    from storage.model import QueueFilter  # noqa: PLC0415

    async with reading(home) as desk:
        what = QueueFilter(view=view, intent=intent, platform=platform, text=text)
        now = wall_clock()
        entries = await desk.store.queue(what, now, limit)
    rows = [plain(entry) for entry in entries]
    when = {one.message.id: _when(one.message, now) for one in entries}
    print_rows(rows, as_json, lambda row: _line(row, when[int(row["message"]["id"])]))
    if not rows and not as_json:
        click.echo("Nothing waits.")


def _when(message: "Message", now: datetime) -> str:
    """Say how long there is for an answer, or why there is no hurry."""
    from bot.web.words import due  # noqa: PLC0415

    if message.state in {"done", "gone", "history"}:
        return {"gone": "deleted"}.get(message.state, message.state)
    return due(message.answer_by_at, now)


def _line(row: dict[str, Any], due: str) -> str:
    message, suggestion = row["message"], row["suggestion"]
    words = " ".join(message["text"].split())
    options = len(suggestion["options"]) if suggestion else 0
    mark = "1 draft" if options == 1 else f"{options} drafts" if options else "no draft"
    who, why = message["author"]["handle"], message["reason"]
    return (
        f"{message['id']:>6}  {due:<11} {_cut(who, 20):<20} {_cut(why, 32):<32} {mark:<9}"
        f"{_cut(words, 72)}"
    )


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
