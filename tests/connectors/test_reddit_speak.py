"""Answering on Reddit: once, where it is allowed, and found again when nobody knows."""

from datetime import timedelta

import pytest
from simulators.reddit import US
from stands.reddit import POST, ref

from connectors._platforms import data_rules, length
from connectors.contract import (
    AuthFailed,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)
from connectors.model import MessageRef, Outgoing, Posted
from connectors.reddit.approval import approval_of
from connectors.reddit.refusals import ensure_no_errors, wait_in

DEL = "POST /api/del"


@pytest.fixture
def post(site):
    return site.submit(US, "New kettles")


@pytest.fixture
def question(site, post):
    return site.say("ada", "Do you ship?", post)


def answer(wall, parent, text="It left today.", key="k1"):
    return Outgoing(key, "desk", ref(parent), text, wall())


# Posting


async def test_a_comment_and_a_post_can_be_answered(site, reddit, wall, question):
    other = site.submit("ada", "Hello u/tern")
    for parent in (question, other):
        posted = await reddit().post(answer(wall, parent, f"For {parent.kind}"))
        made = site.things[posted.ref]
        assert (made.parent, made.text, posted.text) == (parent.name, f"For {parent.kind}",
                                                         f"For {parent.kind}")  # fmt: skip
        assert posted.url.endswith(f"/{made.id}/")
        assert posted.created_at == wall()


@pytest.mark.parametrize("text", ["*Yes* & <no> \\_/ https://a.example/?a=1&b=2", "a\n\n> b\n\n🫖",
                                  "x" * 10_000])  # fmt: skip
async def test_markdown_is_sent_and_found_as_it_was_written(site, reddit, wall, question, text):
    made = answer(wall, question, text)
    posted = await reddit().post(made)
    assert site.things[posted.ref].text == text
    assert await reddit().find_reply(made) == posted


@pytest.mark.parametrize(("text", "code"), [("x" * 10_001, "too_long"), (" \n ", "rejected")])
async def test_what_does_not_fit_never_leaves(site, reddit, wall, question, text, code):
    with pytest.raises(Rejected) as caught:
        await reddit().post(answer(wall, question, text))
    assert (caught.value.code, sum(site.calls.values())) == (code, 0)


async def test_what_has_no_name_on_reddit_cannot_be_answered(site, reddit, wall):
    parent = MessageRef("reddit", "https://example.org/1", "x")
    with pytest.raises(Rejected) as caught:
        await reddit().post(Outgoing("k", "desk", parent, "Hi", wall()))
    assert (caught.value.code, sum(site.calls.values())) == ("parent_gone", 0)


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("locked", Rejected, "not_allowed"),
        ("deleted_parent", Rejected, "parent_gone"),
        ("too_many", Rejected, "not_allowed"),
        ("rejected", Rejected, "rejected"),
        ("forbidden", Rejected, "not_allowed"),
        ("user_required", AuthFailed, None),
        ("scope", AuthFailed, None),
        ("broken", Unavailable, None),
        ("reply_none", UnexpectedAnswer, None),
        ("errors_null", UnexpectedAnswer, None),
        ("blocked_page", UnexpectedAnswer, None),
        ("redirect", UnexpectedAnswer, None),
        ("short", Unavailable, None),
    ],
)
async def test_every_refusal_says_who_must_act(site, reddit, wall, question, fault, error, code):
    site.faults[POST] = [fault]
    with pytest.raises(error) as caught:
        await reddit(timeout_s=2).post(answer(wall, question))
    assert getattr(caught.value, "code", None) == code
    assert getattr(caught.value, "was_sent", True)
    assert site.calls[POST] == 1


@pytest.mark.parametrize(
    ("sentence", "seconds"),
    [
        ("Looks like you've been doing that a lot. Take a break for 3 seconds before", 3),
        ("Take a break for 9 minutes before trying again.", 540),
        ("Take a break for 1 minute before trying again.", 60),
        ("Take a break for 4 с before trying again.", 4),
        ("Take a break for 250 milliseconds before trying again.", 1),
        ("Bitte warte 2 Stunden", 3600),
        ("Versuch es in 7 Minuten wieder", 420),
        ("Attendez 12 secondes", 12),
        ("少し休憩してください。あと 8 分", 480),
        ("Подождите 5 мин.", 300),
        ("you are doing that too much. try again in 999999999 minutes.", 3600),
        ("Wait 3 wobbles", 180),
        ("Not so fast", 600),
    ],
)
def test_a_limit_is_read_in_any_language(sentence, seconds):
    assert wait_in(sentence) == timedelta(seconds=seconds)


