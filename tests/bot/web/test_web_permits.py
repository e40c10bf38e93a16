"""Where no answer is allowed the pages say so before anything is written; how logins stand."""

from dataclasses import replace

import pytest

from bot.permits import Permits
from bot.standing import look
from connectors.contract import AuthFailed, Unavailable
from connectors.model import Budget, Health, Permission

RULE = Permission(False, "@ann has blocked us.", "the account's relations")


class Platform:
    """Says what it is told to say."""

    def __init__(self, permission=RULE, health=None):
        self.permission, self.health = permission, health

    async def may_reply(self, _):
        return self.permission

    async def budget(self):
        return Budget()

    async def check(self):
        if isinstance(self.health, Exception):
            raise self.health
        return self.health


@pytest.fixture
def guarded(desk, clock):
    return replace(desk, permits=Permits(desk.store, lambda _: Platform(), clock))


async def test_where_no_answer_is_allowed_the_page_names_the_rule(enter, stage, guarded):
    message_id = await stage.waiting()
    browser = await enter("review", on=guarded)
    html = await browser.read(f"/m/{message_id}")
    assert "No answer is possible.</strong> @ann has blocked us." in html.replace("&#39;", "'")
    assert "relations" in html
    assert 'name="text"' not in html


async def test_nobody_is_sent_where_nobody_may_answer(enter, stage, guarded):
    message_id = await stage.waiting()
    html = await (await enter("review", on=guarded)).read(f"/m/{message_id}")
    assert 'id="by-hand-form"' not in html
    assert "Answer on" not in html
    assert 'id="no-reply-form"' in html


async def test_where_a_human_may_answer_all_the_same_the_page_leads_there(
    enter, stage, desk, clock
):
    place = "https://x.com/intent/post?in_reply_to=7"
    no = Permission(False, "Only who was summoned may reply.", "a page", by_hand_at=place)
    on = replace(desk, permits=Permits(desk.store, lambda _: Platform(no), clock))
    message_id = await stage.waiting()
    browser = await enter("review", on=on)
    html = await browser.read(f"/m/{message_id}")
    assert "Answer by hand.</strong> Only who was summoned may reply. (a page)" in html
    assert f'href="{place}"' in html
    assert 'id="by-hand-form"' in html
    body = {"request_id": "0123456789", "text": "Sorry!", "seconds": 5}
    answer = await browser.call(f"messages/{message_id}/approve", body)
    assert (await answer.json())["error"].endswith(f"Answer by hand: {place}")


async def test_a_rule_that_was_seen_holds_while_the_platform_cannot_be_asked(
    enter, stage, desk, clock
):
    class Silent(Platform):
        async def may_reply(self, _):
            raise Unavailable("down")

    message_id = await stage.hear("How do I descale it?")
    await stage.tag()
    await stage.suggest(silence="no answer is allowed here: @ann has blocked us.")
    on = replace(desk, permits=Permits(desk.store, lambda _: Silent(), clock))
    html = await (await enter("review", on=on)).read(f"/m/{message_id}")
    assert "@ann has blocked us." in html.replace("&#39;", "'")
    assert 'name="text"' not in html


async def test_the_api_refuses_with_the_rule_and_nothing_is_written(enter, stage, guarded):
    message_id = await stage.waiting()
    browser = await enter("review", on=guarded)
    body = {"request_id": "0123456789", "text": "Sorry!", "seconds": 5}
    answer = await browser.call(f"messages/{message_id}/approve", body)
    assert answer.status == 422
    assert "@ann has blocked us." in (await answer.json())["error"]
    assert await guarded.store.replies() == []


async def test_how_a_login_stands_is_shown_with_its_budget(enter, desk, clock):
    budget = Budget(271, 300, clock(), "$0.010 a post")
    health = Health("@tern on here.example", budget=budget, has_automation_label=True)
    await look(desk, Platform(health=health), "masto")
    browser = await enter("read")
    html = await browser.read("/sources")
    for said in ("@tern on here.example", "271 of 300", "$0.010 a post", "automation label seen"):
        assert said in html
    (login,) = (await browser.get("sources"))["logins"]
    assert (login["login"], login["left"], login["ok"]) == ("masto", 271, True)


async def test_a_login_that_is_signed_out_says_what_to_do(enter, desk):
    await look(desk, Platform(health=AuthFailed("401: revoked")), "masto")
    html = await (await enter("read")).read("/sources")
    assert "signed out: run <code>byname connect mastodon --login masto</code>" in html


async def test_a_login_nobody_has_looked_at_is_not_shown(enter):
    assert "<h2>Logins</h2>" not in await (await enter("read")).read("/sources")


async def test_an_erasure_by_the_api_needs_an_admin_and_its_name(enter, stage, desk):
    message_id = await stage.waiting()
    person = (await desk.store.message(message_id)).author.person_id
    reviewer, admin = await enter("review"), await enter("admin")
    path, body = f"people/{person}/erase", {"confirm": "erase"}
    assert (await reviewer.call(path, body)).status == 403
    assert (await admin.call(path, {})).status == 400
    answer = await admin.call(path, body)
    assert (await answer.json())["erased"]["messages"] == 1
    assert (await desk.store.message(message_id)).text == ""
