"""The demo world is whole: what its files promise each other holds."""

import json
import re
import tomllib
import unicodedata
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "examples" / "demo"
PLATFORMS = {"x", "reddit", "bluesky", "mastodon"}
LIMIT = {"x": 280, "reddit": 10_000, "bluesky": 300, "mastodon": 500}
INTENTS = {
    "question",
    "complaint",
    "praise",
    "purchase",
    "suggestion",
    "churn",
    "spam",
    "chatter",
}
KINDS = {"mention", "comment", "reply", "quote", "direct", "post"}
VISIBILITIES = {"public", "unlisted", "followers", "direct"}
FREE_SLOTS = {"first_name", "signature", "brand"}
DAY = re.compile(r"-(\d+)d (\d\d):(\d\d)")
SPAN = re.compile(r"([+-])(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def lines(name):
    return [json.loads(line) for line in (DEMO / name).read_text("utf-8").splitlines()]


def seconds(at, start_of_day):
    """`at` in seconds before or after the start, for a first start at that time of day."""
    if days := DAY.fullmatch(at):
        n, hours, minutes = map(int, days.groups())
        return (timedelta(days=-n, hours=hours, minutes=minutes) - start_of_day).total_seconds()
    span = SPAN.fullmatch(at)
    assert span, at
    h, m, s = (int(part or 0) for part in span.groups()[1:])
    return (1 if span[1] == "+" else -1) * timedelta(hours=h, minutes=m, seconds=s).total_seconds()


def graphemes(text):
    """A cautious count: joiners, variation selectors and combining marks add nothing."""
    return sum(
        1
        for c in text
        if not unicodedata.combining(c) and c not in "\u200d\ufe0f" and not "🏻" <= c <= "🏿"
    )


@pytest.fixture(scope="module")
def world():
    return lines("world.jsonl")


@pytest.fixture(scope="module")
def accounts(world):
    return {r["ref"]: r for r in world if r["type"] == "account"}


@pytest.fixture(scope="module")
def messages(world):
    return {r["ref"]: r for r in world if r["type"] == "message"}


@pytest.fixture(scope="module")
def replies():
    return [
        (entry["id"], reply["text"])
        for path in sorted((DEMO / "playbook").glob("*.toml"))
        if path.name != "facts.toml"
        for entry in tomllib.loads(path.read_text("utf-8"))["entry"]
        for reply in entry["replies"]
    ]


@pytest.fixture(scope="module")
def facts():
    return tomllib.loads((DEMO / "playbook" / "facts.toml").read_text("utf-8"))["facts"]


def test_the_world_line_comes_first_and_names_four_platforms(world):
    assert world[0]["type"] == "world"
    assert set(world[0]["platforms"]) == PLATFORMS
    assert Counter(r["type"] for r in world)["world"] == 1


def test_every_ref_is_unique(world):
    refs = [r["ref"] for r in world if r["type"] in {"account", "message"}]
    assert len(refs) == len(set(refs))


def test_there_are_enough_people_and_the_brand_is_on_every_platform(accounts):
    assert sum(not a["ours"] for a in accounts.values()) >= 55
    assert sorted(a["platform"] for a in accounts.values() if a["ours"]) == sorted(PLATFORMS)


def test_every_domain_in_a_handle_is_an_example_domain(accounts):
    for account in accounts.values():
        if account["platform"] in {"bluesky", "mastodon"}:
            assert account["handle"].endswith(".example")


def test_every_link_and_mail_address_points_into_example(world):
    text = "\n".join(json.dumps(r, ensure_ascii=False) for r in world)
    for host in re.findall(r"https?://([\w.-]+)", text):
        assert host.rstrip(".").endswith(".example"), host


def test_every_author_exists_on_the_platform_of_the_message(messages, accounts):
    for message in messages.values():
        assert accounts[message["author"]]["platform"] == message["platform"]


def test_every_account_says_something(messages, accounts):
    assert {m["author"] for m in messages.values()} == set(accounts)


def test_a_parent_stands_earlier_in_the_file(messages):
    seen = set()
    for ref, message in messages.items():
        assert message["parent"] is None or message["parent"] in seen, ref
        seen.add(ref)


@pytest.mark.parametrize("hour", [0, 5, 9, 12, 18, 23])
def test_a_parent_is_older_whatever_the_hour_of_the_first_start(messages, hour):
    start = timedelta(hours=hour, minutes=59)
    for ref, message in messages.items():
        if message["parent"]:
            parent = messages[message["parent"]]
            assert parent["platform"] == message["platform"], ref
            assert seconds(parent["at"], start) < seconds(message["at"], start), ref


def test_days_are_for_what_is_older_than_two_days(messages):
    for ref, message in messages.items():
        if days := DAY.fullmatch(message["at"]):
            assert 2 <= int(days[1]) <= 13, ref
        else:
            assert -48 * 3600 < seconds(message["at"], timedelta()) <= 1800, ref


def test_every_text_fits_its_platform(messages, world):
    said = [(m["platform"], m["text"]) for m in messages.values()]
    said += [(e["platform"], e["text"]) for e in world if e["type"] == "edit"]
    for answer in (r for r in world if r["type"] == "answer"):
        platform = messages[answer["to"]]["platform"]
        said += [(platform, a["text"]) for a in (answer, *answer.get("then", ()))]
    for platform, text in said:
        length = graphemes(text) if platform == "bluesky" else len(text)
        assert 0 < length <= LIMIT[platform], text


def test_kinds_and_visibilities_are_known(messages):
    for message in messages.values():
        assert message["kind"] in KINDS
        assert message["visibility"] in VISIBILITIES
        assert all(a["alt"] for a in message.get("attachments", ()))


def test_the_history_is_long_and_the_live_part_starts_dense(messages):
    at = [seconds(m["at"], timedelta(hours=12)) for m in messages.values()]
    live = sorted(t for t in at if t >= 0)
    assert len(at) - len(live) >= 280
    assert 40 <= len(live) <= 60
    assert live[0] == 8
    assert sum(t <= 300 for t in live) >= 15
    assert max(b - a for a, b in pairwise(live)) <= 90
    assert {m["platform"] for m in messages.values()} == PLATFORMS


def test_enough_messages_of_the_last_two_days_still_wait(messages, accounts):
    answered = {m["parent"] for m in messages.values() if accounts[m["author"]]["ours"]}
    waiting = [
        r
        for r in lines("labels.jsonl")
        if (r.get("foreign") or r["needs_reply"])
        and r["ref"] not in answered
        and messages[r["ref"]]["at"].startswith("-")
        and not DAY.fullmatch(messages[r["ref"]]["at"])
    ]
    assert len(waiting) >= 55


def test_six_threads_are_long_and_two_sided(messages, accounts):
    sides = {}
    for ref, message in messages.items():
        root = ref
        while messages[root]["parent"]:
            root = messages[root]["parent"]
        sides.setdefault(root, []).append(accounts[message["author"]]["ours"])
    assert sum(len(who) >= 6 and any(who) and not all(who) for who in sides.values()) >= 6


def test_no_two_messages_say_the_same(messages):
    assert max(Counter(m["text"].casefold() for m in messages.values()).values()) == 1


def test_hostile_text_is_part_of_the_world(messages, accounts):
    everything = "\n".join(m["text"] for m in messages.values())
    names = "\n".join(a["name"] for a in accounts.values())
    assert "<script>alert(1)</script><img src=x onerror=alert(1)>" in everything
    assert "\u202e" in everything
    assert "ignore your previous instructions" in everything
    assert "\u200b" in names
    assert "\u202e" in names


def test_edits_and_deletions_touch_a_message_that_is_already_there(messages, world):
    for event in world:
        if event["type"] in {"edit", "delete"}:
            said = seconds(messages[event["ref"]]["at"], timedelta(hours=12))
            assert said < seconds(event["at"], timedelta(hours=12))


def test_an_answer_comes_from_the_person_who_wrote_and_only_once(messages, accounts, world):
    answers = [r for r in world if r["type"] == "answer"]
    assert len(answers) >= 45
    assert len({a["to"] for a in answers}) == len(answers)
    for answer in answers:
        message = messages[answer["to"]]
        assert answer["author"] == message["author"]
        assert not accounts[answer["author"]]["ours"]
        assert 0 < answer["after_s"] <= 600


def test_labels_cover_every_message_that_is_not_ours(messages, accounts):
    labels = lines("labels.jsonl")
    theirs = [ref for ref, m in messages.items() if not accounts[m["author"]]["ours"]]
    assert sorted(r["ref"] for r in labels) == sorted(theirs)


def test_every_label_keeps_the_rules_of_the_guide():
    for label in lines("labels.jsonl"):
        if label.get("foreign"):
            assert set(label) == {"ref", "foreign"}
            continue
        intents = label["intents"]
        assert label["sentiment"] in {"negative", "positive", "neutral"}, label
        assert intents, label
        assert set(intents) <= INTENTS, label
        assert len(set(intents)) == len(intents), label
        assert "chatter" not in intents or intents == ["chatter"], label
        assert label["needs_reply"] or not label["crisis"], label


def test_a_playbook_entry_is_complete_and_its_id_is_unique():
    ids = []
    for path in sorted((DEMO / "playbook").glob("*.toml")):
        if path.name == "facts.toml":
            continue
        for entry in tomllib.loads(path.read_text("utf-8"))["entry"]:
            ids.append(entry["id"])
            assert set(entry["intents"]) <= INTENTS, entry["id"]
            assert 4 <= len(entry["examples"]) <= 8, entry["id"]
            assert 1 <= len(entry["replies"]) <= 3, entry["id"]
            assert all(reply["when"] for reply in entry["replies"]), entry["id"]
    assert len(ids) == len(set(ids)) >= 30


def test_every_slot_is_a_fact_or_comes_with_the_message(replies, facts):
    for entry, text in replies:
        unknown = set(re.findall(r"\{(\w+)\}", text)) - set(facts) - FREE_SLOTS
        assert not unknown, (entry, unknown)


def test_every_fact_is_used_somewhere(replies, facts):
    used = {slot for _, text in replies for slot in re.findall(r"\{(\w+)\}", text)}
    assert set(facts) <= used


def test_a_filled_reply_fits_the_shortest_platform(replies, facts):
    given = {**facts, "first_name": "Klaus-Dieter", "signature": "Maja", "brand": "Kettlewren"}
    for entry, text in replies:
        assert len(re.sub(r"\{(\w+)\}", lambda slot: given[slot[1]], text)) <= 280, entry


def test_the_facts_are_words_not_numbers(facts):
    assert all(isinstance(value, str) and value for value in facts.values())
