"""The figures of a finished weights folder, beside their bars.

Reads the test sets: run it once for a model that is reported, never to choose between models.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from nlp.clean import clean
from nlp.evaluate import HeadReport, Labelled, answers_from, head_report
from nlp.folder import Floats, Folder
from nlp.tagger import Tagger, load_tagger, unit
from nlp.train.encoder import network_from
from nlp.train.quantise import shipped_columns
from nlp.train.read import in_batches, original_places
from nlp.train.sets import Row, evaluation_rows

TWEETS = {
    "sentiment": "tweeteval/sentiment/test",
    "emotion": "tweeteval/emotion/test",
    "rude": "tweeteval/offensive/test",
}
NEIGHBOURS = 10
RETRIEVAL_TWEETS = 1_000
LOSS_TEXTS = 2_000  # of each set, to compare int8 with floats
Outputs = list[Floats]


@dataclass(frozen=True, slots=True)
class Figure:
    what: str
    value: float
    bar: float | None
    between: tuple[float, float] | None = None
    small_is_good: bool = False

    @property
    def holds(self) -> bool | None:
        if self.bar is None:
            return None
        return self.value <= self.bar if self.small_is_good else self.value >= self.bar


def labelled(row: Row) -> Labelled:
    truth = {}
    for name, value in row.labels.items():
        if isinstance(value, dict):
            truth[name] = frozenset(label for label, holds in value.items() if holds)
        elif isinstance(value, bool):
            truth[name] = frozenset([name] if value else [])
        else:
            truth[name] = frozenset([value])
    return Labelled(row.text, truth)


def reports(folder: Folder, rows: list[Row], outputs: Outputs) -> dict[str, HeadReport]:
    """Every head that these rows label."""
    judged = [(labelled(r), answers_from(folder, o)) for r, o in zip(rows, outputs, strict=True)]
    heads = {head for line, _ in judged for head in line.truth if head in folder.groups}
    return {
        head: head_report(head, [(line, a[head]) for line, a in judged if head in line.truth])
        for head in sorted(heads)
    }


def int8_outputs(tagger: Tagger, texts: list[str]) -> Outputs:
    width = sum(len(group.labels) for group in tagger.folder.groups.values())
    empty = np.zeros(width, dtype=np.float32)
    return [empty if (read := tagger.forward(text)) is None else read.logits for text in texts]


def float_outputs(state: dict[str, torch.Tensor], texts: list[str]) -> tuple[Outputs, Floats]:
    """Outputs and search vectors of the trained network before quantisation."""
    logits, places = in_batches([clean(text) for text in texts], network_from(state))
    return list(logits[:, shipped_columns()]), places


def both_classes_f1(report: HeadReport) -> float:
    """OffensEval's measure: the mean F1 of yes and of no."""
    yes = report.scores[0]
    right = yes.recall * yes.positives
    said = right / yes.precision if yes.precision else 0.0
    no = report.texts - yes.positives
    no_right = no - (said - right)
    return (yes.f1 + 2 * no_right / (no + report.texts - said)) / 2


def neighbours_kept(original: Floats, ours: Floats) -> float:
    """Of the original encoder's ten nearest neighbours, the share still among the ten nearest."""
    near = [_nearest(points) for points in (original, ours)]
    kept = [len(set(a) & set(b)) for a, b in zip(*near, strict=True)]
    return float(np.mean(kept)) / NEIGHBOURS


def _nearest(points: Floats) -> list[list[int]]:
    scores = points @ points.T
    np.fill_diagonal(scores, -2)
    found: list[list[int]] = np.argsort(-scores, axis=1)[:, :NEIGHBOURS].tolist()
    return found


def figures(out: Path, state: Path, data: Path, hand: dict[str, list[Row]]) -> list[Figure]:
    """All accuracy rows for the folder `out`, made from the trained network `state`."""
    tagger = load_tagger(out)
    sets = {name: evaluation_rows(data, part) for name, part in TWEETS.items()}
    sets |= {"random": hand["test_random"], "enriched": hand["test_enriched"]}
    whole = torch.load(state, weights_only=True)
    int8 = {n: int8_outputs(tagger, [r.text for r in rows]) for n, rows in sets.items()}
    some = {name: rows[:LOSS_TEXTS] for name, rows in sets.items()}
    full = {n: float_outputs(whole, [r.text for r in rows])[0] for n, rows in some.items()}
    small = _all_reports(tagger.folder, sets, int8)
    int8 = {name: outputs[:LOSS_TEXTS] for name, outputs in int8.items()}
    losses = _losses(*(_all_reports(tagger.folder, some, o) for o in (int8, full)))
    return [
        *_scores(small),
        *_calibration(small),
        *losses,
        _size(out),
        _retrieval(tagger, [row.text for row in sets["sentiment"]]),
    ]


