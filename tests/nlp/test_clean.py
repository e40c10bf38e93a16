import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.clean import MAX_CHARACTERS, clean


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", ""),
        ("  \n\t ", ""),
        ("Thanks 😂😂😂", "Thanks face with tears of joy"),
        ("❤️", "red heart"),
        ("#GreatJob2day", "# Great Job 2day"),
        ("@Acme_Help hi", "@user hi"),
        ("me@example.org", "me@example.org"),
        ("see https://t.co/abc now", "see http now"),
        ("sooooooo good", "sooo good"),
        ("order 1000000", "order 1000000"),
        ("a\x00b", "ab"),
        ("a\ud800b", "ab"),
        ("Q&amp;A", "Q&A"),
    ],
)
def test_a_text_is_read_as_plain_words(text, read):
    assert clean(text) == read


@given(st.text())
def test_no_text_at_all_breaks_the_cleaning(text):
    result = clean(text)
    assert "\x00" not in result
    result.encode("utf-8")


def test_of_a_very_long_text_the_beginning_and_the_end_are_read():
    text = "begin " + "x y " * 300_000 + "end"
    result = clean(text)
    assert result.startswith("begin")
    assert result.endswith("end")
    assert len(result) <= MAX_CHARACTERS + 1
