import gzip

import pytest

from nlp.language import language_of, plain_words
from nlp.train.sets import evaluation_rows


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wo bleibt mein Paket? Ich warte seit zwei Wochen darauf.", "de"),
        ("¿Dónde está mi pedido? Lo espero desde hace dos semanas.", "es"),
        ("私の注文はどこですか", "ja"),
        ("ok danke", "en"),  # too short to overrule the source
        ("", "en"),
        ("😀😀😀", "en"),
        ("Where on earth is my order, please help me", "en"),
    ],
)
def test_a_text_gets_its_language(text, language):
    assert language_of(text) == language


def test_a_short_text_has_the_language_its_source_declares():
    assert language_of("alles klar", ("de", "en")) == "de"


def test_english_is_seen_in_a_source_declared_german():
    text = "Could you please tell me when my order will be here?"
    assert language_of(text, ("de",)) == "en"


@pytest.mark.parametrize("text", ["\ud800 " * 9, "\x00" * 9, "@a #b http://c.d " * 9])
def test_noise_keeps_the_declared_language(text):
    assert language_of(text) == "en"


@pytest.mark.shared
def test_at_most_one_in_a_hundred_english_messages_is_called_foreign(shared):
    rows = [
        row
        for name in ("semeval_sentiment/train", "threads/ibm_cdp", "goemotions")
        for row in evaluation_rows(shared / "data", name)[:1500]
    ]
    foreign = [row.text for row in rows if language_of(row.text) != "en"]
    assert len(foreign) <= 0.01 * len(rows)


@pytest.mark.shared
def test_foreign_texts_of_eight_words_are_recognised(shared):
    umsab = shared / "data" / "umsab"
    texts = []
    for name in ("arabic", "french", "german", "italian", "portuguese", "spanish"):
        with gzip.open(umsab / f"{name}_val.tsv.gz", "rt", encoding="utf-8") as file:
            texts += [line.split("\t", 1)[1] for line in file]
    long = [text for text in texts if len(plain_words(text).split()) >= 8]
    assert len(long) > 1_000
    assert sum(language_of(text) != "en" for text in long) >= 0.95 * len(long)