def test_a_limit_that_reddit_gives_as_a_number_is_believed_first(wall):
    told = {"json": {"ratelimit": 17.5, "errors": [["RATELIMIT", "9 minutes", "ratelimit"]]}}
    with pytest.raises(RateLimited) as caught:
        ensure_no_errors(told, wall)
    assert caught.value.until == wall() + timedelta(seconds=17.5)
    assert wait_in("2 seconds", "soon") == timedelta(seconds=2)


@pytest.mark.parametrize(
    "told",
    [
        None, [], "x", {}, {"json": None}, {"json": {"errors": 7}}, {"json": {"errors": ["x"]}},
        {"json": {"errors": [[]]}},
    ],
)  # fmt: skip
def test_errors_in_another_form_are_an_unexpected_answer(told, wall):
    with pytest.raises(UnexpectedAnswer):
        ensure_no_errors(told, wall)


async def test_a_limit_of_one_subreddit_does_not_stop_reading(site, reddit, wall, question):
    site.faults[POST] = ["ratelimit"]
    connector = reddit()
    with pytest.raises(RateLimited) as caught:
        await connector.post(answer(wall, question))
    assert caught.value.until == wall() + timedelta(minutes=9)
    assert (await connector.check()).ok


# Looking a reply up


async def test_a_reply_that_others_see_late_is_not_found_before(site, reddit, wall, question):
    site.lag, site.faults[POST] = timedelta(seconds=30), ["error_after"]
    made, connector = answer(wall, question), reddit()
    with pytest.raises(Unavailable):
        await connector.post(made)
    assert await connector.find_reply(made) is None
    wall.go(seconds=31)
    found = await connector.find_reply(made)
    assert site.things[found.ref].text == made.text


async def test_the_same_words_under_another_parent_or_long_ago_are_not_this_reply(
    site, reddit, wall, post, question
):
    other = site.say("bo", "And to me?", post)
    site.say(US, "It left today.", other)
    site.say("ada", "It left today.", question)  # somebody else's
    site.say(US, "It left today.", question)
    wall.go(hours=1)
    assert await reddit().find_reply(answer(wall, question)) is None


async def test_a_reply_is_found_below_hundreds_of_newer_ones(site, reddit, wall, post, question):
    made = answer(wall, question)
    await reddit().post(made)
    for number in range(230):
        wall.go(seconds=1)
        site.say(US, f"Another {number}", post)
    assert await reddit().find_reply(made) is not None


async def test_a_reply_that_our_own_list_lacks_is_found_under_its_parent(
    site, reddit, wall, question
):
    made = answer(wall, question)
    posted = await reddit().post(made)
    site.hidden_from_own.add(posted.ref)
    assert await reddit().find_reply(made) == posted


async def test_looking_that_fails_is_not_taken_for_absence(site, reddit, wall, question):
    site.faults[f"GET /user/{US}/comments"] = ["forbidden"]
    with pytest.raises(UnexpectedAnswer):
        await reddit().find_reply(answer(wall, question))
    site.faults[f"GET /user/{US}/comments"] = ["error_before"]
    with pytest.raises(Unavailable):
        await reddit().find_reply(answer(wall, question))


async def test_a_reply_under_a_thread_that_is_gone_is_absent(site, reddit, wall, question):
    gone = MessageRef("reddit", "t1_zzzzz", "t3_zzzzz")
    assert await reddit().find_reply(Outgoing("k", "desk", gone, "Hi", wall())) is None


# What is above


async def test_a_deep_thread_is_told_from_its_post_down(site, reddit, post):
    above, one = [post.name], post
    for number in range(30):
        one = site.say("ada" if number % 2 else "bo", f"step {number}", one)
        above.append(one.name)
    connector = reddit()
    await connector.check()
    before = sum(site.calls.values())
    told = await connector.thread(ref(one))
    assert [one.ref for one in told] == above[:-1]
    assert sum(site.calls.values()) - before == 4  # eight parents a call
    assert {one.root_ref for one in told} == {post.name}


