"""The JSON API: decisions with their safeguards, and looking things up."""

import asyncio

import pytest
from webstand import draft

from storage.store import NotFound


async def approval(desk, message_id, *, option=1, text=None, request_id="request-1", seconds=4.2):
    entry = await desk.store.entry(message_id)
    shown = entry.suggestion.options[option - 1]
    return {
        "request_id": request_id,
        "text": shown.text if text is None else text,
        "suggestion_id": str(entry.suggestion.id),
        "suggestion_version": entry.suggestion.version,
        "option": shown.number,
        "shown_hash": shown.hash,
        "seconds": seconds,
    }


@pytest.fixture
async def browser(enter):
    return await enter("review")


@pytest.fixture
async def message_id(stage):
    return await stage.waiting()


async def test_an_approval_waits_in_the_outbox_with_its_undo_window(browser, desk, message_id):
    answer = await browser.call(f"messages/{message_id}/approve", await approval(desk, message_id))
    said = await answer.json()
    assert answer.status == 200
    assert said["undo_seconds"] == 10
    assert said["reply"]["state"] == "approved"
    assert said["reply"]["text"] == "Vinegar, then rinse twice."
    kept = await desk.store.reply(int(said["reply"]["id"]))
    assert kept.approved_by == browser.reviewer.id


async def test_ids_are_strings_in_json(browser, desk, message_id):
    said = await browser.get("queue")
    (entry,) = said["entries"]
    assert entry["message"]["id"] == str(message_id)
    assert isinstance(entry["person_id"], str)
    assert isinstance(entry["suggestion"]["id"], str)
    assert isinstance(entry["message"]["author"]["person_id"], str)
    assert said["counts"]["needs_you"] == 1


async def test_a_double_click_approves_once(browser, desk, message_id):
    body = await approval(desk, message_id)
    both = await asyncio.gather(
        *(browser.call(f"messages/{message_id}/approve", body) for _ in range(5))
    )
    said = [(answer.status, (await answer.json())["reply"]["id"]) for answer in both]
    assert len(set(said)) == 1
    assert said[0][0] == 200
    assert len(await desk.store.replies("approved")) == 1


async def test_two_reviewers_cannot_both_approve(browser, enter, desk, message_id):
    other = await enter("review")
    first = await browser.call(f"messages/{message_id}/approve", await approval(desk, message_id))
    body = await approval(desk, message_id, request_id="request-2")
    second = await other.call(f"messages/{message_id}/approve", body)
    assert (first.status, second.status) == (200, 409)
    assert len(await desk.store.replies("approved")) == 1


async def test_a_text_that_is_not_the_stored_one_is_a_conflict(browser, desk, message_id):
    body = await approval(desk, message_id) | {"shown_hash": "0" * 64}
    answer = await browser.call(f"messages/{message_id}/approve", body)
    assert answer.status == 409
    assert "not the stored one" in (await answer.json())["error"]
    assert await desk.store.replies("approved") == []


async def test_a_suggestion_that_was_replaced_meanwhile_is_a_conflict(
    browser, desk, stage, message_id
):
    body = await approval(desk, message_id)
    await stage.edit(message_id, "How do I descale the other one?")
    await stage.tag()
    await stage.suggest(draft("A new text."))
    answer = await browser.call(f"messages/{message_id}/approve", body)
    assert answer.status == 409


async def test_nothing_is_approved_in_its_first_moment_on_screen(browser, desk, message_id):
    for seconds in (0, 0.3, 0.69):
        body = await approval(desk, message_id, seconds=seconds)
        answer = await browser.call(f"messages/{message_id}/approve", body)
        assert answer.status == 422
    body = await approval(desk, message_id, seconds=None)
    assert (await browser.call(f"messages/{message_id}/approve", body)).status == 422
    assert await desk.store.replies("approved") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no text"),
        ("x" * 281, "Too long"),
        ("Go to https://evil.example", "evil.example"),
        ("Hello {name}", "{name}"),
        ("Hello \u202eereht", "invisible"),
    ],
)
async def test_what_the_guard_blocks_is_not_approved(browser, desk, message_id, text, says):
    body = await approval(desk, message_id, text=text)
    answer = await browser.call(f"messages/{message_id}/approve", body)
    assert answer.status == 422
    assert says in (await answer.json())["error"]


