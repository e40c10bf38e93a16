"""The meter: reading pauses before a cap is exceeded, and says so in a sentence; replies go on."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.config import parse_config
from bot.errors import ConfigError
from bot.meter import UNANSWERED, StoreMeter, caps_of
from bot.money import DOLLAR, amount, month_end, price, projected
from bot.purposes import paying_for
from connectors.contract import CapReached
from connectors.model import Charge
from storage import open_store

CENT = DOLLAR // 100


def settings(cap=None, **sources):
    login = {"platform": "x"} | ({} if cap is None else {"monthly_cap_dollars": cap})
    tables = {name.replace("_", "-"): {"login": "x", **one} for name, one in sources.items()}
    return parse_config({"brand": {"name": "T"}, "logins": {"x": login}, "sources": tables})


@pytest.fixture
async def meter(tmp_path, wall):
    """Make the meter of login x: `meter(5, mentions={})`."""
    store = await open_store(tmp_path, clock=wall)

    def make(cap=None, *, connector="x", **sources):
        caps = caps_of(settings(cap, **sources), connector, "x")
        return StoreMeter(store, wall, caps)

    make.store = store
    yield make
    await store.close()


def read(cents, *refs):
    return Charge("post read", max(1, len(refs)), cents * CENT, refs)


async def said(asked):
    with pytest.raises(CapReached) as raised:
        await asked
    return raised.value


async def test_what_stays_under_the_cap_may_be_read(meter):
    one = meter(1, mentions={})
    await one.ask("mentions", 100 * CENT)
    await one.spent("mentions", read(99))
    await one.ask("mentions", 1 * CENT)


async def test_a_call_that_might_exceed_the_cap_is_not_made(meter):
    one = meter(1, mentions={})
    await one.spent("mentions", read(96))
    error = await said(one.ask("mentions", 5 * CENT))
    assert str(error) == (
        "paused: 0.96 of this month's 1.00 dollars are spent and one more call may cost 0.05; "
        "it goes on on 1 April, or when you raise logins.x.monthly_cap_dollars and restart"
    )
    assert error.until == datetime(2026, 4, 1, tzinfo=UTC)


async def test_a_new_month_begins_at_midnight_in_utc(meter, wall):
    one = meter(1, mentions={})
    await one.spent("mentions", read(100))
    wall.now = datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)
    await said(one.ask("mentions", CENT))
    wall.go(seconds=1)
    await one.ask("mentions", CENT)


async def test_what_is_free_is_never_asked_about(meter):
    await meter().ask("mentions", 0)


async def test_without_a_cap_reading_does_not_start_and_says_what_to_do(meter):
    error = await said(meter(mentions={}).ask("mentions", CENT))
    assert str(error) == (
        "not started: reading x costs money: say how much a month in "
        "logins.x.monthly_cap_dollars and restart"
    )


async def test_a_cap_of_nothing_lets_nothing_be_read(meter):
    assert str(await said(meter(0, mentions={}).ask("mentions", CENT))).startswith("paused: ")


@pytest.mark.parametrize("purpose", ["reply", "delete"])
async def test_what_a_human_approved_is_counted_and_not_stopped(meter, purpose):
    one = meter(1, mentions={})
    await one.spent(purpose, read(300))
    await one.ask(purpose, CENT)
    assert "3.00 of this month's 1.00" in str(await said(one.ask("mentions", CENT)))


@pytest.mark.parametrize("purpose", ["recheck", "thread", "check"])
async def test_other_looks_are_stopped_like_reading(meter, purpose):
    one = meter(1, mentions={})
    await one.spent("mentions", read(100))
    await said(one.ask(purpose, CENT))


@pytest.mark.parametrize("purpose", ["login", "estimate"])
async def test_what_a_cap_is_set_by_is_not_stopped_by_it(meter, purpose):
    with paying_for(purpose):
        await meter(mentions={}).ask("check", CENT)


async def test_a_look_for_a_reply_counts_as_the_reply_and_is_not_stopped(meter, wall):
    one = meter(1, mentions={})
    await one.spent("mentions", read(100))
    with paying_for("reply"):
        await one.ask("recheck", CENT)
        await one.spent("recheck", read(1))
    await said(one.ask("recheck", CENT))
    lines = await meter.store.spending(wall().date(), wall().date() + timedelta(days=1))
    assert {line.purpose for line in lines} == {"mentions", "reply"}


async def test_a_source_has_a_cap_of_its_own_inside_its_logins(meter):
    one = meter(5, mentions={}, chatter={"kind": "all", "monthly_cap_dollars": 1})
    await one.spent("chatter", read(100))
    assert "raise sources.chatter.monthly_cap_dollars" in str(await said(one.ask("chatter", CENT)))
    await one.ask("mentions", CENT)
    await one.spent("mentions", read(400))
    assert "raise logins.x.monthly_cap_dollars" in str(await said(one.ask("mentions", CENT)))


async def test_a_search_starts_only_with_a_cap_of_its_own(meter):
    one = meter(5, found={"kind": "search", "query": "tern"})
    error = str(await said(one.ask("found", CENT)))
    assert error.startswith("not started: a search on x costs money: set sources.found.monthly")
    allowed = meter(5, found={"kind": "search", "query": "tern", "monthly_cap_dollars": 1})
    await allowed.ask("found", CENT)


async def test_a_source_without_a_login_has_its_own_cap(meter, wall):
    config = parse_config(
        {
            "brand": {"name": "T"},
            "sources": {
                "found": {
                    "connector": "x",
                    "platform": "x",
                    "kind": "search",
                    "monthly_cap_dollars": 1,
                }
            },
        }
    )
    one = StoreMeter(meter.store, wall, caps_of(config, "source:found", "x"))
    await one.ask("found", 100 * CENT)
    await one.spent("found", read(100))
    assert "raise sources.found.monthly_cap_dollars" in str(await said(one.ask("found", CENT)))


async def test_two_calls_at_the_same_time_cannot_exceed_the_cap_together(meter):
    one, results = meter(1, mentions={}), []
    both_asked = asyncio.Barrier(2)

    async def call():
        try:
            await one.ask("mentions", 60 * CENT)
        except CapReached:
            results.append("stopped")
            await both_asked.wait()
        else:
            results.append("asked")
            await both_asked.wait()
            await one.spent("mentions", read(60))

    await asyncio.gather(call(), call())
    assert sorted(results) == ["asked", "stopped"]


async def test_what_was_asked_for_and_cost_less_is_free_again(meter):
    one = meter(1, mentions={})

    async def call():
        await one.ask("mentions", 90 * CENT)
        await one.spent("mentions", read(1))

    await asyncio.gather(call())
    await asyncio.gather(one.ask("mentions", 90 * CENT))


async def test_a_call_that_never_came_back_does_not_hold_its_money_for_long(meter, wall):
    one, has_asked, never = meter(1, mentions={}), asyncio.Event(), asyncio.Event()

    async def hang():
        await one.ask("mentions", 90 * CENT)
        has_asked.set()
        await never.wait()

    hanging = asyncio.create_task(hang())
    await has_asked.wait()
    await said(one.ask("mentions", 20 * CENT))
    wall.now += UNANSWERED
    await one.ask("mentions", 20 * CENT)
    never.set()
    await hanging


async def test_another_login_has_another_purse(meter, wall):
    one = meter(1, mentions={})
    await one.spent("mentions", read(100))
    config = parse_config(
        {"brand": {"name": "T"}, "logins": {"y": {"platform": "x", "monthly_cap_dollars": 1}}}
    )
    await StoreMeter(meter.store, wall, caps_of(config, "y", "x")).ask("mentions", CENT)


async def test_what_was_paid_for_today_is_known_to_whoever_asks(meter):
    one = meter(1, mentions={})
    await one.spent("mentions", read(1, "a"))
    assert await one.paid_today(["a", "b"]) == {"a"}


@pytest.mark.parametrize("name", ["reply", "check", "recheck"])
def test_no_source_is_called_like_a_purpose(name):
    with pytest.raises(ConfigError, match="choose another"):
        settings(1, **{name: {}})


def test_a_cap_is_no_debt():
    with pytest.raises(ConfigError, match=r"logins\.x\.monthly_cap_dollars"):
        settings(Decimal(-1))


def test_money_is_said_as_people_say_it():
    assert [amount(one) for one in (0, 4_000, 5_000, 4_980_000, 1_234_560_000)] == [
        "0.00", "less than 0.01", "0.01", "4.98", "1,234.56"]  # fmt: skip
    assert [price(one) for one in (10_000, 15_000, 200_000)] == ["0.01", "0.015", "0.20"]


def test_a_year_ends_with_december():
    assert month_end(datetime(2026, 12, 31, 23, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)


def test_the_end_of_the_month_is_foretold_from_the_days_that_cost_something():
    now = datetime(2026, 11, 11, tzinfo=UTC)  # ten days gone, twenty to come
    assert projected(10 * DOLLAR, date(2026, 11, 1), now) == 30 * DOLLAR
    assert projected(10 * DOLLAR, date(2026, 11, 6), now) == 50 * DOLLAR
    just = datetime(2026, 11, 30, 1, tzinfo=UTC)  # an hour is taken for a day
    assert projected(24, just.date(), just) == 24 + 23