async def test_above_a_gap_nothing_is_told(site, reddit, post):
    first = site.say("ada", "first", post)
    gone = site.say("bo", "gone", first)
    last = site.say("ada", "last", site.say("bo", "there", gone))
    site.delete(gone)
    assert [one.text for one in await reddit().thread(ref(last))] == ["there"]


async def test_nothing_is_above_a_post_or_what_is_not_there(site, reddit, post):
    assert await reddit().thread(ref(post)) == []
    for root in (post.name, "t3_zzzzz"):
        assert await reddit().thread(MessageRef("reddit", "t1_zzzzz", root)) == []


# What became of it


async def test_every_fate_is_told_in_one_call_for_a_hundred(site, reddit, wall, post):
    there, edited, deleted, removed, orphan = (
        site.say("ada", f"number {number}", post) for number in range(5)
    )
    wall.go(minutes=1)
    site.edit(edited, "number one")
    site.delete(deleted)
    removed.is_removed = True
    orphan.more = {"author": "[deleted]"}  # the account is gone, its words still stand there
    asked = [ref(one) for one in (there, edited, deleted, removed, orphan)]
    asked += [MessageRef("reddit", "t1_zzzzz", post.name), MessageRef("reddit", "nonsense", "x")]
    connector = reddit()
    await connector.check()
    before = sum(site.calls.values())
    told = await connector.recheck(asked)
    assert [one.fate for one in told] == [
        "there", "edited", "deleted", "deleted", "deleted", "deleted", "unknown",
    ]  # fmt: skip
    assert [one.ref for one in told] == [one.ref for one in asked]
    assert (told[1].message.text, told[1].message.root_ref) == ("number one", post.name)
    assert sum(site.calls.values()) - before == 1
    many = [ref(site.say("ada", f"more {number}", post)) for number in range(250)]
    assert {one.fate for one in await connector.recheck(many)} == {"there"}
    assert sum(site.calls.values()) - before == 4


async def test_posts_that_were_removed_are_deleted(site, reddit, post):
    post.is_removed = True
    assert (await reddit().recheck([ref(post)]))[0].fate == "deleted"


async def test_an_answer_that_knows_none_of_many_is_not_believed_at_once(site, reddit, post):
    asked = [ref(site.say("ada", f"number {number}", post)) for number in range(3)]
    site.faults["GET /api/info"] = ["empty"]
    assert {one.fate for one in await reddit().recheck(asked)} == {"there"}
    site.faults["GET /api/info"] = ["empty", "empty"]
    assert {one.fate for one in await reddit().recheck(asked)} == {"deleted"}
    assert await reddit().recheck([]) == []


async def test_one_broken_thing_does_not_hide_the_fate_of_the_others(site, reddit, post):
    good, bad = (site.say("ada", f"number {number}", post) for number in range(2))
    bad.more = {"body": 7, "created_utc": None}
    told = await reddit().recheck([ref(good), ref(bad)])
    assert [one.fate for one in told] == ["there", "unknown"]


# May we?


async def test_what_nothing_forbids_may_be_answered_for_two_calls(site, reddit, post, question):
    connector = reddit()
    await connector.check()
    before = sum(site.calls.values())
    assert (await connector.may_reply(ref(question))).allowed
    assert (await connector.may_reply(ref(post))).allowed
    assert sum(site.calls.values()) - before == 3  # a subreddit's word holds for some minutes


@pytest.mark.parametrize(
    ("where", "what", "said"),
    [
        ("comment", {"locked": True}, "locked this comment"),
        ("post", {"locked": True}, "locked this thread"),
        ("post", {"archived": True}, "archived"),
        ("comment", {"author_is_blocked": True}, "We have blocked u/ada"),
        ("about", {"user_is_banned": True}, "We are banned from r/kettles"),
        ("about", {"user_is_muted": True}, "We are muted in r/kettles"),
        ("about", {"subreddit_type": "archived"}, "r/kettles is archived"),
        ("about", {"subreddit_type": "private"}, "r/kettles is private"),
        ("about", {"subreddit_type": "restricted", "restrict_commenting": True}, "Only approved"),
    ],
)
async def test_a_rule_that_forbids_a_reply_is_told_with_its_source(
    site, reddit, post, question, where, what, said
):
    if where == "about":
        site.abouts["kettles"] = what
    else:
        {"comment": question, "post": post}[where].more = what
    told = await reddit().may_reply(ref(question))
    assert not told.allowed
    assert said in told.rule
    assert told.source
    assert site.calls[POST] == 0


