"""What is found by listening: taken along, answered on the platform itself, and noted here."""

from datetime import timedelta

import pytest

LINK = "https://social.example/@ann/7"
SAID = "Anyone tried a Kettlewren kettle?"


@pytest.fixture
async def browser(enter):
    return await enter("review")


@pytest.fixture
async def message_id(stage):
    return await stage.waiting(SAID, "We can tell you all about it.", source="heard", url=LINK)


async def test_it_stands_in_a_list_of_its_own(browser, stage, message_id):
    asked = await stage.waiting()
    found = {
        view: [
            entry["message"]["id"] for entry in (await browser.get(f"queue?view={view}"))["entries"]
        ]
        for view in ("needs_you", "by_hand", "silent")
    }
    assert found == {"needs_you": [str(asked)], "by_hand": [str(message_id)], "silent": []}
    counts = (await browser.get("queue"))["counts"]
    assert (counts["needs_you"], counts["by_hand"]) == (1, 1)
    assert 'href="/?view=by_hand">By hand <span class="count">1</span>' in await browser.read("/")


async def test_its_list_is_offered_only_where_something_stands_in_it(browser, stage):
    await stage.waiting()
    assert "By hand" not in await browser.read("/")
    assert 'aria-current="true">By hand' in await browser.read("/?view=by_hand")


async def test_without_a_suggestion_it_is_no_open_draft_of_ours(browser, stage):
    await stage.hear(SAID, "heard")
    await stage.tag()
    await stage.suggest(silence="nothing like it in the playbook")
    counts = (await browser.get("queue"))["counts"]
    assert (counts["by_hand"], counts["needs_you"], counts["silent"]) == (1, 0, 0)


async def test_it_says_why_where_and_with_which_words(browser, message_id):
    html = await browser.read(f"/m/{message_id}?view=by_hand")
    assert "Answer by hand." in html
    assert "Found by listening" in html
    assert f'id="answer-there" href="{LINK}"' in html
    assert 'data-text="We can tell you all about it."' in html
    assert 'id="composer"' not in html


async def test_a_link_that_is_none_is_not_shown(browser, stage):
    message_id = await stage.waiting(SAID, source="heard", url="javascript:alert(1)")
    html = await browser.read(f"/m/{message_id}")
    assert "Answer by hand." in html
    assert "javascript" not in html


async def test_answered_by_hand_ends_it_with_its_link(browser, desk, form_of, message_id):
    form = form_of(await browser.read(f"/m/{message_id}"), "by-hand-form")
    answer = await browser.send(f"/m/{message_id}/by-hand", form | {"url": LINK + "8"})
    assert answer.status == 303
    kept = await desk.store.message(message_id)
    assert (kept.state, kept.reason) == ("done", f"answered by hand: {LINK}8")
    (decision,) = await desk.store.decisions(desk.clock(), desk.clock() + timedelta(hours=1))
    assert (decision.kind, decision.reason) == ("by_hand", LINK + "8")
    assert decision.reviewer_id == browser.reviewer.id
    assert await desk.store.replies() == []
    assert await desk.store.verify_audit() is None
    assert "Answered by hand: done." in await browser.read("/?said=by_hand")


async def test_the_api_notes_it_once_and_without_a_link(browser, desk, message_id):
    for _ in range(2):
        answer = await browser.call(f"messages/{message_id}/by-hand", {"request_id": "0123456789"})
        assert answer.status == 200
    assert (await desk.store.message(message_id)).reason == "answered by hand"
    assert len(await desk.store.decisions(desk.clock(), desk.clock() + timedelta(hours=1))) == 1


async def test_half_a_link_is_refused_and_nothing_ends(browser, desk, message_id):
    body = {"request_id": "0123456789", "url": "social.example/8"}
    answer = await browser.call(f"messages/{message_id}/by-hand", body)
    assert answer.status == 422
    assert "whole link" in (await answer.json())["error"]
    assert (await desk.store.message(message_id)).state == "suggested"


async def test_approving_it_is_refused(browser, desk, message_id):
    body = {"request_id": "0123456789", "text": "Hello!", "seconds": 5}
    answer = await browser.call(f"messages/{message_id}/approve", body)
    assert answer.status == 409
    assert "only listens" in (await answer.json())["error"]
    assert await desk.store.replies() == []


async def test_no_reply_needed_and_snooze_work_there_too(browser, desk, form_of, message_id):
    html = await browser.read(f"/m/{message_id}")
    form = form_of(html, "snooze-form")
    answer = await browser.send(f"/m/{message_id}/snooze", form | {"choice": "1h"})
    assert answer.status == 303
    assert (await desk.store.message(message_id)).state == "snoozed"
    form = form_of(html, "no-reply-form")
    await browser.send(f"/m/{message_id}/no-reply", form)
    assert (await desk.store.message(message_id)).state == "done"
    assert "Answer by hand." not in await browser.read(f"/m/{message_id}")


async def test_whoever_only_reads_sees_the_words_and_decides_nothing(enter, desk, message_id):
    browser = await enter("read")
    html = await browser.read(f"/m/{message_id}")
    assert "We can tell you all about it." in html
    assert 'id="by-hand-form"' not in html
    answer = await browser.call(f"messages/{message_id}/by-hand", {"request_id": "0123456789"})
    assert answer.status == 403
    assert (await desk.store.message(message_id)).state == "suggested"


async def test_what_was_answered_by_hand_counts_as_that(browser, desk, message_id):
    await browser.call(f"messages/{message_id}/by-hand", {"request_id": "0123456789"})
    (day,) = await desk.store.day_numbers([desk.clock().date()], "UTC")
    assert (day.by_hand, day.own_words, day.no_reply) == (1, 0, 0)
