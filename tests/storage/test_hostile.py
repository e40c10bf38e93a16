"""A mention is hostile input everywhere; the store keeps it harmless and whole."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.model import Attachment, Author, Page, Seen
from storage.sqlite.words import CUT_MARK, MAX_BYTES, clean, clean_ref, search_terms

SEVERAL = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a\0b", "ab"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
        ("pair \ud83d\ude00", "pair 😀"),
        ("e\u0301", "é"),
        ("right \u202e left", "right \u202e left"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("'; DROP TABLE messages;--", "'; DROP TABLE messages;--"),
        ("😀" * 10_000, "😀" * 10_000),
    ],
)
async def test_a_text_is_kept_clean(desk, store, said, kept):
    message_id = await desk.hear(said)
    assert (await store.message(message_id)).text == kept


async def test_an_endless_text_is_cut_with_a_mark(desk, store):
    for said in ("x" * 1_000_000, "é" * 1_000_000, "😀" * 1_000_000, "e\u0301" * 1_000_000):
        text = (await store.message(await desk.hear(said))).text
        assert len(text.encode()) <= MAX_BYTES
        assert text.endswith(CUT_MARK)
        assert text.startswith(clean(said[:10])[:3])


async def test_a_million_characters_elsewhere_are_cut_too(desk, store):
    long = "y" * 1_000_000
    author = Author(long, long, long, long, followers=2**80)
    heard = desk.said(
        by=author,
        url=long,
        content_warning=long,
        language=long,
        attachments=(Attachment(long, long, long),) * 1_000,
        position=2**70,
        quoted_ref=long,
        server_ref=long,
    )
    taken = await desk.take(Seen(heard), cursor=long)
    kept = await store.message(taken.taken_ids[0])
    assert len(repr(kept)) < 1_000_000
    assert kept.author.followers == kept.position == 2**63 - 1
    assert (await desk.take(Seen(replace(heard, ref="another")))).added == 1
    assert (await store.message(taken.taken_ids[0] + 1)).author.id == kept.author.id


async def test_two_long_refs_stay_two(desk, store):
    refs = ["r" * 10_000 + "1", "r" * 10_000 + "2"]
    taken = await desk.take(*[Seen(desk.said("x", ref)) for ref in refs])
    assert taken.added == 2
    assert (await desk.take(*[Seen(desk.said("x", ref)) for ref in refs])).known == 2
    assert (await store.find_message("mastodon", refs[1])).id == taken.taken_ids[1]


@SEVERAL
@given(text=st.text(alphabet=st.characters(), max_size=200))
async def test_any_text_survives_the_round_trip(desk, store, text):
    message_id = await desk.hear(text)
    kept = (await store.message(message_id)).text
    assert kept == clean(text) == clean(kept)
    kept.encode()


@SEVERAL
@given(query=st.text(alphabet=st.characters(), max_size=60))
async def test_any_query_finds_or_finds_nothing(store, query):
    assert isinstance(await store.search(query), list)


@given(text=st.text(alphabet=st.characters()), limit=st.integers(40, 400))
@settings(deadline=None)
def test_cleaning_keeps_its_limit_and_is_idempotent(text, limit):
    once = clean(text, limit)
    assert len(once.encode()) <= max(limit, len(CUT_MARK.encode()))
    assert clean(once, limit) == once
    assert "\0" not in once


@given(ref=st.text(alphabet=st.characters(), max_size=700))
@settings(deadline=None)
def test_a_cleaned_ref_stays_as_it_is(ref):
    assert clean_ref(clean_ref(ref)) == clean_ref(ref)


def test_search_terms_quote_every_word():
    assert search_terms('hello "world') == '"hello" "world"*'
    assert search_terms("a AND b ") == '"a" "AND" "b"'
    assert search_terms("!!!") == ""


async def test_markup_in_every_field_is_only_text(desk, store):
    attack = "<img src=x onerror=alert(1)>"
    await desk.hear(attack, by=Author(attack, attack, attack, attack), content_warning=attack)
    [person] = await store.find_people("onerror")
    assert person.name == attack


async def test_a_page_of_nothing_but_rubbish_is_survived(desk, store):
    rubbish = [
        Seen(replace(desk.said(), **{field: value}))
        for field in ("text", "ref", "root_ref", "author", "kind", "visibility", "created_at")
        for value in (None, 5, object(), b"bytes", ["list"])
        if (field, value) != ("created_at", None)
    ]
    taken = await store.take_page(desk.mentions, Page(tuple(rubbish), "on"), desk.now)
    assert taken.unreadable + taken.added == len(rubbish)
    assert await store.cursor("masto-mentions") == "on"
    assert await store.queue_counts(desk.now)
