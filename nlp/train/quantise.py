"""A trained network as int8 tensors: rows of the embeddings and columns of the matrices scaled.

The tensors are written once, as model.safetensors; the ONNX graph beside it points into the same
file, so the folder holds each weight once and both run times read the same numbers.
"""

import json
from pathlib import Path

import numpy as np

from nlp.train.heads import GROUPS, columns

LAYERS = 6
MAX_TOKENS = 128
_DATA_STARTS_AT = 4096  # whole pages, so that the file can be mapped
_TYPES = {"int8": "I8", "float32": "F32"}
_QKV = ("query", "key", "value")
DENSE = {
    "attended": "attention.output.dense",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
}

Tensors = dict[str, np.ndarray]


def shipped_columns() -> np.ndarray:
    """The outputs that ship, in the order of the groups."""
    parts = [np.arange(columns(g).start, columns(g).stop) for g in GROUPS if g.ships]
    return np.concatenate(parts)


def of_products(state: Tensors, part: str) -> Tensors:
    """`weight` (outputs, inputs) or `bias` of what runs in int8, by the weights folder's names."""
    found = {}
    for number in range(LAYERS):
        source = f"encoder.encoder.layer.{number}."
        qkv = [state[f"{source}attention.self.{name}.{part}"] for name in _QKV]
        found[f"layer.{number}.qkv"] = np.concatenate(qkv)
        for ours, theirs in DENSE.items():
            found[f"layer.{number}.{ours}"] = state[f"{source}{theirs}.{part}"]
    place = state["place.weight"]
    return {"place": place if part == "weight" else np.zeros(len(place), np.float32), **found}


def quantised(state: Tensors, balances: Tensors) -> Tensors:
    """From the state of `Network` (float32 arrays) to what the weights folder holds.

    `balances`: per product, what its input's channels are divided by (nlp/train/ranges.py).
    """
    tensors = _embeddings(state)
    biases = of_products(state, "bias")
    for name, weight in of_products(state, "weight").items():
        tensors |= _matrix(name, weight, biases[name], balances[name])
        tensors[name + ".unbalance"] = (1 / balances[name]).astype(np.float32)
    for number in range(LAYERS):
        source, ours = f"encoder.encoder.layer.{number}.", f"layer.{number}."
        for norm, full in (("norm1", "attention.output.LayerNorm"), ("norm2", "output.LayerNorm")):
            for part in ("weight", "bias"):
                tensors[f"{ours}{norm}.{part}"] = state[f"{source}{full}.{part}"]
    ships = shipped_columns()
    tensors["tags.weight"] = np.ascontiguousarray(state["tags.weight"][ships].T)
    tensors["tags.bias"] = state["tags.bias"][ships]
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


def _embeddings(state: Tensors) -> Tensors:
    prefix = "encoder.embeddings."
    words = state[prefix + "word_embeddings.weight"]
    scale = np.abs(words).max(1, keepdims=True) / 127
    kinds = state[prefix + "token_type_embeddings.weight"]
    places = state[prefix + "position_embeddings.weight"][:MAX_TOKENS] + kinds[0]
    return {
        "embeddings.words.int8": np.round(words / scale).astype(np.int8),
        "embeddings.words.scale": scale.astype(np.float32),
        "embeddings.positions": places.astype(np.float32),
        "embeddings.norm.weight": state[prefix + "LayerNorm.weight"],
        "embeddings.norm.bias": state[prefix + "LayerNorm.bias"],
    }


def _matrix(name: str, weight: np.ndarray, bias: np.ndarray, balance: np.ndarray) -> Tensors:
    whole, scale = int8_columns(weight * balance)
    parts = parts_of(name)
    tensors = {}
    for part, rows in zip(parts, np.split(np.arange(len(whole)), len(parts)), strict=True):
        tensors[part + ".int8"] = whole[rows].T.astype(np.int8)
        tensors[part + ".scale"] = scale[rows].astype(np.float32)
        tensors[part + ".bias"] = bias[rows].astype(np.float32)
    return tensors


def parts_of(product: str) -> list[str]:
    """The matrices of a product: query, key and value read the same input."""
    stem, _, last = product.rpartition(".")
    return [f"{stem}.{part}" for part in _QKV] if last == "qkv" else [product]


def int8_columns(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(outputs, inputs) as whole numbers, and one scale per output."""
    scale = _best_scale(weight)
    return np.clip(np.round(weight / scale[:, None]), -127, 127), scale


def _best_scale(weight: np.ndarray) -> np.ndarray:
    """Per output: the scale with the least squared error, looking a little below the maximum."""
    largest = np.abs(weight).max(1) / 127
    best: np.ndarray = largest
    least = np.full(len(weight), np.inf)
    for shrink in np.linspace(0.7, 1.0, 13):
        scale = largest * shrink
        whole = np.clip(np.round(weight / scale[:, None]), -127, 127)
        error = ((whole * scale[:, None] - weight) ** 2).sum(1)
        best = np.where(error < least, scale, best)
        least = np.minimum(error, least)
    return best


def write_safetensors(tensors: Tensors, path: Path) -> dict[str, tuple[int, int]]:
    """Write the file; returns where each tensor lies: (offset in the file, bytes)."""
    header: dict[str, object] = {"__metadata__": {"format": "byname-int8"}}
    offset, places = 0, {}
    for name, tensor in tensors.items():
        end = offset + tensor.nbytes
        kind = _TYPES[tensor.dtype.name]
        header[name] = {"dtype": kind, "shape": tensor.shape, "data_offsets": [offset, end]}
        places[name] = (_DATA_STARTS_AT * 4 + offset, tensor.nbytes)
        offset = end
    start = _DATA_STARTS_AT * 4
    text = json.dumps(header).encode().ljust(start - 8)
    assert len(text) == start - 8, "the header outgrew its pages"
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            file.write(tensor.tobytes())
    return places
