"""The shipped weights in transformers (torch extra): the same numbers, in floating point.

After `import nlp.hub`, AutoConfig and AutoModelForSequenceClassification read the weights folder;
the int8 matrices are unpacked while loading. For research and for the parity test; the service
never imports this.
"""

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    BertConfig,
    BertModel,
    PreTrainedModel,
)
from transformers.modeling_outputs import SequenceClassifierOutput

from nlp.folder import SHIPPED, read_folder

_TYPES = {"I8": np.int8, "F32": np.float32}
_MATRICES = (
    ("query", "attention.self.query", "qkv"),
    ("key", "attention.self.key", "qkv"),
    ("value", "attention.self.value", "qkv"),
    ("attended", "attention.output.dense", "attended"),
    ("wide", "intermediate.dense", "wide"),
    ("narrow", "output.dense", "narrow"),
)  # our name, theirs, and the input that it reads
_NORMS = (("norm1", "attention.output.LayerNorm"), ("norm2", "output.LayerNorm"))


class BynameConfig(BertConfig):  # type: ignore[misc] # transformers is untyped here
    model_type = "byname"

    def __init__(self, groups: list[dict[str, Any]] | None = None, **values: Any) -> None:
        self.groups = groups or []
        super().__init__(**values)
        self.id2label = dict(enumerate(label_names(self.groups)))
        self.label2id = {name: i for i, name in self.id2label.items()}


def label_names(groups: list[dict[str, Any]]) -> list[str]:
    """Outputs in order: sentiment/negative, sentiment/neutral and so on."""
    return [f"{group['name']}/{label}" for group in groups for label in group["labels"]]


class BynameModel(PreTrainedModel):  # type: ignore[misc]
    """`logits` before calibration; `hidden_states` holds the search vectors, of unit length."""

    config_class = BynameConfig
    base_model_prefix = "encoder"

    def __init__(self, config: BynameConfig) -> None:
        super().__init__(config)
        self.encoder = BertModel(config, add_pooling_layer=False)
        self.tags = nn.Linear(2 * config.hidden_size, len(config.id2label))
        inputs = (config.num_hidden_layers + 1) * config.hidden_size
        self.place = nn.Linear(inputs, config.hidden_size, bias=False)
        self.post_init()

    @classmethod
    def from_pretrained(cls, folder: Any = None, *_: Any, **values: Any) -> "BynameModel":
        """Read a weights folder; the one that ships, if none is named."""
        path = Path(folder or SHIPPED)
        read_folder(path)
        config = values.get("config") or BynameConfig.from_pretrained(str(path))
        model = cls(config)
        model.load_state_dict(unpacked(path / "model.safetensors"), strict=True)
        return cast("BynameModel", model.eval())

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any
    ) -> SequenceClassifierOutput:
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        out = self.encoder(input_ids=input_ids, attention_mask=mask, output_hidden_states=True)
        *lower, top = [_mean(states, mask) for states in out.hidden_states[1:]]
        both = torch.cat([top, out.last_hidden_state[:, 0]], dim=-1)
        place = nn.functional.normalize(self.place(torch.cat([both, *lower], dim=-1)), dim=-1)
        return SequenceClassifierOutput(logits=self.tags(both), hidden_states=(place,))


def _mean(states: Tensor, mask: Tensor) -> Tensor:
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


def stored(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a safetensors file as they lie there."""
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")

    header = json.loads(raw[8:start])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (start + offset for offset in entry["data_offsets"])
        flat = np.frombuffer(raw[begin:end], dtype=_TYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


def unpacked(path: Path) -> dict[str, Tensor]:
    """The state of `BynameModel`: int8 rows and columns times their scales."""
    kept = stored(path)
    embeddings = "encoder.embeddings."
    words = kept["embeddings.words.int8"].astype(np.float32) * kept["embeddings.words.scale"]
    state: dict[str, np.ndarray] = {
        embeddings + "word_embeddings.weight": words,
        embeddings + "position_embeddings.weight": kept["embeddings.positions"],
        embeddings + "token_type_embeddings.weight": np.zeros((1, words.shape[1]), np.float32),
        embeddings + "LayerNorm.weight": kept["embeddings.norm.weight"],
        embeddings + "LayerNorm.bias": kept["embeddings.norm.bias"],
        "tags.weight": kept["tags.weight"].T,
        "tags.bias": kept["tags.bias"],
        "place.weight": _matrix(kept, "place", "place"),
    }
    number = 0
    while f"layer.{number}.query.int8" in kept:
        state |= _layer(kept, number)
        number += 1
    return {name: torch.tensor(part) for name, part in state.items()}


def _layer(kept: dict[str, np.ndarray], number: int) -> dict[str, np.ndarray]:
    ours, theirs = f"layer.{number}.", f"encoder.encoder.layer.{number}."
    state = {}
    for name, full, read in _MATRICES:
        state[f"{theirs}{full}.weight"] = _matrix(kept, ours + name, ours + read)
        state[f"{theirs}{full}.bias"] = kept[f"{ours}{name}.bias"]
    for name, full in _NORMS:
        for part in ("weight", "bias"):
            state[f"{theirs}{full}.{part}"] = kept[f"{ours}{name}.{part}"]
    return state


def _matrix(kept: dict[str, np.ndarray], name: str, read: str) -> np.ndarray:
    """(outputs, inputs), with the factors that the run time multiplies the input `read` with."""
    weight = kept[name + ".int8"].astype(np.float32) * kept[name + ".scale"]
    plain: np.ndarray = (weight * kept[read + ".unbalance"][:, None]).T
    return plain


AutoConfig.register("byname", BynameConfig)
AutoModel.register(BynameConfig, BynameModel)
AutoModelForSequenceClassification.register(BynameConfig, BynameModel)
