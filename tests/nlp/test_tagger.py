import random
from dataclasses import replace

import numpy as np
import pytest

from nlp.bulk import tag_many
from nlp.embed import cosine, matrix, nearest, values
from nlp.model import INTENTS, NlpError, Vector
from nlp.tagger import Tagger, load_tagger


def test_one_pass_answers_everything(tagger):
    understood = tagger.understand("@Acme my order never came and nobody answers. Where is it?")
    tags = understood.tags
    assert tags.sentiment.label == "negative"
    assert tags.intents[0].label in INTENTS
    assert {i.label for i in tags.intents} & {"complaint", "question"}
    assert tags.needs_reply.value
    assert not tags.offensive.value
    assert not tags.crisis.value
    assert tags.emotion is not None
    assert tags.model == tagger.model == understood.vector.model
    assert len(understood.vector.data) == 384


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("I love this so much, thank you!", "positive"),
        ("Worst service ever, I am furious.", "negative"),
    ],
)
def test_plain_moods_are_seen(tagger, text, sentiment):
    assert tagger.tag(text).sentiment.label == sentiment


def test_a_foreign_text_gets_its_language_and_no_invented_tags(tagger):
    understood = tagger.understand(
        "Bonjour, mon colis n'est toujours pas arrivé depuis deux semaines."
    )
    assert understood.tags.language == "fr"
    assert understood.tags.sentiment is None
    assert understood.tags.intents == ()
    assert understood.tags.needs_reply is None
    assert understood.vector is None


@pytest.mark.parametrize("text", ["", "   ", "\x00", "\ud800", "\u200b\ufe0f"])
def test_a_text_with_nothing_to_read_gets_no_tags(tagger, text):
    understood = tagger.understand(text)
    assert understood.tags.sentiment is None
    assert understood.vector is None


@pytest.mark.parametrize("text", ["k", "?", "😡", "😡" * 5_000, "a\ud800b", "a\x00b", "🏳️‍🌈"])
def test_odd_but_readable_texts_get_tags(tagger, text):
    assert tagger.tag(text).sentiment is not None


def test_a_megabyte_is_read_in_a_moment(tagger):
    assert tagger.tag("my parcel is lost, please help. " * 32_000).sentiment is not None


def test_ten_thousand_mixed_texts_never_fail_for_one_of_them(tagger):
    foreign = [
        "",
        "\ud800",
        "\x00",
        "你好，我的订单在哪里？",
        "¿Dónde está mi pedido, por favor?",
        "مرحبا",
    ]
    rng = random.Random(1)
    texts = [rng.choice(foreign) if i % 40 else f"my order {i} is late 😀" for i in range(10_000)]
    answers = list(tag_many(texts, processes=2))
    assert len(answers) == len(texts)
    assert all(a.tags.sentiment for a, text in zip(answers, texts, strict=True) if "order" in text)


def test_the_same_text_has_the_same_tags_whatever_stands_beside_it(tagger):
    texts = [f"Where is order {n}? It is {n % 7} days late." for n in range(300)]
    alone = [tagger.understand(text) for text in texts]
    for answers in (
        list(tag_many(texts, processes=2)),
        list(tag_many(texts[::-1], processes=1))[::-1],
    ):
        assert [labels(one) for one in answers] == [labels(one) for one in alone]
        assert scores(answers) == pytest.approx(scores(alone), abs=1e-3)


def labels(understood):
    tags = understood.tags
    return tags.sentiment.label, [one.label for one in tags.intents], tags.needs_reply.value


def scores(answers):
    tags = [one.tags for one in answers]
    return [p for t in tags for p in (t.sentiment.probability, t.needs_reply.probability)]


def test_many_texts_together_get_the_answers_each_would_get_alone(tagger):
    texts = [f"My {what} is {how}." for what in ("parcel", "bill", "app") for how in ("late", "ok")]
    texts += ["", "🙂", "Wo bleibt denn meine Bestellung, ich warte seit drei Wochen darauf?"]
    together = tagger.understand_many(texts * 9)
    alone = [tagger.understand(text) for text in texts] * 9
    for one, other in zip(together, alone, strict=True):
        assert one.tags.language == other.tags.language
        assert (one.tags.sentiment is None) == (other.tags.sentiment is None)
        assert (one.vector is None) == (other.vector is None)
    read = [(a, b) for a, b in zip(together, alone, strict=True) if a.tags.sentiment]
    assert len(read) == 9 * 7
    assert [labels(a) for a, _ in read] == [labels(b) for _, b in read]
    assert scores([a for a, _ in read]) == pytest.approx(scores([b for _, b in read]), abs=1e-5)
    reads = zip(tagger.forward_many(texts * 9), map(tagger.forward, texts * 9), strict=True)
    for one, other in reads:
        assert (one is None) == (other is None)
        if one is not None:
            assert np.allclose(one.logits, other.logits, atol=1e-3)
            assert np.allclose(one.place, other.place, atol=1e-3)


def test_weights_whose_inputs_are_scaled_at_run_time_read_one_text_a_run(tagger):
    folder = replace(tagger.folder, fixed_scales=False)
    runs = list(Tagger(folder, None, None)._runs([5, 2, 5, 7]))
    assert runs == [[0], [2], [3]]
    runs = list(Tagger(replace(folder, fixed_scales=True), None, None)._runs([5, 2, 5, 7]))
    assert runs == [[0, 2], [3]]


def test_a_fresh_load_says_the_same(tagger):
    text = "Your app crashes every time I open it"
    assert load_tagger().understand(text) == tagger.understand(text)


def test_near_meanings_lie_near(tagger):
    lost = tagger.embed("My parcel has not arrived yet")
    same = tagger.embed("Still waiting for my package to be delivered")
    other = tagger.embed("Do you have vegan burgers?")
    assert cosine(lost, same) > cosine(lost, other) + 0.2
    found = nearest(matrix([other, same]), lost, 1)
    assert found[0][0] == 1
    assert found[0][1] == pytest.approx(cosine(lost, same), abs=1e-5)


def test_vectors_are_unit_length_and_of_one_space(tagger):
    vector = tagger.embed("hello there")
    assert np.linalg.norm(values(vector)) == pytest.approx(1, abs=1e-5)
    with pytest.raises(NlpError, match="embed both texts again"):
        cosine(vector, Vector("another model", vector.data))
