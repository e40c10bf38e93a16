"""Playbook files: mistakes are named, versions follow the words."""

import pytest

from bot.demo import demo_files
from bot.errors import ConfigError
from bot.suggest.playbook import read_playbook

ENTRY = """\
[[entry]]
id = "returns"
intents = ["question"]
examples = ["how do I send it back?", "can I return it?"]
[[entry.replies]]
text = "Hi {first_name}, within {days} days. {signature}"
"""
FACTS = '[facts]\ndays = "30"\n\n'


@pytest.fixture
def book(tmp_path):
    def read(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        return read_playbook(tmp_path)

    return read


def key_of(playbook):
    return next(iter(playbook.entries))


def test_a_missing_folder_is_an_empty_playbook(tmp_path):
    assert read_playbook(tmp_path / "none").entries == {}


def test_facts_and_entries_may_stand_in_different_files(book):
    read = book(a=ENTRY, b=FACTS)
    assert read.facts == {"days": "30"}
    assert [entry.id for entry in read.entries.values()] == ["returns"]


def test_every_example_has_a_ref_that_leads_back_to_its_entry(book):
    read = book(a=FACTS + ENTRY)
    refs = read.examples()
    assert list(refs.values()) == ["how do I send it back?", "can I return it?"]
    assert {read.entry_of(ref).id for ref in refs} == {"returns"}
    assert read.entry_of("returns@00000000#0") is None
    assert read.entry_of("nonsense") is None


def test_a_version_stays_while_nothing_is_said_differently(book):
    assert key_of(book(a=FACTS + ENTRY)) == key_of(book(a=FACTS + "# a remark\n" + ENTRY))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("within {days}", "inside {days}"),
        ('["question"]', '["question", "complaint"]'),
        ("[[entry.replies]]\n", '[[entry.replies]]\nwhen = "always"\n'),
    ],
)
def test_a_version_changes_with_what_the_entry_says(book, before, after):
    first = key_of(book(a=FACTS + ENTRY))
    assert key_of(book(a=FACTS + ENTRY.replace(before, after))) != first


def test_a_version_changes_with_the_facts_it_states(book):
    first = key_of(book(a=FACTS + ENTRY))
    assert key_of(book(a=FACTS.replace("30", "14") + ENTRY)) != first


def test_another_example_is_no_other_answer(book):
    first = key_of(book(a=FACTS + ENTRY))
    assert key_of(book(a=FACTS + ENTRY.replace("can I return it?", "may I?"))) == first


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[entry]\n", "is not valid TOML"),
        (ENTRY.replace('"question"', '"anger"'), "intents"),
        (ENTRY.replace('"returns"', '"Re turns"'), "entry.0.id"),
        (ENTRY.replace("examples", "exmaples"), "exmaples"),
        (ENTRY.replace('["how do I send it back?", "can I return it?"]', "[]"), "examples"),
        (ENTRY.partition("[[entry.replies]]")[0], "replies"),
        (ENTRY, "uses {days}, which no facts file has"),
        (FACTS + ENTRY + ENTRY, "'returns' stands twice"),
        ("[facts]\ndays = 30\n", "facts.days"),
        ("entries = []\n", "entries"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_file(book, tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        book(a=text)
    assert said in str(caught.value)
    assert "{days}" in said or str(tmp_path / "a.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_same_fact_twice_with_another_value_is_a_mistake(book):
    with pytest.raises(ConfigError, match="days"):
        book(a=FACTS + ENTRY, b=FACTS.replace("30", "14"))


def test_bytes_that_are_no_text_are_named(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not valid TOML"):
        read_playbook(tmp_path)


def test_the_demo_playbook_has_no_mistakes():
    read = read_playbook(demo_files() / "playbook")
    assert len(read.entries) > 10
    assert len(read.examples()) > 50