async def test_an_edited_text_is_kept_as_edited(browser, desk, message_id, clock):
    body = await approval(desk, message_id, text="Vinegar. Then rinse!")
    assert (await browser.call(f"messages/{message_id}/approve", body)).status == 200
    (decision,) = await desk.store.decisions(clock().replace(hour=0), clock().replace(hour=23))
    assert decision.kind == "edited"
    assert 0 < decision.edit_distance < 1
    assert decision.seconds == 4.2


async def test_own_words_need_no_suggestion(browser, desk, stage):
    message_id = await stage.hear("Anybody there?")
    await stage.tag()
    await stage.suggest(silence="nothing like it before")
    body = {"request_id": "request-9", "text": "Here I am.", "seconds": 9}
    answer = await browser.call(f"messages/{message_id}/approve", body)
    assert (await answer.json())["reply"]["text"] == "Here I am."


async def test_an_approval_can_be_taken_back_until_it_leaves(browser, desk, message_id):
    answer = await browser.call(f"messages/{message_id}/approve", await approval(desk, message_id))
    reply_id = (await answer.json())["reply"]["id"]
    undone = await browser.call(f"replies/{reply_id}/undo")
    assert (await undone.json())["reply"]["state"] == "recalled"
    assert (await desk.store.message(message_id)).state == "suggested"


async def test_what_has_left_cannot_be_taken_back(browser, desk, message_id, clock):
    answer = await browser.call(f"messages/{message_id}/approve", await approval(desk, message_id))
    reply_id = (await answer.json())["reply"]["id"]
    clock.go(seconds=11)
    assert await desk.store.claim_reply("x", "test", clock(), clock().replace(hour=13))
    assert (await browser.call(f"replies/{reply_id}/undo")).status == 409


async def test_a_rejected_suggestion_leaves_the_message_waiting(browser, desk, message_id):
    body = {"request_id": "request-2", "reason": "wrong tone"}
    answer = await browser.call(f"messages/{message_id}/reject", body)
    assert (await answer.json())["decision"]["reason"] == "wrong tone"
    entry = await desk.store.entry(message_id)
    assert entry.message.state == "waiting"


async def test_no_reply_needed_ends_the_waiting(browser, desk, message_id):
    await browser.call(f"messages/{message_id}/no-reply", {"request_id": "request-3"})
    assert (await desk.store.message(message_id)).state == "done"


async def test_a_snoozed_message_waits_until_then(browser, desk, message_id, clock):
    body = {"request_id": "request-4", "choice": "3h"}
    await browser.call(f"messages/{message_id}/snooze", body)
    kept = await desk.store.message(message_id)
    assert kept.state == "snoozed"
    assert kept.snoozed_until == clock.now.replace(hour=15)


@pytest.mark.parametrize(
    "body", [{"choice": "never"}, {"until": "2020-01-01T00:00:00Z"}, {"until": "2030-01-01T00:00"}]
)
async def test_a_snooze_needs_a_time_to_come(browser, message_id, body):
    answer = await browser.call(f"messages/{message_id}/snooze", body | {"request_id": "request-5"})
    assert answer.status == 422


async def test_a_word_on_a_tag_stands(browser, desk, message_id):
    body = {"sentiment": "negative", "intents": ["complaint"], "crisis": True}
    assert (await browser.call(f"messages/{message_id}/correct", body)).status == 200
    kept = await desk.store.message(message_id)
    assert kept.is_corrected
    assert kept.tags.sentiment.label == "negative"
    assert kept.tags.crisis.value


async def test_the_length_is_counted_as_the_platform_does(browser, message_id):
    body = {"message_id": str(message_id), "text": "見る https://kettlewren.example/a/long/path"}
    said = await (await browser.call("length", body)).json()
    assert (said["used"], said["limit"], said["fits"]) == (28, 280, True)
    body["text"] = "@somebody else"
    said = await (await browser.call("length", body)).json()
    assert [one["blocks"] for one in said["findings"]] == [False]


