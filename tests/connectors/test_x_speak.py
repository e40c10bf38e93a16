"""Answering on X: who may be answered, one attempt, finding what may have been posted."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from simulators.x import ADA, BO, KIM, US
from stands.x import ref

from connectors.contract import RateLimited, Rejected, Unavailable, UnexpectedAnswer
from connectors.model import MessageRef, Outgoing, Source

MENTIONS = Source("mentions", "x", "x", login="desk")
POST = "POST /2/tweets"


def reply(row, wall, text="It left today.", key="k1"):
    return Outgoing(key, "desk", ref(row), text, wall())


async def test_who_mentions_us_may_be_answered(square, on_x):
    row = square.say(ADA, "@tern hello")
    assert (await on_x().may_reply(ref(row))).allowed


async def test_who_quotes_us_may_be_answered(square, on_x):
    ours = square.say(US, "New kettles are in.")
    row = square.say(ADA, "look at that", quoted=ours["id"])
    assert (await on_x().may_reply(ref(row))).allowed


async def test_who_quotes_us_by_another_address_may_be_answered_too(square, on_x):
    ours = square.say(US, "New kettles are in.")
    row = square.say(ADA, "look at that", quoted=ours["id"])
    for one in row["entities"]["urls"]:
        one["expanded_url"] = f"https://x.com/i/web/status/{ours['id']}"
    assert (await on_x().may_reply(ref(row))).allowed


async def test_who_did_not_summon_us_is_answered_by_hand_and_no_reply_is_written(square, on_x):
    ours = square.say(US, "New kettles are in.")
    row = square.say(ADA, "Which sizes?", ours["id"], bare=True)
    connector = on_x()
    told = await connector.may_reply(ref(row))
    assert not told.allowed
    assert "answer by hand" in told.rule
    assert f"https://x.com/intent/post?in_reply_to={row['id']}" in told.rule
    assert "2026-02-23" in told.source
    assert square.calls[POST] == 0


async def test_a_quote_of_somebody_else_does_not_summon_us(square, on_x):
    bos = square.say(BO, "My kettle.")
    row = square.say(ADA, "look at that", quoted=bos["id"])
    assert not (await on_x().may_reply(ref(row))).allowed


async def test_with_an_enterprise_contract_anybody_may_be_answered(square, on_x):
    row = square.say(ADA, "my kettle broke")
    assert (await on_x(summoned_only=False).may_reply(ref(row))).allowed


async def test_who_lets_only_the_mentioned_answer_is_respected(square, on_x):
    ours = square.say(US, "New kettles are in.")
    row = square.say(ADA, "look", quoted=ours["id"], reply_settings="mentionedUsers")
    told = await on_x().may_reply(ref(row))
    assert (told.allowed, told.source) == (False, "reply_settings of the post")


async def test_a_refused_reply_says_the_rule_though_nobody_looked_before(square, on_x, wall):
    row = square.say(ADA, "my kettle broke")
    with pytest.raises(Rejected, match="answer by hand") as caught:
        await on_x().post(reply(row, wall))
    assert caught.value.code == "not_allowed"


@pytest.mark.parametrize("kind", ["resource-not-found", "not-authorized-for-resource"])
async def test_what_is_gone_or_protected_is_not_answered(square, on_x, wall, kind):
    row = square.say(ADA, "@tern hello")
    square.hidden[row["id"]] = kind
    connector = on_x()
    assert not (await connector.may_reply(ref(row))).allowed
    with pytest.raises(Rejected) as caught:
        await connector.post(reply(row, wall))
    assert caught.value.code == "parent_gone"


async def test_an_edited_post_is_answered_in_its_newest_version(square, on_x, wall):
    row = square.say(ADA, "@tern my order is late")
    edited = square.edit(row["id"], "@tern my order 7 is late")
    there = replace(ref(row), server_ref=edited["id"])
    connector = on_x()
    written = replace(reply(row, wall), parent=there)
    await connector.post(written)
    (mine,) = square.by(US)
    assert mine["referenced_tweets"] == [{"type": "replied_to", "id": edited["id"]}]
    assert await connector.find_reply(written) is not None


async def test_two_cashtags_never_leave(square, on_x, wall):
    row = square.say(ADA, "@tern hello")
    with pytest.raises(Rejected, match="cashtag"):
        await on_x().post(reply(row, wall, "Sell $TRN, buy $KTL"))
    assert square.calls[POST] == 0
    await on_x().post(reply(row, wall, "It costs $30 or $TRN 2"))


async def test_a_character_that_x_takes_nowhere_never_leaves(square, on_x, wall):
    row = square.say(ADA, "@tern hello")
    with pytest.raises(Rejected, match=r"U\+FEFF"):
        await on_x().post(reply(row, wall, "\ufeffHello."))
    assert square.calls[POST] == 0


async def test_a_reply_is_found_by_parent_and_by_text_with_links_and_emoji(square, on_x, wall):
    first, second = (square.say(ADA, f"@tern hello {number}") for number in range(2))
    text = "See https://tern.example/a?b=1&c=2 — it’s there 🎉\nThanks"
    connector = on_x()
    posted = await connector.post(reply(first, wall, text))
    found = await connector.find_reply(reply(first, wall, text))
    assert found is not None
    assert (found.ref, found.url) == (posted.ref, f"https://x.com/tern/status/{posted.ref}")
    assert await connector.find_reply(reply(second, wall, text)) is None


async def test_a_reply_that_shows_up_late_is_found_when_it_does(square, on_x, wall):
    row = square.say(ADA, "@tern hello")
    square.lag = timedelta(seconds=30)
    connector = on_x()
    written = reply(row, wall)
    await connector.post(written)
    assert await connector.find_reply(written) is None
    wall.go(seconds=31)
    assert await connector.find_reply(written) is not None


async def test_a_reply_is_found_behind_hundreds_of_others(square, on_x, wall):
    row = square.say(ADA, "@tern hello")
    connector = on_x()
    written = reply(row, wall)
    await connector.post(written)
    for number in range(250):
        square.say(US, f"More {number}")
    assert await connector.find_reply(written) is not None


async def test_a_duplicate_is_looked_up_and_never_lost(square, on_x, wall):
    """X refuses what it took a moment ago and names no id: nobody may say that it failed."""
    row = square.say(ADA, "@tern hello")
    written = reply(row, wall)
    square.faults[POST] = ["error_after"]
    connector = on_x()
    with pytest.raises(Unavailable):
        await connector.post(written)
    with pytest.raises(Unavailable, match="duplicate") as caught:
        await connector.post(written)
    assert caught.value.was_sent
    assert await connector.find_reply(written) is not None
    assert len(square.by(US)) == 1


async def test_whatever_goes_wrong_each_reply_is_seen_once(square, on_x, wall):
    """Hundreds of faults at random, and an outbox that follows the contract: 0 lost, 0 doubled."""
    draw = random.Random(20260310)
    square.lag = timedelta(seconds=20)
    rows = [square.say(ADA, f"@tern question {number}") for number in range(150)]
    connector = on_x(timeout_s=0.05)
    for number, row in enumerate(rows):
        written = reply(row, wall, f"Answer {number}", f"k{number}")
        for _ in range(40):
            wall.go(seconds=30)
            square.allow()
            square.faults = {POST: [draw.choice(WRONG)], READ: [draw.choice(WRONG_READ)]}
            try:
                await connector.post(written)
                break
            except (RateLimited, Rejected):
                continue  # definitely not taken
            except (Unavailable, UnexpectedAnswer) as error:
                if error.was_sent and await is_there(connector, written, wall):
                    break
    wall.go(minutes=1)
    texts = [one["text"] for one in square.by(US)]
    assert sorted(texts) == sorted(f"@ada Answer {number}" for number in range(150))
    assert square.calls[POST] > 200
    assert square.cost <= on_x.purse.total


WRONG = ("", "", "error_before", "error_after", "cut", "garbled", "wall", "rate_limited",
         "rate_limited_page", "timeout_after")  # fmt: skip
WRONG_READ = ("", "", "", "error_before", "cut", "garbled", "rate_limited_page")
READ = "GET /2/users/:id/tweets"


async def is_there(connector, written, wall):
    """Look twice, apart, after the time that a post needs to be seen."""
    looked = 0
    while looked < 2:
        wall.go(seconds=30)
        try:
            if await connector.find_reply(written):
                return True
            looked += 1
        except (Unavailable, UnexpectedAnswer, RateLimited):
            continue
    return False


async def test_a_wall_in_front_of_x_is_no_answer_of_x(square, on_x, wall):
    row = square.say(ADA, "@tern hello")
    square.faults[POST] = ["wall"]
    with pytest.raises(UnexpectedAnswer) as caught:
        await on_x().post(reply(row, wall))
    assert caught.value.was_sent


async def test_spent_credits_wait_and_say_who_must_act(square, on_x, wall):
    row = square.say(ADA, "@tern hello")
    square.credits = 0
    with pytest.raises(RateLimited, match=r"console\.x\.com") as caught:
        await on_x().post(reply(row, wall))
    assert caught.value.until - wall() == timedelta(hours=1)
    square.credits = 1_000_000
    await on_x().post(reply(row, wall))


async def test_a_deletion_is_made_once(square, on_x, wall):
    row = square.say(ADA, "@tern hello")
    connector = on_x()
    posted = await connector.post(reply(row, wall))
    await connector.delete(posted)
    await connector.delete(posted)
    assert square.by(US) == []


async def test_the_thread_above_is_walked_up_and_what_was_read_is_free(square, on_x):
    root = square.say(BO, "@kim what a kettle")
    second = square.say(KIM, "@tern made it", root["id"])
    third = square.say(ADA, "@tern is it late?", second["id"])
    connector = on_x()
    [page async for page in connector.pages(MENTIONS, None)]
    told = await connector.thread(ref(third))
    assert [one.ref for one in told] == [root["id"], second["id"]]
    assert told[0].author.handle == "bo"
    assert square.calls["GET /2/tweets"] == 1  # the root; the others mentioned us


async def test_a_thread_with_a_hole_is_told_up_to_the_hole(square, on_x):
    root = square.say(BO, "what a kettle")
    second = square.say(KIM, "indeed", root["id"])
    third = square.say(ADA, "@tern is it late?", second["id"])
    square.delete(root["id"])
    assert [one.ref for one in await on_x().thread(ref(third))] == [second["id"]]
    assert await on_x().thread(MessageRef("x", "999999", "999999")) == []


async def test_what_became_of_posts_is_asked_a_hundred_at_a_time(square, on_x, wall):
    rows = [square.say(ADA, f"@tern {number}") for number in range(250)]
    gone, protected, withheld = rows[3], rows[4], rows[5]
    square.delete(gone["id"])
    square.hidden[protected["id"]] = "not-authorized-for-resource"
    square.hidden[withheld["id"]] = "resource-unavailable"
    edited = square.edit(rows[6]["id"], "@tern changed")
    told = {one.ref: one for one in await on_x().recheck([ref(one) for one in rows])}
    assert len(told) == 250
    assert told[rows[0]["id"]].fate == "there"
    assert (told[gone["id"]].fate, told[protected["id"]].fate) == ("deleted", "deleted")
    assert told[withheld["id"]].fate == "unknown"
    changed = told[rows[6]["id"]]
    assert (changed.fate, changed.message.text) == ("edited", "@tern changed")
    assert changed.message.server_ref == edited["id"]
    assert square.calls["GET /2/users/:id/mentions"] == 3
    assert square.calls["GET /2/tweets"] == 2  # what the list did not show, and a newest version


async def test_check_says_who_what_and_what_is_left_to_do(square, on_x):
    health = await on_x().check()
    assert health.who == "@tern on X"
    assert "tweet.write" in health.scopes
    assert "owned read $0.001" in health.budget.price
    assert len(health.todo) == 1
    assert "automated account label" in health.todo[0]


async def test_check_believes_the_human_about_the_label_and_misses_scopes(square, on_x):
    on_x.drawer.values["desk"]["scope"] = "tweet.read users.read offline.access"
    health = await on_x(automation_label=True).check()
    assert health.has_automation_label
    assert health.todo == ("The scope tweet.write is missing: connect this login again.",)


async def test_the_budget_is_what_the_headers_said(square, on_x, wall):
    connector = on_x()
    assert (await connector.budget()).left is None
    [page async for page in connector.pages(MENTIONS, None)]
    budget = await connector.budget()
    assert (budget.left, budget.limit) == (299, 300)
    assert budget.resets_at - wall() == timedelta(minutes=15)
