"""What paid calls cost: by login, purpose and day; each thing is paid for once a day (UTC)."""

import asyncio
from datetime import date

from connectors.model import Charge
from storage import open_store

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


def read(*refs, price=5_000):
    return Charge("post read", len(refs), len(refs) * price, refs)


async def november(store):
    return await store.spending(NOVEMBER, DECEMBER)


async def test_calls_of_one_purpose_are_summed(store, clock):
    assert await store.note_spending("x", "x-mentions", read("1", "2"), clock.now) == 10_000
    assert await store.note_spending("x", "x-mentions", read("3"), clock.now) == 5_000
    await store.note_spending("x", "reply", Charge("reply", 1, 10_000), clock.now)
    one, other = await november(store)
    assert (one.purpose, one.calls, one.units, one.micro_dollars) == ("x-mentions", 2, 3, 15_000)
    assert (other.purpose, other.calls, other.micro_dollars) == ("reply", 1, 10_000)
    assert one.first_day == clock.now.date()


async def test_what_was_paid_for_today_costs_nothing_again_and_is_a_call(store, clock):
    await store.note_spending("x", "x-mentions", read("1", "2"), clock.now)
    assert await store.note_spending("x", "recheck", read("2", "3"), clock.now) == 5_000
    assert await store.note_spending("x", "recheck", read("1", "2"), clock.now) == 0
    recheck = next(one for one in await november(store) if one.purpose == "recheck")
    assert (recheck.calls, recheck.units, recheck.micro_dollars) == (2, 1, 5_000)


async def test_the_same_thing_twice_in_one_call_is_paid_for_once(store, clock):
    twice = Charge("post read", 1, 5_000, ("1", "1"))
    assert await store.note_spending("x", "x-mentions", twice, clock.now) == 5_000


async def test_midnight_in_utc_makes_everything_cost_again(store, clock):
    clock.on(hours=11, minutes=59)
    await store.note_spending("x", "x-mentions", read("1"), clock.now)
    assert await store.paid_today("x", ["1", "2"], clock.now) == {"1"}
    clock.on(minutes=1)
    assert await store.paid_today("x", ["1", "2"], clock.now) == frozenset()
    assert await store.note_spending("x", "x-mentions", read("1"), clock.now) == 5_000


async def test_one_login_does_not_pay_for_another(store, clock):
    await store.note_spending("x", "x-mentions", read("1"), clock.now)
    assert await store.paid_today("other", ["1"], clock.now) == frozenset()
    assert await store.note_spending("other", "mentions", read("1"), clock.now) == 5_000


async def test_many_refs_are_known_at_once(store, clock):
    refs = tuple(f"ref-{number}" for number in range(1_201))
    await store.note_spending("x", "x-mentions", read(*refs), clock.now)
    assert await store.paid_today("x", [*refs, "new"], clock.now) == set(refs)


async def test_a_month_ends_with_its_last_day(store, clock):
    await store.note_spending("x", "x-mentions", read("1"), clock.now)
    clock.on(days=9)  # 1 December
    await store.note_spending("x", "x-mentions", read("1"), clock.now)
    assert [one.micro_dollars for one in await november(store)] == [5_000]
    (both,) = await store.spending(NOVEMBER, date(2027, 1, 1))
    assert (both.micro_dollars, both.first_day) == (10_000, date(2026, 11, 22))


async def test_what_was_spent_is_known_after_a_restart(store, home, clock):
    await store.note_spending("x", "x-mentions", read("1"), clock.now)
    await store.close()
    again = await open_store(home, clock=clock)
    assert [one.micro_dollars for one in await november(again)] == [5_000]
    assert await again.paid_today("x", ["1"], clock.now) == {"1"}
    await again.close()


async def test_calls_at_the_same_time_pay_once_for_the_same_thing(store, clock):
    calls = [store.note_spending("x", f"source-{n}", read("1"), clock.now) for n in range(20)]
    assert sum(await asyncio.gather(*calls)) == 5_000


async def test_no_ref_stands_in_the_files(store, home, clock):
    """A ref may name a person (an account that was read): erasing them must leave nothing here."""
    await store.note_spending("x", "x-mentions", read("Zebrafink"), clock.now)
    await store.close()
    assert all(b"Zebrafink" not in path.read_bytes() for path in home.iterdir() if path.is_file())
