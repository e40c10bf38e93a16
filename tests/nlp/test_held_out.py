"""The labelled texts of our own that no shipped weights have read."""

import json

from nlp.evaluate import read_lines
from nlp.train import mix
from nlp.train.sets import normalised

HELD_OUT = mix.LABELS / "held_out.jsonl"


def texts(name: str) -> list[str]:
    lines = (mix.LABELS / name).read_text("utf-8").splitlines()
    return [normalised(json.loads(line)["text"]) for line in lines]


def test_no_held_out_text_is_one_that_trains():
    held_out = texts("held_out.jsonl")
    assert len(set(held_out)) == len(held_out) > 9_000
    assert not set(held_out) & set(texts("own.jsonl"))


def test_byname_evaluate_reads_every_held_out_text():
    lines = read_lines(HELD_OUT.read_text("utf-8").splitlines())
    assert {"sentiment", "intents", "primary", "crisis"} <= set(lines[0].truth)
    assert len(lines) > 9_000


def test_a_crisis_says_why_and_nothing_else_does():
    rows = [json.loads(line) for line in HELD_OUT.read_text("utf-8").splitlines()]
    assert all(bool(row.get("kinds")) == row["crisis"] for row in rows)
