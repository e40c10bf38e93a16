"""From a trained network to a weights folder: quantise, write the graph, calibrate on validation.

Calibration reads the outputs of the int8 graph itself, one text a run, as they will be in use.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from nlp.folder import FORMAT, SHIPPED
from nlp.tagger import Tagger, load_tagger
from nlp.train.calibrate import calibrated, preference, thresholds
from nlp.train.encoder import HIDDEN, original_folder, widened
from nlp.train.graph import write_graph
from nlp.train.heads import GROUPS, WIDTH, Group, columns, target
from nlp.train.quantise import MAX_TOKENS, of_products, quantised, write_safetensors
from nlp.train.ranges import inputs_of_products
from nlp.train.sets import Row

MEASURES = {"sentiment": "recall", "emotion": "f1"}
# What a validation row counts. Our own texts are written for rare labels: crisis stands in them ten
# times as often as in the field. And the field is messages to brands: elsewhere few texts ask.
TO_BRANDS = ("threads/ibm_cdp", "complaints", "banking77")
OF_THE_FIELD = ("intents", "primary", "needs_reply")
FAR = 0.1
UNSURE_BELOW = {"sentiment": 0.45, "emotion": 0.4}
_ENCODER = {
    "hidden_size": HIDDEN, "num_hidden_layers": 6, "num_attention_heads": 12,
    "intermediate_size": 1536, "hidden_act": "gelu", "vocab_size": 30522,
    "max_position_embeddings": MAX_TOKENS, "type_vocab_size": 1, "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}  # fmt: skip


def export(state: dict[str, torch.Tensor], texts: list[str], out: Path, version: str) -> None:
    """A folder that loads, not calibrated yet; `texts` (of training) set the inputs' scales."""
    out.mkdir(parents=True, exist_ok=True)
    wide = widened(state)
    plain = {name: value.float().numpy() for name, value in wide.items()}
    inputs = inputs_of_products(wide, of_products(plain, "weight"), texts)
    tensors = quantised(plain, {name: found.balance for name, found in inputs.items()})
    places = write_safetensors(tensors, out / "model.safetensors")
    write_graph(tensors, inputs, places, out / "model.onnx")
    _write_tokenizer(out)
    groups = [blank_entry(group) for group in GROUPS if group.ships]
    write_config(out, version, groups)


def _write_tokenizer(out: Path) -> None:
    tokenizer = Tokenizer.from_file(str(original_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    config = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 128}
    (out / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")


def blank_entry(group: Group) -> dict[str, object]:
    count = len(group.labels)
    return {
        "name": group.name,
        "kind": group.kind,
        "labels": list(group.labels),
        "scale": [1.0] * count,
        "shift": [0.0] * count,
        "thresholds": [0.5] * count,
        "preference": [1.0] * count,
        "unsure_below": UNSURE_BELOW.get(group.name, 0.0),
    }


def write_config(out: Path, version: str, groups: list[dict[str, object]]) -> None:
    config = {
        "model_type": "byname",
        "architectures": ["BynameModel"],
        "byname_format": FORMAT,
        "version": version,
        "max_tokens": MAX_TOKENS,
        "fixed_scales": True,
        **_ENCODER,
        "groups": groups,
    }
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n", "utf-8")


def read_outputs(tagger: Tagger, texts: list[str]) -> np.ndarray:
    """Raw shipped outputs, one text a run; zeros for a text without anything to read."""
    width = sum(len(g.labels) for g in tagger.folder.groups.values())
    rows = []
    for text in texts:
        read = tagger.forward(text)
        rows.append(np.zeros(width, dtype=np.float32) if read is None else read.logits)
    return np.stack(rows)


def calibrate(out: Path, rows: list[Row]) -> None:
    """Fill in scale, shift, thresholds and preference from validation rows."""
    tagger = load_tagger(out)
    logits = read_outputs(tagger, [row.text for row in rows])
    targets = np.stack([target(row.labels) for row in rows])
    assert targets.shape[1] == WIDTH
    config = json.loads((out / "config.json").read_text("utf-8"))
    for entry, group in zip(config["groups"], (g for g in GROUPS if g.ships), strict=True):
        part = tagger.folder.groups[group.name].columns
        fit_entry(entry, group, logits[:, part], targets[:, columns(group)], counts(rows, group))
    write_config(out, config["version"], config["groups"])


def counts(rows: list[Row], group: Group) -> np.ndarray:
    """How much each row weighs in what is chosen for this group."""
    far = [
        row.source not in TO_BRANDS if group.name in OF_THE_FIELD else row.source == "own"
        for row in rows
    ]
    return np.where(far, FAR, 1.0)


def fit_entry(
    entry: dict[str, object],
    group: Group,
    logits: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
) -> None:
    entry |= calibrated(group, logits, targets, weights)
    raised = logits * np.array(entry["scale"]) + np.array(entry["shift"])
    if group.kind == "any":
        found = 1 / (1 + np.exp(-raised))
        entry["thresholds"] = thresholds(group, found, targets, weights)
    elif group.name in MEASURES:
        known = ~np.isnan(targets).any(1)
        found = np.exp(raised[known] - raised[known].max(1, keepdims=True))
        found /= found.sum(1, keepdims=True)
        entry["preference"] = preference(
            found, targets[known], weights[known], MEASURES[group.name]
        )


def copy_notices(out: Path) -> None:
    """Licence texts that travel with the weights."""
    for name in ("NOTICE", "LICENSE"):
        source = SHIPPED / name
        if source.exists() and source.parent != out:
            shutil.copy(source, out / name)
