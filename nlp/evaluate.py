"""How good a model is on labelled texts: pure measures, no printing (nlp/report.py shows them).

A labelled line is JSON: {"text": …} and any of sentiment, intents (a list), primary, emotion, and
the flags offensive, crisis, needs_reply, rude. A head is judged on the lines that label it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlp.decide import best_label, probabilities, tags_from
from nlp.folder import Floats, Folder, Group
from nlp.model import INTENTS, NlpError
from nlp.tagger import Tagger

Truth = frozenset[str]
MISTAKES = 12
BINS = 10
DRAWS = 500


class LinesError(NlpError):
    """A file of labelled lines cannot be read; the message names the line."""


@dataclass(frozen=True, slots=True)
class Labelled:
    text: str
    truth: dict[str, Truth]  # head -> the labels that hold


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says of one text for one head."""

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    said: Truth


Judge = Callable[[str], Mapping[str, Answer]]


@dataclass(frozen=True, slots=True)
class LabelScore:
    label: str
    positives: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Of the answers given with about this probability, the share that was right."""

    count: int
    probability: float
    right: float


@dataclass(frozen=True, slots=True)
class Mistake:
    text: str
    truth: Truth
    said: Truth
    probability: float


@dataclass(frozen=True, slots=True)
class HeadReport:
    name: str
    texts: int
    scores: tuple[LabelScore, ...]
    macro_f1: float
    macro_recall: float
    f1_between: tuple[float, float]  # 95 % of bootstrap draws
    recall_between: tuple[float, float]
    calibration_error: float
    curve: tuple[Bin, ...]
    confusion: tuple[tuple[int, ...], ...]  # rows truth, columns said; "one of" heads only
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class Report:
    model: str
    texts: int
    heads: tuple[HeadReport, ...]


FLAGS = ("offensive", "crisis", "needs_reply", "rude")
ONE_OF = ("sentiment", "primary", "emotion")


def read_lines(lines: Iterable[str]) -> list[Labelled]:
    read = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            read.append(labelled(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LinesError(
                f"line {number} is no labelled text ({error!r}): write "
                '{"text": "…", "sentiment": "negative", "intents": ["complaint"], "crisis": false}'
            ) from error
    return read


def labelled(row: dict[str, object]) -> Labelled:
    truth: dict[str, Truth] = {}
    for head in ONE_OF:
        if row.get(head) is not None:
            truth[head] = frozenset([str(row[head])])
    if isinstance(row.get("intents"), list):
        intents: list[str] = row["intents"]  # type: ignore[assignment]
        unknown = set(intents) - set(INTENTS)
        if unknown:
            raise ValueError(f"unknown intents {sorted(unknown)}")
        truth["intents"] = frozenset(intents)
        if intents:
            truth.setdefault("primary", frozenset(intents[:1]))
    for flag in FLAGS:
        if row.get(flag) is not None:
            truth[flag] = frozenset([flag] if row[flag] else [])
    return Labelled(str(row["text"]), truth)


def judge_of(tagger: Tagger) -> Judge:
    """The shipped model as a judge: its calibrated probabilities and its own decisions."""

    def judge(text: str) -> Mapping[str, Answer]:
        read = tagger.forward(text)
        return {} if read is None else answers_from(tagger.folder, read.logits)

    return judge


def answers_from(folder: Folder, outputs: Floats) -> dict[str, Answer]:
    """One text's outputs as answers of every head."""
    groups = folder.groups
    found = {name: probabilities(group, outputs) for name, group in groups.items()}
    answers = {name: _answer(group, found[name]) for name, group in groups.items()}
    tags = tags_from(folder, outputs, "en", folder.version)
    intents = frozenset(scored.label for scored in tags.intents)
    answers["intents"] = Answer(INTENTS, tuple(found["intents"].tolist()), intents)
    return answers


def _answer(group: Group, found: npt.NDArray[np.float32]) -> Answer:
    if group.kind == "one":
        said = frozenset([group.labels[best_label(group, found)]])
    else:
        over = found >= group.thresholds
        said = frozenset(name for name, yes in zip(group.labels, over, strict=True) if yes)
    return Answer(group.labels, tuple(found.tolist()), said)


def evaluate(judge: Judge, lines: list[Labelled], model: str) -> Report:
    judged = [(line, judge(line.text)) for line in lines]
    heads = sorted({head for line in lines for head in line.truth})
    reports = [
        head_report(head, pairs)
        for head in heads
        if (pairs := [(n, a[head]) for n, a in judged if head in n.truth and head in a])
    ]
    return Report(model, len(lines), tuple(reports))


