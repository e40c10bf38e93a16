"""What every text of the recipe is taught besides its labels.

Its place: where the original MiniLM puts the raw text; the search vector is to stay there. And what
the teachers say: the mean probabilities of networks trained before, for every label of every text,
also where its data set says nothing; where a person read the text, they are silent. Both are
computed once and lie in the work folder.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from nlp.clean import clean
from nlp.train.encoder import network_from
from nlp.train.heads import GROUPS, WIDTH, columns, target
from nlp.train.read import in_batches, original_places
from nlp.train.sets import Row

# The general networks know tweets at large better, the final ones messages to brands.
TWEETS = ("sentiment", "emotion", "rude", "irony", "hate", "go_emotions")
GENERAL_SAYS = {True: 0.7, False: 0.15}  # of a group of tweets, of brands


@dataclass(frozen=True, slots=True)
class Lessons:
    """One row a text: `places` (384) and, where there are teachers, `said` (probabilities)."""

    places: np.ndarray
    said: np.ndarray | None = None


def places_of(texts: Sequence[str], work: Path) -> np.ndarray:
    """Unit vectors of the original encoder, float16."""
    return _remembered(work / "places.npz", texts, original_places)


def said_of(
    texts: Sequence[str], generals: Sequence[Path], finals: Sequence[Path], work: Path
) -> np.ndarray:
    """Mean probabilities of the teachers, float16; per label group in its own mixture."""
    files = [*generals, *finals]
    total = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for file, share in zip(files, _shares(len(generals), len(finals)), strict=True):
        path = work / f"said-{file.stem.removesuffix('.average')}.npz"
        total += share * _remembered(path, texts, partial(_probabilities, file))
    return total.astype(np.float16)


def silent_on_hand_labels(said: np.ndarray, rows: Sequence[Row]) -> np.ndarray:
    """NaN where a row was labelled by reading: there the teachers know no better."""
    silent = said.copy()
    for number, row in enumerate(rows):
        if "needs_reply" in row.labels:
            silent[number, ~np.isnan(target(row.labels))] = np.nan
    return silent


def _remembered(
    path: Path, texts: Sequence[str], compute: Callable[[list[str]], np.ndarray]
) -> np.ndarray:
    """One row a text; only texts that the file does not hold are computed."""
    keys = [_key(text) for text in texts]
    held: dict[int, int] = {}
    rows: list[np.ndarray] = []
    if path.exists():
        with np.load(path) as saved:
            held = {int(key): row for row, key in enumerate(saved["keys"])}
            rows = [saved["rows"]]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in held}
    if missing:
        print(f"{path.stem}: {len(missing)} texts", flush=True)
        rows.append(compute(list(missing.values())).astype(np.float16))
        held |= {key: len(held) + number for number, key in enumerate(missing)}
        np.savez(path, keys=np.array(list(held), dtype=np.uint64), rows=np.concatenate(rows))
    whole = np.concatenate(rows)
    return np.asarray(whole[[held[key] for key in keys]])


def _key(text: str) -> int:
    return int.from_bytes(hashlib.sha1(text.encode(), usedforsecurity=False).digest()[:8])


def _shares(generals: int, finals: int) -> list[np.ndarray]:
    """Per teacher: its part of every output; the parts of all are one."""
    general = np.zeros(WIDTH, dtype=np.float32)
    for group in GROUPS:
        general[columns(group)] = GENERAL_SAYS[group.name in TWEETS]
    return [general / generals] * generals + [(1 - general) / finals] * finals


def _probabilities(file: Path, texts: list[str]) -> np.ndarray:
    network = network_from(torch.load(file, weights_only=True))

    def run(ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.autocast("cpu", torch.bfloat16):
            logits, _ = network(ids, mask)
        return torch.zeros(len(ids), 0), probabilities(logits.float())

    return in_batches([clean(text) for text in texts], run)[1]


def probabilities(logits: torch.Tensor) -> torch.Tensor:
    """Every group's outputs as probabilities."""
    parts = []
    for group in GROUPS:
        part = logits[:, columns(group)]
        parts.append(part.softmax(-1) if group.kind == "one" else part.sigmoid())
    return torch.cat(parts, dim=1)
