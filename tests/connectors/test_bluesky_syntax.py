"""The AT Protocol's identifiers, times and facets, against its own files and against invention."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.bluesky import syntax
from connectors.bluesky.facets import facets, handles_in
from connectors.bluesky.syntax import moment, record_key, stamp, tid


def is_at_uri(text):
    try:
        syntax.at_uri(text)
    except ValueError:
        return False
    return True


JUDGES = {
    "atidentifier": lambda one: syntax.is_did(one) or syntax.is_handle(one),
    "aturi": is_at_uri,
    "datetime": syntax.is_moment,
    "did": syntax.is_did,
    "handle": syntax.is_handle,
    "language": syntax.is_language,
    "nsid": syntax.is_nsid,
    "recordkey": syntax.is_record_key,
    "tid": syntax.is_tid,
}
NOT_JUDGED = {
    "language_parse_invalid.txt": (
        "well-formed tags that a stricter reading refuses; we write tags and never take them apart"
    ),
}


def cases(recorded, name):
    text = (recorded / "bluesky" / "interop-syntax" / name).read_text(encoding="utf-8")
    return [one for one in text.split("\n") if one and not one.startswith("#")]


@pytest.mark.parametrize("kind", JUDGES)
def test_what_the_protocol_calls_valid_is_valid_and_the_rest_is_not(recorded, kind):
    valid, invalid = (cases(recorded, f"{kind}_syntax_{one}.txt") for one in ("valid", "invalid"))
    assert valid
    assert invalid
    assert [one for one in valid if not JUDGES[kind](one)] == []
    assert [one for one in invalid if JUDGES[kind](one)] == []


def test_a_time_with_a_month_zero_is_no_time(recorded):
    wrong = cases(recorded, "datetime_parse_invalid.txt")
    assert wrong
    for one in wrong:
        assert not syntax.is_moment(one)
        with pytest.raises(ValueError):
            moment(one)


def test_every_valid_time_can_be_read(recorded):
    for one in cases(recorded, "datetime_syntax_valid.txt"):
        assert moment(one).tzinfo is UTC


def test_every_file_of_syntax_is_used_or_left_out_for_a_reason(recorded):
    there = {one.name for one in (recorded / "bluesky" / "interop-syntax").iterdir()}
    used = {f"{kind}_syntax_{one}.txt" for kind in JUDGES for one in ("valid", "invalid")}
    assert there == used | {"datetime_parse_invalid.txt"} | set(NOT_JUDGED)


def test_a_time_without_a_zone_is_taken_for_utc():
    assert moment("2023-07-21T01:33:51.481951") == datetime(2023, 7, 21, 1, 33, 51, 481951, UTC)


moments = st.integers(0, 10**12).map(
    lambda ms: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)


@settings(max_examples=100)
@given(moments, st.text(), st.integers(0, 999))
def test_a_key_is_a_tid_that_comes_from_the_reply_alone(when, key, micros):
    made = record_key(key, when)
    assert syntax.is_tid(made)
    assert made == record_key(key, when + timedelta(microseconds=micros))
    assert made < record_key(key, when + timedelta(milliseconds=1))
    assert syntax.is_moment(stamp(when))
    assert moment(stamp(when)) == when


def test_replies_of_one_millisecond_have_places_of_their_own(wall):
    assert len({record_key(f"k{number}", wall()) for number in range(1000)}) > 995


def test_a_tid_is_written_as_the_protocol_writes_it():
    assert tid(0, 0) == "2222222222222"
    assert tid(2**53 - 1, 1023) == "bzzzzzzzzzzzz"
    assert syntax.is_tid("3jzfcijpj2z2a")


# Facets


def found(text, dids=None):
    told = facets(text, (dids or {}).get)
    cut = text.encode()
    return [
        (cut[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode(), one["features"][0])
        for one in told
    ]


@pytest.mark.parametrize(
    ("text", "handles"),
    [
        ("mail me@ada.test", []), ("@ada.test.", ["ada.test"]), ("(@Ada.Test)", ["ada.test"]),
        ("@ada", []), ("https://x.example/@ada.test", []), ("@ada.test's", ["ada.test"]),
        ("@ada.test @ADA.test", ["ada.test"]), ("@-.test", []), ("@@ada.test", []),
        ("@ada.test@home.example", []), ("é@ada.test", []),
        ("@a.ada.test@home.example", []), ("@ada.test-", ["ada.test"]),
    ],
)  # fmt: skip
def test_handles_are_found_where_they_are_meant(text, handles):
    assert handles_in(text) == handles


@pytest.mark.parametrize(
    "text", ["#1", "a#b", "#", "https://x.example/#top", "# x", "#" + "x" * 65, "&#39;"]
)
def test_what_is_no_hashtag_is_none(text):
    assert not any(what["$type"].endswith("#tag") for _, what in found(text))


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://x.example/a, then", ["https://x.example/a"]),
        ("(https://x.example/a?b=1&c)", ["https://x.example/a?b=1&c"]),
        ("acme.com", ["https://acme.com"]), ("me@acme.com", []), ("end.Next", []),
        ("http://x.example", ["http://x.example"]), ("ftp://x.example", []),
    ],
)  # fmt: skip
def test_links_are_found_and_can_be_opened(text, links):
    made = [what["uri"] for _, what in found(text) if "uri" in what]
    assert made == links
    assert all(urlsplit(one).netloc for one in made)


words = st.sampled_from(
    ["@ada.test", "#tag", "#日本", "https://x.example/ä?b", "👩🏽‍🚒", "é", "acme.com", "ok", "\n"]
)


@given(st.lists(words, max_size=12), st.sampled_from([" ", "  ", " é "]))
def test_facets_point_at_bytes_in_order_and_never_overlap(parts, between):
    text = between.join(parts)
    told = found(text, {"ada.test": "did:plc:a"})
    index = [
        (one["index"]["byteStart"], one["index"]["byteEnd"])
        for one in facets(text, {"ada.test": "did:plc:a"}.get)
    ]
    assert all(start < end for start, end in index)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(index))
    assert all(words[0] in "@#＃ha" for words, _ in told)


@given(st.text(max_size=80))
def test_no_text_breaks_the_facets(text):
    encoded = len(text.encode("utf-8", "surrogatepass"))
    for one in facets(text, lambda _: "did:plc:a"):
        assert 0 <= one["index"]["byteStart"] < one["index"]["byteEnd"] <= encoded
    assert json.dumps(facets(text, lambda _: None))