def head_report(head: str, pairs: list[tuple[Labelled, Answer]]) -> HeadReport:
    labels = pairs[0][1].labels
    truth = np.array([[name in line.truth[head] for name in labels] for line, _ in pairs])
    said = np.array([[name in answer.said for name in labels] for _, answer in pairs])
    found = np.array([answer.probabilities for _, answer in pairs])
    one = head in ONE_OF
    curve = _curve(*(_chosen(truth, found) if one else (truth.ravel(), found.ravel())))
    drawn = _draws(truth, said)
    return HeadReport(
        name=head,
        texts=len(pairs),
        scores=tuple(_scores(labels, truth, said)),
        macro_f1=_macro(_f1(truth, said), truth),
        macro_recall=_macro(_recall(truth, said), truth),
        f1_between=_between(drawn[:, 0]),
        recall_between=_between(drawn[:, 1]),
        calibration_error=calibration_error(curve),
        curve=curve,
        confusion=_confusion(truth, said) if one else (),
        mistakes=_mistakes(head, pairs, found),
    )


Yes = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]


def _chosen(truth: Yes, found: Numbers) -> tuple[Yes, Numbers]:
    """For a "one of" head: was the likeliest label right, and how likely did it seem?"""
    best = found.argmax(1)
    rows = np.arange(len(found))
    return truth[rows, best], found[rows, best]


def _scores(labels: tuple[str, ...], truth: Yes, said: Yes) -> Iterable[LabelScore]:
    right = (truth & said).sum(0)
    precision = right / np.maximum(said.sum(0), 1)
    recall, f1 = _recall(truth, said), _f1(truth, said)
    for i, label in enumerate(labels):
        yield LabelScore(
            label, int(truth[:, i].sum()), float(precision[i]), float(recall[i]), float(f1[i])
        )


def _recall(truth: Yes, said: Yes) -> Numbers:
    recall: Numbers = (truth & said).sum(0) / np.maximum(truth.sum(0), 1)
    return recall


def _f1(truth: Yes, said: Yes) -> Numbers:
    f1: Numbers = 2 * (truth & said).sum(0) / np.maximum(truth.sum(0) + said.sum(0), 1)
    return f1


def _macro(values: Numbers, truth: Yes) -> float:
    """The mean over the labels that occur; a label nobody gave says nothing of the model."""
    occurs = truth.any(0)
    return float(values[occurs].mean()) if occurs.any() else 0.0


def _draws(truth: Yes, said: Yes) -> Numbers:
    """Macro F1 and recall of bootstrap draws; seeded, so that a report repeats itself."""
    rng = np.random.default_rng(0)
    result = np.empty((DRAWS, 2))
    for i in range(DRAWS):
        rows = rng.integers(0, len(truth), len(truth))
        drawn = truth[rows], said[rows]
        result[i] = _macro(_f1(*drawn), drawn[0]), _macro(_recall(*drawn), drawn[0])
    return result


def _between(drawn: Numbers) -> tuple[float, float]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def _curve(right: Yes, found: Numbers) -> tuple[Bin, ...]:
    place = np.minimum((found * BINS).astype(int), BINS - 1)
    bins = []
    for i in range(BINS):
        inside = place == i
        if inside.any():
            mean, share = float(found[inside].mean()), float(right[inside].mean())
            bins.append(Bin(int(inside.sum()), mean, share))
    return tuple(bins)


def calibration_error(curve: tuple[Bin, ...]) -> float:
    """Expected calibration error: the mean gap between probability and share right."""
    total = sum(b.count for b in curve)
    return sum(b.count * abs(b.probability - b.right) for b in curve) / max(total, 1)


def _confusion(truth: Yes, said: Yes) -> tuple[tuple[int, ...], ...]:
    table = truth.astype(int).T @ said.astype(int)
    return tuple(tuple(int(n) for n in row) for row in table)


def _mistakes(
    head: str, pairs: list[tuple[Labelled, Answer]], found: Numbers
) -> tuple[Mistake, ...]:
    """The wrong answers that were surest of themselves."""
    wrong = []
    for row, (line, answer) in enumerate(pairs):
        if line.truth[head] == answer.said:
            continue
        differing = line.truth[head] ^ answer.said
        sure = [
            p if name in answer.said else 1 - p
            for name, p in zip(answer.labels, found[row].tolist(), strict=True)
            if name in differing
        ]
        wrong.append(Mistake(line.text, line.truth[head], answer.said, max(sure, default=0.0)))
    return tuple(sorted(wrong, key=lambda m: -m.probability)[:MISTAKES])
