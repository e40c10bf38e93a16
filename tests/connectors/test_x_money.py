"""What X costs: asked before, counted after, and never more than X's own bill by a blind spot."""

import asyncio

import pytest
from simulators.x import ADA, BO, US
from stands.x import ref

from connectors._platforms import PLATFORMS, platform
from connectors._prices import X, dollars, x_reply_price, x_search_estimate
from connectors.contract import CapReached, ConnectorError, Estimates, Rejected, Unavailable
from connectors.model import Outgoing, Source

MENTIONS = Source("mentions", "x", "x", login="desk")
WATCH = Source("words", "x", "x", "search", query="kettle", listen_only=True)
POST = "POST /2/tweets"


async def hear(connector, source=MENTIONS, after=None):
    cursor = after
    async for page in connector.pages(source, after):
        cursor = page.cursor
    return cursor


def written(row, wall, text="It left today.", key="k1"):
    return Outgoing(key, "desk", ref(row), text, wall())


async def test_the_meter_counts_what_x_charges(square, on_x, wall):
    """A day of everything: our sum is the sum of X's own bill."""
    ours = square.say(US, "New kettles are in.")
    connector, cursor, watched = on_x(), None, None
    for number in range(6):
        wall.go(hours=3)
        square.allow()
        row = square.say(ADA, f"@tern my kettle {number}", ours["id"])
        square.say(BO, f"this kettle {number}")
        cursor = await hear(connector, after=cursor)
        watched = await hear(connector, WATCH, watched)
        await connector.may_reply(ref(row))
        await connector.thread(ref(row))
        text = f"Answer {number}" if number % 2 else f"See https://tern.example/{number}"
        posted = await connector.post(written(row, wall, text, f"k{number}"))
        assert await connector.find_reply(written(row, wall, text)) is not None
        await connector.recheck([ref(row)])
    await connector.delete(posted)
    assert on_x.purse.total == square.cost > 0


async def test_nothing_is_paid_twice_on_one_day_and_all_is_asked_for(square, on_x, wall):
    row = square.say(ADA, "@tern hello")
    connector = on_x()
    await hear(connector)
    paid = on_x.purse.total
    assert paid == X["owned read"] + X["user read"]
    for _ in range(5):
        await connector.may_reply(ref(row))
        await connector.recheck([ref(row)])
        await hear(connector)
    assert on_x.purse.total == paid == square.cost
    wall.go(days=1)
    square.allow()
    await connector.recheck([ref(row)])
    assert on_x.purse.total == paid + X["post read"] == square.cost


async def test_mentions_are_looked_at_again_for_a_fifth(square, on_x, wall):
    ours = [square.say(US, f"Kettle {number} is in.") for number in range(20)]
    rows = [square.say(ADA, f"@tern {number}", ours[0]["id"]) for number in range(150)]
    others = [square.say(BO, f"kettle {number}") for number in range(3)]
    square.delete(rows[70]["id"])
    square.edit(rows[71]["id"], "@tern changed")
    told = await on_x().recheck([ref(one) for one in (*ours, *rows, *others)])
    fates = {one.ref: one.fate for one in told}
    assert len(fates) == 173
    assert (fates[rows[70]["id"]], fates[rows[71]["id"]]) == ("deleted", "edited")
    assert list(fates.values()).count("there") == 171
    # 148 mentions and 20 of ours, from our lists; three others and the two versions of the edited
    # one are looked up, and who edited it
    owned, looked_up = 168 * X["owned read"], 5 * X["post read"]
    assert on_x.purse.total == square.cost == owned + looked_up + X["user read"]


async def test_a_list_is_not_read_for_few_posts_among_many(square, on_x, wall):
    rows = [square.say(ADA, f"@tern {number}") for number in range(600)]
    await on_x().recheck([ref(one) for one in rows[::60]])
    lookups = 8 * X["post read"]
    assert on_x.purse.total == square.cost <= 100 * X["owned read"] + lookups + 2 * X["post read"]


async def test_an_account_that_does_not_own_the_app_pays_more_for_its_mentions(square, on_x):
    square.owns_app = False
    square.say(ADA, "@tern hello")
    on_x.drawer.values["desk"]["owns_app"] = "no"
    await hear(on_x(reads_authors=False))
    assert on_x.purse.total == square.cost == X["post read"]


async def test_people_are_looked_up_once_and_not_at_all_if_so_wished(square, on_x, wall):
    connector, cursor = on_x(), None
    for number in range(5):
        wall.go(days=1)
        square.allow()
        square.say(ADA, f"@tern {number}")
        cursor = await hear(connector, after=cursor)
    assert [one.units for _, one in on_x.purse.charges if one.what == "user read"] == [1]
    calls = square.calls["GET /2/users"]
    await hear(on_x(reads_authors=False))
    assert square.calls["GET /2/users"] == calls == 1


async def test_a_look_in_vain_costs_nothing(square, on_x, wall):
    square.say(ADA, "@tern hello")
    connector = on_x()
    cursor = await hear(connector)
    for _ in range(10):
        wall.go(days=1)
        square.allow()
        cursor = await hear(connector, after=cursor)
    assert on_x.purse.total == square.cost == X["owned read"] + X["user read"]


