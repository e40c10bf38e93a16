"""The guard reads every outgoing text: every rule, what it stops and what it lets pass."""

import pytest

from bot.suggest.guard import inspect_reply


@pytest.fixture
def rules(a_message, config):
    """Return the rules that speak against a text."""

    def find(text, links=(), **message):
        settings = config(policy={"allowed_links": list(links)})
        return [
            (finding.rule, finding.blocks)
            for finding in inspect_reply(text, a_message(**message), settings)
        ]

    return find


def test_a_plain_answer_passes(rules):
    assert rules("Hi Ada, it left today. – Ines") == []


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_nothing_is_not_sent(rules, text):
    assert ("empty", True) in rules(text)


def test_nobody_answers_a_deleted_message(rules, wall):
    assert rules("Hi", deleted_at=wall()) == [("gone", True)]


def test_too_long_is_counted_as_the_platform_counts(rules):
    assert rules("a" * 500) == []
    assert rules("a" * 501) == [("too_long", True)]
    assert rules("a" * 281, platform="x") == [("too_long", True)]
    assert rules("a" * 281, platform="reddit") == []


def test_a_slot_that_nobody_filled_is_not_sent(rules):
    assert rules("Hi {first_name}, it left.") == [("slot", True)]


def test_braces_around_something_else_are_text(rules):
    assert rules("Use {1} or {A B}.") == []


@pytest.mark.parametrize("char", ["\u202e", "\u200b", "\u2066", "\ufeff", "\u00ad", "\U000e0041"])
def test_invisible_and_direction_changing_characters_are_stopped(rules, char):
    assert rules(f"Hi{char} Ada") == [("invisible", True)]


@pytest.mark.parametrize("text", ["well done 👩‍🚀", "thanks ❤️", "schön – naïve"])
def test_emoji_and_letters_with_marks_pass(rules, text):
    assert rules(text) == []


@pytest.mark.parametrize("text", ["a\x00b", "a\x1b[31mred", "a\ud800b", "a\x08b"])
def test_control_characters_and_lone_surrogates_are_stopped(rules, text):
    assert rules(text) == [("invisible", True)]


def test_a_line_break_is_no_control_character(rules):
    assert rules("Hi Ada,\n\nit left today.\tYours") == []


def test_a_link_must_be_on_the_list(rules):
    assert rules("see https://tern.example/a") == [("link", True)]
    assert rules("see https://tern.example/a", links=["tern.example"]) == []
    assert rules("see https://www.help.tern.example", links=["tern.example"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "https://tern.example.evil.test",
        "https://eviltern.example",
        "https://tern.example@evil.test/x",
        "https://evil.test/?tern.example",
        "HTTPS://EVIL.TEST",
        "https://[::1",
        "evil.com/free-money",
        "www.evil.com",
        "bit.ly/x",
    ],
)
def test_a_link_that_is_not_ours_is_stopped_however_it_is_written(rules, text):
    assert ("link", True) in rules(f"see {text}", links=["tern.example"])


@pytest.mark.parametrize(
    "text", ["Thanks.See you", "e.g. this", "at 10.30", "v2.0 is out", "ok..."]
)
def test_a_full_stop_without_a_space_is_no_link(rules, text):
    assert rules(text) == []


def test_the_case_of_an_allowed_host_does_not_matter(rules):
    assert rules("see https://Tern.Example/a", links=["TERN.example"]) == []


def test_mentioning_somebody_else_is_a_warning(rules):
    assert rules("ask @somebody") == [("mention", False)]
    assert rules("hi @ada, hi @ADA") == []
    assert rules("hi @ada", handle="ada@other.example") == []
    assert rules("hi @ada@other.example", handle="ada@other.example") == []
    assert rules("hi @ada@evil.example", handle="ada@other.example") == [("mention", False)]


def test_a_phone_number_or_mail_address_in_public_is_a_warning(rules):
    assert rules("call +44 20 7946 0958") == [("private", False)]
    assert rules("write to ada@example.org") == [("private", False)]
    assert rules("write to ada@example.org", visibility="direct") == []


def test_an_order_number_is_no_phone_number(rules):
    assert rules("order 4711 came in at 10:30, 2026") == []


def test_every_rule_that_is_broken_is_named(rules):
    found = {rule for rule, _ in rules("{a} https://evil.test @bo \u202e")}
    assert found == {"slot", "link", "mention", "invisible"}


def test_a_hundred_thousand_characters_are_read_quickly(rules):
    assert ("too_long", True) in rules("1 (" * 40_000)
    assert ("too_long", True) in rules("a@" * 50_000)
    assert ("too_long", True) in rules("a.a-" * 25_000)
