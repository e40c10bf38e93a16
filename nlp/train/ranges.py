"""The fixed scale and zero of every matrix product's input, read off training texts.

With them an answer does not depend on what else is in the batch, so that texts of one length may
share a run. Per input: the range, looking below the widest seen, with the least squared error.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from torch import Tensor, nn

from nlp.clean import clean
from nlp.train.check import in_batches
from nlp.train.encoder import Network, network_from

STEPS = 255
KEPT = 2_000  # numbers of each input and batch that the search looks at
_PARTS = {
    "qkv": "attention.self.query",
    "attended": "attention.output.dense",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
}

Ranges = dict[str, tuple[float, int]]  # name of a product -> scale, zero point


def input_ranges(state: dict[str, Tensor], texts: list[str]) -> Ranges:
    """Scale and zero point of each product's input, for uint8."""
    network = network_from(state)
    seen: dict[str, list[np.ndarray]] = {}
    with _watched(network, seen):
        in_batches([clean(text) for text in texts], network)
    return {name: _best_range(np.concatenate(parts)) for name, parts in seen.items()}


def products(network: Network) -> dict[str, nn.Module]:
    """The layers that run in int8, by the names that the weights folder uses."""
    found: dict[str, nn.Module] = {"place": network.place}
    for number, layer in enumerate(network.encoder.encoder.layer):
        for ours, theirs in _PARTS.items():
            found[f"layer.{number}.{ours}"] = layer.get_submodule(theirs)
    return found


@contextmanager
def _watched(network: Network, seen: dict[str, list[np.ndarray]]) -> Iterator[None]:
    draw = np.random.default_rng(0)

    def watch(name: str) -> object:
        def look(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            values = inputs[0].detach().float().numpy().ravel()
            ends = np.array([values.min(), values.max()])
            seen.setdefault(name, []).append(np.append(draw.choice(values, KEPT), ends))

        return look

    hooks = [m.register_forward_pre_hook(watch(name)) for name, m in products(network).items()]
    yield
    for hook in hooks:
        hook.remove()


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