async def test_reading_stops_before_the_cap_and_asks_nothing(square, on_x):
    square.say(ADA, "@tern hello")
    on_x.purse.cap = 100 * X["owned read"] - 1
    with pytest.raises(CapReached):
        await hear(on_x())
    assert not square.calls
    on_x.purse.cap += 1 + X["owned read"]
    await hear(on_x(reads_authors=False))
    assert on_x.purse.total <= on_x.purse.cap


async def test_where_people_cost_too_much_their_posts_are_heard_all_the_same(square, on_x):
    square.owns_app = False
    square.say(ADA, "@tern hello")
    on_x.purse.cap = 100 * X["post read"]  # the page fits; after its one post, no user does
    connector = on_x(owns_app=False)
    square.after_list = lambda: setattr(on_x.purse, "cap", X["post read"] + X["user read"] - 1)
    pages = [page async for page in _first(connector)]
    author = pages[0].events[0].message.author
    assert (author.handle, author.url) == (ADA, f"https://x.com/i/user/{ADA}")
    assert square.calls["GET /2/users"] == 0


async def _first(connector):
    async for page in connector.pages(MENTIONS, None):
        yield page
        return


async def test_a_reply_over_the_cap_never_leaves_and_is_not_lost(square, on_x, wall):
    row = square.say(ADA, "@tern hello")
    on_x.purse.cap = 150_000
    connector = on_x()
    with pytest.raises(CapReached):
        await connector.post(written(row, wall, "See https://tern.example/a"))
    assert square.calls[POST] == 0
    await connector.post(written(row, wall, "Without a link."))
    assert on_x.purse.charges[-1][1].what == "summoned reply"


async def test_a_reply_of_which_nobody_knows_counts_once_and_a_refused_one_does_not(
    square, on_x, wall
):
    row = square.say(ADA, "@tern hello")
    connector = on_x()
    square.faults[POST] = ["rejected"]
    with pytest.raises(Rejected):
        await connector.post(written(row, wall))
    assert on_x.purse.total == 0
    square.faults[POST] = ["error_after"]
    with pytest.raises(Unavailable):
        await connector.post(written(row, wall))
    assert on_x.purse.total == square.cost == X["summoned reply"]


async def test_a_post_that_is_given_up_under_way_counts(square, on_x, wall):
    row = square.say(ADA, "@tern hello")
    square.faults[POST] = ["timeout_before"]
    task = asyncio.create_task(on_x(timeout_s=60).post(written(row, wall)))
    await square.arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert on_x.purse.total == X["summoned reply"]


async def test_each_cost_is_booked_under_what_it_was_for(square, on_x, wall):
    row = square.say(ADA, "@tern my kettle")
    connector = on_x(reads_authors=False)
    await hear(connector)
    await hear(connector, WATCH)
    await connector.check()
    await connector.post(written(row, wall))
    wall.go(days=1)
    square.allow()
    await connector.recheck([ref(row)])
    purposes = [purpose for purpose, _ in on_x.purse.charges]
    assert purposes == ["mentions", "check", "reply", "recheck"]
    assert {one for one, _ in on_x.purse.asked} >= {"mentions", "words", "check", "reply"}


async def test_a_search_is_estimated_before_it_is_switched_on(square, on_x):
    for number in range(70):
        square.say(ADA, f"my kettle {number}")
    connector = on_x()
    assert isinstance(connector, Estimates)
    assert await connector.estimate(WATCH) == x_search_estimate(70) == 4_650_000
    assert on_x.purse.total == square.cost == X["count"]
    with pytest.raises(ConnectorError, match="only a search"):
        await connector.estimate(MENTIONS)


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("It left today.", 10_000),
        ("See https://tern.example", 200_000),
        ("see tern.com/kettles", 200_000),
        ("tern.com", 200_000),
        ("version 2.0 of e.g. the lid", 10_000),
        ("@ada mail me: kim@tern.example", 10_000),
    ],
)
def test_a_link_makes_a_reply_twenty_times_as_dear(text, price):
    assert x_reply_price(text) == price
    assert platform("x").reply_price(text) == price


def test_who_asks_for_prices_finds_them_without_the_connector():
    facts = platform("x")
    assert facts.prices["post read"] == 5_000
    assert "pricing" in facts.prices_source
    assert facts.search_estimate(7) == 31 * 15_000
    assert [one for one in PLATFORMS if PLATFORMS[one].prices] == ["x"]


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0, "$0.00"), (5_000, "$0.005"), (10_000, "$0.01"), (200_000, "$0.20"), (1, "$0.000001"),
     (12_500_000, "$12.50"), (1_234_567, "$1.234567")],
)  # fmt: skip
def test_amounts_are_written_for_people(amount, said):
    assert dollars(amount) == said


async def test_a_gap_of_a_day_costs_each_post_once(square, on_x, wall):
    connector = on_x(reads_authors=False)
    square.say(ADA, "@tern first")
    cursor = await hear(connector)
    for number in range(250):
        wall.go(minutes=1)
        square.say(ADA, f"@tern {number}")
    square.allow()
    await hear(connector, after=cursor)
    assert on_x.purse.total == square.cost == 251 * X["owned read"]
