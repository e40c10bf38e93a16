"""`python -m nlp.train.lines --data DIR --part test_random`: the hand labels with their texts.

For `byname nlp evaluate`. The output holds third-party text: keep it on your machine.
"""

import argparse
import json
from pathlib import Path

from nlp.model import INTENTS
from nlp.train import mix
from nlp.train.sets import Row

PARTS = tuple(part for part in mix.PARTS if part != "train")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", choices=PARTS, default="test_random")
    options = parser.parse_args()
    for row in mix.hand_rows(options.data, mix.LABELS)[options.part]:
        print(json.dumps(line(row), ensure_ascii=False))


def line(row: Row) -> dict[str, object]:
    """One labelled line; the primary intent first."""
    held = row.labels["intents"]
    primary = row.labels["primary"]
    assert isinstance(held, dict)
    others = [name for name in INTENTS if held[name] and name != primary]
    flags = {name: row.labels[name] for name in ("offensive", "crisis", "needs_reply")}
    sentiment = row.labels["sentiment"]
    return {"text": row.text, "sentiment": sentiment, "intents": [primary, *others], **flags}


if __name__ == "__main__":
    main()
