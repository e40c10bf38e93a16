"""`byname nlp`: measure the model on labelled texts, compare others, learn from corrections."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli._context import home_option, model_for, reading, run_async

if TYPE_CHECKING:
    from nlp.evaluate import Labelled


@click.group("nlp")
def command() -> None:
    """Measure the model, compare others with it, and let it learn."""


@command.command(
    "evaluate",
    epilog="\b\nExamples:\n  byname nlp evaluate labelled.jsonl\n"
    "  byname nlp evaluate labelled.jsonl --page report.html\n"
    "  byname nlp evaluate labelled.jsonl --json",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@home_option
@click.option("--weights", type=click.Path(path_type=Path), help="Another weights folder.")
@click.option("--page", type=click.Path(dir_okay=False, path_type=Path), help="Write a page too.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def evaluate(
    file: Path, home: str | None, weights: Path | None, page: Path | None, as_json: bool
) -> None:
    """Score the model on labelled JSON lines.

    Each line has a text and any of sentiment, intents, offensive, crisis, needs_reply, emotion.
    """
    from nlp.evaluate import evaluate as score  # noqa: PLC0415 - loads the model
    from nlp.evaluate import judge_of, read_lines  # noqa: PLC0415
    from nlp.report import as_json as json_of  # noqa: PLC0415
    from nlp.report import as_page, as_table  # noqa: PLC0415

    tagger = model_for(home, weights)
    lines = read_lines(file.read_text(encoding="utf-8", errors="surrogateescape").splitlines())
    report = score(judge_of(tagger), lines, tagger.model)
    if page:
        page.write_text(as_page(report), encoding="utf-8")
    click.echo(json_of(report) if as_json else as_table(report))


@command.command(
    "compare",
    epilog="\b\nExamples:\n  byname nlp compare\n"
    "  byname nlp compare --model cardiffnlp/twitter-roberta-base-sentiment-latest\n"
    "  byname nlp compare --file labelled.jsonl --model ./my-model",
)
@home_option
@click.option("--model", "models", multiple=True, help="Hub id or folder (extra `torch`).")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def compare(home: str | None, models: tuple[str, ...], file: Path | None) -> None:
    """Set other models beside the shipped one, on your own corrected messages.

    Without --model: the one that byname.toml names. With --file: on labelled lines instead.
    """
    run_async(_compare(home, models, file))


@command.command("learn", epilog="\b\nExamples:\n  byname nlp learn\n  byname nlp learn --undo")
@home_option
@click.option("--undo", is_flag=True, help="Take the last lesson back.")
@click.option("--json", "as_json", is_flag=True, help="Print the lessons as JSON.")
def learn(home: str | None, undo: bool, as_json: bool) -> None:
    """Learn from what people corrected; adopt it only where it is better.

    Before and after are cross-validated on the corrections themselves. The running bot picks a
    lesson up when it starts; it also learns by itself every night.
    """
    run_async(_learn(home, undo=undo, as_json=as_json))


async def _compare(home: str | None, models: Sequence[str], file: Path | None) -> None:
    from bot.errors import InputError  # noqa: PLC0415
    from bot.teach import load_model  # noqa: PLC0415
    from nlp.evaluate import evaluate as score  # noqa: PLC0415
    from nlp.evaluate import judge_of, read_lines  # noqa: PLC0415
    from nlp.foreign import judge_of_foreign, load_foreign  # noqa: PLC0415
    from nlp.report import as_comparison  # noqa: PLC0415

    async with reading(home) as desk:
        tagger = load_model(desk.config)
        own = load_model(desk.config, desk.home)
        lines = read_lines(_lines(file)) if file else await _corrected(desk)
        names = models or tuple(filter(None, [desk.config.nlp.sentiment_model]))
        labels = desk.config.nlp.sentiment_labels
    if not lines:
        raise InputError("Nothing is corrected yet; correct tags in the page, or give --file.")
    reports = [score(judge_of(tagger), lines, f"shipped {tagger.model}")]
    if own.model != tagger.model:
        reports.append(score(judge_of(own), lines, f"learned {own.model}"))
    others = [(name, judge_of_foreign(load_foreign(name, labels))) for name in names]
    reports += [score(judge, lines, name) for name, judge in others]
    click.echo(as_comparison(reports))


async def _corrected(desk: Any) -> list["Labelled"]:
    from bot.web.shapes import plain  # noqa: PLC0415
    from nlp.evaluate import labelled  # noqa: PLC0415

    rows = await desk.store.corrections()
    return [
        labelled({"text": message.text, **{key: plain(value) for key, value in changes.items()}})
        for message, changes in rows
    ]


async def _learn(home: str | None, *, undo: bool, as_json: bool) -> None:
    from bot.home import find_home  # noqa: PLC0415
    from bot.teach import forget, learn_here  # noqa: PLC0415

    if undo:
        taken = forget(find_home(home))
        click.echo("taken back" if taken else "there is no lesson to take back")
        return
    async with reading(home) as desk:
        learning = await learn_here(desk)
    if as_json:
        click.echo(json.dumps(asdict(learning)))
        return
    click.echo(f"{learning.corrections} corrected messages")
    for lesson in learning.lessons:
        click.echo(_lesson_line(asdict(lesson)))
    if not learning.lessons:
        click.echo("too few corrections to learn from; ten of one kind are the least")


def _lesson_line(row: dict[str, Any]) -> str:
    verdict = "adopted" if row["adopted"] else "not adopted: no better than chance would be"
    return (
        f"{row['group']:<12} {row['corrections']:>4} corrections: right before "
        f"{row['right_before']}, after {row['right_after']}; {verdict}"
    )


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
