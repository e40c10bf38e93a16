"""`python -m nlp.train.levers --data DIR --work DIR`: what each step of the recipe was worth.

Every saved state of the work folder on the validation rows, thresholds chosen on the same rows, and
on the development rows (airlines, brands; no threshold there: mean precision over all recalls). The
rows of this table are for comparing with each other, not for quoting. Test sets are not read.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from nlp.folder import Floats, Folder, group_from
from nlp.tagger import unit
from nlp.train import check, export, mix
from nlp.train.__main__ import validation_rows
from nlp.train.heads import GROUPS, columns, target
from nlp.train.quantise import shipped_columns
from nlp.train.read import original_places
from nlp.train.sets import Row, evaluation_rows

SEARCH_TEXTS = 1_000
LEAST = 10  # positives without which a label's precision is chance
State = dict[str, torch.Tensor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    hand = mix.hand_rows(options.data, mix.LABELS)
    rows = validation_rows(options.data, hand)
    texts = [r.text for r in evaluation_rows(options.data, "tweeteval/sentiment/val")]
    original = original_places(texts[:SEARCH_TEXTS])
    print(f"{'state':<28}sentiment  offensive  emotion  intents  crisis  reply", end="  ")
    print("dev intents  dev crisis  neighbours")
    for name, state in states(options.work):
        scores = [*validation_scores(state, rows), *development_scores(state, hand["dev"])]
        scores.append(kept(state, texts[:SEARCH_TEXTS], original))
        print(f"{name:<28}" + "  ".join(f"{score:>8.3f}" for score in scores), flush=True)


def states(work: Path) -> Iterator[tuple[str, State]]:
    """Each stage's last weights and their mean, and the blend; then the blend's variations."""
    for path in sorted(work.glob("*.pt")):
        state = torch.load(path, weights_only=True)
        yield path.stem, state.get("network", state)
    if (work / "blend.pt").exists():
        blend = torch.load(work / "blend.pt", weights_only=True)
        yield "blend, vector = plain mean", _mean_vector(blend)


def _mean_vector(state: State) -> State:
    """Without the map that keeps the search vector in its old place."""
    plain = torch.zeros_like(state["place.weight"])
    plain[:, : len(plain)] = torch.eye(len(plain))
    return {**state, "place.weight": plain}


def validation_scores(state: State, rows: list[Row]) -> list[float]:
    outputs, _ = check.float_outputs(state, [row.text for row in rows])
    folder = fitted(outputs, rows)
    found = check.reports(folder, rows, outputs)
    tweets = [(r, o) for r, o in zip(rows, outputs, strict=True) if r.source.startswith("tweet")]
    general = check.reports(folder, [r for r, _ in tweets], [o for _, o in tweets])
    return [
        general["sentiment"].macro_recall,
        check.both_classes_f1(found["rude"]),
        found["emotion"].macro_f1,
        found["intents"].macro_f1,
        found["crisis"].macro_f1,
        found["needs_reply"].macro_f1,
    ]


def development_scores(state: State, rows: list[Row]) -> list[float]:
    """Average precision: its mean over the intents, and that of crisis."""
    outputs = np.stack(check.float_outputs(state, [row.text for row in rows])[0])
    targets = np.stack([target(row.labels) for row in rows])[:, shipped_columns()]
    found: dict[str, list[float]] = {"intents": [], "crisis": []}
    start = 0
    for group in (g for g in GROUPS if g.ships):
        for column in range(start, start + len(group.labels)):
            if group.name in found and targets[:, column].sum() >= LEAST:
                precision = average_precision(targets[:, column] > 0.5, outputs[:, column])
                found[group.name].append(precision)
        start += len(group.labels)
    return [float(np.mean(parts)) for parts in found.values()]


def average_precision(truth: np.ndarray, scores: np.ndarray) -> float:
    """Mean of the precision at every true row, from the highest score down."""
    ordered = truth[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(ordered) / np.arange(1, len(ordered) + 1)
    return float((precision * ordered).sum() / max(ordered.sum(), 1))


def fitted(outputs: list[Floats], rows: list[Row]) -> Folder:
    """Calibration and thresholds as the export would choose them, in memory."""
    logits = np.stack(outputs)
    targets = np.stack([target(row.labels) for row in rows])
    groups, start = {}, 0
    for group in (g for g in GROUPS if g.ships):
        entry = export.blank_entry(group)
        part = slice(start, start + len(group.labels))
        labels = targets[:, columns(group)]
        export.fit_entry(entry, group, logits[:, part], labels, export.counts(rows, group))
        groups[group.name] = group_from(entry, start)
        start = part.stop
    return Folder(Path(), "trial", 128, groups)


def kept(state: State, texts: list[str], original: Floats) -> float:
    places = check.float_outputs(state, texts)[1]
    return check.neighbours_kept(original, np.stack([unit(place) for place in places]))


if __name__ == "__main__":
    main()
