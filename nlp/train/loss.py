"""One masked loss over all label groups, with weights that keep rare labels from drowning."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax

from nlp.train.heads import GROUPS, Group, columns

MAX_WEIGHT = 4.0
# Balanced weights for sentiment, whose measure is macro-recall; their square root elsewhere.
POWERS = {"sentiment": 1.0}


def class_weights(targets: np.ndarray) -> Tensor:
    """Per column: how much a positive counts, from the rows of this stage."""
    weights = np.ones(targets.shape[1], dtype=np.float32)
    for group in GROUPS:
        part = targets[:, columns(group)]
        known = np.maximum((~np.isnan(part)).sum(0), 1)
        share = np.clip(np.nan_to_num(part).sum(0) / known, 1e-4, 1.0)
        power = POWERS.get(group.name, 0.5)
        if group.kind == "one":
            raw = (1 / (share * len(share))) ** power
        else:
            raw = np.maximum((1 - share) / share, 1.0) ** power
        weights[columns(group)] = np.minimum(raw, MAX_WEIGHT)
    return torch.from_numpy(weights)


def masked_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    total = logits.new_zeros(())
    for group in GROUPS:
        part = columns(group)
        total = total + group.weight * _group_loss(
            group, logits[:, part], targets[:, part], weights[part]
        )
    return total / len(logits)


def taught_loss(logits: Tensor, said: Tensor) -> Tensor:
    """How far the network is from what its teachers say; NaN where they are silent."""
    even = torch.ones(said.shape[1], device=said.device)
    return masked_loss(logits, said, even)


def _group_loss(group: Group, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    known = ~torch.isnan(targets)
    wanted = torch.nan_to_num(targets)
    if group.kind == "one":
        rows = known.all(1)
        return -(wanted * weights * log_softmax(logits, -1))[rows].sum()
    loss = binary_cross_entropy_with_logits(logits, wanted, pos_weight=weights, reduction="none")
    return (loss * known).sum() / logits.shape[1]
