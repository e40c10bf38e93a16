"""The search vector's map, solved exactly once the encoder stands still.

A ridge regression from the encoder's vectors, those of the lower layers among them, to where the
original MiniLM puts the same text, pulled towards the map that was trained along. The encoder and
the tags are not touched.
"""

from pathlib import Path

import numpy as np
import torch

from nlp.clean import clean
from nlp.folder import Floats
from nlp.train.encoder import network_from, widened
from nlp.train.read import in_batches, original_places
from nlp.train.sets import training_rows

TEXTS = {
    "semeval_sentiment/train": 18_000, "tweeteval/offensive/train": 6_000,
    "threads/ibm_cdp": 2_000, "complaints": 3_000, "goemotions": 4_000,
}  # fmt: skip
HELD_OUT = 1_000
RIDGES = (30.0, 300.0, 3_000.0, 30_000.0)
State = dict[str, torch.Tensor]


def refitted(state: State, data: Path) -> State:
    """The same state with a better map; the pull is chosen on held-out texts."""
    texts = sample(data)
    np.random.default_rng(0).shuffle(texts)
    wanted = original_places(texts).astype(np.float64)
    state = widened(state)
    found = features(state, texts).astype(np.float64)
    start = state["place.weight"].double().numpy().T
    size = np.linalg.norm(found @ start, axis=1, keepdims=True).mean()
    start = start / size  # so that its answers are about of unit length, as the wanted ones
    apart = slice(HELD_OUT), slice(HELD_OUT, None)
    trials = [(_solve(found[apart[1]], wanted[apart[1]], start, r), r) for r in RIDGES]
    best = max(trials, key=lambda trial: _cosine(found[apart[0]] @ trial[0], wanted[apart[0]]))
    print(f"map: cosine {_cosine(found[apart[0]] @ start, wanted[apart[0]]):.4f} before,", end=" ")
    print(f"{_cosine(found[apart[0]] @ best[0], wanted[apart[0]]):.4f} after, ridge {best[1]}")
    weight = torch.from_numpy(_solve(found, wanted, start, best[1]).T.copy()).float()
    return {**state, "place.weight": weight}


def sample(data: Path) -> list[str]:
    """Training texts of every register, for what is read off texts rather than learned."""
    return [row.text for n, count in TEXTS.items() for row in training_rows(data, n)[:count]]


def features(state: State, texts: list[str]) -> Floats:
    """What the map reads of each text."""
    network = network_from(state)

    def run(ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.zeros(len(ids), 0), network.features(ids, mask)

    return in_batches([clean(text) for text in texts], run)[1]


def _solve(found: np.ndarray, wanted: np.ndarray, start: np.ndarray, ridge: float) -> np.ndarray:
    left = wanted - found @ start
    square = found.T @ found + ridge * np.eye(found.shape[1])
    solved: np.ndarray = start + np.linalg.solve(square, found.T @ left)
    return solved


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(((a * b).sum(1) / lengths).mean())