def _all_reports(
    folder: Folder, sets: dict[str, list[Row]], outputs: dict[str, Outputs]
) -> dict[str, dict[str, HeadReport]]:
    """Reports per set, and of both hand-labelled tests together."""
    found = {name: reports(folder, rows, outputs[name]) for name, rows in sets.items()}
    both = [*sets["random"], *sets["enriched"]]
    found["both"] = reports(folder, both, [*outputs["random"], *outputs["enriched"]])
    return found


def _scores(found: dict[str, dict[str, HeadReport]]) -> list[Figure]:
    sentiment, emotion = found["sentiment"]["sentiment"], found["emotion"]["emotion"]
    intents = found["both"]["intents"]
    result = [
        Figure("sentiment macro-recall", sentiment.macro_recall, 0.705, sentiment.recall_between),
        Figure("offensive macro-F1", both_classes_f1(found["rude"]["rude"]), 0.795),
        Figure("emotion macro-F1", emotion.macro_f1, 0.790, emotion.f1_between),
        Figure("intents macro-F1, both tests", intents.macro_f1, 0.72, intents.f1_between),
        Figure("intents macro-F1, random", found["random"]["intents"].macro_f1, None),
        Figure("hand sentiment macro-recall, random", _hand(found).macro_recall, None),
        Figure("primary macro-F1, both tests", found["both"]["primary"].macro_f1, None),
    ]
    result += [Figure(f"  {s.label} F1 ({s.positives})", s.f1, None) for s in intents.scores]
    for flag, bar in (("crisis", 0.85), ("needs_reply", 0.88), ("offensive", None)):
        result += _flag(found, flag, bar)
    return result


def _hand(found: dict[str, dict[str, HeadReport]]) -> HeadReport:
    return found["random"]["sentiment"]


def _flag(found: dict[str, dict[str, HeadReport]], flag: str, bar: float | None) -> list[Figure]:
    report = found["both"][flag]
    both, random = report.scores[0], found["random"][flag].scores[0]
    count = f"({both.positives} in both, {random.positives} in random)"
    return [
        Figure(f"{flag} recall, both tests {count}", both.recall, bar, report.recall_between),
        Figure(
            f"{flag} precision, both tests",
            both.precision,
            {"crisis": 0.5, "needs_reply": 0.85}.get(flag),
        ),
        Figure(f"{flag} precision, random", random.precision, None),
        Figure(f"{flag} recall, random", random.recall, None),
    ]


def _calibration(found: dict[str, dict[str, HeadReport]]) -> list[Figure]:
    tweets = [(name, found[name][name]) for name in TWEETS]
    hand = [(f"{name}, random", report) for name, report in found["random"].items()]
    return [
        Figure(f"calibration error, {name}", r.calibration_error, 0.05, small_is_good=True)
        for name, r in (*tweets, *hand)
    ]


def _losses(
    small: dict[str, dict[str, HeadReport]], exact: dict[str, dict[str, HeadReport]]
) -> list[Figure]:
    def both(head: str, measure: Callable[[HeadReport], float], part: str = "both") -> Figure:
        lost = measure(exact[part][head]) - measure(small[part][head])
        return Figure(f"lost by int8, {head}", lost, 0.007, small_is_good=True)

    return [
        both("sentiment", lambda r: r.macro_recall, "sentiment"),
        both("rude", both_classes_f1, "rude"),
        both("emotion", lambda r: r.macro_f1, "emotion"),
        both("intents", lambda r: r.macro_f1),
        both("crisis", lambda r: r.scores[0].recall),
        both("needs_reply", lambda r: r.scores[0].recall),
    ]


def _size(out: Path) -> Figure:
    total = sum(path.stat().st_size for path in out.iterdir()) / 1e6
    return Figure("size of the folder, MB", total, 30.0, small_is_good=True)


def _retrieval(tagger: Tagger, texts: list[str]) -> Figure:
    chosen = texts[:RETRIEVAL_TWEETS]
    passes = [tagger.forward(text) for text in chosen]
    ours = np.stack([unit(p.place) if p else np.zeros(384, np.float32) for p in passes])
    kept = neighbours_kept(original_places(chosen), ours)
    return Figure("neighbours kept of the original encoder", kept, 0.75)


def as_table(found: list[Figure]) -> str:
    lines = [f"{'what':<52}{'value':>8}{'bar':>8}  between"]
    for figure in found:
        bar = "" if figure.bar is None else f"{figure.bar:.3f}"
        between = "" if figure.between is None else "{:.3f}-{:.3f}".format(*figure.between)
        mark = {True: "", False: "  short of the bar", None: ""}[figure.holds]
        lines.append(f"{figure.what:<52}{figure.value:>8.3f}{bar:>8}  {between}{mark}")
    return "\n".join(lines)
