import sys

import pytest

from nlp.foreign import (
    ForeignError,
    ForeignModel,
    WithSentiment,
    judge_of_foreign,
    load_foreign,
    mapped,
)

ORDER = ("negative", "neutral", "positive")


@pytest.mark.parametrize(
    ("names", "ours"),
    [
        (["NEG", "NEU", "POS"], ORDER),
        (["1 star", "3 stars", "5 stars"], ORDER),
        (["POSITIVE", "NEGATIVE"], ("positive", "negative")),
    ],
)
def test_usual_label_names_are_understood(names, ours):
    assert mapped("m", names, {}) == ours


def test_odd_label_names_are_asked_for_and_then_taken():
    names = ["LABEL_0", "LABEL_1"]
    with pytest.raises(ForeignError, match=r'nlp\.sentiment_labels.*"LABEL_0" = "negative"'):
        mapped("m", names, {})
    assert mapped("m", names, {"LABEL_0": "positive", "label_1": "negative"}) == (
        "positive",
        "negative",
    )


def test_without_torch_one_reads_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ForeignError, match=r"pip install 'byname\[torch\]'"):
        load_foreign("someone/some-model")


@pytest.fixture
def other(tmp_path, tagger):
    """A tiny untrained classifier in a folder, with the vocabulary of the shipped model."""
    torch = pytest.importorskip("torch", reason="the torch extra is not installed")
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        PreTrainedTokenizerFast,
    )

    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        num_labels=2, id2label={0: "NEGATIVE", 1: "POSITIVE"},
        label2id={"NEGATIVE": 0, "POSITIVE": 1},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(tmp_path)
    PreTrainedTokenizerFast(
        tokenizer_file=str(tagger.folder.path / "tokenizer.json"), pad_token="[PAD]"
    ).save_pretrained(tmp_path)
    return load_foreign(str(tmp_path))


def test_any_classification_folder_can_stand_in(other, tagger):
    assert isinstance(other, ForeignModel)
    assert sum(other.probabilities("hello")) == pytest.approx(1, abs=1e-5)
    assert other.probabilities("\ud800")[1] == 0  # it knows no neutral
    assert set(judge_of_foreign(other)("hello")) == {"sentiment"}


def test_the_other_model_says_the_mood_and_ours_the_rest(other, tagger):
    both = WithSentiment(tagger, other)
    text = "Where is my order? It is two weeks late."
    mine, theirs = tagger.understand(text), both.understand(text)
    assert theirs.tags.sentiment == other.sentiment(text)
    assert theirs.tags.intents == mine.tags.intents
    assert theirs.vector == mine.vector
    assert theirs.tags.model == f"{tagger.model}+{other.name}"
    assert both.understand("").tags.sentiment is None


def test_a_folder_that_is_no_model_is_one_clear_error(tmp_path):
    pytest.importorskip("torch", reason="the torch extra is not installed")
    with pytest.raises(ForeignError, match="Check the id or the folder"):
        load_foreign(str(tmp_path))
