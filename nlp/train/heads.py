"""The label groups: which outputs the one linear layer has, and how a row fills them.

A group is "one of" (softmax) or "any of" (a sigmoid each). A data set labels some groups only;
the others are masked for its rows. Groups that do not ship help the encoder to learn.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nlp.model import INTENTS

EMOTIONS = ("anger", "joy", "optimism", "sadness")
GO_EMOTIONS = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion",
    "curiosity", "desire", "disappointment", "disapproval", "disgust", "embarrassment",
    "excitement", "fear", "gratitude", "grief", "joy", "love", "nervousness", "neutral",
    "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    kind: Literal["one", "any"]
    labels: tuple[str, ...]
    ships: bool = True
    weight: float = 1.0  # of its loss


GROUPS = (
    Group("sentiment", "one", ("negative", "neutral", "positive")),
    Group("emotion", "one", EMOTIONS),
    Group("rude", "any", ("rude",)),  # OffensEval: also counts untargeted profanity
    Group("intents", "any", INTENTS, weight=3.0),
    Group("primary", "one", INTENTS),
    Group("offensive", "any", ("offensive",)),
    Group("crisis", "any", ("crisis",), weight=2.0),
    Group("needs_reply", "any", ("needs_reply",)),
    Group("irony", "any", ("irony",), ships=False, weight=0.5),
    Group("hate", "any", ("hate",), ships=False, weight=0.5),
    Group("go_emotions", "any", GO_EMOTIONS, ships=False, weight=6.0),
)
WIDTH = sum(len(g.labels) for g in GROUPS)
_OFFSETS = dict(
    zip((g.name for g in GROUPS), np.cumsum([0, *(len(g.labels) for g in GROUPS)]), strict=False)
)

Labels = dict[str, str | bool | dict[str, bool]]


def columns(group: Group) -> slice:
    start = int(_OFFSETS[group.name])
    return slice(start, start + len(group.labels))


def group_named(name: str) -> Group:
    return next(g for g in GROUPS if g.name == name)


def target(labels: Labels) -> np.ndarray:
    """A row of 0 and 1, NaN where this row's data set says nothing."""
    row = np.full(WIDTH, np.nan, dtype=np.float32)
    for name, value in labels.items():
        group = group_named(name)
        part = row[columns(group)]  # a view: writing it fills the row
        if isinstance(value, dict):
            for label, holds in value.items():
                part[group.labels.index(label)] = float(holds)
        elif isinstance(value, bool):
            part[0] = float(value)
        else:
            part[:] = 0.0
            part[group.labels.index(value)] = 1.0
    return row
