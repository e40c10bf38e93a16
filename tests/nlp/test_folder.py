import json

import pytest

from nlp.model import WeightsError
from nlp.tagger import load_tagger


def change(folder, **values):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_missing_folder_says_what_to_do(tmp_path):
    with pytest.raises(WeightsError, match=r"lacks config\.json.*Install byname again"):
        load_tagger(tmp_path / "nowhere")


@pytest.mark.parametrize("keep", [0, 5, 1_000, 20_000, -1])
def test_cut_weights_are_one_clear_error(copied, keep):
    path = copied / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WeightsError, match="cut or damaged"):
        load_tagger(copied)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_cut_file_beside_the_weights_is_one_clear_error(copied, name):
    path = copied / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(WeightsError, match=name.replace(".", r"\.")):
        load_tagger(copied)


@pytest.mark.parametrize("other", [1, 99])
def test_weights_of_another_version_are_refused(copied, other):
    change(copied, byname_format=other)
    with pytest.raises(WeightsError, match=f"format {other}, this byname reads format 2"):
        load_tagger(copied)


def test_weights_with_other_labels_are_refused(copied):
    config = json.loads((copied / "config.json").read_text())
    for group in config["groups"]:
        if group["name"] == "sentiment":
            group["labels"] = ["bad", "so-so", "good"]
    change(copied, groups=config["groups"])
    with pytest.raises(WeightsError, match="other labels for sentiment"):
        load_tagger(copied)


def test_a_group_with_too_few_numbers_is_refused(copied):
    config = json.loads((copied / "config.json").read_text())
    config["groups"][0]["scale"] = [1.0]
    change(copied, groups=config["groups"])
    with pytest.raises(WeightsError, match="label groups"):
        load_tagger(copied)