async def test_members_may_write_where_others_may_not(site, reddit, question):
    for kind in ("private", "restricted"):
        site.abouts["kettles"] = {
            "subreddit_type": kind, "restrict_commenting": True, "user_is_contributor": True,
        }  # fmt: skip
        assert (await reddit().may_reply(ref(question))).allowed
    site.faults["GET /r/kettles/about"] = ["forbidden"]
    assert "private" in (await reddit().may_reply(ref(question))).rule


async def test_what_is_gone_cannot_be_answered(site, reddit, question):
    site.delete(question)
    for one in (ref(question), MessageRef("reddit", "t1_zzzzz", "t3_zzzzz")):
        told = await reddit().may_reply(one)
        assert (told.allowed, told.rule) == (False, "The message is gone.")


# Deleting, checking


async def test_deleting_asks_once_and_a_second_time_does_no_harm(site, reddit, wall, question):
    connector = reddit()
    posted = await connector.post(answer(wall, question))
    await connector.delete(posted)
    await connector.delete(posted)
    await connector.delete(Posted("t1_zzzzz"))
    assert site.things[posted.ref].is_deleted
    assert site.calls[DEL] == 3


async def test_check_tells_who_we_are_what_was_approved_and_what_is_left(site, reddit, wall):
    site.left, site.used, site.reset = 590.0, 10, 300
    health = await reddit().check()
    assert health.who == f"u/{US} (approved by Reddit 2026-01-15: RB-2026-0042)"
    assert (health.ok, health.todo, health.has_automation_label) == (True, (), True)
    assert (health.budget.left, health.budget.limit) == (590, 600)
    assert health.budget.resets_at == wall() + timedelta(seconds=300)


async def test_check_tells_what_a_human_has_to_do(site, reddit):
    site.description, site.scope = "Kettles since 1901, robot arms too.", "identity read"
    site.me["is_suspended"] = True
    health = await reddit().check()
    assert (health.ok, health.has_automation_label) == (False, False)
    todo = " ".join(health.todo)
    assert "suspended" in todo
    assert "says it was made by a bot (reddit.com/r/Bottiquette)" in todo
    for scope in ("privatemessages", "history", "submit", "edit"):
        assert f"The scope {scope} is missing" in todo


async def test_without_an_approval_nothing_is_asked_of_reddit(site, reddit, wall):
    for values in (
        {"approval_reference": ""}, {"approval_reference": " none "}, {"approval_date": ""},
        {"approval_date": "yesterday"}, {"approval_date": "2027-01-01"},
    ):  # fmt: skip
        reddit.drawer.write("desk", {**reddit.drawer.read("desk"), **values})
        with pytest.raises(AuthFailed, match="approv"):
            await reddit().check()
    assert sum(site.calls.values()) == 0


# Facts


def test_the_platforms_facts_are_those_the_connector_keeps_to():
    assert length("reddit", "x" * 10_000).fits
    assert not length("reddit", "x" * 10_001).fits
    rules = data_rules("reddit")
    assert rules.recheck_hours is not None
    assert rules.recheck_hours <= 24  # twice within the 48 hours in which words have to go
    assert (rules.may_profile, rules.may_match_accounts, rules.may_train) == (False, False, False)


@pytest.mark.parametrize(("covers", "expected"), [("no", False), ("", False), ("Yes", True)])
def test_the_recorded_approval_opens_the_data_rules_only_if_it_covers_them(covers, expected):
    values = {"approval_reference": "RB-1", "approval_date": "2026-01-15"}
    approval = approval_of({**values, "approval_covers_data": covers})
    rules = data_rules("reddit", is_approved=approval.covers_data)
    assert (rules.may_profile, rules.may_train) == (expected, expected)
    assert not rules.may_infer_sensitive
    assert approval_of({}) is None
