"""A third party's connector, built and installed from its own package, keeps the contract.

The tests of the contract that a platform without a network can fail are run as they stand.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from stands.parrot import ParrotStand
from test_contract import (  # noqa: F401 - collected here, over this module's stand
    listen,
    open_,
    reply,
    test_a_deleted_reply_is_gone,
    test_a_reply_is_one_attempt_and_is_seen_as_ours,
    test_an_over_long_text_never_leaves,
    test_another_reply_is_not_taken_for_ours,
    test_cancelled_in_the_middle_of_a_page_it_closes_and_resumes,
    test_check_says_who_it_is,
    test_closing_twice_does_no_harm,
    test_everything_is_heard_once_and_oldest_first,
    test_it_is_a_connector,
    test_it_resumes_from_every_page_and_loses_and_repeats_nothing,
    test_it_says_before_where_no_reply_is_possible,
    test_it_tells_what_became_of_messages,
    test_one_unreadable_message_never_costs_its_page,
    test_only_what_is_new_comes_after_the_cursor,
    test_the_thread_above_is_told_oldest_first,
)

from connectors import _load, _platforms
from connectors.contract import Unavailable

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "connector-parrot"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The sample as pip installs it, without a network; its build tool comes with `.[dev]`."""
    pytest.importorskip("hatchling", reason="the sample is built with hatchling: install .[dev]")
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--no-cache-dir"]
    copy = tmp_path_factory.mktemp("source") / "parrot"
    copy.mkdir()
    for name in ("pyproject.toml", "byname_parrot.py"):
        (copy / name).write_text((SAMPLE / name).read_text())
    subprocess.run([*pip, *options, "--target", str(target), str(copy)], check=True)
    return target


@pytest.fixture
def stand(tmp_path, wall, setup_type, site, monkeypatch):
    monkeypatch.syspath_prepend(site)
    _platforms._of_third_party.cache_clear()
    yield ParrotStand(tmp_path, wall, setup_type)
    sys.modules.pop("byname_parrot", None)
    _platforms._of_third_party.cache_clear()


def test_it_is_found_by_its_name(stand):
    assert "parrot" in _load.installed()


def test_its_facts_come_with_it(stand):
    assert _platforms.may_post("parrot").allowed
    assert _platforms.length("parrot", "x" * 201).fits is False
    assert _platforms.data_rules("parrot").recheck_hours == 24


def test_a_platform_that_nobody_brings_can_only_be_read():
    assert not _platforms.may_post("crow").allowed


def test_the_walk_through_it_quotes_what_stands_there():
    walk = (SAMPLE.parents[1] / "docs" / "howto" / "ship-a-platform.md").read_text()
    sample = dedented((SAMPLE / "byname_parrot.py").read_text())
    quoted = [dedented(one) for one in re.findall(r"```python\n(.*?)```", walk, re.DOTALL)]
    assert len(quoted) > 4
    assert [one for one in quoted if one not in sample] == []


def dedented(text):
    return "\n".join(line.strip() for line in text.strip().splitlines())


async def test_the_same_key_makes_one_reply(stand, open_, wall):  # noqa: F811 - pytest's way
    connector = open_()
    assert await connector.post(reply(stand, wall)) == await connector.post(reply(stand, wall))
    assert stand.attempts() == 1


async def test_a_perch_that_fell_over_is_unavailable_and_nothing_was_sent(stand, open_, wall):  # noqa: F811
    stand.perch.unlink()
    with pytest.raises(Unavailable) as caught:
        await open_().post(reply(stand, wall))
    assert caught.value.was_sent is False
