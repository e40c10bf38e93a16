"""Facts of platforms: how long, who may post, what may be done with the data."""

import pytest

from connectors._length import X_NEVER
from connectors._platforms import (
    PLATFORMS,
    data_rules,
    length,
    may_post,
    platform,
    reply_price,
)


def conformance(shared, name):
    yaml = pytest.importorskip("yaml")
    text = (shared / "twitter-text" / "conformance-validate.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["tests"][name]


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("WeightedTweetsWithDiscountedEmojiCounterTest", ()),
        ("UnicodeDirectionalMarkerCounterTest", ()),
        ("WeightedTweetsCounterTest", ("emoji", "double word")),  # the rule before emoji were 2
    ],
)
def test_x_counts_as_twitter_text_does(recorded, name, without):
    cases = [
        case
        for case in conformance(recorded, name)
        if not any(word in case["description"] for word in without)
    ]
    counted = [(case["description"], length("x", case["text"]).used) for case in cases]
    assert counted == [(case["description"], case["expected"]["weightedLength"]) for case in cases]
    assert len(cases) >= 2


def test_every_group_of_cases_is_counted_or_is_about_something_else(recorded):
    """`tweets` holds the rule of 140, before texts were weighed; the rest is not about length."""
    yaml = pytest.importorskip("yaml")
    text = (recorded / "twitter-text" / "conformance-validate.yml").read_text(encoding="utf-8")
    assert set(yaml.safe_load(text)["tests"]) == {
        *("WeightedTweetsWithDiscountedEmojiCounterTest", "UnicodeDirectionalMarkerCounterTest"),
        *("WeightedTweetsCounterTest", "tweets", "usernames", "lists", "hashtags", "urls"),
        "urls_without_protocol",
    }


@pytest.mark.parametrize("name", ["WeightedTweetsWithDiscountedEmojiCounterTest",
                                  "UnicodeDirectionalMarkerCounterTest",
                                  "WeightedTweetsCounterTest"])  # fmt: skip
def test_x_takes_a_text_exactly_if_twitter_text_does(recorded, name):
    """The rule of 280, whatever the older cases count for an emoji."""
    for case in conformance(recorded, name):
        told = case["expected"]
        if told["weightedLength"] == length("x", case["text"]).used:
            fits = 0 < told["weightedLength"] <= 280
            assert told["valid"] == (fits and not X_NEVER & set(case["text"])), case


@pytest.mark.parametrize(
    ("name", "text", "used", "unit"),
    [
        ("x", "plain", 5, "weighted characters"),
        ("x", "👨‍👩‍👧‍👦 hi", 5, "weighted characters"),
        ("x", "see https://example.com/a/very/long/path?with=query", 27, "weighted characters"),
        ("x", "cafe\u0301", 4, "weighted characters"),
        ("bluesky", "👨‍👩‍👧‍👦 hi", 4, "graphemes"),
        ("bluesky", "cafe\u0301", 4, "graphemes"),
        ("mastodon", "see https://example.com/a/very/long/path", 27, "characters"),
        ("mastodon", "@ada@social.example hello", 10, "characters"),
        ("mastodon", "ask ada@social.example", 22, "characters"),
        ("reddit", "👍 **hi**", 8, "characters"),
        ("import", "anything", 8, "characters"),
    ],
)
def test_every_platform_counts_in_its_own_unit(name, text, used, unit):
    assert (length(name, text).used, length(name, text).unit) == (used, unit)


@pytest.mark.parametrize(
    ("name", "limit"), [("x", 280), ("bluesky", 300), ("mastodon", 500), ("reddit", 10_000)]
)
def test_the_limit_itself_fits_and_one_more_does_not(name, limit):
    assert length(name, "x" * limit).fits
    assert not length(name, "x" * (limit + 1)).fits


def test_bluesky_has_a_limit_of_bytes_too():
    family = length("bluesky", "👨‍👩‍👧‍👦" * 200)
    assert (family.fits, family.unit, family.limit) == (False, "bytes", 3000)


def test_an_instance_may_have_a_limit_of_its_own():
    assert length("mastodon", "x" * 501, limit=5000).fits


def test_where_no_limit_is_written_too_long_only_warns():
    assert not length("instagram", "x" * 400).is_firm
    assert length("x", "x").is_firm


def test_lone_surrogates_and_nul_are_counted_without_complaint():
    for name in PLATFORMS:
        assert length(name, "a\x00\ud800").used >= 3


@pytest.mark.parametrize("name", PLATFORMS)
def test_who_may_not_post_says_why_and_where_that_is_written(name):
    permission = may_post(name)
    assert permission.allowed or (permission.rule and permission.source)


def test_only_listening_where_nobody_can_post():
    assert [name for name in PLATFORMS if not may_post(name).allowed] == ["hackernews"]
    assert not may_post("import").allowed


@pytest.mark.parametrize("name", [*PLATFORMS, "import"])
def test_nothing_sensitive_is_ever_inferred(name):
    assert not data_rules(name).may_infer_sensitive
    assert not data_rules(name, is_approved=True).may_infer_sensitive


@pytest.mark.parametrize("rule", ["may_profile", "may_match_accounts", "may_train"])
@pytest.mark.parametrize("name", PLATFORMS)
def test_x_and_reddit_need_a_written_approval(name, rule):
    if name in ("x", "reddit"):
        assert not getattr(data_rules(name), rule)
    elif rule != "may_train":
        assert getattr(data_rules(name), rule)
    assert getattr(data_rules(name, is_approved=True), rule)


@pytest.mark.parametrize("name", ["facebook", "instagram", "youtube"])
def test_what_was_not_granted_is_not_trained_on(name):
    assert not data_rules(name).may_train


@pytest.mark.parametrize("name", [one for one in PLATFORMS if one != "hackernews"])
def test_what_is_held_is_looked_at_again_within_a_day(name):
    assert data_rules(name).recheck_hours == 24


def test_youtube_is_not_kept_for_more_than_a_month():
    assert data_rules("youtube").retain_days == 30


def test_an_unknown_platform_keeps_its_name_and_takes_no_posts():
    assert platform("ibm_cdp").name == "ibm_cdp"
    assert not platform("ibm_cdp").may_post


@pytest.mark.parametrize(
    ("name", "text", "micro_dollars"),
    [
        ("x", "Thank you", 10_000),
        ("x", "See https://tern.example/a", 200_000),
        ("mastodon", "See https://tern.example/a", 0),
        ("nobody-knows-this", "Thank you", 0),
    ],
)
def test_a_reply_costs_what_its_platform_asks(name, text, micro_dollars):
    assert reply_price(name, text) == micro_dollars


def test_a_language_model_may_write_on_x_only_with_its_approval():
    assert not data_rules("x").may_generate
    assert data_rules("x", is_approved=True).may_generate
