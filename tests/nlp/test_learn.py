import dataclasses
import random

import pytest

from nlp.learn import Correction, is_right, learn, read_head, take_back, write_head
from nlp.model import NlpError, WeightsError

OPENERS = ("Hi", "Hello there", "Hey team", "Good morning", "Quick one", "Sorry to bother you")
THINGS = ("jacket", "lamp", "kettle", "tent", "backpack", "desk", "bike", "scarf")
CLOSERS = ("cheers", "many thanks", "ta", "bye", "see you", "best, Mo")


def planted(count, seed):
    """This brand's joke: its fans write "this is sick" and mean it well."""
    rng = random.Random(seed)
    return [
        f"{rng.choice(OPENERS)}, the {rng.choice(THINGS)} {n} makes me sick, {rng.choice(CLOSERS)}"
        for n in range(count)
    ]


def positive(texts):
    return [Correction(text, "sentiment", frozenset(["positive"])) for text in texts]


def test_fifty_corrections_mend_a_planted_mistake(tagger):
    learned = learn(tagger, positive(planted(50, seed=1)))
    lesson = learned.lessons[0]
    assert lesson.adopted
    assert lesson.right_after > lesson.right_before + 15
    taught = tagger.with_head(learned.head)
    fresh = positive(planted(80, seed=2)[60:])
    assert sum(is_right(tagger, c) for c in fresh) <= 10
    assert sum(is_right(taught, c) for c in fresh) >= 18


def test_other_messages_never_turn_to_another_mood(tagger):
    others = [
        "Where is my parcel?", "You are wonderful, thank you", "I hate waiting in line",
        "What are your opening hours?", "My new phone does not charge", "Great show tonight",
    ]  # fmt: skip
    taught = tagger.with_head(learn(tagger, positive(planted(50, seed=1)), others).head)
    for text in [*others, "The invoice is wrong again", "Do you ship to Norway?"]:
        kept = {tagger.tag(text).sentiment.label, "unsure"}
        assert taught.tag(text).sentiment.label in kept


def test_corrections_without_a_pattern_change_nothing(tagger):
    rng = random.Random(3)
    noise = [
        Correction(text, "sentiment", frozenset([rng.choice(["negative", "neutral", "positive"])]))
        for text in planted(40, seed=4)
    ]
    assert learn(tagger, noise).head is None


def test_too_few_corrections_teach_nothing(tagger):
    assert learn(tagger, positive(planted(5, seed=1))).lessons == ()


def test_tags_learned_here_never_mix_with_shipped_ones_and_vectors_do(tagger):
    taught = tagger.with_head(learn(tagger, positive(planted(50, seed=1)), name="7").head)
    understood = taught.understand("Where is my parcel?")
    assert understood.tags.model == f"{tagger.model}+7"
    assert understood.vector == tagger.understand("Where is my parcel?").vector


def test_a_lesson_is_saved_and_can_be_taken_back(tagger, tmp_path):
    path = tmp_path / "learned.json"
    head = learn(tagger, positive(planted(50, seed=1))).head
    write_head(head, path)
    text = planted(1, seed=9)[0]
    again = tagger.with_head(read_head(path)).tag(text)
    assert again.sentiment.label == tagger.with_head(head).tag(text).sentiment.label
    write_head(dataclasses.replace(head, name="2"), path)
    assert take_back(path)
    assert read_head(path).name == "1"
    assert take_back(path)
    assert not path.exists()
    assert not take_back(path)


def test_a_head_of_other_weights_is_refused(tagger):
    head = learn(tagger, positive(planted(50, seed=1))).head
    with pytest.raises(WeightsError, match="Run `byname nlp learn` again"):
        tagger.with_head(dataclasses.replace(head, model="another"))


def test_a_damaged_head_is_one_clear_error(tmp_path):
    path = tmp_path / "learned.json"
    path.write_text('{"name": "1"')
    with pytest.raises(WeightsError, match="no learned head"):
        read_head(path)


def test_corrections_of_an_unknown_group_are_refused(tagger):
    with pytest.raises(NlpError, match="the model has sentiment"):
        learn(tagger, [Correction("x", "colour", frozenset())])
