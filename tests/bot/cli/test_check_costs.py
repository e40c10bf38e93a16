"""`byname check` on platforms that take money and have rules: what is spent, what is allowed."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from connectors.model import Charge
from storage import open_store

PAID = """
[logins.paid]
platform = "x"
connector = "replay"
world = "paid.jsonl"
monthly_cap_dollars = 5
prices = { read = 0.01 }

[sources.found]
login = "paid"
kind = "search"
query = "kettle"
"""
APPROVED = '\n[approvals.x]\nreference = "ticket 4711"\ndate = 2026-03-01\n'


@pytest.fixture
def paid_home(heard_home):
    rows = [
        {"type": "world", "name": "paid", "brand": "Tern", "time_zone": "UTC", "platforms": ["x"]},
        {"type": "account", "platform": "x", "ref": "us", "handle": "tern_x", "ours": True},
        {"type": "account", "platform": "x", "ref": "ada", "handle": "ada"},
        *({"type": "message", "platform": "x", "ref": f"m{day}", "author": "ada", "kind": "post",
           "at": f"-{24 * day - 1}h", "text": "my kettle"} for day in range(1, 15)),
    ]  # fmt: skip
    (heard_home / "paid.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with (heard_home / "byname.toml").open("a") as file:
        file.write(PAID)
    return heard_home


def write(home, act):
    async def do():
        store = await open_store(home, clock=lambda: datetime.now(UTC))
        await act(store)
        await store.close()

    asyncio.run(do())


def lines_of(byname, home):
    return {row["part"]: row for row in byname("check", "--home", home, "--json").rows}


def test_it_says_what_the_rules_of_each_platform_allow(byname, paid_home):
    lines = lines_of(byname, paid_home)
    assert lines["rules x"]["says"] == (
        "profile people: no; match accounts: no; train: no; model drafts: no; looked at again "
        "every 24 h; no written approval on record ([approvals.x] keeps one)"
    )
    assert lines["rules mastodon"]["says"] == (
        "profile people: yes; match accounts: yes; train: yes; model drafts: yes; looked at again "
        "every 24 h"
    )


def test_an_approval_on_record_is_named(byname, paid_home):
    with (paid_home / "byname.toml").open("a") as file:
        file.write(APPROVED)
    assert lines_of(byname, paid_home)["rules x"]["says"] == (
        "profile people: yes; match accounts: yes; train: yes; model drafts: yes; looked at again "
        "every 24 h; approved in writing on 2026-03-01: ticket 4711"
    )


def test_it_says_what_a_search_would_cost_before_it_is_switched_on(byname, paid_home):
    said = lines_of(byname, paid_home)["search found"]
    assert said["ok"]
    assert said["says"] == "about 0.30 dollars a month at the last 7 days' rate"  # one a day


def test_it_says_what_was_spent_of_the_cap_and_for_what(byname, paid_home):
    async def spend(store):
        await store.note_spending("paid", "reply", Charge("reply", 1, 200_000), datetime.now(UTC))

    write(paid_home, spend)
    said = lines_of(byname, paid_home)["cost paid"]["says"]
    assert said.startswith("0.20 of 5.00 dollars this month in 1 call, about ")
    assert said.endswith(": replies 0.20 dollars in 1 call")


@pytest.mark.parametrize(
    ("error", "ok"), [("paused: all is spent", True), ("not started: ", False)]
)
def test_a_source_that_spent_its_cap_needs_no_mending_and_one_without_a_cap_does(
    byname, paid_home, error, ok
):
    async def note(store):
        await store.note_source("found", datetime.now(UTC), error=error)

    write(paid_home, note)
    said = byname("check", "--home", paid_home, "--json")
    assert {row["part"]: row["ok"] for row in said.rows}["source found"] is ok
    assert said.code == (0 if ok else 78)


def test_what_a_login_may_do_is_named(byname, paid_home):
    assert (
        "may read, write; no automation label" in lines_of(byname, paid_home)["login paid"]["says"]
    )
