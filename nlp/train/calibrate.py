"""Outputs to honest probabilities, and thresholds, on validation rows only.

"One of" groups get a temperature and a shift per class, each "any of" label its own slope and
shift (Platt). Thresholds and the preference of classes are chosen afterwards on the same rows.
Rows may count less than one: our own texts hold rare labels far more often than the field does.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from nlp.train.heads import Group

Array = np.ndarray
_PULL = 0.02  # keeps slope near 1 and shift near 0 where a label has few rows


@dataclass(frozen=True, slots=True)
class Aim:
    """What a threshold is chosen for: best F1, or recall at no less than a precision."""

    precision: float | None = None
    least: int = 8  # positives under which the threshold stays at a half


AIMS = {"crisis": Aim(precision=0.6), "needs_reply": Aim(precision=0.92)}


def calibrated(
    group: Group, logits: Array, targets: Array, counts: Array
) -> dict[str, list[float]]:
    """Scale and shift per label, from the rows where the group is known."""
    if group.kind == "one":
        rows = ~np.isnan(targets).any(1)
        return _softmax_fit(logits[rows], targets[rows], counts[rows])
    fits = []
    for column in range(len(group.labels)):
        rows = ~np.isnan(targets[:, column])
        fits.append(_sigmoid_fit(logits[rows, column], targets[rows, column], counts[rows]))
    return {"scale": [f[0] for f in fits], "shift": [f[1] for f in fits]}


def _softmax_fit(logits: Array, targets: Array, counts: Array) -> dict[str, list[float]]:
    x, y, share = _tensors(logits, targets, counts / counts.sum())

    def loss(fit: torch.Tensor) -> torch.Tensor:
        raised = x * fit[0].exp() + fit[1:]
        return -((y * raised.log_softmax(1)).sum(1) * share).sum()

    scale, *shift = _least(loss, logits.shape[1] + 1, counts.sum())
    return {"scale": [math.exp(scale)] * logits.shape[1], "shift": shift}


def _tensors(*arrays: Array) -> list[torch.Tensor]:
    return [torch.tensor(array, dtype=torch.float64) for array in arrays]


def _sigmoid_fit(logits: Array, targets: Array, counts: Array) -> tuple[float, float]:
    if len(logits) == 0:
        return 1.0, 0.0
    x, y, share = _tensors(logits, targets, counts / counts.sum())

    def loss(fit: torch.Tensor) -> torch.Tensor:
        raised = x * fit[0].exp() + fit[1]
        return binary_cross_entropy_with_logits(raised, y, share, reduction="sum")

    scale, shift = _least(loss, 2, counts.sum())
    return math.exp(scale), shift


def _least(loss: Callable[[torch.Tensor], torch.Tensor], count: int, rows: float) -> list[float]:
    fit = torch.zeros(count, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([fit], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        total = loss(fit) + _PULL / rows * (fit**2).sum()
        total.backward()
        return total

    optimizer.step(closure)
    return [float(number) for number in fit.detach()]


def thresholds(group: Group, found: Array, targets: Array, counts: Array) -> list[float]:
    """Per label of an "any of" group; a half elsewhere."""
    if group.kind == "one":
        return [0.5] * len(group.labels)
    aim = AIMS.get(group.name, Aim())
    return [
        _threshold(found[known, i], targets[known, i] > 0.5, counts[known], aim)
        for i in range(len(group.labels))
        for known in [~np.isnan(targets[:, i])]
    ]


def _threshold(found: Array, truth: Array, counts: Array, aim: Aim) -> float:
    if truth.sum() < aim.least:
        return 0.5
    grid = np.linspace(0.05, 0.95, 91)
    scores = [_score(found >= t, truth, counts, aim) for t in grid]
    best = max(scores)
    good = [t for t, s in zip(grid, scores, strict=True) if s >= best - 0.005]
    return float(np.median(good))  # the middle of the plateau holds better on new texts


def _score(said: Array, truth: Array, counts: Array, aim: Aim) -> float:
    right, given, wanted = (float(counts[rows].sum()) for rows in (said & truth, said, truth))
    precision = right / max(given, 1e-9)
    if aim.precision is None:
        return 2 * right / max(given + wanted, 1e-9)
    return right / max(wanted, 1e-9) if precision >= aim.precision else precision - 1


def preference(found: Array, targets: Array, counts: Array, measure: str) -> list[float]:
    """Factors per class under which the best class gives the highest macro measure."""
    truth = targets.argmax(1)
    best = np.ones(found.shape[1])
    steps = np.exp(np.linspace(-0.6, 0.6, 25))
    for _ in range(3):
        for label in range(1, len(best)):
            scores = []
            for step in steps:
                trial = best.copy()
                trial[label] = step
                said = (found * trial).argmax(1)
                scores.append(macro(truth, said, counts, len(best), measure))
            smooth = np.convolve(np.pad(scores, 2, mode="edge"), np.ones(5) / 5, mode="valid")
            best[label] = steps[int(smooth.argmax())]
    return best.tolist()


def macro(truth: Array, said: Array, counts: Array, labels: int, measure: str) -> float:
    """Macro-averaged recall or F1 of one answer a row."""
    parts = []
    for label in range(labels):
        rows = truth == label, said == label
        right, wanted, given = (
            float(counts[some].sum()) for some in (rows[0] & rows[1], rows[0], rows[1])
        )
        recall = right / max(wanted, 1e-9)
        parts.append(recall if measure == "recall" else 2 * right / max(wanted + given, 1e-9))
    return float(np.mean(parts))
