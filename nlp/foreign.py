"""Any other sentiment model: a Hugging Face id or folder, beside or instead of the shipped one.

Needs the torch extra (transformers and torch, imported only here). Its own label names are mapped
to negative, neutral and positive; what cannot be mapped is asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nlp.evaluate import Answer, Judge
from nlp.model import NlpError, Scored, Sentiment, Understood
from nlp.tagger import Tagger

ORDER: tuple[Sentiment, ...] = ("negative", "neutral", "positive")
UNSURE_BELOW = 0.45
MAX_TOKENS = 128
_KNOWN: dict[str, Sentiment] = {
    "negative": "negative", "neg": "negative", "very negative": "negative", "bad": "negative",
    "1 star": "negative", "2 stars": "negative", "neutral": "neutral", "neu": "neutral",
    "3 stars": "neutral", "positive": "positive", "pos": "positive", "very positive": "positive",
    "good": "positive", "4 stars": "positive", "5 stars": "positive",
}  # fmt: skip


class ForeignError(NlpError):
    """Another model cannot be used; the message says what to install or to write."""


@dataclass(frozen=True, slots=True)
class ForeignModel:
    """A loaded model and where each of its outputs goes."""

    name: str
    network: Any
    tokenizer: Any
    columns: tuple[Sentiment, ...]

    def sentiment(self, text: str) -> Scored:
        found = self.probabilities(text)
        best = int(np.argmax(found))
        label = ORDER[best] if found[best] >= UNSURE_BELOW else "unsure"
        return Scored(label, float(found[best]))

    def probabilities(self, text: str) -> tuple[float, ...]:
        """Of negative, neutral and positive, in this order."""
        import torch  # noqa: PLC0415 - the torch extra

        plain = text.encode("utf-8", "ignore").decode() or " "
        read = self.tokenizer(plain, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        with torch.inference_mode():
            shares = self.network(**read).logits[0].softmax(-1).tolist()
        found = dict.fromkeys(ORDER, 0.0)
        for label, share in zip(self.columns, shares, strict=True):
            found[label] += share
        return tuple(found[label] for label in ORDER)


def load_foreign(name: str, labels: Mapping[str, Sentiment] | None = None) -> ForeignModel:
    """Load a hub id or a folder. `labels` maps the model's own label names, where they are odd."""
    try:
        import torch  # noqa: F401, PLC0415
        from transformers import (  # noqa: PLC0415 - 3 s: only for whoever names a model
            AutoModelForSequenceClassification,
            AutoTokenizer,
        )
    except ImportError as error:
        raise ForeignError(
            f"Another model ({name}) needs torch: pip install 'byname[torch]', or remove "
            "[nlp] sentiment_model from byname.toml."
        ) from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        network = AutoModelForSequenceClassification.from_pretrained(name).eval()
    except (OSError, ValueError) as error:
        raise ForeignError(
            f"{name} cannot be loaded as a sequence classification model: "
            f"{(str(error).splitlines() or [''])[0]} Check the id or the folder."
        ) from error
    names = [network.config.id2label[i] for i in range(network.config.num_labels)]
    return ForeignModel(name, network, tokenizer, mapped(name, names, labels or {}))


def mapped(model: str, names: list[str], labels: Mapping[str, Sentiment]) -> tuple[Sentiment, ...]:
    """Our label for each of the model's, from the given map first, then from what is usual."""
    ours = {**_KNOWN, **{name.lower(): label for name, label in labels.items()}}
    unknown = [name for name in names if name.lower() not in ours]
    if unknown:
        lines = ", ".join(f'"{name}" = "negative"' for name in unknown)
        raise ForeignError(
            f"{model} has the labels {', '.join(names)}; say what {', '.join(unknown)} mean in "
            f"byname.toml, [nlp.sentiment_labels]: {lines} (or neutral, or positive)."
        )
    return tuple(ours[name.lower()] for name in names)


def judge_of_foreign(model: ForeignModel) -> Judge:
    """The other model for `evaluate`: it answers for sentiment and for nothing else."""

    def judge(text: str) -> Mapping[str, Answer]:
        found = model.probabilities(text)
        said = frozenset([ORDER[int(np.argmax(found))]])
        return {"sentiment": Answer(ORDER, found, said)}

    return judge


@dataclass(frozen=True, slots=True)
class WithSentiment:
    """The shipped tagger with its sentiment taken from another model."""

    tagger: Tagger
    other: ForeignModel

    @property
    def model(self) -> str:
        return f"{self.tagger.model}+{self.other.name}"

    def understand(self, text: str, languages: tuple[str, ...] = ("en",)) -> Understood:
        """As the tagger; where it judges a text, the other model says the mood."""
        understood = self.tagger.understand(text, languages)
        tags = replace(understood.tags, model=self.model)
        if tags.sentiment is not None:
            tags = replace(tags, sentiment=self.other.sentiment(text))
        return Understood(tags, understood.vector)
