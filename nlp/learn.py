"""Learning from this brand's corrections: a small head on the vectors, never the encoder.

The head adds to the shipped model's log odds a linear function of a text's vector. It is fitted to
what people corrected or confirmed, held to the model's own answers on other messages, and adopted
per group only where cross-validation on the corrections says that it helps. It is one file; taking
it away takes the lesson back. numpy only.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlp.decide import best_label, probabilities
from nlp.embed import LENGTH
from nlp.folder import Floats, Folder, Group
from nlp.model import NlpError, WeightsError
from nlp.tagger import CONSTANT, Head, Tagger, unit

FOLDS = 5
RIDGES = (0.03, 0.3, 3.0)
STEPS = 300
OTHERS_COUNT = 0.5  # what another message weighs beside a corrected one
LEAST = 10  # corrections of a group under which nothing is learned

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person said of one text for one label group; also when they left it as it was."""

    text: str
    group: str
    truth: frozenset[str]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What learning did for one group, by cross-validation on the corrections themselves."""

    group: str
    corrections: int
    right_before: int
    right_after: int
    gained: int
    lost: int
    adopted: bool


@dataclass(frozen=True, slots=True)
class Learned:
    head: Head | None  # None: nothing was worth adopting
    lessons: tuple[Lesson, ...]


@dataclass(frozen=True, slots=True)
class _Material:
    vectors: Matrix  # unit vectors with a constant last column
    raised: Matrix  # log odds of the shipped model
    truth: Matrix
    counts: Matrix  # weight per row


def learn(
    tagger: Tagger, corrections: Sequence[Correction], others: Sequence[str] = (), name: str = "1"
) -> Learned:
    """Fit, judge and adopt per group. `others` are messages that nobody corrected."""
    plain = tagger.with_head(None)
    lessons, weights = [], {}
    for group_name in sorted({c.group for c in corrections}):
        group = _group(plain.folder, group_name)
        chosen = [c for c in corrections if c.group == group_name]
        material = _material(plain, group, chosen)
        rest = _rest(plain, group, others)
        if len(material.truth) < LEAST:
            continue
        lesson, ridge = _judged(group, material, rest)
        lessons.append(lesson)
        if lesson.adopted:
            weights[group_name] = _fit(group, _joined(material, rest), ridge).astype(np.float32)
    head = Head(name, plain.folder.version, weights) if weights else None
    return Learned(head, tuple(lessons))


def _group(folder: Folder, name: str) -> Group:
    if name not in folder.groups:
        raise NlpError(f"Corrections name {name!r}; the model has {', '.join(folder.groups)}.")
    return folder.groups[name]


def _material(tagger: Tagger, group: Group, corrections: Sequence[Correction]) -> _Material:
    """The last word on a text counts; a text with nothing to read teaches nothing."""
    last = {c.text: c.truth for c in corrections}
    rows = [(read, truth) for text, truth in last.items() if (read := tagger.forward(text))]
    truth = [[float(label in wanted) for label in group.labels] for _, wanted in rows]
    return _Material(
        _with_constant([unit(read.place) for read, _ in rows]),
        _raised(group, [read.logits for read, _ in rows]),
        np.array(truth).reshape(-1, len(group.labels)),
        np.ones((len(rows), 1)),
    )


def _rest(tagger: Tagger, group: Group, texts: Sequence[str]) -> _Material:
    """Other messages: the model's own probabilities are the truth that should stay."""
    rows = [read for text in texts if (read := tagger.forward(text))]
    raised = _raised(group, [read.logits for read in rows])
    return _Material(
        _with_constant([unit(read.place) for read in rows]),
        raised,
        _shares(group, raised),
        np.full((len(rows), 1), OTHERS_COUNT),
    )


def _with_constant(vectors: list[Floats]) -> Matrix:
    rows = np.array(vectors, dtype=np.float64).reshape(len(vectors), LENGTH)
    return np.hstack([rows, np.full((len(rows), 1), CONSTANT)])


def _raised(group: Group, outputs: list[Floats]) -> Matrix:
    rows = [o[group.columns] * group.scale + group.shift for o in outputs]
    return np.array(rows, dtype=np.float64).reshape(-1, len(group.labels))


def _shares(group: Group, raised: Matrix) -> Matrix:
    if group.kind == "any":
        return 1 / (1 + np.exp(-raised))
    powers = np.exp(raised - raised.max(axis=1, keepdims=True, initial=-50))
    shares: Matrix = powers / powers.sum(1, keepdims=True)
    return shares


