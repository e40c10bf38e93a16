"""A replayed world: what is seen when, what we do in it, and what a restart leaves of it."""

from datetime import timedelta

import pytest

from connectors import replay
from connectors.contract import (
    ConnectorError,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)
from connectors.model import Deleted, Edited, MessageRef, Outgoing, Seen, Source, Unreadable

MENTIONS = Source("mentions", "replay", "mastodon")
ALL = Source("all", "replay", "mastodon", kind="all")


async def collect(connector, source=MENTIONS, after=None):
    events, cursor = [], after
    async for page in connector.pages(source, after):
        events += page.events
        cursor = page.cursor
    return events, cursor


def names(events):
    return [
        one.message.ref if isinstance(one, Seen) else type(one).__name__.lower() for one in events
    ]


def reply(wall, parent="ask", key="k1", text="It left today.", **more):
    ref = MessageRef("mastodon", parent, parent)
    return Outgoing(key, "desk", ref, text, wall(), **more)


async def test_history_is_there_at_once_oldest_first_with_what_happened_to_it(desk):
    events, _ = await collect(replay.connect(desk()))
    assert names(events) == [
        *("post", "comment", "aside", "ask", "oops", "deleted", "shut", "unreadable", "edited"),
    ]
    edited = next(one for one in events if isinstance(one, Edited))
    assert edited.message.text == "@tern my order 7 is late"
    assert next(one for one in events if isinstance(one, Deleted)).ref == "oops"
    assert next(one for one in events if isinstance(one, Unreadable)).raw == "<html>"


async def test_a_message_says_what_the_world_says_of_it(desk, wall):
    events, _ = await collect(replay.connect(desk()))
    comment = events[1].message
    assert comment.created_at.isoformat() == "2026-03-08T08:30:00+00:00"  # 09:30 in Berlin
    assert (comment.root_ref, comment.parent_ref, comment.kind) == ("post", "post", "comment")
    assert (comment.author.handle, comment.author.followers) == ("ada", 9)
    assert comment.attachments[0].alt == "a saddle"
    assert events[2].message.root_ref == "post"
    assert events[2].message.created_at == wall() - timedelta(hours=26, minutes=10)
    assert events[3].message.visibility == "unlisted"


async def test_a_source_of_all_hears_what_is_not_said_to_us(desk):
    events, _ = await collect(replay.connect(desk()), ALL)
    assert "chat" in names(events)
    search = Source("s", "replay", "mastodon", kind="search", query="SADDLE")
    events, _ = await collect(replay.connect(desk()), search)
    assert names(events) == ["post", "chat", "unreadable"]


async def test_an_unknown_kind_of_source_is_named(desk):
    with pytest.raises(ConnectorError, match="telepathy"):
        await collect(replay.connect(desk()), Source("s", "replay", "mastodon", kind="telepathy"))


async def test_live_messages_come_at_the_pace_of_the_world(desk, wall):
    connector = replay.connect(desk(speed=2.0))
    _, cursor = await collect(connector)
    wall.go(minutes=2)
    assert await collect(connector, after=cursor) == ([], cursor)
    wall.go(seconds=15)
    events, _ = await collect(connector, after=cursor)
    assert names(events) == ["live"]
    assert events[0].message.created_at == wall()


async def test_at_full_speed_everything_is_there_at_once(desk):
    events, _ = await collect(replay.connect(desk(speed="max")))
    assert names(events)[-1] == "live"


async def test_a_cursor_resumes_where_it_stands(desk):
    first, cursor = await collect(replay.connect(desk()))
    again, same = await collect(replay.connect(desk()), after=cursor)
    assert len(first) == 9
    assert (again, same) == ([], cursor)


async def test_a_reply_comes_in_as_ours_and_is_answered(desk, wall):
    connector = replay.connect(desk())
    _, cursor = await collect(connector)
    posted = await connector.post(reply(wall))
    wall.go(seconds=1)
    events, cursor = await collect(connector, after=cursor)
    assert names(events) == [posted.ref]
    assert events[0].message.author.is_ours
    assert events[0].message.parent_ref == "ask"
    wall.go(minutes=10)
    events, cursor = await collect(connector, after=cursor)
    assert [one.message.text for one in events] == ["@tern hello", "Thanks!"]
    assert events[1].message.parent_ref == posted.ref
    assert events[1].message.root_ref == "ask"
    await connector.post(reply(wall, parent=events[1].message.ref, key="k2", text="Welcome!"))
    wall.go(seconds=61)
    events, _ = await collect(connector, after=cursor)
    assert [one.message.text for one in events] == ["Welcome!", "All good now."]


