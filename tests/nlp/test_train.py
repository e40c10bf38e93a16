import json

import numpy as np
import pytest

from nlp.model import INTENTS
from nlp.train import __doc__ as recipe
from nlp.train import mix
from nlp.train.agreement import kappa, kappas
from nlp.train.heads import GROUPS, columns, group_named, target
from nlp.train.sets import (
    SETS,
    LicenceError,
    evaluation_rows,
    normalised,
    source_id,
    training_rows,
)


@pytest.mark.parametrize("name", ["threads/twcs", "threads/airlines_masked", "airline_sentiment"])
def test_a_reader_refuses_to_train_on_what_may_only_evaluate(name, tmp_path):
    with pytest.raises(LicenceError, match="never train what ships"):
        training_rows(tmp_path, name)


def test_no_validation_or_test_part_may_train():
    assert not any(s.may_train for name, s in SETS.items() if name.endswith(("/val", "/test")))


def test_the_recipe_reads_allowed_sets_only():
    for stage in mix.STAGES:
        assert all(SETS[name].may_train for name in stage.passes if name != "hand")
    assert "python -m nlp.train" in recipe


def test_what_a_row_does_not_label_is_masked():
    row = target({"intents": {"spam": True}, "crisis": False})
    intents = row[columns(group_named("intents"))]
    assert intents[INTENTS.index("spam")] == 1
    assert np.isnan(np.delete(intents, INTENTS.index("spam"))).all()
    assert row[columns(group_named("crisis"))] == [0]
    assert np.isnan(row[columns(group_named("sentiment"))]).all()


def test_groups_lie_side_by_side():
    taken = np.zeros(sum(len(group.labels) for group in GROUPS), dtype=int)
    for group in GROUPS:
        taken[columns(group)] += 1
    assert (taken == 1).all()


def test_hand_labels_hold_no_text_of_others():
    for line in (mix.LABELS / "hand.jsonl").read_text().splitlines():
        assert set(json.loads(line)) == {
            "id", "split", "sentiment", "intents", "offensive", "crisis", "needs_reply",
        }  # fmt: skip


def test_own_texts_are_many_and_all_different():
    rows = [json.loads(line) for line in (mix.LABELS / "own.jsonl").read_text().splitlines()]
    keys = {normalised(row["text"]) for row in rows}
    assert len(keys) == len(rows) >= 300


def test_kappa_is_that_of_the_textbook():
    assert kappa("aabb", "aabb") == 1
    assert kappa("aabb", "abab") == 0
    assert kappa("yyyynn", "yyynnn") == pytest.approx(2 / 3)


def test_three_hundred_texts_were_read_twice_and_the_readers_agree():
    found = kappas(mix.LABELS)
    assert found["sentiment"] > 0.8
    assert min(found.values()) > 0.6


def test_chatter_stands_alone_as_a_rule_and_every_intent_is_known():
    rows = [
        json.loads(line)
        for name in ("hand", "own")
        for line in (mix.LABELS / f"{name}.jsonl").read_text().splitlines()
    ]
    assert all(set(row["intents"]) <= set(INTENTS) and row["intents"] for row in rows)
    mixed = sum("chatter" in row["intents"] and len(row["intents"]) > 1 for row in rows)
    assert mixed <= 0.02 * len(rows)


def test_batches_hold_every_row_once_and_texts_of_near_length():
    lengths = [n % 40 + 1 for n in range(1000)]
    found = mix.batches(lengths, 64, seed=3)
    assert sorted(i for batch in found for i in batch) == list(range(1000))
    assert found == mix.batches(lengths, 64, seed=3)
    assert np.mean([np.ptp([lengths[i] for i in batch]) for batch in found]) < 10


@pytest.mark.shared
def test_train_validation_and_test_never_share_a_text(shared):
    data = shared / "data"
    hand = mix.hand_rows(data, mix.LABELS)
    held = mix.forbidden_keys(data, hand)
    assert len(held) > 15_000
    tests = {normalised(r.text) for part in ("test_random", "test_enriched") for r in hand[part]}
    tests |= {normalised(r.text) for r in evaluation_rows(data, "tweeteval/sentiment/test")}
    for stage in mix.STAGES:
        keys = {normalised(row.text) for row in mix.mixture(data, hand, stage, seed=1)}
        assert not keys & held
        assert not keys & tests


@pytest.mark.shared
def test_every_hand_label_finds_its_text_and_test_texts_of_closed_sets_stay_tests(shared):
    hand = mix.hand_rows(shared / "data", mix.LABELS)
    assert len(hand["test_random"]) >= 500
    assert len(hand["test_enriched"]) >= 600
    closed = {"threads/twcs", "threads/airlines_masked"}
    assert not closed & {row.source for part in ("train", "val") for row in hand[part]}
    row = hand["train"][0]
    assert source_id(row.source, row.text).startswith(row.source)


def test_calibration_mends_an_overconfident_head():
    pytest.importorskip("torch", reason="the torch extra is not installed")
    from nlp.evaluate import _curve, calibration_error
    from nlp.train.calibrate import calibrated

    rng = np.random.default_rng(0)
    honest = rng.normal(0, 1.5, (4000, 1))
    truth = (rng.random((4000, 1)) < 1 / (1 + np.exp(-honest))).astype(float)
    loud = honest * 3 + 1
    fit = calibrated(group_named("crisis"), loud, truth, np.ones(len(truth)))
    mended = 1 / (1 + np.exp(-(loud * fit["scale"] + fit["shift"])))
    before = calibration_error(_curve(truth.ravel() > 0.5, (1 / (1 + np.exp(-loud))).ravel()))
    after = calibration_error(_curve(truth.ravel() > 0.5, mended.ravel()))
    assert before > 0.1
    assert after < 0.02


def test_a_threshold_for_recall_keeps_its_precision():
    pytest.importorskip("torch", reason="the torch extra is not installed")
    from nlp.train.calibrate import Aim, _threshold

    rng = np.random.default_rng(1)
    truth = rng.random(2000) < 0.1
    found = np.clip(rng.normal(0.25 + 0.4 * truth, 0.15), 0, 1)
    said = found >= _threshold(found, truth, np.ones(len(truth)), Aim(precision=0.5))
    assert (said & truth).sum() / said.sum() >= 0.5
    assert (said & truth).sum() / truth.sum() >= 0.85
