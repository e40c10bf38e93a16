"""What a network makes of many texts: in batches of near length, answers in the order asked."""

from collections.abc import Callable

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from nlp.folder import Floats
from nlp.train.encoder import load_encoder, mean_pooled, original_folder

Run = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def in_batches(texts: list[str], run: Run) -> tuple[Floats, Floats]:
    """Both outputs of `run` for every text, in the order of the texts."""
    tokenizer = Tokenizer.from_file(str(original_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(128)
    ids = [encoded.ids for encoded in tokenizer.encode_batch(texts)]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    parts = []
    for start in range(0, len(order), 64):
        with torch.inference_mode():
            parts.append(run(*padded([ids[i] for i in order[start : start + 64]], "cpu")))
    back = np.argsort(order)
    first, second = (torch.cat([part[i] for part in parts]).numpy()[back] for i in (0, 1))
    return first, second


def original_places(texts: list[str]) -> Floats:
    """Where the untouched MiniLM puts the raw texts, as unit vectors."""
    encoder = load_encoder().eval()

    def run(ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        states = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        places = torch.nn.functional.normalize(mean_pooled(states, mask), dim=-1)
        return torch.zeros(len(ids), 0), places

    return in_batches(texts, run)[1]


def padded(rows: list[list[int]], device: str) -> tuple[Tensor, Tensor]:
    width = max(map(len, rows))
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros(len(rows), width, dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return ids.to(device), mask.to(device)
