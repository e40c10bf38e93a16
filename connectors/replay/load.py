"""Worlds of any size for load tests, the same for the same seed.

The sentences are our own and combine into some hundreds. Not here: measuring anything.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from random import Random

_GREETINGS = ("Hi!", "Hello,", "Quick question:", "Sorry to bother you,", "Just so you know,")
_THINGS = (
    "the blue kettle", "my order", "your newsletter", "the app on my tablet", "the garden lamp",
    "this month's invoice", "the spare lid", "your shop in Leeds", "the travel mug",
)  # fmt: skip
_SAYINGS = (
    "has not arrived yet, where is it?", "works beautifully, thank you so much.",
    "stopped working after two days.", "came in the wrong colour, can I send it back?",
    "is far too expensive for what it does.", "does not let me sign in since this morning.",
    "looks great, do you have it in green?", "leaks at the handle, what shall I do?",
    "made my week, honestly.",
)  # fmt: skip
SENTENCES = tuple(" ".join(parts) for parts in product(_GREETINGS, _THINGS, _SAYINGS))


def write_load(
    path: Path,
    messages: int,
    *,
    seed: int = 0,
    platform: str = "mastodon",
    people: int = 500,
    live_per_s: float | None = None,
) -> None:
    """Write a world of so many mentions: all of them history, or live at so many a second."""
    with path.open("w", encoding="utf-8") as file:
        for line in _lines(messages, Random(seed), platform, people, live_per_s):  # noqa: S311
            file.write(json.dumps(line) + "\n")


def _lines(
    messages: int, luck: Random, platform: str, people: int, live_per_s: float | None
) -> Iterator[Mapping[str, object]]:
    yield {
        "type": "world", "name": f"load-{messages}", "brand": "Load", "time_zone": "UTC",
        "platforms": [platform],
    }  # fmt: skip
    yield _account(platform, "us", "load", ours=True)
    for number in range(people):
        yield _account(platform, f"p{number}", f"person{number}", ours=False)
    for number in range(messages):
        yield {
            "type": "message", "platform": platform, "ref": f"m{number}",
            "author": f"p{luck.randrange(people)}", "kind": "mention", "language": "en",
            "at": _at(number, messages, live_per_s),
            "text": f"@load {luck.choice(SENTENCES)} ({number})",
        }  # fmt: skip


def _account(platform: str, ref: str, handle: str, *, ours: bool) -> Mapping[str, object]:
    return {"type": "account", "platform": platform, "ref": ref, "handle": handle, "ours": ours}


def _at(number: int, messages: int, live_per_s: float | None) -> str:
    if live_per_s is None:
        return f"-{messages - number}s"
    return f"+{1 + int(number / live_per_s)}s"
