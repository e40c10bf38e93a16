"""Answers that the real network gave: read by the connector's parser, and by the validator."""

import json
import re

import pytest

from connectors.bluesky import parse, rows
from connectors.bluesky.permit import permission
from connectors.bluesky.syntax import is_tid
from connectors.model import Seen

US = parse.Us("did:plc:user0")
SNAPSHOTS = ("notifications", "posts", "quotes", "thread", "threadgating")
SDK = {
    "thread_view_post_with_embed_media.json", "feed_record.json", "post_record.json",
    "extended_post_record.json", "resolve_handle.json", "did_doc.json",
}  # fmt: skip
NOT_USED = {
    "custom_record.json": "a record of a collection that nobody here reads",
    "like_record.json": "likes are not listened to",
    "extended_like_record.json": "likes are not listened to",
    "get_follows.json": "follows are not listened to",
}


def snapshots(recorded, name):
    """Return recorded answers with their placeholders made into identifiers."""
    path = recorded / "bluesky" / "appview-snapshots" / f"{name}.json"
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"user\((\d+)\)", r"did:plc:user\1", text)
    text = re.sub(r"record\((\d+)\)", _record, text)
    text = re.sub(r"cids\((\d+)\)", lambda one: "bafyrei" + one[1].translate(_LETTERS) * 52, text)
    return json.loads(re.sub(r"(bafyrei[a-z]{52})[a-z]*", r"\1", text))["snapshots"]


_LETTERS = str.maketrans("0123456789", "abcdefghij")


def _record(one):
    return f"at://did:plc:user{int(one[1]) % 5}/app.bsky.feed.post/{one[1]}"


def sdk(recorded, name):
    path = recorded / "bluesky" / "sdk-test-data" / name
    return json.loads(path.read_text(encoding="utf-8"))


def views(value):
    """Find every post, or notification about one, in an answer."""
    if isinstance(value, dict):
        if {"uri", "cid", "author", "record", "indexedAt"} <= value.keys():
            yield value
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from views(one)


def posts(recorded, name):
    found = views(snapshots(recorded, name))
    return [one for one in found if one["record"].get("$type") == "app.bsky.feed.post"]


@pytest.mark.parametrize(("name", "least"), [("notifications", 10), ("posts", 5), ("quotes", 3),
                                             ("thread", 20)])  # fmt: skip
def test_every_recorded_post_is_read(recorded, name, least):
    found = [parse.message(one, US) for one in posts(recorded, name)]
    assert len(found) >= least
    for one in found:
        assert one.ref.startswith("at://")
        assert one.created_at.tzinfo
        assert one.url.startswith("https://bsky.app/profile/")


def test_recorded_posts_show_every_kind_of_attachment(recorded):
    found = [
        part for name in ("notifications", "posts", "quotes", "thread")
        for one in posts(recorded, name) for part in parse.message(one, US).attachments
    ]  # fmt: skip
    assert {"image", "video"} == {one.kind for one in found}
    assert any(one.alt for one in found)


def test_recorded_notifications_that_are_not_for_us_say_nothing(recorded):
    told = [one for one in views(snapshots(recorded, "notifications")) if "reason" in one]
    reasons = {one["reason"] for one in told}
    assert {"mention", "reply", "quote", "like", "follow"} <= reasons
    for one in told:
        event = rows.event(one, US)
        assert isinstance(event, Seen) == (one["reason"] in rows.REASONS)


def test_recorded_quotes_name_what_they_quote(recorded):
    found = [parse.message(one, US) for one in posts(recorded, "quotes")]
    assert any(one.quoted_ref for one in found)


def test_every_rule_of_a_recorded_threadgate_is_said_in_words(recorded):
    said = set()
    for gate in snapshots(recorded, "threadgating").values():
        view = {
            "author": {"did": "did:plc:a", "handle": "ada.test"},
            "viewer": {"replyDisabled": True}, "threadgate": gate,
        }  # fmt: skip
        told = permission(view, None)
        assert not told.allowed
        said.add(told.rule)
    assert len(said) >= 6


