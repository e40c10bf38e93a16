"""A weights folder, read and checked before anything runs.

It holds config.json (label groups, calibration, thresholds), tokenizer.json, model.onnx (the graph)
and model.safetensors (the numbers, int8). Whatever is wrong with it becomes one WeightsError that
says what to do.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nlp.model import INTENTS, WeightsError

FORMAT = 2  # 1: query, key and value in one matrix
SHIPPED = Path(__file__).parent / "weights"
Floats = npt.NDArray[np.float32]

_NEEDED: dict[str, tuple[str, ...]] = {
    "sentiment": ("negative", "neutral", "positive"),
    "intents": INTENTS,
    "primary": INTENTS,
    "offensive": ("offensive",),
    "crisis": ("crisis",),
    "needs_reply": ("needs_reply",),
}
_FILES = ("config.json", "tokenizer.json", "model.onnx", "model.safetensors")


@dataclass(frozen=True, slots=True)
class Group:
    """One label group: where its outputs lie, how they are calibrated, when a tag is given.

    probability = softmax or sigmoid of (output * scale + shift). `thresholds` per label decide a
    yes; in a "one of" group `preference` multiplies the probabilities before the best is taken
    (chosen for macro-recall), and under `unsure_below` the tag is "unsure".
    """

    name: str
    kind: Literal["one", "any"]
    labels: tuple[str, ...]
    columns: slice
    scale: Floats
    shift: Floats
    thresholds: Floats
    preference: Floats
    unsure_below: float


@dataclass(frozen=True, slots=True)
class Folder:
    path: Path
    version: str
    max_tokens: int
    groups: dict[str, Group]
    fixed_scales: bool = False  # texts of one length may share a run without touching each other


def read_folder(path: Path = SHIPPED) -> Folder:
    _check_files(path)
    config = _read_config(path)
    _check_format(path, config)
    groups = _read_groups(path, config)
    for name, labels in _NEEDED.items():
        if name not in groups or groups[name].labels != labels:
            raise WeightsError(
                f"{path} has other labels for {name} than byname needs ({', '.join(labels)}). "
                "Use the weights that came with this version of byname, or name any other model "
                "as [nlp] sentiment_model in byname.toml."
            )
    is_fixed = config.get("fixed_scales") is True
    return Folder(path, str(config["version"]), int(config["max_tokens"]), groups, is_fixed)


def _check_files(path: Path) -> None:
    missing = [name for name in _FILES if not (path / name).is_file()]
    if missing:
        raise WeightsError(
            f"The weights folder {path} lacks {', '.join(missing)}. "
            "Install byname again, or point [nlp] weights in byname.toml to a whole folder."
        )
    _check_length(path / "model.safetensors")


def _check_length(file: Path) -> None:
    """A safetensors file says itself how long it must be; a broken copy is shorter."""
    cut = WeightsError(f"{file} is cut or damaged. Install byname again, or copy the folder again.")
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 2 <= length <= file.stat().st_size - 8:
            raise cut
        try:
            header = json.loads(stream.read(length))
            ends = [t["data_offsets"][1] for k, t in header.items() if k != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise cut from error
    if file.stat().st_size != 8 + length + max(ends, default=0):
        raise cut


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads((path / "config.json").read_text("utf-8"))
    except ValueError as error:
        raise WeightsError(
            f"{path / 'config.json'} is no JSON ({error}). Install byname again."
        ) from error
    return config if isinstance(config, dict) else {}


def _check_format(path: Path, config: dict[str, Any]) -> None:
    found = config.get("byname_format")
    if found != FORMAT:
        raise WeightsError(
            f"{path} is of weights format {found}, this byname reads format {FORMAT}. "
            "Install the byname that made the weights, or remove [nlp] weights from byname.toml "
            "to use the shipped ones."
        )


def _read_groups(path: Path, config: dict[str, Any]) -> dict[str, Group]:
    try:
        groups: dict[str, Group] = {}
        start = 0
        for entry in config["groups"]:
            group = group_from(entry, start)
            groups[group.name] = group
            start = group.columns.stop
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{path / 'config.json'} does not describe its label groups ({error!r}). "
            "Install byname again."
        ) from error
    return groups


def group_from(entry: dict[str, Any], start: int) -> Group:
    labels = tuple(entry["labels"])
    numbers = {
        key: np.asarray(entry[key], dtype=np.float32)
        for key in ("scale", "shift", "thresholds", "preference")
    }
    if any(part.shape != (len(labels),) for part in numbers.values()):
        raise ValueError(f"group {entry['name']}: one number per label is needed")
    return Group(
        name=entry["name"],
        kind=entry["kind"],
        labels=labels,
        columns=slice(start, start + len(labels)),
        unsure_below=float(entry["unsure_below"]),
        **numbers,
    )
