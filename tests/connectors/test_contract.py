"""The contract, over every connector there is: what bot may rely on whatever the platform."""

import asyncio
from datetime import timedelta
from importlib import import_module
from pkgutil import iter_modules

import pytest
import stands

from connectors._platforms import PLATFORMS, may_post
from connectors.contract import (
    AuthFailed,
    Connector,
    ConnectorError,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)
from connectors.model import MessageRef, Outgoing, Seen, Unreadable

ERRORS = {
    "rate_limited": RateLimited,
    "refused": Unavailable,
    "error_before": Unavailable,
    "error_after": Unavailable,
    "timeout_before": Unavailable,
    "timeout_after": Unavailable,
    "cut": Unavailable,
    "garbled": UnexpectedAnswer,
    "rejected": Rejected,
    "auth_failed": AuthFailed,
}
TOOK_EFFECT = ("error_after", "timeout_after", "cut", "garbled")


def modules():
    """Return the modules of `stands` that make one, by platform."""
    found = {one.name: import_module(f"stands.{one.name}") for one in iter_modules(stands.__path__)}
    return {name: module for name, module in found.items() if hasattr(module, "make")}


SPEAKING = sorted(name for name, one in modules().items() if getattr(one, "can_post", True))
READ_ONLY = sorted(set(modules()) - set(SPEAKING))
speaks = pytest.mark.parametrize("stand", SPEAKING, indirect=True)
only_reads = pytest.mark.parametrize("stand", READ_ONLY, indirect=True)


@pytest.fixture(params=sorted(modules()))
def stand(request, tmp_path, wall, setup_type):
    """A platform in miniature, one after the other."""
    return modules()[request.param].make(request, tmp_path, wall, setup_type)


@pytest.fixture
async def open_(stand):
    """Open connectors; all of them are closed at the end."""
    opened = []

    def open_one() -> Connector:
        opened.append(stand.connect())
        return opened[-1]

    yield open_one
    for one in opened:
        await one.close()


def texts(events):
    return [
        one.message.text
        for one in events
        if isinstance(one, Seen) and not one.message.author.is_ours
    ]


async def listen(connector, source, after=None, pages=None):
    events, cursor, count = [], after, 0
    async for page in connector.pages(source, after):
        events += page.events
        cursor, count = page.cursor, count + 1
        if count == pages:
            break
    return events, cursor


def reply(stand, wall, text="It left today.", key="k1", parent=None):
    return Outgoing(key, "desk", parent or stand.parent, text, wall())


async def test_it_is_a_connector(open_):
    assert isinstance(open_(), Connector)


async def test_everything_is_heard_once_and_oldest_first(stand, open_):
    events, _ = await listen(open_(), stand.source)
    assert texts(events) == stand.history


async def test_it_resumes_from_every_page_and_loses_and_repeats_nothing(stand, open_):
    heard, cursor = [], None
    while True:
        events, cursor_after = await listen(open_(), stand.source, cursor, pages=1)
        if not events:
            break
        heard, cursor = heard + texts(events), cursor_after
    assert heard == stand.history


async def test_only_what_is_new_comes_after_the_cursor(stand, open_):
    connector = open_()
    _, cursor = await listen(connector, stand.source)
    for _ in range(3):
        text = await stand.more()
        events, cursor = await listen(connector, stand.source, cursor)
        assert texts(events) == [text]


async def test_one_unreadable_message_never_costs_its_page(stand, open_):
    events, _ = await listen(open_(), stand.source)
    broken = [one for one in events if isinstance(one, Unreadable)]
    assert len(broken) == 1
    assert broken[0].raw
    assert broken[0].reason


async def test_cancelled_in_the_middle_of_a_page_it_closes_and_resumes(stand, open_):
    connector, heard, cursors, began = open_(), [], [], asyncio.Event()

    async def listen_on():
        async for page in connector.pages(stand.source, None):
            heard.extend(texts(page.events))
            cursors.append(page.cursor)
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(listen_on())
    async with asyncio.timeout(20):
        await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await connector.close()
    events, _ = await listen(open_(), stand.source, cursors[-1])
    assert heard + texts(events) == stand.history


async def test_check_says_who_it_is(open_):
    health = await open_().check()
    assert health.ok
    assert health.who
    assert health.scopes


async def test_the_thread_above_is_told_oldest_first(stand, open_):
    assert [one.ref for one in await open_().thread(stand.parent)] == stand.above


