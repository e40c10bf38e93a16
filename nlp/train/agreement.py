"""How far two independent readings of the same texts agree: Cohen's kappa per label."""

import json
from collections import Counter
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

from nlp.model import INTENTS

FLAGS = ("offensive", "crisis", "needs_reply")


def kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """(agreement - agreement by chance) / (1 - agreement by chance)."""
    total = len(first)
    agreed = sum(a == b for a, b in zip(first, second, strict=True)) / total
    a, b = Counter(first), Counter(second)
    chance = sum(a[label] * b[label] for label in a) / total**2
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)


def kappas(labels: Path) -> dict[str, float]:
    """Per label, over the texts that were read twice."""
    first, second = _read(labels / "hand.jsonl"), _read(labels / "second.jsonl")
    pairs = [(first[key], second[key]) for key in second if key in first]
    result = {
        "sentiment": _of(pairs, lambda row: row["sentiment"]),
        "primary intent": _of(pairs, lambda row: row["intents"][0]),
    }
    for intent in INTENTS:
        result[intent] = _of(pairs, lambda row, intent=intent: intent in row["intents"])
    for flag in FLAGS:
        result[flag] = _of(pairs, lambda row, flag=flag: row[flag])
    return result


def _read(path: Path) -> dict[str, dict[str, Any]]:
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return {row["id"]: row for row in rows}


def _of(pairs: list[tuple[dict[str, Any], dict[str, Any]]], look: Any) -> float:
    return kappa([look(a) for a, _ in pairs], [look(b) for _, b in pairs])