def _joined(a: _Material, b: _Material) -> _Material:
    return _Material(
        np.vstack([a.vectors, b.vectors]),
        np.vstack([a.raised, b.raised]),
        np.vstack([a.truth, b.truth]),
        np.vstack([a.counts, b.counts]),
    )


def _taken(material: _Material, rows: npt.NDArray[np.bool_]) -> _Material:
    return _Material(
        material.vectors[rows], material.raised[rows], material.truth[rows], material.counts[rows]
    )


def _fit(group: Group, material: _Material, ridge: float) -> Matrix:
    """Gradient steps with momentum; the loss is convex and has one least place."""
    x, counts = material.vectors, material.counts
    weights = np.zeros((x.shape[1], len(group.labels)))
    ahead = weights
    steepest = 0.5 * float(np.linalg.norm(x * np.sqrt(counts), 2)) ** 2 + ridge
    for step in range(1, STEPS + 1):
        shares = _shares(group, material.raised + x @ ahead)
        slope = x.T @ (counts * (shares - material.truth)) + ridge * ahead
        moved = ahead - slope / steepest
        ahead = moved + (step - 1) / (step + 2) * (moved - weights)
        weights = moved
    return weights


def _judged(group: Group, material: _Material, rest: _Material) -> tuple[Lesson, float]:
    """The best ridge by cross-validation, and what it did."""
    before = _right(group, material.raised, material.truth)
    trials = [(_right_apart(group, material, rest, ridge), ridge) for ridge in RIDGES]
    after, ridge = max(trials, key=lambda trial: (trial[0].sum(), trial[1]))
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    lesson = Lesson(
        group.name,
        len(before),
        int(before.sum()),
        int(after.sum()),
        gained,
        lost,
        adopted=gained - lost >= max(3, 2 * (gained + lost) ** 0.5),
    )
    return lesson, ridge


def _right_apart(
    group: Group, material: _Material, rest: _Material, ridge: float
) -> npt.NDArray[np.bool_]:
    """Which corrections come out right when the head never saw them."""
    fold = np.random.default_rng(0).permutation(len(material.truth)) % FOLDS
    raised = material.raised.copy()
    for number in range(FOLDS):
        seen = _joined(_taken(material, fold != number), rest)
        unseen = fold == number
        raised[unseen] += material.vectors[unseen] @ _fit(group, seen, ridge)
    return _right(group, raised, material.truth)


def _right(group: Group, raised: Matrix, truth: Matrix) -> npt.NDArray[np.bool_]:
    shares = _shares(group, raised)
    if group.kind == "one":
        said = (shares * group.preference).argmax(1)
        return np.asarray(truth[np.arange(len(truth)), said] > 0.5)
    return np.asarray(((shares >= group.thresholds) == (truth > 0.5)).all(1))


def is_right(tagger: Tagger, correction: Correction) -> bool:
    """Does the tagger, with its head, now say what the person said?"""
    group = _group(tagger.folder, correction.group)
    read = tagger.forward(correction.text)
    if read is None:
        return False
    found = probabilities(group, read.logits)
    if group.kind == "one":
        return group.labels[best_label(group, found)] in correction.truth
    over = found >= group.thresholds
    return {n for n, yes in zip(group.labels, over, strict=True) if yes} == correction.truth


def write_head(head: Head, path: Path) -> None:
    """Save a head; the one before stays beside it, so that a lesson can be taken back."""
    rows = {name: np.round(matrix, 5).tolist() for name, matrix in head.weights.items()}
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"name": head.name, "model": head.model, "weights": rows}), "utf-8")
    if path.exists():
        path.replace(path.with_suffix(".before"))
    part.replace(path)


def take_back(path: Path) -> bool:
    """Return to the head before this one, or to none. False where there is nothing to undo."""
    before = path.with_suffix(".before")
    if before.exists():
        before.replace(path)
        return True
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed


def read_head(path: Path) -> Head:
    try:
        raw = json.loads(path.read_text("utf-8"))
        weights = {k: np.array(v, dtype=np.float32) for k, v in raw["weights"].items()}
        return Head(str(raw["name"]), str(raw["model"]), weights)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"{path} is no learned head ({error!r}). Remove it and run `byname nlp learn` again."
        ) from error