async def test_a_restart_neither_doubles_nor_forgets(desk, wall):
    first = replay.connect(desk())
    posted = await first.post(reply(wall))
    _, cursor = await collect(first)
    wall.go(minutes=12)
    second = replay.connect(desk())
    events, _ = await collect(second, after=cursor)
    assert [one.message.text for one in events] == ["It left today.", "@tern hello", "Thanks!"]
    assert (await second.find_reply(reply(wall))).ref == posted.ref
    everything, _ = await collect(second)
    texts = [one.message.text for one in everything if isinstance(one, Seen)]
    assert texts.count("It left today.") == texts.count("Thanks!") == 1


async def test_a_line_torn_by_a_kill_is_as_if_it_had_never_been(desk, wall, tmp_path):
    connector = replay.connect(desk())
    await connector.post(reply(wall))
    path = tmp_path / "replay-small.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"at":"2026-03-10T12:00:00Z","type":"repl')
    again = replay.connect(desk())
    await again.post(reply(wall, key="k2", text="And more"))
    wall.go(seconds=1)
    events, _ = await collect(again)
    texts = [one.message.text for one in events if isinstance(one, Seen)]
    assert texts[-2:] == ["It left today.", "And more"]
    assert path.read_bytes().startswith(whole)


async def test_changing_the_speed_moves_nothing_that_was_seen(desk, wall):
    _, cursor = await collect(replay.connect(desk()))
    wall.go(minutes=4)
    faster = replay.connect(desk(speed=30))
    assert (await collect(faster, after=cursor))[0] == []
    wall.go(seconds=1)
    assert names((await collect(faster, after=cursor))[0]) == ["live"]


async def test_two_logins_of_one_world_see_each_other_through_the_ledger(desk, wall):
    here, there = replay.connect(desk()), replay.connect(desk(login="other", account="kim"))
    _, cursor = await collect(there)
    await here.post(reply(wall))
    wall.go(seconds=1)
    events, _ = await collect(there, after=cursor)
    assert [one.message.author.handle for one in events] == ["tern"]
    assert names((await collect(replay.connect(desk("x"))))[0]) == ["x-ask"]


async def test_the_thread_above_is_told_oldest_first(desk):
    connector = replay.connect(desk())
    above = await connector.thread(MessageRef("mastodon", "aside", "post"))
    assert [one.ref for one in above] == ["post", "comment"]


async def test_recheck_tells_what_became_of_messages(desk):
    refs = [MessageRef("mastodon", one, one) for one in ("post", "ask", "oops", "nobody")]
    told = await replay.connect(desk()).recheck(refs)
    assert [one.fate for one in told] == ["there", "edited", "deleted", "unknown"]
    assert told[1].message.text == "@tern my order 7 is late"


@pytest.mark.parametrize(
    ("parent", "rule", "code"),
    [("shut", "no replies", "not_allowed"), ("oops", "gone", "parent_gone")],
)
async def test_where_no_reply_is_allowed_one_is_told_before_and_refused_after(
    desk, wall, parent, rule, code
):
    connector = replay.connect(desk())
    permission = await connector.may_reply(MessageRef("mastodon", parent, parent))
    assert not permission.allowed
    assert rule in permission.rule
    with pytest.raises(Rejected) as caught:
        await connector.post(reply(wall, parent=parent))
    assert caught.value.code == code


async def test_a_platform_that_takes_no_posts_says_so(desk):
    connector = replay.connect(desk("hackernews"))
    permission = await connector.may_reply(MessageRef("hackernews", "1", "1"))
    assert not permission.allowed
    assert permission.source


async def test_an_over_long_text_is_refused_before_anything_is_tried(desk, wall, tmp_path):
    connector = replay.connect(desk())
    before = (tmp_path / "replay-small.jsonl").read_bytes()
    with pytest.raises(Rejected) as caught:
        await connector.post(reply(wall, text="x" * 501))
    assert caught.value.code == "too_long"
    assert (tmp_path / "replay-small.jsonl").read_bytes() == before


async def visible(connector, wall, text="It left today."):
    wall.go(minutes=1)
    events, _ = await collect(connector)
    return [one.message.text for one in events if isinstance(one, Seen)].count(text)


async def test_without_a_key_two_attempts_make_two_replies_like_x(desk, wall):
    connector = replay.connect(desk())
    await connector.post(reply(wall))
    await connector.post(reply(wall))
    assert await visible(connector, wall) == 2


async def test_with_a_key_two_attempts_make_one_reply(desk, wall):
    connector = replay.connect(desk(idempotency_key=True))
    first = await connector.post(reply(wall))
    assert (await connector.post(reply(wall))).ref == first.ref
    assert await visible(connector, wall) == 1


