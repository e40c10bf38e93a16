"""Recognising a reply of ours by how a platform shows it."""

import pytest

from connectors._text import matching_form


@pytest.mark.parametrize(
    "shown",
    [
        "It left today, @bo knows.",
        "@ada It left today, @bo knows.",
        "@ada@here.example @kim  It left today, @bo@far.example knows.",
        "@ada@localhost:8799 It left\u00a0today, @bo@localhost:8799 knows.",
        "It left today,\n@bo knows. ",
        "It left\u200b today, @bo knows.",
        "IT LEFT today, @Bo knows.",
    ],
)
def test_a_reply_is_the_same_however_it_is_shown(shown):
    assert matching_form(shown) == matching_form("It left today, @bo knows.")


@pytest.mark.parametrize("other", ["", "@ada", "It left today.", "It left today, @cy knows."])
def test_another_text_is_another(other):
    assert matching_form(other) != matching_form("It left today, @bo knows.")


def test_entities_and_normal_forms_are_one():
    assert matching_form("caf\u00e9 &amp; bar") == matching_form("cafe\u0301 & bar")
