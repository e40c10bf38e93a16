"""The home folder: where it is, who may look into it, and how secrets are kept."""

import asyncio
import json
import os
import stat

import pytest

from bot.errors import ConfigError
from bot.home import FileSecrets, find_home, make_home


@pytest.fixture
def secrets(tmp_path):
    return FileSecrets(tmp_path, locks={})


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_given_home_wins_over_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("BYNAME_HOME", str(tmp_path / "env"))
    assert find_home(str(tmp_path / "given")) == tmp_path / "given"
    assert find_home(None) == tmp_path / "env"


def test_a_folder_with_settings_is_a_home(tmp_path, monkeypatch):
    monkeypatch.delenv("BYNAME_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    assert find_home(None) == tmp_path / "data" / "byname" / "home"
    (tmp_path / "byname.toml").touch()
    assert find_home(None) == tmp_path


def test_a_home_is_for_this_users_eyes_only(tmp_path):
    make_home(tmp_path / "a" / "b")
    assert mode(tmp_path / "a" / "b") == 0o700


def test_a_home_that_cannot_be_made_is_said_to_be_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be made"):
        make_home(tmp_path / "file" / "home")


def test_a_missing_secret_says_where_it_should_be(secrets, tmp_path):
    with pytest.raises(ConfigError) as caught:
        secrets.read("masto")
    assert str(tmp_path / "secrets" / "masto.json") in str(caught.value)
    assert "0600" in str(caught.value)


def test_a_secret_that_was_written_is_read_back(secrets):
    secrets.write("masto", {"token": "t"})
    assert secrets.read("masto") == {"token": "t"}


def test_a_secret_is_readable_by_its_owner_only_whatever_the_umask(secrets, tmp_path):
    before = os.umask(0)
    try:
        secrets.write("masto", {"token": "t"})
    finally:
        os.umask(before)
    assert mode(tmp_path / "secrets" / "masto.json") == 0o600
    assert mode(tmp_path / "secrets") == 0o700


def test_a_half_written_secret_of_a_crash_is_replaced_and_no_wider_than_0600(secrets, tmp_path):
    (tmp_path / "secrets").mkdir()
    left = tmp_path / "secrets" / "masto.new"
    left.write_text("{half")
    left.chmod(0o644)
    secrets.write("masto", {"token": "t"})
    assert secrets.read("masto") == {"token": "t"}
    assert mode(tmp_path / "secrets" / "masto.json") == 0o600
    assert not left.exists()


def test_a_write_that_fails_leaves_the_old_secret(secrets, tmp_path):
    secrets.write("masto", {"token": "old"})
    with pytest.raises(TypeError):
        secrets.write("masto", {"token": object()})
    assert secrets.read("masto") == {"token": "old"}


@pytest.mark.parametrize("raw", ["{", "[1]", '"text"', "\udcff"])
def test_a_secret_that_is_no_json_object_is_named(secrets, tmp_path, raw):
    (tmp_path / "secrets").mkdir()
    path = tmp_path / "secrets" / "masto.json"
    path.write_text(raw, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ConfigError, match="is no JSON object"):
        secrets.read("masto")


def test_the_environment_wins_over_the_file(secrets, monkeypatch):
    secrets.write("my-masto", {"token": "file"})
    monkeypatch.setenv("BYNAME_SECRET_MY_MASTO", json.dumps({"token": "env"}))
    assert secrets.read("my-masto") == {"token": "env"}


async def test_two_refreshes_at_once_ask_the_platform_once(secrets):
    secrets.write("masto", {"token": "1"})
    asked = []

    async def renew(now):
        asked.append(now["token"])
        await asyncio.sleep(0)
        return {"token": str(int(now["token"]) + 1)}

    both = await asyncio.gather(secrets.refresh("masto", renew), secrets.refresh("masto", renew))
    assert asked == ["1"]
    assert [dict(one) for one in both] == [{"token": "2"}, {"token": "2"}]
    assert secrets.read("masto") == {"token": "2"}


def test_every_writing_is_another_edition_even_of_the_same_words(secrets):
    human = FileSecrets(secrets.home, locks={})
    assert secrets.edition("masto") is None
    editions = []
    for writer in (human, secrets, human):
        writer.write("masto", {"token": "1"})
        editions.append(secrets.edition("masto"))
        secrets.read("masto")
    assert len(set(editions)) == 3
    assert secrets.written == {"masto": editions[1]}


async def test_a_sign_in_during_a_refresh_is_not_overwritten(secrets):
    human = FileSecrets(secrets.home, locks={})
    secrets.write("sky", {"token": "old"})

    async def renew(_):
        human.write("sky", {"token": "signed in again"})
        return {"token": "renewed"}

    assert await secrets.refresh("sky", renew) == {"token": "signed in again"}
    assert human.read("sky") == {"token": "signed in again"}
