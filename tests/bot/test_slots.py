"""Slots: filling them, and turning what was particular in an old answer into them."""

import pytest

from bot.suggest.slots import fill, first_name, generalise, particulars, unexplained


@pytest.mark.parametrize(
    ("name", "handle", "written"),
    [
        ("Ada Berg", "ada", "Ada"),
        ("ada", "ada_b", "Ada"),
        ("✨ Zoë ✨", "zoe", "Zoë"),
        ("O'Neill", "on", "O'Neill"),
        ("李小龍", "bruce", ""),
        ("X", "x", ""),
        ("", "ada", ""),
        ("1234", "u1", ""),
        ("kettlefan99", "kettlefan99", ""),
        ("ADA", "ada", "ADA"),
        ("A" * 40, "a", ""),
    ],
)
def test_a_first_name_is_written_only_where_it_looks_like_one(name, handle, written):
    assert first_name(name, handle) == written


def test_every_slot_is_filled():
    assert fill("Hi {first_name}, {days} days.", {"first_name": "Ada", "days": "30"}) == (
        "Hi Ada, 30 days."
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Hi {first_name}, it left.", "Hi, it left."),
        ("{first_name}, it left.", "It left."),
        ("It left, {first_name}!", "It left!"),
        ("Hi {first_name}!", "Hi!"),
        ("Sorry, {first_name}. it left", "Sorry. It left"),
    ],
)
def test_an_unknown_name_is_left_out_with_its_comma(text, left):
    assert fill(text, {"first_name": ""}) == left


def test_any_other_empty_slot_means_silence():
    assert fill("{days} days", {"days": ""}) is None
    assert fill("{days} days", {}) is None


def test_a_value_with_braces_is_not_filled_again():
    assert fill("Hi {first_name}", {"first_name": "{days}", "days": "30"}) == "Hi {days}"


@pytest.mark.parametrize(
    ("answer", "general"),
    [
        ("@ada Hi Ada, it left.", "Hi {first_name}, it left."),
        ("@ada @bo: it left. ^JK", "it left."),
        ("It left, Ada. -JK", "It left, {first_name}."),
        ("It left. – Ines", "It left."),
        ("Thanks @ada for asking", "Thanks {first_name} for asking"),
        ("Ask @somebody.else too", "Ask {handle} too"),
        ("Adamant people", "Adamant people"),
    ],
)
def test_names_handles_and_initials_are_taken_out(answer, general):
    assert generalise(answer, asker="Ada", asker_handle="ada") == general


def test_a_pattern_in_a_name_is_only_a_name():
    assert generalise("Hi axb, a.b(c", asker="a.b(c", asker_handle="x[y") == (
        "Hi axb, {first_name}"
    )


@pytest.mark.parametrize(
    "text",
    [
        "order 4711", "by 12/05", "at 9:30 am", "£20", "20%", "#123", "call 020-7946",
        "https://tern.example/x", "write to a@b.example", "until Friday", "tomorrow", "in March",
    ],
)  # fmt: skip
def test_numbers_dates_links_and_addresses_are_particular(text):
    assert particulars(text)


def test_ordinary_words_are_not_particular():
    assert particulars("Hi, please send it back to us, we pay for it.") == []


def test_what_stands_in_facts_or_message_is_explained():
    assert unexplained("within 30 days", "30 days") == []
    assert unexplained("order 4711.", "where is 4711?") == []
    assert unexplained("within 30 days", "sixty") == ["30"]


def test_a_number_is_not_explained_by_a_longer_one():
    assert unexplained("within 30 days", "order 4307") == ["30"]
    assert unexplained("call 12", "see https://tern.example/a12b") == ["12"]
