"""The small model that tells English from other languages, by letter groups.

Trained on the tweets of UMSAB in seven languages and on English texts of the allowed sets.
"""

import gzip
import random
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix  # type: ignore[import-untyped,import-not-found,unused-ignore]
from sklearn.linear_model import LogisticRegression

from nlp.language import BUCKETS, buckets, foreign_share, plain_words
from nlp.train.sets import training_rows

FOREIGN = ("arabic", "french", "german", "hindi", "italian", "portuguese", "spanish")
ENGLISH = {
    "semeval_sentiment/train": 12_000, "goemotions": 6_000, "tweeteval/offensive/train": 4_000,
    "complaints": 2_000, "banking77": 1_500, "spam/youtube": 1_500, "threads/ibm_cdp": 900,
}  # fmt: skip
HELD_OUT = 4_000


def foreign_texts(data: Path, part: str) -> list[str]:
    texts = []
    for name in FOREIGN:
        with gzip.open(data / "umsab" / f"{name}_{part}.tsv.gz", "rt", encoding="utf-8") as file:
            texts += [line.rstrip("\n").split("\t", 1)[1] for line in file]
    return texts


def english_texts(data: Path) -> list[str]:
    rng, texts = random.Random(1), []
    for name, count in ENGLISH.items():
        rows = training_rows(data, name)
        rng.shuffle(rows)
        texts += [row.text for row in rows[:count]]
    rng.shuffle(texts)
    return texts


def make(data: Path, out: Path) -> None:
    """Write language.npy: one weight per bucket, then the constant."""
    foreign, english = foreign_texts(data, "train"), english_texts(data)[HELD_OUT:]
    truth = [1] * len(foreign) + [0] * len(english)
    fit = LogisticRegression(C=20, max_iter=200).fit(_rows(foreign + english), truth)
    weights = np.append(fit.coef_[0], fit.intercept_)
    np.save(out / "language.npy", weights.astype(np.float16))


def _rows(texts: list[str]) -> csr_matrix:
    places, columns, values = [], [], []
    for number, text in enumerate(texts):
        found = buckets(plain_words(text))
        places += [number] * len(found)
        columns += found.tolist()
        values += [1 / max(len(found), 1) ** 0.5] * len(found)
    return csr_matrix((values, (places, columns)), shape=(len(texts), BUCKETS))


def shares(texts: list[str]) -> list[float]:
    """For looking at: the model's answer for many texts."""
    return [foreign_share(plain_words(text)) for text in texts]
