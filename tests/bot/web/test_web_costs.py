"""What a platform costs stands on the sources page; a reply's price beside its length."""

import pytest
from webstand import open_desk

from bot.estimates import look_ahead
from connectors.model import Charge

CAPPED = {
    "logins": {"x": {"platform": "x", "monthly_cap_dollars": 5}, "masto": {"platform": "mastodon"}},
    "sources": {
        "x-all": {"login": "x", "kind": "all"},
        "x-search": {"login": "x", "kind": "search", "query": "kettle"},
        "masto-all": {"login": "masto", "kind": "all"},
    },
}
LINK = "Here: https://kettlewren.example/descale"


@pytest.fixture
async def desk(tmp_path, clock):
    async with open_desk(tmp_path, clock, **CAPPED) as opened:
        yield opened


@pytest.fixture
async def browser(enter):
    return await enter("review")


async def spend(desk, purpose, calls, micro):
    for _ in range(calls):
        charge = Charge("post read", 1, micro)
        await desk.store.note_spending("x", purpose, charge, desk.clock())


async def test_the_sources_page_says_what_was_spent_of_the_cap_and_for_what(desk, enter):
    await spend(desk, "x-all", 3, 400_000)
    await spend(desk, "reply", 1, 200_000)
    browser = await enter("read")
    html = " ".join((await browser.read("/sources")).split())
    assert '<strong class="sum">1.40</strong> of 5.00 dollars' in html
    assert "about 31.50 by the month&#39;s end at this rate: the cap stops it before" in html
    assert "<bdi>replies</bdi></th><td>1</td><td>0.20</td>" in html
    assert "<bdi>x-all</bdi></th><td>3</td><td>1.20</td>" in html


async def test_a_paused_source_is_no_alarm_and_one_not_started_is(desk, enter, clock):
    await desk.store.note_source("x-all", clock(), error="paused: 5.00 dollars are spent")
    await desk.store.note_source("x-search", clock(), error="not started: set a cap")
    html = await (await enter("read")).read("/sources")
    paused, not_started = cards(html, "x-all"), cards(html, "x-search")
    assert "paused: 5.00 dollars are spent" in paused
    assert "is-bad" not in paused
    assert 'class="alert bad"' not in paused
    assert "is-bad" in not_started


def cards(html, name):
    (card,) = [one for one in html.split("<article")[1:] if f"<bdi>{name}</bdi></h2>" in one]
    return card


class Teller:
    async def estimate(self, _source):
        return 12_400_000


async def test_a_search_says_before_it_starts_what_it_would_cost(desk, enter):
    await look_ahead(desk, Teller(), ["x-search"])
    browser = await enter("read")
    said = "about 12.40 dollars a month at the last 7 days' rate".replace("'", "&#39;")
    assert said in cards(await browser.read("/sources"), "x-search")
    assert (await browser.get("sources"))["estimates"]["x-search"]["micro_dollars"] == 12_400_000


async def test_the_api_says_the_same_in_numbers(desk, enter):
    await spend(desk, "x-all", 2, 400_000)
    (cost,) = (await (await enter("read")).get("sources"))["costs"]
    assert (cost["login"], cost["micro_dollars"], cost["cap_micro_dollars"]) == (
        "x", 800_000, 5_000_000)  # fmt: skip
    (line,) = cost["lines"]
    assert (line["purpose"], line["calls"]) == ("x-all", 2)


async def test_what_is_overdue_stands_on_top(enter, stage, clock):
    await stage.hear("How do I descale it?")
    assert (await (await enter("read")).get("sources"))["overdue"] == []
    clock.go(hours=25)
    browser = await enter("read")
    assert "1 message from x was not looked at again within 24 h" in await browser.read("/sources")
    (late,) = (await browser.get("sources"))["overdue"]
    assert late["messages"] == 1


@pytest.mark.parametrize(
    ("text", "says", "is_dear"),
    [
        ("Vinegar, then rinse.", "costs 0.01 dollars", False),
        (LINK, "costs 0.20 dollars with a link, 0.01 without", True),
        ("", "costs 0.01 dollars", False),
    ],
)
async def test_the_price_of_a_reply_is_told_with_its_length(browser, stage, text, says, is_dear):
    message_id = await stage.waiting()
    body = {"message_id": str(message_id), "text": text}
    cost = (await (await browser.call("length", body)).json())["cost"]
    assert (cost["says"], cost["is_dear"]) == (says, is_dear)


async def test_where_replies_are_free_no_price_is_shown(browser, stage):
    message_id = await stage.waiting(source="masto-all")
    body = {"message_id": str(message_id), "text": LINK}
    assert (await (await browser.call("length", body)).json())["cost"] is None
    assert '<output id="cost" class="cost" hidden></output>' in await browser.read(
        f"/m/{message_id}"
    )


async def test_the_page_shows_the_price_before_anybody_types(browser, stage):
    message_id = await stage.waiting(reply=LINK)
    html = await browser.read(f"/m/{message_id}")
    assert 'class="cost is-dear">costs 0.20 dollars with a link, 0.01 without</output>' in html
