"""How the input of every matrix product becomes uint8: a fixed scale, a zero and a balance.

The scale is fixed, so that an answer does not depend on what else is in the batch. A few channels
of an input are ten times wider than the rest and would take the scale for themselves; the balance
divides every channel by a number that the weights are multiplied with (Xiao et al. 2022,
"SmoothQuant"). Everything is read off training texts and chosen by the error of the product itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn

from nlp.clean import clean
from nlp.train.encoder import Network, network_from
from nlp.train.quantise import DENSE, int8_columns
from nlp.train.read import in_batches

STEPS = 255
KEPT = 40  # rows of each input and batch that the search looks at
TRIED = 1_000  # rows on which the error is measured
WORTH = 0.0004  # of the product's variance: a balance that saves less is not worth its time
_WIDTH_POWERS = (0.0, 0.5, 0.75, 1.0)
_WEIGHT_POWERS = (0.0, 0.25, 0.5)
_PARTS = {"qkv": "attention.self.query", **DENSE}


@dataclass(frozen=True, slots=True)
class Input:
    """uint8 = round(x / balance / scale) + zero."""

    scale: float
    zero: int
    balance: np.ndarray  # one number a channel


def inputs_of_products(
    state: dict[str, Tensor], weights: dict[str, np.ndarray], texts: list[str]
) -> dict[str, Input]:
    """Scale, zero and balance of each product's input; `weights`: (outputs, inputs) by name."""
    network = network_from(state)
    seen: dict[str, list[np.ndarray]] = {}
    widest: dict[str, np.ndarray] = {}
    with _watched(network, seen, widest):
        in_batches([clean(text) for text in texts], network)
    return {
        name: _best_input(np.concatenate(parts), widest[name], weights[name])
        for name, parts in seen.items()
    }


def products(network: Network) -> dict[str, nn.Module]:
    """The layers that run in int8, by the names that the weights folder uses."""
    found: dict[str, nn.Module] = {"place": network.place}
    for number, layer in enumerate(network.encoder.encoder.layer):
        for ours, theirs in _PARTS.items():
            found[f"layer.{number}.{ours}"] = layer.get_submodule(theirs)
    return found


@contextmanager
def _watched(
    network: Network, seen: dict[str, list[np.ndarray]], widest: dict[str, np.ndarray]
) -> Iterator[None]:
    draw = np.random.default_rng(0)

    def watch(name: str) -> object:
        def look(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            rows = inputs[0].detach().float().flatten(0, -2)
            peak = rows.abs().amax(0).numpy()
            widest[name] = np.maximum(widest.get(name, peak), peak)
            some = torch.from_numpy(draw.choice(len(rows), min(KEPT, len(rows)), replace=False))
            seen.setdefault(name, []).append(rows[some].numpy())

        return look

    hooks = [m.register_forward_pre_hook(watch(name)) for name, m in products(network).items()]
    yield
    for hook in hooks:
        hook.remove()


def _best_input(rows: np.ndarray, widest: np.ndarray, weight: np.ndarray) -> Input:
    some = rows[np.random.default_rng(0).permutation(len(rows))[:TRIED]]
    exact = some @ weight.T
    trials = []
    for powers in product(_WIDTH_POWERS, _WEIGHT_POWERS):
        found = _input(rows, _balance(widest, weight, *powers))
        trials.append((_error(some, weight, exact, found), powers, found))
    plain, best = trials[0], min(trials, key=lambda trial: trial[:2])
    pays = plain[0] - best[0] > WORTH * float(exact.var())
    return (best if pays else plain)[2]


def _balance(widest: np.ndarray, weight: np.ndarray, up: float, down: float) -> np.ndarray:
    raw = np.maximum(widest, 1e-3) ** up / np.maximum(np.abs(weight).max(0), 1e-4) ** down
    balance: np.ndarray = (raw / raw.mean()).astype(np.float32)
    return balance


def _input(rows: np.ndarray, balance: np.ndarray) -> Input:
    values = (rows / balance).ravel()
    ends = np.array([values.min(), values.max()])
    values = np.append(np.random.default_rng(0).choice(values, 40_000), ends)
    return Input(*_best_range(values), balance)


def _error(rows: np.ndarray, weight: np.ndarray, exact: np.ndarray, trial: Input) -> float:
    whole = np.clip(np.round(rows / trial.balance / trial.scale) + trial.zero, 0, STEPS)
    columns, scale = int8_columns(weight * trial.balance)
    found = (whole - trial.zero) * trial.scale @ (columns * scale[:, None]).T
    return float(((found - exact) ** 2).mean())


def _best_range(values: np.ndarray) -> tuple[float, int]:
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 1e-6)
    trials = []
    for share in np.linspace(0.3, 1.0, 15):
        scale = (high - low) * share / STEPS
        zero = round(-low * share / scale)
        whole = np.clip(np.round(values / scale) + zero, 0, STEPS)
        error = float((((whole - zero) * scale - values) ** 2).mean())
        trials.append((error, scale, int(zero)))
    _, scale, zero = min(trials)
    return scale, zero
