"""One stage of training: it saves itself every few hundred steps and goes on from there.

Runs on a GPU where there is one and on two CPU cores (bf16) where not. Batches depend on the seed
and the step only, so an interrupted stage ends with the same rows seen in the same order.
"""

import math
import time
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from nlp.clean import clean
from nlp.train.encoder import Network, load_encoder, original_folder
from nlp.train.heads import target
from nlp.train.lessons import Lessons
from nlp.train.loss import class_weights, masked_loss, taught_loss
from nlp.train.mix import Stage, batches
from nlp.train.read import padded
from nlp.train.sets import Row

MAX_TOKENS = 96
BATCH = 64
HEAD_RATE = 1e-3
WARM_UP = 200
PLACE_WEIGHT = 10.0  # of staying where the original encoder puts a text
AVERAGE = 0.998  # weight average over about the last 500 steps
SAVE_EVERY = 300


@dataclass(slots=True)
class Progress:
    network: Network
    average: Network
    optimizer: torch.optim.Optimizer
    step: int = 0


def tokenizer() -> Tokenizer:
    """The original tokenizer without its own padding and truncation (fixed at 128)."""
    result = Tokenizer.from_file(str(original_folder() / "tokenizer.json"))
    result.no_padding()
    result.enable_truncation(MAX_TOKENS)
    return result


def run_stage(
    stage: Stage, rows: list[Row], lessons: Lessons, start: Path | None, out: Path, seed: int = 1
) -> Path:
    """Train `rows` once, each with its lesson; returns the file with the averaged weights."""
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    ids = [e.ids for e in tokenizer().encode_batch([clean(r.text) for r in rows])]
    targets = np.stack([target(r.labels) for r in rows])
    weights = class_weights(targets).to(device)
    plan = batches(map(len, ids), BATCH, seed)
    progress = _begin(stage, start, device)
    _resume(progress, out, device)
    began, first = time.time(), progress.step
    while progress.step < len(plan):
        batch = plan[progress.step]
        _set_rate(progress.optimizer, stage, progress.step, len(plan))
        logits, places = _forward(progress.network, [ids[i] for i in batch], device)
        wanted = torch.from_numpy(targets[batch]).to(device)
        loss = masked_loss(logits, wanted, weights)
        loss = loss + PLACE_WEIGHT * _drift(places, lessons.places[batch])
        if lessons.said is not None:
            said = torch.from_numpy(lessons.said[batch]).to(device, torch.float32)
            loss = loss + taught_loss(logits, said)
        _step(progress, loss)
        _report(stage, progress.step, len(plan), (progress.step - first) / (time.time() - began))
        if progress.step % SAVE_EVERY == 0:
            _save(progress, out)
    _save(progress, out)
    torch.save(progress.average.state_dict(), averaged(out))
    return averaged(out)


def _report(stage: Stage, step: int, steps: int, speed: float) -> None:
    if step % 50 == 0:
        print(f"{stage.name} {step}/{steps} {BATCH * speed:.0f}/s", flush=True)


def averaged(out: Path) -> Path:
    """Where the mean of a stage's last steps lies: there when the stage is done."""
    return out.with_suffix(".average.pt")


def _begin(stage: Stage, start: Path | None, device: str) -> Progress:
    network = Network(load_encoder(), wide=stage.taught)
    if start:  # the last weights of that stage, not their mean
        network.load_state_dict(torch.load(start, weights_only=True)["network"])
    network.to(device).train()
    still = network.encoder.encoder.layer[: stage.frozen_layers]
    for parameter in [*network.encoder.embeddings.parameters(), *still.parameters()]:
        parameter.requires_grad = False
    encoder = [p for p in network.encoder.parameters() if p.requires_grad]
    heads = [*network.tags.parameters(), *network.place.parameters()]
    optimizer = torch.optim.AdamW(
        [
            {"params": encoder, "peak": stage.peak},
            {"params": heads, "peak": HEAD_RATE if start is None else HEAD_RATE / 2},
        ],
        fused=True,
        weight_decay=0.01,
    )
    return Progress(network, deepcopy(network), optimizer)


def _set_rate(optimizer: torch.optim.Optimizer, stage: Stage, step: int, steps: int) -> None:
    warm = min(1.0, (step + 1) / WARM_UP)
    cool = 0.5 * (1 + math.cos(math.pi * step / steps)) if stage.decays else 1.0
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * warm * cool


def _forward(network: Network, ids: list[list[int]], device: str) -> tuple[Tensor, Tensor]:
    with torch.autocast(device, torch.bfloat16):
        logits, places = network(*padded(ids, device))
    return logits.float(), places.float()


def _drift(places: Tensor, wanted: np.ndarray) -> Tensor:
    original = torch.from_numpy(wanted).to(places.device, torch.float32)
    return 1 - torch.nn.functional.cosine_similarity(places, original).mean()


def _step(progress: Progress, loss: Tensor) -> None:
    progress.optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(progress.network.parameters(), 1.0)
    progress.optimizer.step()
    _average(progress)
    progress.step += 1


def _average(progress: Progress) -> None:
    keep = min(AVERAGE, (progress.step + 1) / (progress.step + 10))
    mean = [p for p in progress.average.parameters() if p.requires_grad]
    now = [p for p in progress.network.parameters() if p.requires_grad]
    with torch.no_grad():
        torch._foreach_lerp_(mean, now, 1 - keep)


def _save(progress: Progress, out: Path) -> None:
    part = out.with_suffix(".part")
    torch.save(
        {
            "network": progress.network.state_dict(),
            "average": progress.average.state_dict(),
            "optimizer": progress.optimizer.state_dict(),
            "step": progress.step,
        },
        part,
    )
    part.replace(out)


def _resume(progress: Progress, out: Path, device: str) -> None:
    if not out.exists():
        return
    saved = torch.load(out, map_location=device, weights_only=True)
    progress.network.load_state_dict(saved["network"])
    progress.average.load_state_dict(saved["average"])
    progress.optimizer.load_state_dict(saved["optimizer"])
    progress.step = saved["step"]
