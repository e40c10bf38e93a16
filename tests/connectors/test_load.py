"""Finding connectors that are installed, ours or somebody else's."""

import sys
import tomllib
from pathlib import Path

import pytest

from connectors import _load, replay
from connectors.contract import ConnectorError


@pytest.fixture
def a_package(tmp_path, monkeypatch):
    """Install a distribution that brings two connectors, one of them broken."""
    dist = tmp_path / "byname_parrot-1.0.dist-info"
    dist.mkdir()
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: byname-parrot\nVersion: 1.0\n")
    (dist / "entry_points.txt").write_text(
        "[byname.connectors]\nparrot = byname_parrot:connect\nlame = byname_parrot:nothing\n"
        "mute = byname_parrot:NUMBER\n"
    )
    (tmp_path / "byname_parrot.py").write_text("NUMBER = 1\ndef connect(setup): return setup\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("byname_parrot", None)


def test_a_connector_of_a_third_party_is_found_by_its_name(a_package):
    assert _load.load("parrot")("setup") == "setup"
    assert "parrot" in _load.installed()


def test_an_unknown_name_is_answered_with_the_names_there_are(a_package):
    with pytest.raises(ConnectorError, match=r"'crow'; installed: .*parrot"):
        _load.load("crow")


@pytest.mark.parametrize(("name", "said"), [("lame", "broken"), ("mute", "cannot be called")])
def test_a_broken_package_is_named(a_package, name, said):
    with pytest.raises(ConnectorError, match=said):
        _load.load(name)


def test_our_own_are_found_without_having_been_installed():
    assert {"replay", "mastodon", "bluesky"} <= set(_load.ours())
    assert set(_load.ours()) <= set(_load.installed())
    assert _load.load("replay") is replay.connect
    for name in _load.ours():
        assert callable(_load.load(name))


def test_signing_in_is_there_where_there_is_something_to_sign_in_to():
    assert _load.sign_in("mastodon").questions
    with pytest.raises(ConnectorError, match=r"'replay' has nothing .*mastodon"):
        _load.sign_in("replay")


def test_the_package_names_all_of_ours():
    path = Path(__file__).resolve().parents[2] / "pyproject.toml"
    groups = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["entry-points"]
    named = groups[_load.GROUP]
    assert named == {name: f"connectors.{name}:connect" for name in _load.ours()}
    assert set(groups[_load.SIGN_IN_GROUP]) == set(_load.ours()) - {"replay", "hackernews"}
