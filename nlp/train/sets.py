"""The data sets: where each lies, what its licence allows, and how its rows read.

A reader knows its licence: `training_rows` refuses a set that may only label and evaluate.
No text of these sets ever goes into the repository.
"""

import gzip
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp.model import INTENTS, NlpError
from nlp.train.heads import EMOTIONS, GO_EMOTIONS, Labels


class LicenceError(NlpError):
    """A set was asked for training whose licence allows evaluation only."""


@dataclass(frozen=True, slots=True)
class Row:
    source: str
    text: str
    labels: Labels


@dataclass(frozen=True, slots=True)
class DataSet:
    name: str
    licence: str
    may_train: bool
    read: Callable[[Path], Iterable[Row]]


def training_rows(data: Path, name: str) -> list[Row]:
    chosen = SETS[name]
    if not chosen.may_train:
        raise LicenceError(
            f"{name} is {chosen.licence}: it may label and evaluate, never train what ships. "
            "Take it out of the mixture."
        )
    return list(chosen.read(data))


def evaluation_rows(data: Path, name: str) -> list[Row]:
    return list(SETS[name].read(data))


def normalised(text: str) -> str:
    """The key under which train, validation and test must not share a text."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"https?://\S+|@\w+", "", text)
    return re.sub(r"[^a-z0-9]+", " ", text).strip()


def source_id(source: str, text: str) -> str:
    """How the hand labels name a text without holding it."""
    return f"{source}:{hashlib.sha1(text.strip().encode(), usedforsecurity=False).hexdigest()[:12]}"


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield line.rstrip("\n")


def _json(path: Path) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in _lines(path))


def _tweeteval(task: str, part: str, labels: Callable[[int], Labels]) -> DataSet:
    name = f"tweeteval/{task}"

    def read(data: Path) -> Iterator[Row]:
        folder = data / "tweeteval" / task
        texts = _lines(folder / f"{part}_text.txt.gz")
        classes = _lines(folder / f"{part}_labels.txt.gz")
        for text, number in zip(texts, classes, strict=True):
            yield Row(name, text.strip(), labels(int(number)))

    return DataSet(f"{name}/{part}", "research use", part == "train", read)


def _sentiment(number: int) -> Labels:
    return {"sentiment": ("negative", "neutral", "positive")[number]}


def _tsv(name: str, licence: str, file: str, quote: str = " ") -> DataSet:
    def read(data: Path) -> Iterator[Row]:
        for line in _lines(data / name / file):
            label, text = line.split("\t", 1)
            yield Row(name, text.strip(quote).strip(), {"sentiment": label})

    return DataSet(f"{name}/{file.removesuffix('.tsv.gz')}", licence, may_train=True, read=read)


def _go_emotions(data: Path) -> Iterator[Row]:
    for row in _json(data / "goemotions" / "train.jsonl.gz"):
        held = {name: name in row["labels"] for name in GO_EMOTIONS}
        labels: Labels = {"go_emotions": held}
        if held["gratitude"]:
            labels["intents"] = {"praise": True, "spam": False}
        yield Row("goemotions", row["text"].strip(), labels)


def _complaints(data: Path) -> Iterator[Row]:
    for row in _json(data / "complaints" / "complaints.jsonl.gz"):
        known = {"complaint": bool(row["complaint"])}
        yield Row("complaints", row["text"].strip(), {"intents": known})


def _spam(file: str) -> Callable[[Path], Iterator[Row]]:
    def read(data: Path) -> Iterator[Row]:
        for row in _json(data / "spam" / f"{file}.jsonl.gz"):
            labels: Labels = {"intents": {"spam": bool(row["spam"])}}
            if row["spam"]:
                labels["primary"] = "spam"
            yield Row(f"spam/{file}", row["text"].strip(), labels)

    return read


def _banking(data: Path) -> Iterator[Row]:
    for row in _json(data / "banking77" / "train.jsonl.gz"):
        known = {"question": True, "praise": False, "spam": False, "chatter": False}
        yield Row("banking77", row["text"].strip(), {"intents": known, "offensive": False})


def _purchase(data: Path) -> Iterator[Row]:
    for row in _json(data / "purchase_intent" / "iphonex.jsonl.gz"):
        known = {"PI": {"purchase": True}, "no": {"purchase": False}}.get(row["label"])
        labels: Labels = {"intents": known} if known else {}
        yield Row("purchase_intent", row["text"].strip(), labels)


def _threads(name: str) -> Callable[[Path], Iterator[Row]]:
    def read(data: Path) -> Iterator[Row]:
        for thread in _json(data / "threads" / f"{name}.jsonl.gz"):
            for message in thread["messages"]:
                if not message["author_is_brand"]:
                    yield Row(f"threads/{name}", message["text"].strip(), {})

    return read


def _airline_sentiment(data: Path) -> Iterator[Row]:
    for row in _json(data / "airline_sentiment" / "tweets.jsonl.gz"):
        yield Row("airline_sentiment", row["text"].strip(), {"sentiment": row["sentiment"]})


def _emotion(number: int) -> Labels:
    return {"emotion": EMOTIONS[number]}


_NC = "CC BY-NC-SA 4.0"
_ALL = (
    *(_tweeteval("sentiment", part, _sentiment) for part in ("val", "test")),
    *(_tweeteval("emotion", part, _emotion) for part in ("train", "val", "test")),
    *(
        _tweeteval("offensive", part, lambda n: {"rude": bool(n)})
        for part in ("train", "val", "test")
    ),
    _tweeteval("irony", "train", lambda n: {"irony": bool(n)}),
    _tweeteval("hate", "train", lambda n: {"hate": bool(n)}),
    _tsv("semeval_sentiment", "research use", "train.tsv.gz", quote='"'),
    _tsv("umsab", "Apache-2.0 / sources", "english_train.tsv.gz"),
    DataSet("goemotions", "Apache-2.0", may_train=True, read=_go_emotions),
    DataSet("complaints", "research use", may_train=True, read=_complaints),
    DataSet("spam/youtube", "CC BY 4.0", may_train=True, read=_spam("youtube")),
    DataSet("spam/sms", "CC BY 4.0", may_train=True, read=_spam("sms")),
    DataSet("banking77", "CC BY 4.0", may_train=True, read=_banking),
    DataSet("purchase_intent", "MIT", may_train=True, read=_purchase),
    DataSet("threads/ibm_cdp", "Apache-2.0", may_train=True, read=_threads("ibm_cdp")),
    DataSet("threads/twcs", _NC, may_train=False, read=_threads("twcs")),
    DataSet("threads/airlines_masked", _NC, may_train=False, read=_threads("airlines_masked")),
    DataSet("airline_sentiment", _NC, may_train=False, read=_airline_sentiment),
)
SETS = {s.name: s for s in _ALL}
HAND_LABELLED = (
    "threads/ibm_cdp", "threads/twcs", "threads/airlines_masked", "complaints", "goemotions",
    "semeval_sentiment/train", "umsab/english_train", "tweeteval/offensive/train",
    "purchase_intent", "spam/youtube", "banking77",
)  # fmt: skip


def hand_labels(row: dict[str, Any]) -> Labels:
    """A hand label as groups: everything is known, the first intent is the primary one."""
    return {
        "sentiment": row["sentiment"],
        "intents": {name: name in row["intents"] for name in INTENTS},
        "primary": row["intents"][0],
        **{flag: bool(row[flag]) for flag in ("offensive", "crisis", "needs_reply")},
    }


def texts_by_id(data: Path) -> dict[str, str]:
    """Every text that a hand label may name."""
    return {
        source_id(row.source, row.text): row.text
        for name in HAND_LABELLED
        for row in evaluation_rows(data, name)
    }