def test_recorded_posts_keep_to_the_lexicon_of_posts(recorded, lexicons):
    """The validator is not stricter than the network; old fields that it dropped are known."""
    wrong = {
        sentence
        for name in ("notifications", "posts", "quotes", "thread")
        for one in posts(recorded, name)
        for sentence in lexicons.record(one["record"])
    }
    assert wrong == set()


def test_the_validator_finds_what_is_wrong(lexicons):
    good = {"$type": "app.bsky.feed.post", "text": "x", "createdAt": "2026-01-01T00:00:00Z"}
    assert lexicons.record(good) == []
    for bad in (
        {"text": "x" * 301}, {"text": 7}, {"createdAt": "noon"}, {"langs": ["en"] * 4},
        {"reply": {"root": {}}}, {"embed": {"$type": "app.bsky.embed.unheard#"}, "new": 1},
        {"facets": [{"index": {"byteStart": -1, "byteEnd": 2}, "features": []}]},
    ):  # fmt: skip
        assert lexicons.record({**good, **bad}), bad
    without = {key: value for key, value in good.items() if key != "createdAt"}
    assert lexicons.record(without) == ["record: createdAt is missing"]
    assert lexicons.asked("app.bsky.feed.getPosts", [("uris", "x")])
    assert lexicons.asked("app.bsky.feed.getPosts", [("urls", "x")])
    assert lexicons.answered("app.bsky.feed.getPosts", {"posts": [{"uri": "at://x"}]})


def test_every_lexicon_can_be_read_and_leads_somewhere(lexicons):
    assert len(lexicons.known) == 113
    for nsid, ref in lexicons.refs():
        lexicons.find(ref, nsid)


def test_a_real_thread_is_read(recorded):
    told = sdk(recorded, "thread_view_post_with_embed_media.json")["thread"]
    one = parse.message(told["post"], US)
    quoted = told["post"]["record"]["embed"]["record"]["record"]["uri"]
    assert (one.author.handle, one.quoted_ref) == (told["post"]["author"]["handle"], quoted)
    assert [(part.kind, part.url[:8]) for part in one.attachments] == [("image", "https://")]


@pytest.mark.parametrize("name", ["post_record.json", "extended_post_record.json"])
def test_a_real_record_that_our_own_server_gives_back_is_read(recorded, name):
    told = sdk(recorded, name)
    assert is_tid(told["uri"].rsplit("/", 1)[1])
    view = {
        "uri": told["uri"], "cid": told["cid"], "record": told["value"],
        "author": {"did": "did:plc:a", "handle": "a.test"}, "indexedAt": "2025-01-01T00:00:00Z",
    }  # fmt: skip
    assert parse.message(view, US).text == told["value"]["text"]


def test_a_record_that_is_no_post_is_unreadable_and_no_harm(recorded):
    told = sdk(recorded, "feed_record.json")
    event = rows.event({"reason": "mention", "record": told, "uri": "at://x"}, US)
    assert event.reason


def test_a_real_handle_and_a_real_document_are_understood(recorded):
    from connectors.bluesky.session import _pds
    from connectors.bluesky.syntax import is_did

    assert is_did(sdk(recorded, "resolve_handle.json")["did"])
    document = sdk(recorded, "did_doc.json")["didDoc"]
    assert _pds(document, "https://x.example").startswith("https://")
    assert _pds(document, "https://x.example") != "https://x.example"


def test_every_recorded_file_is_used_or_left_out_for_a_reason(recorded):
    folder = recorded / "bluesky"
    assert {one.stem for one in (folder / "appview-snapshots").iterdir()} == set(SNAPSHOTS)
    assert {one.name for one in (folder / "sdk-test-data").iterdir()} == SDK | set(NOT_USED)