async def test_the_brake_says_who_set_it(browser, desk):
    answer = await browser.call("brake", {"on": True, "reason": "wrong price"})
    (brake,) = (await answer.json())["brakes"]
    assert brake["by"] == browser.reviewer.name
    assert brake["reason"] == "wrong price"
    await browser.call("brake", {"on": False})
    assert await desk.store.brakes() == []


async def test_a_brake_for_something_that_does_not_exist_is_refused(browser):
    answer = await browser.call("brake", {"on": True, "scope": "login", "target": "nobody"})
    assert answer.status == 422


async def test_looking_things_up(browser, desk, stage, message_id):
    entry = (await browser.get(f"messages/{message_id}"))["entry"]
    person = (await browser.get(f"people/{entry['person_id']}"))["person"]
    assert person["name"] == "Ann Other"
    said = (await browser.get(f"people/{person['id']}/messages"))["messages"]
    assert [one["id"] for one in said] == [str(message_id)]
    assert (await browser.get("people?q=ann"))["people"] == [person]
    assert (await browser.get("search?q=descale"))["messages"] == said
    thread = await browser.get(f"messages/{message_id}/thread")
    assert (thread["messages"], thread["versions"]) == (said, [])
    assert {one["name"] for one in (await browser.get("sources"))["sources"]} == {"x-all"}
    assert (await browser.get("replies"))["replies"] == []
    assert (await browser.get("brakes"))["brakes"] == []
    assert len((await browser.get("reviewers"))["reviewers"]) == 1


async def test_the_words_that_carried_a_tag_are_named(browser, desk, message_id):
    why = (await browser.get(f"messages/{message_id}/why"))["why"]
    assert [one["words"] for one in why["neutral"]] == ["How"]


async def test_an_unknown_reply_state_is_explained(browser):
    answer = await browser.client.get("/api/v1/replies?state=flying")
    assert answer.status == 400
    assert "'flying' is none of approved" in (await answer.json())["error"]


async def test_what_does_not_exist_is_404_whoever_asks(browser, desk):
    with pytest.raises(NotFound):
        await desk.store.entry(999)
    body = {"request_id": "request-6", "text": "Hello", "seconds": 5}
    assert (await browser.client.get("/api/v1/messages/999")).status == 404
    assert (await browser.client.get("/api/v1/people/999")).status == 404
    assert (await browser.call("messages/999/approve", body)).status == 404
    assert (await browser.call("replies/999/undo")).status == 404


async def test_a_link_for_somebody_else_is_an_admins_to_make(browser, enter):
    admin = await enter("admin")
    other = {"reviewer_id": str(admin.reviewer.id)}
    assert (await browser.call("links", other)).status == 403
    assert (await browser.call("links")).status == 200
    assert (await admin.call("links", {"reviewer_id": str(browser.reviewer.id)})).status == 200


async def test_what_needs_a_human_is_settled_by_hand(browser, desk, message_id, clock):
    await browser.call(f"messages/{message_id}/approve", await approval(desk, message_id))
    clock.go(seconds=11)
    store = desk.store
    reply = await store.claim_reply("x", "test", clock(), clock().replace(hour=13))
    reply = await store.move_reply(reply, "unknown", clock(), actor="test")
    reply = await store.move_reply(reply, "needs_human", clock(), actor="test")
    path = f"replies/{reply.id}/settle"
    assert (await browser.call(path, {"outcome": "seen", "url": "javascript:x"})).status == 422
    said = await browser.call(path, {"outcome": "seen", "url": "https://x.com/us/status/9"})
    assert (await said.json())["reply"]["state"] == "sent"
    assert (await browser.call(path, {"outcome": "absent"})).status == 409


async def test_news_is_told_to_every_open_page(browser, desk, message_id):
    stream = await browser.client.get("/events")
    await stream.content.readuntil(b"\n\n")
    await browser.call("brake", {"on": True})
    assert b'"topic": "brake"' in await stream.content.readuntil(b"\n\n")
    await browser.call(f"messages/{message_id}/no-reply", {"request_id": "request-7"})
    assert b'"topic": "queue"' in await stream.content.readuntil(b"\n\n")
    stream.close()
