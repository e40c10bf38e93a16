"""What `byname connect` writes into byname.toml beside the login: a cap, a written approval."""

import io
from decimal import Decimal

import pytest

from bot.cli._asking import ask_all, known_answers
from bot.cli._written import add_approval, add_login, write_answers
from bot.config import read_config
from bot.errors import InputError
from connectors.contract import AuthFailed, Question

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
    assert add_approval(home, "reddit", APPROVAL | {"approval_covers_data": covers})
    assert settings(home).approval("reddit").reference == 'ticket "4711"'
    assert not settings(home).rules("reddit").may_train


def test_an_approval_of_an_impossible_day_is_refused(home):
    before = (home / "byname.toml").read_text()
    with pytest.raises(InputError, match="like 2026-03-01"):
        add_approval(home, "reddit", APPROVAL | {"approval_date": "31 March"})
    assert (home / "byname.toml").read_text() == before


def test_another_approval_than_the_one_on_record_is_not_taken_over_silently(home):
    add_approval(home, "reddit", APPROVAL)
    other = APPROVAL | {"approval_reference": "another"}
    assert write_answers(home, "reddit", "desk", other, "mentions").says[-1] == (
        "[approvals.reddit] in byname.toml stays as it is: change it there"
    )
    assert settings(home).approvals["reddit"].reference == 'ticket "4711"'
    assert write_answers(home, "reddit", "desk", APPROVAL, "mentions").says == ()


def test_a_login_without_a_cap_gets_the_one_that_was_asked_for(home):
    add_login(home, "x", "brand-x", {}, "mentions")
    written = write_answers(home, "x", "brand-x", {"monthly_cap_dollars": "3"}, "mentions")
    assert (written.is_new, written.says) == (
        False,
        ("added the cap to [logins.brand-x] in byname.toml",),
    )
    assert settings(home).logins["brand-x"].monthly_cap_dollars == 3
    assert not write_answers(home, "x", "brand-x", {"monthly_cap_dollars": "4"}, "mentions").says
    assert settings(home).logins["brand-x"].monthly_cap_dollars == 3


def test_what_was_answered_before_is_known_and_a_cap_is_asked_for_once(home):
    add_login(home, "x", "brand-x", {"monthly_cap_dollars": "3"}, "mentions")
    add_approval(home, "x", APPROVAL)
    known = known_answers(home, "x", "brand-x")
    assert known["monthly_cap_dollars"] == "3"
    assert known.items() >= APPROVAL.items()
    flow = Asked((Question("monthly_cap_dollars", "How much?"),))
    assert ask_all(flow, known, is_pasting=False) == {}


class Asked:
    """A sign-in that asks, and stops at the answer `no`."""

    def __init__(self, questions):
        self.questions = questions

    def heed(self, answers, clock, *, is_pasting):
        if "no" in answers.values():
            raise AuthFailed("not without it")


def test_a_question_comes_only_where_an_earlier_answer_asks_for_it(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("web\nhere\n"))
    flow = Asked((
        Question("kind", "Kind"),
        Question("password", "Password", only_if=("kind", "script")),
        Question("address", "Address", only_if=("kind", "web")),
    ))  # fmt: skip
    assert ask_all(flow, {}, is_pasting=False) == {"kind": "web", "address": "here"}


@pytest.mark.parametrize(
    ("name", "typed", "error"),
    [
        ("approval", "no", AuthFailed),
        ("monthly_cap_dollars", "much", InputError),
        ("approval_date", "soon", InputError),
    ],
)
def test_it_ends_with_the_first_answer_that_it_cannot_go_on_with(
    monkeypatch, capsys, name, typed, error
):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\nmore\n"))
    flow = Asked((Question(name, "First"), Question("next", "Second")))
    with pytest.raises(error):
        ask_all(flow, {}, is_pasting=False)
    assert "Second" not in capsys.readouterr().out
