"""Training texts of every register, for what is read off texts rather than learned."""

from pathlib import Path

from nlp.train.sets import training_rows

TEXTS = {
    "semeval_sentiment/train": 18_000, "tweeteval/offensive/train": 6_000,
    "threads/ibm_cdp": 2_000, "complaints": 3_000, "goemotions": 4_000,
}  # fmt: skip


def sample(data: Path) -> list[str]:
    return [row.text for n, count in TEXTS.items() for row in training_rows(data, n)[:count]]
