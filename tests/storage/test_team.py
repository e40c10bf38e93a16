"""Reviewers, one-time links, sessions."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage.store import NotFound


@pytest.fixture
async def rae(store, desk):
    return await store.add_reviewer("Rae", "admin", desk.now)


async def test_a_reviewer_has_a_name_and_a_role(store, desk, rae):
    assert await store.reviewers() == [rae]
    assert (rae.name, rae.role, rae.created_at, rae.disabled_at) == ("Rae", "admin", desk.now, None)
    assert await store.set_reviewer(rae.id, desk.now, role="read") == replace(rae, role="read")
    with pytest.raises(NotFound):
        await store.set_reviewer(99, desk.now, role="read")
    with pytest.raises(NotFound):
        await store.make_link(99, desk.now, desk.now)


async def test_a_link_works_once(store, desk, clock, rae):
    token = await store.make_link(rae.id, clock.now, clock.now + timedelta(hours=1))
    session_token, session = await store.redeem_link(
        token, clock.now, clock.now + timedelta(hours=12)
    )
    assert (session.reviewer, session.expires_at) == (rae, clock.now + timedelta(hours=12))
    assert await store.session(session_token, clock.now) == session
    assert await store.redeem_link(token, clock.now, clock.now + timedelta(hours=12)) is None
    assert session_token != token
    assert len(session.csrf) >= 24


async def test_a_link_and_a_session_end_in_time(store, clock, rae):
    token = await store.make_link(rae.id, clock.now, clock.now + timedelta(hours=1))
    late = clock.now + timedelta(hours=1)
    assert await store.redeem_link(token, late, late) is None
    token = await store.make_link(rae.id, clock.now, clock.now + timedelta(hours=1))
    expires = clock.now + timedelta(hours=2)
    session_token, _ = await store.redeem_link(token, clock.now, expires)
    assert await store.session(session_token, expires - timedelta(seconds=1))
    assert await store.session(session_token, expires) is None


async def test_a_session_can_be_ended(store, clock, rae):
    token = await store.make_link(rae.id, clock.now, clock.now + timedelta(hours=1))
    session_token, session = await store.redeem_link(
        token, clock.now, clock.on(hours=0) + timedelta(hours=1)
    )
    assert await store.sessions(clock.now) == [session]
    await store.end_session(session.id, rae.id, clock.now)
    await store.end_session(session.id, rae.id, clock.now)
    assert await store.session(session_token, clock.now) is None
    assert await store.sessions(clock.now) == []
    acts = [entry.act for entry in await store.audit()]
    assert acts.count("signed out") == 1


async def test_only_browsers_that_are_signed_in_are_listed(store, clock, rae):
    async def enter(hours):
        until = clock.now + timedelta(hours=hours)
        token = await store.make_link(rae.id, clock.now, until)
        return (await store.redeem_link(token, clock.now, until))[1]

    short, long = await enter(1), await enter(9)
    assert await store.sessions(clock.now) == [long, short]
    assert await store.sessions(clock.now + timedelta(hours=2)) == [long]
    await store.set_reviewer(rae.id, clock.now, disabled=True)
    assert await store.sessions(clock.now) == []


async def test_disabling_a_reviewer_ends_sessions_and_links_at_once(store, clock, rae):
    until = clock.now + timedelta(hours=1)
    session_token, _ = await store.redeem_link(
        await store.make_link(rae.id, clock.now, until), clock.now, until
    )
    unused = await store.make_link(rae.id, clock.now, until)
    disabled = await store.set_reviewer(rae.id, clock.now, disabled=True)
    assert disabled.disabled_at == clock.now
    assert await store.session(session_token, clock.now) is None
    assert await store.redeem_link(unused, clock.now, until) is None
    await store.set_reviewer(rae.id, clock.now)
    assert await store.session(session_token, clock.now) is None


@pytest.mark.parametrize("token", ["", "nonsense", "\0", "\ud800", "x" * 10_000])
async def test_a_wrong_token_opens_nothing(store, clock, rae, token):
    assert await store.session(token, clock.now) is None
    assert await store.redeem_link(token, clock.now, clock.now) is None


async def test_no_token_stands_in_the_file(store, home, clock, rae):
    until = clock.now + timedelta(hours=1)
    link = await store.make_link(rae.id, clock.now, until)
    session_token, _ = await store.redeem_link(link, clock.now, until)
    await store.close()
    content = b"".join(path.read_bytes() for path in home.iterdir())
    assert link.encode() not in content
    assert session_token.encode() not in content
