import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")

TEXTS = [
    "Where is my order? It should have come last week.",
    "Thank you so much 😍 #BestTeamEver",
    "You people are useless, I am calling my lawyer",
    "ok",
]


def test_transformers_loads_the_folder_and_says_the_same(tagger):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    import nlp.hub  # noqa: F401 - registers the folder's type
    from nlp.clean import clean
    from nlp.decide import probabilities

    path = str(tagger.folder.path)
    model = AutoModelForSequenceClassification.from_pretrained(path)
    tokenizer = AutoTokenizer.from_pretrained(path)
    assert model.config.id2label[0] == "sentiment/negative"
    for text in TEXTS:
        with torch.inference_mode():
            out = model(**tokenizer(clean(text), return_tensors="pt"))
        read = tagger.forward(text)
        place = out.hidden_states[0][0].numpy()
        for group in tagger.folder.groups.values():  # int8 activations differ a little
            ours = probabilities(group, read.logits)
            theirs = probabilities(group, out.logits[0].numpy())
            assert np.abs(ours - theirs).max() < 0.12
        assert place @ read.place / np.linalg.norm(read.place) > 0.97


def test_a_padded_batch_in_transformers_changes_nothing(tagger):
    from nlp.hub import BynameModel

    model = BynameModel.from_pretrained()
    ids = [tagger._ids(text) for text in TEXTS]
    width = max(map(len, ids))
    padded = torch.tensor([row + [0] * (width - len(row)) for row in ids])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in ids])
    with torch.inference_mode():
        together = model(padded, mask).logits
        alone = [model(torch.tensor([row])).logits[0] for row in ids]
    assert torch.allclose(together, torch.stack(alone), atol=1e-3)


def test_safetensors_itself_reads_the_file(tagger):
    safetensors = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed")
    from nlp.hub import stored

    path = tagger.folder.path / "model.safetensors"
    theirs, ours = safetensors.load_file(path), stored(path)
    assert theirs.keys() == ours.keys()
    assert all((theirs[name] == ours[name]).all() for name in ours)
