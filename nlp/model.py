"""Nouns of understanding: what the model says about one text.

A field that is None means the model did not judge it (a foreign or empty text), never "no".
"""

from dataclasses import dataclass
from typing import Literal

Sentiment = Literal["negative", "neutral", "positive", "unsure"]
Intent = Literal[
    "question", "complaint", "praise", "purchase", "suggestion", "churn", "spam", "chatter"
]
INTENTS: tuple[Intent, ...] = (
    "question", "complaint", "praise", "purchase", "suggestion", "churn", "spam", "chatter",
)  # fmt: skip


class NlpError(Exception):
    """Base of everything nlp raises on purpose."""


class WeightsError(NlpError):
    """The weights folder is missing, cut, of another version or with other labels."""


@dataclass(frozen=True, slots=True)
class Scored:
    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes or no with its calibrated probability of yes."""

    value: bool
    probability: float


@dataclass(frozen=True, slots=True)
class Tags:
    """All answers of one forward pass. `intents` has the primary one first."""

    language: str
    model: str  # version of the weights, so that tags of different models never mix
    sentiment: Scored | None = None
    intents: tuple[Scored, ...] = ()
    offensive: Flag | None = None
    crisis: Flag | None = None
    needs_reply: Flag | None = None
    emotion: Scored | None = None


@dataclass(frozen=True, slots=True)
class Vector:
    """A unit vector quantised to int8: value = byte / 127. `model` says which space it lies in."""

    model: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Understood:
    """A text's tags and its place in the space of meanings."""

    tags: Tags
    vector: Vector | None


@dataclass(frozen=True, slots=True)
class Attribution:
    """How much one stretch of the text carried a tag. `start` and `end` are character offsets."""

    start: int
    end: int
    weight: float
