"""Which rows one stage of training reads, how often, and which rows are kept for validation.

Deterministic: the same data, labels and seed give the same rows in the same order. Nothing whose
normalised text stands in a validation or test set is ever trained on.
"""

import hashlib
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nlp.train.sets import (
    Row,
    evaluation_rows,
    hand_labels,
    normalised,
    texts_by_id,
    training_rows,
)

LABELS = Path(__file__).parent / "labels"
HELD_BACK = tuple(
    f"tweeteval/{task}/{part}"
    for task in ("sentiment", "emotion", "offensive")
    for part in ("val", "test")
)
# `dev`: of sets that may only evaluate; to compare recipes with. No number that ships is fitted
# to it, and the tests are not looked at for that.
PARTS = ("train", "val", "dev", "test_random", "test_enriched")
VALIDATION_SHARE = 0.2  # of the hand labels that may train
SEMEVAL_VALIDATION = 2_000


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the recipe: how many times each set is read (a fraction reads a part)."""

    name: str
    passes: dict[str, float]
    peak: float  # learning rate of the encoder
    decays: bool  # cosine to zero, or constant after the warm-up
    frozen_layers: int = 0  # from the bottom; two save a third of the time
    taught: bool = False  # also learns what the teachers say


GENERAL = Stage(
    "general",
    {
        "semeval_sentiment/train": 1.5, "umsab/english_train": 1.5, "goemotions": 0.6,
        "tweeteval/offensive/train": 2.0, "tweeteval/emotion/train": 4.0,
        "tweeteval/irony/train": 1.5, "tweeteval/hate/train": 0.6, "complaints": 1.0,
        "spam/youtube": 1.0, "spam/sms": 0.4, "banking77": 0.3, "purchase_intent": 1.0,
        "hand": 3.0,
    },
    peak=1e-4, decays=False,
)  # fmt: skip
FINAL = Stage(
    "final",
    {
        "semeval_sentiment/train": 0.8, "umsab/english_train": 1.0, "goemotions": 0.06,
        "tweeteval/offensive/train": 1.0, "tweeteval/emotion/train": 2.5,
        "tweeteval/irony/train": 0.4, "complaints": 0.4, "spam/youtube": 0.4,
        "spam/sms": 0.06, "banking77": 0.04, "purchase_intent": 0.4, "hand": 6.0,
    },
    peak=1e-4, decays=True, frozen_layers=2,
)  # fmt: skip

STUDENT = Stage(
    "student",
    {
        "semeval_sentiment/train": 2.0, "umsab/english_train": 2.0, "goemotions": 0.4,
        "tweeteval/offensive/train": 2.0, "tweeteval/emotion/train": 6.0,
        "tweeteval/irony/train": 1.0, "tweeteval/hate/train": 0.5, "complaints": 1.0,
        "spam/youtube": 1.0, "spam/sms": 0.3, "banking77": 0.2, "purchase_intent": 1.0,
        "hand": 8.0,
    },
    peak=1e-4, decays=True, taught=True,
)  # fmt: skip
# Half the rows again from the student's last weights: near enough to be averaged with it.
AGAIN = replace(
    STUDENT,
    name="again",
    passes={name: passes / 2 for name, passes in STUDENT.passes.items()}
    | {"semeval_sentiment/train": 1.2},
)
STAGES = (GENERAL, FINAL, STUDENT, AGAIN)


def hand_rows(data: Path, labels: Path) -> dict[str, list[Row]]:
    """Hand labels with their texts, by part (PARTS)."""
    texts = texts_by_id(data)
    parts: dict[str, list[Row]] = {name: [] for name in PARTS}
    for label in _json_lines(labels / "hand.jsonl"):
        part = label["split"]
        if part == "train" and _is_validation(label["id"]):
            part = "val"
        row = Row(label["id"].split(":")[0], texts[label["id"]], hand_labels(label))
        parts[part].append(row)
    for number, label in enumerate(_json_lines(labels / "own.jsonl")):
        part = "val" if _is_validation(f"own:{number}") else "train"
        parts[part].append(Row("own", label["text"], hand_labels(label)))
    return parts


def _json_lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _is_validation(key: str) -> bool:
    """A stable draw: growing the label files never moves a row from one part to another."""
    digest = hashlib.sha1(key.encode(), usedforsecurity=False).digest()
    return digest[0] / 256 < VALIDATION_SHARE


def forbidden_keys(data: Path, hand: dict[str, list[Row]]) -> set[str]:
    held = [row for name in HELD_BACK for row in evaluation_rows(data, name)]
    held += [row for part in PARTS if part != "train" for row in hand[part]]
    return {normalised(row.text) for row in held}


def semeval_parts(data: Path) -> tuple[list[Row], list[Row]]:
    """The pooled SemEval tweets: what trains, and a validation part for thresholds."""
    rows = training_rows(data, "semeval_sentiment/train")
    random.Random(7).shuffle(rows)
    return rows[SEMEVAL_VALIDATION:], rows[:SEMEVAL_VALIDATION]


def mixture(data: Path, hand: dict[str, list[Row]], stage: Stage, seed: int) -> list[Row]:
    """The rows of a stage, repeated by its passes, without any text that is held back."""
    rng = random.Random(seed)
    semeval_train, semeval_val = semeval_parts(data)
    held = forbidden_keys(data, hand) | {normalised(row.text) for row in semeval_val}
    rows: list[Row] = []
    for name, passes in stage.passes.items():
        if name == "semeval_sentiment/train":
            pool = semeval_train
        else:
            pool = hand["train"] if name == "hand" else training_rows(data, name)
        rows += _repeat([r for r in pool if r.labels and _is_free(r, held)], passes, rng)
    return rows


def _is_free(row: Row, held: set[str]) -> bool:
    key = normalised(row.text)
    return bool(key) and key not in held


def _repeat(rows: list[Row], passes: float, rng: random.Random) -> list[Row]:
    whole, part = divmod(passes, 1)
    return rows * int(whole) + rng.sample(rows, round(part * len(rows)))


def batches(lengths: Iterable[int], size: int, seed: int) -> list[list[int]]:
    """Row numbers in batches of near lengths (padding costs time), batches in random order."""
    rng = random.Random(seed)
    lengths = list(lengths)
    order = list(range(len(lengths)))
    rng.shuffle(order)
    block = size * 50
    result = []
    for start in range(0, len(order), block):
        near = sorted(order[start : start + block], key=lengths.__getitem__)
        result += [near[i : i + size] for i in range(0, len(near), size)]
    rng.shuffle(result)
    return result
