"""`byname tag FILE|-`: JSON lines in, tags out, for other programs. A home is not needed."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from bot.cli._context import home_option, model_for, print_json


@click.command(
    "tag",
    epilog="\b\nExamples:\n  byname tag texts.jsonl\n"
    '  echo \'{"id": "1", "text": "my order never came"}\' | byname tag -',
)
@click.argument("file", type=click.File("r", encoding="utf-8", errors="surrogateescape"))
@home_option
@click.option("--weights", type=click.Path(path_type=Path), help="Another weights folder.")
@click.option("--explain", is_flag=True, help="Add the words that carried each tag.")
@click.option("--language", "languages", multiple=True, default=("en",), help="Expected language.")
def command(
    file: Any, home: str | None, weights: Path | None, explain: bool, languages: tuple[str, ...]
) -> None:
    """Read JSON lines {"id", "text"} and write one line of tags for each.

    With a home, its weights and what it learned there are used. A foreign text has its language
    and nulls. A malformed line becomes {"error"} with its number;
    the rest goes on (exit code 65 at the end).
    """
    tagger = model_for(home, weights)
    bad = 0
    for number, row in _rows(file):
        if "error" in row:
            bad += 1
            print_json({"line": number, **row})
            continue
        tags = tagger.understand(row["text"], languages).tags
        answer = tags_json(row["id"], tags)
        if explain:
            answer["because"] = _because(tagger, row["text"], tags)
        print_json(answer)
    sys.exit(65 if bad else 0)


def tags_json(identifier: Any, tags: Any) -> dict[str, Any]:
    """Return tags in the published shape; what the model did not judge is null."""
    return {
        "id": identifier,
        "language": tags.language,
        "sentiment": _scored(tags.sentiment),
        "intents": [_scored(one) for one in tags.intents] or None,
        "offensive": _flag(tags.offensive),
        "crisis": _flag(tags.crisis),
        "needs_reply": _flag(tags.needs_reply),
    }


def _scored(scored: Any) -> dict[str, Any] | None:
    if scored is None:
        return None
    return {"label": scored.label, "probability": round(scored.probability, 4)}


def _flag(flag: Any) -> dict[str, Any] | None:
    if flag is None:
        return None
    return {"value": flag.value, "probability": round(flag.probability, 4)}


def _because(tagger: Any, text: str, tags: Any) -> dict[str, Any]:
    """Return the words that carried each tag that was given, strongest first."""
    from bot.teach import given_tags  # noqa: PLC0415
    from bot.web.shapes import strongest  # noqa: PLC0415
    from nlp.explain import explain_all  # noqa: PLC0415

    given = given_tags(tags)
    found = explain_all(tagger, text, given)
    return {tag: strongest(text, marks) for tag, marks in found.items()}


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, _parse(line)


def _parse(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        return {"error": f"not JSON: {error.msg}"}
    except (ValueError, RecursionError):
        return {"error": "not JSON that can be read: too deep, or a number too long"}
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        return {"error": 'expected {"id": ..., "text": "..."}'}
    return {"id": row.get("id"), "text": row["text"]}