@speaks
async def test_a_reply_is_one_attempt_and_is_seen_as_ours(stand, open_, wall):
    connector = open_()
    _, cursor = await listen(connector, stand.source)
    posted = await connector.post(reply(stand, wall))
    stand.wait()
    assert (stand.attempts(), stand.shown("It left today.")) == (1, 1)
    events, _ = await listen(connector, stand.source, cursor)
    ours = [one.message for one in events if isinstance(one, Seen) and one.message.author.is_ours]
    assert [one.ref for one in ours] in ([posted.ref], [])  # some platforms do not tell us of us
    made = MessageRef(stand.parent.platform, posted.ref, posted.ref, posted.server_ref)
    found = await connector.recheck([made])
    assert found[0].fate == "there"


@speaks
async def test_an_over_long_text_never_leaves(stand, open_, wall):
    with pytest.raises(Rejected) as caught:
        await open_().post(reply(stand, wall, text=stand.too_long))
    assert caught.value.code == "too_long"
    assert stand.attempts() == 0


@speaks
@pytest.mark.parametrize("fault", ERRORS)
async def test_what_goes_wrong_says_who_must_act_and_is_one_attempt(stand, open_, wall, fault):
    stand.fail(fault)
    with pytest.raises(ERRORS[fault]) as caught:
        await open_().post(reply(stand, wall))
    assert isinstance(caught.value, ConnectorError)
    assert getattr(caught.value, "was_sent", True) == (fault != "refused")
    assert stand.attempts() <= 1
    stand.wait()
    assert stand.shown("It left today.") == (fault in TOOK_EFFECT)


@speaks
async def test_a_limit_says_until_when(stand, open_, wall):
    stand.fail("rate_limited")
    with pytest.raises(RateLimited) as caught:
        await open_().post(reply(stand, wall))
    assert timedelta() < caught.value.until - wall() <= timedelta(hours=1)


@speaks
@pytest.mark.parametrize("fault", ERRORS)
async def test_an_uncertain_reply_is_found_exactly_if_it_is_there(stand, open_, wall, fault):
    uncertain = reply(stand, wall)
    stand.fail(fault)
    with pytest.raises(ConnectorError):
        await open_().post(uncertain)
    stand.wait()
    stand.heal()
    found = await open_().find_reply(uncertain)
    assert (found is not None) == (fault in TOOK_EFFECT)


@speaks
async def test_another_reply_is_not_taken_for_ours(stand, open_, wall):
    connector = open_()
    await connector.post(reply(stand, wall))
    stand.wait()
    other_text = reply(stand, wall, text="Something else.", key="k2")
    assert await connector.find_reply(other_text) is None


async def test_it_tells_what_became_of_messages(stand, open_):
    told = await open_().recheck([stand.parent, stand.gone])
    assert [one.fate for one in told] == ["there", "deleted"]
    assert [one.ref for one in told] == [stand.parent.ref, stand.gone.ref]


@speaks
async def test_it_says_before_where_no_reply_is_possible(stand, open_, wall):
    connector = open_()
    assert (await connector.may_reply(stand.parent)).allowed
    permission = await connector.may_reply(stand.gone)
    assert not permission.allowed
    assert permission.rule
    assert permission.source
    with pytest.raises(Rejected) as caught:
        await connector.post(reply(stand, wall, parent=stand.gone))
    assert caught.value.code == "parent_gone"


@speaks
async def test_a_deleted_reply_is_gone(stand, open_, wall):
    connector, made = open_(), reply(stand, wall)
    posted = await connector.post(made)
    stand.wait()
    assert await connector.find_reply(made) is not None
    await connector.delete(posted)
    stand.wait()
    assert await connector.find_reply(made) is None
    await connector.delete(posted)  # once more does no harm


@only_reads
async def test_where_nobody_can_post_every_reply_is_refused_before_it_leaves(stand, open_, wall):
    connector, uncertain = open_(), reply(stand, wall)
    permission = await connector.may_reply(stand.parent)
    assert not permission.allowed
    assert permission.rule
    assert permission.source
    with pytest.raises(Rejected) as caught:
        await connector.post(uncertain)
    assert caught.value.code == "not_allowed"
    assert caught.value.reason == permission.rule
    assert await connector.find_reply(uncertain) is None
    assert (stand.attempts(), stand.shown(uncertain.text)) == (0, 0)


def test_only_a_platform_without_a_way_to_post_is_left_out_of_the_posting_tests():
    closed = {name for name in modules() if name in PLATFORMS and not may_post(name).allowed}
    assert set(READ_ONLY) == closed


async def test_closing_twice_does_no_harm(open_):
    connector = open_()
    await connector.close()
    await connector.close()
