import os
from pathlib import Path

import pytest

from nlp.folder import SHIPPED
from nlp.tagger import load_tagger

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def tagger():
    if not (SHIPPED / "model.safetensors").exists():
        pytest.skip("nlp/weights is empty: make it with python -m nlp.train")
    return load_tagger()


@pytest.fixture(scope="session")
def shared():
    folder = Path(os.environ.get("BYNAME_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip("the labelled material beside a developer's checkout is not here")
    return folder


@pytest.fixture
def copied(tmp_path, tagger):
    """A copy of the shipped folder that a test may damage."""
    for name in ("config.json", "tokenizer.json", "model.onnx", "model.safetensors"):
        (tmp_path / name).write_bytes((tagger.folder.path / name).read_bytes())
    return tmp_path