@pytest.mark.parametrize(
    ("fault", "error", "seen", "was_sent"),
    [
        ("rate_limited", RateLimited, 0, None),
        ("refused", Unavailable, 0, False),
        ("error_before", Unavailable, 0, True),
        ("error_after", Unavailable, 1, True),
        ("timeout_before", Unavailable, 0, True),
        ("timeout_after", Unavailable, 1, True),
        ("cut", Unavailable, 1, True),
        ("garbled", UnexpectedAnswer, 1, True),
        ("rejected", Rejected, 0, None),
    ],
)
async def test_a_scripted_fault_says_what_it_should_and_does_what_it_says(
    desk, wall, *, fault, error, seen, was_sent
):
    rules = {"rules": [{"fault": fault, "attempts": [1]}]}
    connector = replay.connect(desk(faults=rules))
    with pytest.raises(error) as caught:
        await connector.post(reply(wall))
    assert getattr(caught.value, "was_sent", None) is was_sent
    assert await visible(connector, wall) == seen
    assert (await connector.find_reply(reply(wall)) is not None) == bool(seen)


async def test_a_429_says_until_when_if_it_was_told_to(desk, wall):
    rules = [
        {"fault": "rate_limited", "attempts": [1], "until_s": 60},
        {"fault": "rate_limited", "attempts": [2]},
    ]
    connector = replay.connect(desk(faults={"rules": rules}))
    untils = []
    for _ in range(2):
        with pytest.raises(RateLimited) as caught:
            await connector.post(reply(wall))
        untils.append(caught.value.until)
    assert untils == [wall() + timedelta(seconds=60), None]
    assert (await connector.post(reply(wall))).text == "It left today."


async def test_an_effect_may_be_seen_late_even_after_the_caller_died(desk, wall):
    faults = {
        "visibility_lag_s": 5,
        "in_flight_s": 10,
        "rules": [{"fault": "timeout_after", "attempts": [1]}],
    }
    with pytest.raises(Unavailable):
        await replay.connect(desk(faults=faults)).post(reply(wall))
    survivor = replay.connect(desk(faults=faults))
    wall.go(seconds=4)
    assert await survivor.find_reply(reply(wall)) is None
    wall.go(seconds=12)
    assert await survivor.find_reply(reply(wall)) is not None


async def test_a_fault_counts_attempts_over_a_restart(desk, wall):
    faults = {"rules": [{"fault": "error_before", "attempts": [1, 2]}]}
    for _ in range(2):
        with pytest.raises(Unavailable):
            await replay.connect(desk(faults=faults)).post(reply(wall))
    assert await replay.connect(desk(faults=faults)).post(reply(wall))


async def test_the_same_seed_lets_the_same_things_go_wrong(desk, wall):
    def outcome(seed):
        faults = replay.connect(
            desk(seed=seed, faults={"rules": [{"fault": "cut", "probability": 0.3}]})
        )._faults
        return [faults.choose("post", f"k{n}", "ask", 1) is not None for n in range(200)]

    assert outcome(3) == outcome(3) != outcome(4)
    assert 40 < sum(outcome(3)) < 80


async def test_reading_can_fail_too(desk):
    rules = [
        {"fault": "error_before", "operation": "pages", "attempts": [1]},
        {"fault": "auth_failed", "operation": "check", "attempts": [1]},
    ]
    connector = replay.connect(desk(faults={"rules": rules}))
    with pytest.raises(Unavailable):
        await collect(connector)
    assert len((await collect(connector))[0]) == 9


async def test_a_deleted_reply_is_gone_and_is_not_answered(desk, wall):
    connector = replay.connect(desk())
    posted = await connector.post(reply(wall))
    wall.go(seconds=1)
    await connector.delete(posted)
    wall.go(minutes=20)
    events, _ = await collect(connector)
    assert "Thanks!" not in [one.message.text for one in events if isinstance(one, Seen)]
    assert Deleted("mastodon", posted.ref) in events
    assert await connector.find_reply(reply(wall)) is None


async def test_check_says_who_speaks_and_whether_it_is_labelled(desk):
    health = await replay.connect(desk(has_automation_label=True)).check()
    assert health.who.startswith("@tern on mastodon")
    assert health.has_automation_label


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"speed": 0}, "speed"),
        ({"colour": "red"}, "colour"),
        ({"account": "nobody"}, "nobody"),
        ({"world": "missing.jsonl"}, "cannot be read"),
        ({"faults": {"rules": [{"fault": "gremlins"}]}}, "rate_limited"),
        ({"faults": {"rules": [{"fault": "cut"}]}}, "probability, attempts or messages"),
    ],
)
def test_a_wrong_setting_is_named(desk, settings, said):
    with pytest.raises(ConnectorError, match=said):
        replay.connect(desk(**settings))
