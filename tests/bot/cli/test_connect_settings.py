"""What `byname connect` writes into byname.toml beside the login: a cap, a written approval."""

from decimal import Decimal

import pytest

from bot.cli.connect import add_approval, add_login
from bot.config import read_config
from bot.errors import InputError

APPROVAL = {
    "approval_reference": 'ticket "4711"',
    "approval_date": "2026-03-01",
    "approval_covers_data": "yes",
}


def settings(home):
    return read_config(home / "byname.toml", {})


def test_a_cap_that_was_asked_for_stands_with_the_login(home):
    assert add_login(home, "x", "brand-x", {"monthly_cap_dollars": "7.50"}, "mentions")
    assert settings(home).logins["brand-x"].monthly_cap_dollars == Decimal("7.50")


def test_without_an_answer_there_is_no_cap(home):
    assert add_login(home, "x", "brand-x", {"monthly_cap_dollars": ""}, "mentions")
    assert settings(home).logins["brand-x"].monthly_cap_dollars is None


@pytest.mark.parametrize("answer", ["five", "-1", "1e9", '5\n[web]\nhost = "0.0.0.0"'])
def test_what_is_no_amount_is_refused_and_nothing_is_written(home, answer):
    before = (home / "byname.toml").read_text()
    with pytest.raises(InputError, match="like 25 or 7"):
        add_login(home, "x", "brand-x", {"monthly_cap_dollars": answer}, "mentions")
    assert (home / "byname.toml").read_text() == before


def test_a_written_approval_is_recorded_once(home):
    assert add_approval(home, "reddit", APPROVAL)
    assert not add_approval(home, "reddit", APPROVAL | {"approval_reference": "another"})
    assert settings(home).approvals["reddit"].reference == 'ticket "4711"'
    assert settings(home).rules("reddit").may_train


@pytest.mark.parametrize("covers", ["no", "", "perhaps"])
def test_an_approval_to_use_the_api_alone_lifts_no_rule(home, covers):
    assert not add_approval(home, "reddit", APPROVAL | {"approval_covers_data": covers})
    assert not settings(home).rules("reddit").may_train


def test_an_approval_of_an_impossible_day_is_refused(home):
    before = (home / "byname.toml").read_text()
    with pytest.raises(InputError, match="like 2026-03-01"):
        add_approval(home, "reddit", APPROVAL | {"approval_date": "31 March"})
    assert (home / "byname.toml").read_text() == before
