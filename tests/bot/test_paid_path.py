"""The whole path on a platform that takes money: it reads to its cap, pauses, and goes on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.costs import costs
from bot.estimates import estimates, look_ahead
from bot.meter import StoreMeter, caps_of
from bot.overdue import overdue
from bot.rounds import ESTIMATE_S, Gone, rounds
from bot.service import Service, steps
from bot.standing import standings
from bot.suggest.playbook import Playbook
from connectors.contract import CapReached
from connectors.model import Charge, Health
from storage.model import QueueFilter

PRICES = {"read": 0.01, "reply": 0.02, "page": 10}
CENT = 10_000


def mentions(number, *, minutes_apart=1, first=-60, about="my order"):
    return [
        {"type": "message", "ref": f"m{one}", "author": "ada", "kind": "mention",
         "at": f"{first + one * minutes_apart:+}m", "text": f"@tern where is {about} {one}?"}
        for one in range(number)
    ]  # fmt: skip


@pytest.fixture
def paid(town):
    """Open a town on a platform that takes a cent for each message, with a cap in dollars."""

    async def make(*rows, cap=0.25, sources=None, **tables):
        login = {"prices": PRICES} | ({} if cap is None else {"monthly_cap_dollars": cap})
        more = {"sources": sources} if sources else {}
        return await town(*rows, logins={"masto": login}, **more, **tables)

    return make


def service(here, reader):
    return Service(here.desk, reader, Playbook({}, {}), here.connectors)


async def step(here, reader, name):
    return await steps(service(here, reader))[name]()


async def spent(here):
    (cost,) = await costs(here.store, here.desk.config, here.wall())
    return cost


async def source_error(here, name="all"):
    states = await here.store.source_states()
    return next((one.error for one in states if one.name == name), "")


async def test_it_reads_to_its_cap_pauses_and_goes_on_next_month(paid, reader):
    here = await paid(*mentions(40))
    with pytest.raises(CapReached):
        await step(here, reader, "collect:all")
    assert (await spent(here)).micro_dollars == 20 * CENT  # a third page might have cost too much
    assert len(await here.store.queue(QueueFilter(view="all"), here.wall())) == 20
    assert await source_error(here) == (
        "paused: 0.20 of this month's 0.25 dollars are spent and one more call may cost 0.10; "
        "it goes on on 1 April, or when you raise logins.masto.monthly_cap_dollars and restart"
    )

    here.wall.now = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)
    with pytest.raises(CapReached):
        await step(here, reader, "collect:all")
    here.wall.go(minutes=1)
    with pytest.raises(CapReached):
        await step(here, reader, "collect:all")
    assert (await spent(here)).micro_dollars == 20 * CENT
    here.wall.now = datetime(2026, 5, 1, tzinfo=UTC)
    assert await step(here, reader, "collect:all") == 15
    assert len(await here.store.queue(QueueFilter(view="all"), here.wall())) == 40
    assert await source_error(here) == ""


async def test_a_restart_does_not_forget_what_was_spent(paid, reader):
    here = await paid(*mentions(40))
    with pytest.raises(CapReached):
        await step(here, reader, "collect:all")
    await here.restart()
    with pytest.raises(CapReached):
        await step(here, reader, "collect:all")
    assert (await spent(here)).micro_dollars == 20 * CENT


async def test_without_a_cap_nothing_is_read_and_the_source_says_what_to_do(paid, reader):
    here = await paid(*mentions(3), cap=None)
    with pytest.raises(CapReached):
        await step(here, reader, "collect:all")
    assert await costs(here.store, here.desk.config, here.wall()) == ()
    assert (await source_error(here)).startswith("not started: reading mastodon costs money")


async def test_an_approved_reply_is_sent_although_the_cap_is_spent(paid, reader):
    here = await paid(*mentions(20), cap=0.2)
    with pytest.raises(CapReached):
        await step(here, reader, "collect:all")
    await step(here, reader, "tag")
    here.connectors["masto"] = here.connector
    reply = await approved(here, "m3")
    here.wall.go(minutes=30)  # so long that the last look asks the platform once more
    assert (await here.send()).state == "sent"
    assert (await here.reply(reply)).posted_ref
    line = (await spent(here)).line("reply")
    assert (line.calls, line.micro_dollars) == (2, 2 * CENT)  # the look was of something paid for
    assert (await spent(here)).micro_dollars == 22 * CENT


async def approved(here, ref):
    from bot.review import Approve, approve

    message = await here.message(ref)
    asked = Approve(request_id=f"req-{ref}", message_id=message.id, text="It left today.")
    reply = await approve(here.desk, here.admin, asked)
    here.wall.go(seconds=here.desk.config.policy.undo_seconds)
    return reply


async def test_a_search_starts_only_when_it_has_a_cap_and_says_before_what_it_would_cost(
    paid, reader
):
    search = {"login": "masto", "kind": "search", "query": "kettle"}
    rows = mentions(14, minutes_apart=60 * 24, first=-60 * 24 * 14 + 5, about="my kettle")
    here = await paid(*rows, cap=5, sources={"found": search})
    assert await rounds(here.desk, here.connectors, Gone())["estimate:masto"]() == ESTIMATE_S
    assert (await estimates(here.desk))["found"].micro_dollars == 30 * CENT  # one a day
    with pytest.raises(CapReached):
        await step(here, reader, "collect:found")
    assert await source_error(here, "found") == (
        "not started: a search on mastodon costs money, about 0.30 dollars a month at the last "
        "7 days' rate: set sources.found.monthly_cap_dollars and restart"
    )
    found = here.desk.config.sources["found"].model_copy(update={"monthly_cap_dollars": Decimal(1)})
    sources = here.desk.config.sources | {"found": found}
    config = here.desk.config.model_copy(update={"sources": sources})
    here.desk = replace(here.desk, config=config)
    await here.restart()
    assert await step(here, reader, "collect:found") == 15


async def test_an_estimate_is_asked_for_once_a_day(paid):
    search = {"login": "masto", "kind": "search", "query": "order"}
    here = await paid(*mentions(7), cap=5, sources={"found": search})
    look = rounds(here.desk, here.connectors, Gone())["estimate:masto"]
    await look()
    first = (await estimates(here.desk))["found"]
    here.wall.go(hours=23)
    await look()
    assert (await estimates(here.desk))["found"] == first
    here.wall.go(hours=1)
    await look()
    assert (await estimates(here.desk))["found"].at == here.wall()


async def test_there_is_nothing_to_estimate_where_nothing_is_searched_for(paid):
    here = await paid(*mentions(1))
    assert "estimate:masto" not in rounds(here.desk, here.connectors, Gone())


async def test_everything_is_looked_at_again_in_bulk_before_its_platform_wants_it(paid, reader):
    here = await paid(*mentions(240, minutes_apart=0), cap=50)
    await step(here, reader, "collect:all")
    look = rounds(here.desk, here.connectors, Gone())["recheck:masto"]
    calls = []
    while here.wall() < heard_at(here) + timedelta(hours=24):
        pause = await look()
        calls += [pause] if pause < 60 else []
        here.wall.go(seconds=pause)
    assert len(calls) == 3  # a hundred a call
    assert await overdue(here.desk) == []
    for number in (0, 120, 239):
        message = await here.message(f"m{number}")
        assert message.checked_at > message.seen_at
    recheck = (await spent(here)).line("recheck")
    assert (recheck.calls, recheck.micro_dollars) == (3, 240 * CENT)


def heard_at(here):
    return datetime(2026, 3, 10, 12, tzinfo=UTC)


async def test_re_checks_that_a_cap_stops_are_a_matter_for_a_human(paid, reader):
    here = await paid(*mentions(20), cap=0.2)
    with pytest.raises(CapReached):
        await step(here, reader, "collect:all")
    look = rounds(here.desk, here.connectors, Gone())["recheck:masto"]
    here.wall.go(hours=25)
    with pytest.raises(CapReached):
        await look()
    (late,) = await overdue(here.desk)
    assert (late.platform, late.messages, late.hours) == ("mastodon", 20, 24)
    assert late.says.startswith(
        "20 messages from mastodon were not looked at again within 24 h. Its rules ask for it, so "
        "that deletions are honoured. Paused: 0.20 of this month's 0.20 dollars are spent"
    )
    here.wall.now = datetime(2026, 4, 1, 0, 1, tzinfo=UTC)
    await look()
    assert await overdue(here.desk) == []


async def test_what_a_source_brought_that_is_gone_from_the_settings_is_looked_at_too(paid, reader):
    gone = {"type": "delete", "ref": "m1", "at": "+1h"}
    here = await paid(*mentions(3), gone, cap=5)
    await step(here, reader, "collect:all")
    config = here.desk.config
    renamed = config.model_copy(update={"sources": {"other": config.sources["all"]}})
    desk = replace(here.desk, config=renamed)
    here.wall.go(hours=23)
    await rounds(desk, here.connectors, Gone())["recheck:masto"]()
    assert (await here.message("m1")).state == "gone"
    assert (await here.message("m0")).checked_at == here.wall()


async def test_where_nothing_listens_any_more_a_human_is_told(paid, reader):
    here = await paid(*mentions(1), cap=5)
    await step(here, reader, "collect:all")
    config = here.desk.config.model_copy(update={"sources": {}, "logins": {}})
    desk = replace(here.desk, config=config)
    here.wall.go(hours=25)
    (late,) = await overdue(desk)
    assert "1 message from mastodon was not looked at again" in late.says
    assert "nothing in byname.toml listens there any more" in late.reason


async def test_how_a_login_stands_is_looked_up_before_there_is_a_cap(paid):
    here = await paid(cap=None)
    asker = Asker(StoreMeter(here.store, here.wall, caps_of(here.desk.config, "masto", "x")))
    await rounds(here.desk, here.connectors | {"masto": asker}, Gone())["login:masto"]()
    assert (await standings(here.desk))["masto"].ok
    (cost,) = await costs(here.store, here.desk.config, here.wall())
    assert cost.line("login").calls == 1


async def test_what_it_costs_is_said_by_purpose_dearest_first(paid, reader):
    here = await paid(*mentions(20), cap=0.4)
    await step(here, reader, "collect:all")
    here.wall.go(hours=23)
    await rounds(here.desk, here.connectors, Gone())["recheck:masto"]()
    cost = await spent(here)
    assert cost.parts == "all 0.20 dollars in 3 calls; re-checks 0.20 dollars in 1 call"
    assert cost.says == (
        "0.40 of 0.40 dollars this month in 4 calls, about 6.03 by the month's end at this rate: "
        "the cap stops it before"
    )


async def test_an_estimate_is_counted_and_not_stopped_before_there_is_a_cap(paid):
    """X asks for money even for the question how many there are."""
    search = {"login": "masto", "kind": "search", "query": "order"}
    here = await paid(*mentions(7), cap=None, sources={"found": search})
    caps = caps_of(here.desk.config, "masto", "mastodon")
    asker = Asker(StoreMeter(here.store, here.wall, caps))
    assert await look_ahead(here.desk, asker, ["found"]) == 1
    assert (await estimates(here.desk))["found"].micro_dollars == 3_000_000
    (cost,) = await costs(here.store, here.desk.config, here.wall())
    assert cost.parts == ("questions what a search would cost less than 0.01 dollars in 1 call")


class Asker:
    """Asks a platform that takes money for everything, the count itself too."""

    def __init__(self, meter):
        self.meter = meter

    async def estimate(self, source):
        await self._pay(source.name)
        return 3_000_000

    async def check(self):
        await self._pay("check")
        return Health("@tern")

    async def _pay(self, purpose):
        await self.meter.ask(purpose, 4_000)
        await self.meter.spent(purpose, Charge("count", 1, 4_000))


async def test_words_that_are_not_kept_need_not_be_looked_at_again(paid, reader):
    here = await paid(*mentions(3), cap=5, keep={"mastodon": {"days": 2}})
    await step(here, reader, "collect:all")
    look = rounds(here.desk, here.connectors, Gone())["recheck:masto"]
    here.wall.go(hours=47)
    await look()
    assert (await spent(here)).line("recheck").micro_dollars == CENT * 3
    here.wall.go(hours=23)
    await look()
    assert (await here.message("m0")).text == ""
    assert (await spent(here)).line("recheck").micro_dollars == CENT * 3
