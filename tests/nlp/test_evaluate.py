import json

import pytest

from nlp.evaluate import (
    Answer,
    Labelled,
    LinesError,
    calibration_error,
    evaluate,
    judge_of,
    read_lines,
)
from nlp.report import as_comparison, as_json, as_page, as_table

LABELS = ("negative", "neutral", "positive")


def oracle(said):
    """A judge that says what it is told, with probability 0.8."""

    def judge(text):
        shares = tuple(0.8 if label == said[text] else 0.1 for label in LABELS)
        return {"sentiment": Answer(LABELS, shares, frozenset([said[text]]))}

    return judge


def lines(*pairs):
    return [Labelled(text, {"sentiment": frozenset([label])}) for text, label in pairs]


def test_scores_are_those_of_the_textbook():
    truth = lines(("a", "negative"), ("b", "negative"), ("c", "neutral"), ("d", "positive"))
    judge = oracle({"a": "negative", "b": "neutral", "c": "neutral", "d": "positive"})
    head = evaluate(judge, truth, "m").heads[0]
    scores = {s.label: (s.positives, s.precision, s.recall, round(s.f1, 4)) for s in head.scores}
    assert scores == {
        "negative": (2, 1.0, 0.5, 0.6667),
        "neutral": (1, 0.5, 1.0, 0.6667),
        "positive": (1, 1.0, 1.0, 1.0),
    }
    assert head.macro_recall == pytest.approx(2.5 / 3)
    assert head.confusion == ((1, 1, 0), (0, 1, 0), (0, 0, 1))
    assert head.calibration_error == pytest.approx(0.05)  # said 0.8, right in 0.75
    assert [m.text for m in head.mistakes] == ["b"]


def test_a_perfectly_calibrated_judge_has_no_calibration_error():
    assert calibration_error(()) == 0


def test_lines_are_read_with_what_they_label():
    rows = read_lines(
        ['{"text": "hi", "intents": ["complaint", "question"], "crisis": false}', "", "  "]
    )
    assert rows[0].truth == {
        "intents": {"complaint", "question"},
        "primary": {"complaint"},
        "crisis": frozenset(),
    }


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"sentiment": "x"}', '{"text": "a", "intents": ["z"]}']
)
def test_a_bad_line_is_named(line):
    with pytest.raises(LinesError, match="line 2"):
        read_lines(['{"text": "fine"}', line])


def test_the_shipped_model_is_judged_on_every_head(tagger):
    rows = [
        {"text": "Love it, thanks!", "sentiment": "positive", "intents": ["praise"]},
        {"text": "My order is late, where is it?", "sentiment": "negative",
         "intents": ["complaint", "question"], "needs_reply": True, "crisis": False},
        {"text": "", "sentiment": "neutral"},
    ]  # fmt: skip
    report = evaluate(judge_of(tagger), read_lines(map(json.dumps, rows)), tagger.model)
    names = {head.name for head in report.heads}
    assert names == {"sentiment", "intents", "primary", "needs_reply", "crisis"}
    assert "sentiment: 2 texts" in as_table(report)
    assert json.loads(as_json(report))["heads"][0]["name"] == "crisis"


def test_the_page_shows_hostile_texts_as_text():
    nasty = "<script>alert(1)</script>"
    report = evaluate(oracle({nasty: "negative"}), lines((nasty, "positive")), "m")
    page = as_page(report)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<svg" in page


def test_two_models_stand_side_by_side():
    truth = lines(("a", "negative"), ("b", "positive"))
    reports = [
        evaluate(oracle({"a": "negative", "b": "positive"}), truth, "ours"),
        evaluate(oracle({"a": "neutral", "b": "positive"}), truth, "theirs"),
    ]
    table = as_comparison(reports)
    assert "ours" in table
    assert "1.000" in table
    assert "theirs" in table
