"""The demo's home: made once, kept as it is, never half."""

import json

import pytest

from bot.config import parse_config, read_config
from bot.demo import PLATFORMS, demo_config, demo_files, demo_home, make_demo_home
from bot.logins import build_connectors, wanted
from bot.policy import check_policy
from bot.suggest.playbook import read_playbook


def test_it_keeps_a_home_of_its_own_unless_one_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert demo_home(None) == tmp_path / "byname" / "demo"
    assert demo_home(str(tmp_path / "mine")) == tmp_path / "mine"


def test_it_has_settings_that_hold_a_world_and_a_playbook(tmp_path, wall):
    make_demo_home(tmp_path / "home", wall())
    config = read_config(tmp_path / "home" / "byname.toml", {})
    check_policy(config)
    assert {one.platform for one in wanted(config)} == set(PLATFORMS)
    assert read_playbook(tmp_path / "home" / "playbook").entries
    assert config.source("x-all").answer_since == wall().replace(day=8)


def test_its_logins_can_be_opened(tmp_path, wall, town):
    from bot.desk import Desk

    make_demo_home(tmp_path / "home", wall())
    config = read_config(tmp_path / "home" / "byname.toml", {})
    desk = Desk(tmp_path / "home", config, None, wall)
    assert set(build_connectors(desk)) == set(PLATFORMS)


def test_a_second_start_changes_nothing(tmp_path, wall):
    make_demo_home(tmp_path, wall())
    (tmp_path / "byname.toml").write_text("# mine\n")
    (tmp_path / "playbook" / "mine.toml").write_text("# mine\n")
    wall.go(days=9)
    make_demo_home(tmp_path, wall())
    assert (tmp_path / "byname.toml").read_text() == "# mine\n"
    assert (tmp_path / "playbook" / "mine.toml").exists()


def test_a_kill_while_it_is_made_leaves_nothing_half(tmp_path, wall):
    (tmp_path / "playbook.new").mkdir()
    (tmp_path / "playbook.new" / "left.toml").write_text("[half")
    (tmp_path / "world.jsonl.new").write_text('{"type": "wor')
    make_demo_home(tmp_path, wall())
    assert not (tmp_path / "playbook" / "left.toml").exists()
    assert (tmp_path / "world.jsonl").read_bytes() == (demo_files() / "world.jsonl").read_bytes()
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_of_its_world_has_a_login(wall, platform):
    import tomllib

    config = parse_config(tomllib.loads(demo_config(wall())))
    first = (demo_files() / "world.jsonl").read_text(encoding="utf-8").splitlines()[0]
    assert set(json.loads(first)["platforms"]) == set(config.logins)
    assert config.source(f"{platform}-all").login == platform
