"""The pages as somebody without JavaScript meets them: reading, and deciding by plain forms."""

from datetime import timedelta

import pytest
from webstand import draft, tags

from storage.store import NotFound


@pytest.fixture
async def browser(enter):
    return await enter("review")


async def test_the_queue_shows_who_waits_and_opens_the_first(browser, stage, clock):
    await stage.waiting("Where is my order?", who="bob", name="Bob Late")
    clock.go(minutes=40)
    await stage.waiting("How do I descale it?")
    html = await browser.read("/")
    assert html.index("Bob Late") < html.index("Ann Other")
    assert "20 min left" in html
    assert "question, first time" in html
    assert "Vinegar, then rinse twice." in html
    assert "You can descale it with vinegar." in html
    assert "26 of 280 weighted characters" in html


async def test_an_empty_queue_says_so(browser):
    assert "Nothing waits for you" in await browser.read("/")
    assert "No message matches" in await browser.read("/?view=done")


async def test_the_thread_shows_the_parent_post_and_our_earlier_answer(browser, stage):
    await stage.hear("The Tarn is back.", who="us", name="Kettlewren", ref="x:r", is_ours=True)
    await stage.hear("finally", who="bob", name="Bob", root_ref="x:r", parent_ref="x:r")
    message_id = await stage.waiting("how much?", root_ref="x:r", parent_ref="x:r", kind="comment")
    html = await browser.read(f"/m/{message_id}")
    places = [html.rindex(said) for said in ("The Tarn is back.", "finally", "how much?")]
    assert places == sorted(places)
    assert "comment on x" in html


async def test_a_form_approves_and_goes_on_to_the_next(browser, desk, stage, form_of, clock):
    first = await stage.waiting("One?", who="a")
    second = await stage.waiting("Two?", who="b")
    fields = form_of(await browser.read(f"/m/{first}"))
    clock.go(seconds=3)
    answer = await browser.send(f"/m/{first}/approve", fields)
    assert answer.status == 303, await answer.text()
    assert answer.headers["Location"] == f"/m/{second}?approved=1"
    (reply,) = await desk.store.replies("approved")
    assert reply.text == "Vinegar, then rinse twice."
    html = await browser.read("/sending")
    assert "Vinegar, then rinse twice." in html
    assert "in 10 s" in html
    again = await browser.send(f"/m/{first}/approve", fields)
    assert again.status == 303
    assert len(await desk.store.replies("approved")) == 1


async def test_after_an_approval_the_page_offers_to_take_it_back(browser, stage, form_of, clock):
    first = await stage.waiting("One?", who="a")
    fields = form_of(await browser.read(f"/m/{first}"))
    clock.go(seconds=3)
    answer = await browser.send(f"/m/{first}/approve", fields)
    html = await browser.read(answer.headers["Location"])
    assert "Approved" in html
    assert 'action="/replies/1/undo"' in html
    undone = await browser.send("/replies/1/undo")
    assert undone.headers["Location"] == f"/m/{first}?said=recalled"
    assert "Taken back" in await browser.read(undone.headers["Location"])


async def test_a_form_that_comes_back_at_once_was_not_read(browser, desk, stage, form_of):
    message_id = await stage.waiting()
    fields = form_of(await browser.read(f"/m/{message_id}"))
    for shown_at in (fields["shown_at"], "", "x", "9" * 15):
        answer = await browser.send(f"/m/{message_id}/approve", fields | {"shown_at": shown_at})
        assert answer.status == 422
    assert await desk.store.replies("approved") == []


async def test_another_option_and_own_words_work_as_links(browser, stage, form_of):
    message_id = await stage.waiting()
    second = form_of(await browser.read(f"/m/{message_id}?option=2"))
    assert (second["option"], second["text"]) == ("2", "Have you tried citric acid?")
    own = form_of(await browser.read(f"/m/{message_id}?option=own"))
    assert (own["option"], own["shown_hash"], own["text"]) == ("", "", "")


async def test_every_form_has_a_request_id_of_its_own(browser, stage, form_of):
    message_id = await stage.waiting()
    ids = set()
    for _ in range(2):
        html = await browser.read(f"/m/{message_id}")
        for name in ("composer", "reject-form", "no-reply-form", "snooze-form"):
            ids.add(form_of(html, name)["request_id"])
    assert len(ids) == 8


@pytest.mark.parametrize(
    ("action", "fields", "state"),
    [
        ("reject", {"reason": "wrong facts"}, "waiting"),
        ("no-reply", {}, "done"),
        ("snooze", {"choice": "tomorrow"}, "snoozed"),
    ],
)
async def test_every_other_decision_is_a_form_too(browser, desk, stage, action, fields, state):
    message_id = await stage.waiting()
    body = {"request_id": "request-1", "next": "/?view=silent"} | fields
    answer = await browser.send(f"/m/{message_id}/{action}", body)
    assert answer.status == 303
    assert answer.headers["Location"].startswith("/?view=silent&said=")
    assert (await desk.store.message(message_id)).state == state
    html = await browser.read("/?view=" + ("snoozed" if state == "snoozed" else "all"))
    assert "How do I descale it?" in html


async def test_tags_are_corrected_by_a_form(browser, desk, stage):
    message_id = await stage.waiting()
    fields = {"sentiment": "negative", "intent": "", "crisis": "no", "offensive": ""}
    assert (await browser.send(f"/m/{message_id}/correct", fields)).status == 303
    assert "corrected by hand" in await browser.read(f"/m/{message_id}")


async def test_silence_says_why_and_leaves_room_for_own_words(browser, stage):
    message_id = await stage.hear("Quiz: what is it?")
    await stage.tag()
    await stage.suggest(silence="nothing like it was answered before")
    html = await browser.read(f"/m/{message_id}")
    assert "nothing like it was answered before" in html
    assert "Send my words" in html


async def test_a_crisis_is_marked_in_the_list_and_above_the_message(browser, stage):
    message_id = await stage.waiting(
        "It caught fire", how=tags("negative", ("complaint",), crisis=True)
    )
    html = await browser.read(f"/m/{message_id}")
    assert "<strong>Crisis.</strong>" in html
    assert 'class="entry is-crisis"' in html


async def test_offensive_words_are_shown_only_when_asked_for(browser, stage, read_page):
    message_id = await stage.waiting("rude words", how=tags(offensive=True))
    html, elements = await read_page(browser, f"/m/{message_id}")
    assert "Marked as offensive. Show it" in html
    assert html.index('<details class="veil">') < html.index(">rude words<")
    assert "Marked as offensive; open to read" in html
    assert not [one for one in elements.with_name("details") if one.get("class") == "veil open"]


async def test_a_foreign_text_has_its_language_and_no_invented_tags(browser, stage):
    message_id = await stage.waiting("Moin, läuft die Garantie?", how=tags(language="de"))
    html = await browser.read(f"/m/{message_id}")
    assert "German, not tagged" in html
    assert "the model reads English only" in html
    assert "mood-neutral" not in html


async def test_a_deleted_message_leaves_a_tombstone_and_no_way_to_answer(browser, stage):
    message_id = await stage.waiting("forget me")
    await stage.delete(message_id)
    html = await browser.read(f"/m/{message_id}")
    assert "Deleted by its author" in html
    assert "forget me" not in html
    assert 'id="composer"' not in html


async def test_an_edited_message_shows_how_it_read_before(browser, stage):
    message_id = await stage.waiting("It is bad.")
    await stage.edit(message_id, "It is bad. EDIT: fixed!")
    html = await browser.read(f"/m/{message_id}")
    assert "edited 12:00" in html
    assert "How it read before (1)" in html


async def test_what_was_found_by_listening_cannot_be_answered(browser, stage, desk):
    message_id = await stage.hear("Anyone tried Kettlewren?", "heard")
    html = await browser.read(f"/m/{message_id}")
    assert "Found by listening" in html
    assert 'id="composer"' not in html
    assert 'id="by-hand"' not in html  # not read yet


async def test_whoever_only_reads_sees_no_buttons(enter, stage):
    browser = await enter("read")
    message_id = await stage.waiting()
    html = await browser.read(f"/m/{message_id}")
    assert "Vinegar, then rinse twice." in html
    assert 'id="composer"' not in html
    assert "Stop sending" not in html


async def test_filters_narrow_the_list(browser, stage):
    await stage.waiting("x one", who="a", how=tags("negative", ("complaint",)))
    await stage.waiting("masto one", "Rinse.", source="masto-all", who="b")
    assert "masto one" not in await browser.read("/part/list?platform=x")
    assert "x one" not in await browser.read("/part/list?sentiment=neutral")
    both = await browser.read("/part/list?language=en")
    assert "x one" in both
    assert "masto one" in both
    assert "Nothing in this view" in await browser.read("/part/list?intent=spam")


async def test_the_brake_is_on_every_page_with_who_set_it(browser, desk):
    assert (await browser.send("/brake", {"on": "1", "next": "/people"})).status == 303
    for path in ("/", "/people", "/sending", "/search", "/sources", "/digests", "/keys", "/team"):
        html = await browser.read(path)
        assert f"Set by <bdi>{browser.reviewer.name}</bdi>" in html
    assert "Start sending again?" in await browser.read("/brake")
    await browser.send("/brake", {"on": "0"})
    assert await desk.store.brakes() == []


async def test_the_person_page_shows_everything_said_both_ways(browser, stage, desk):
    message_id = await stage.waiting("How do I descale it?", source="masto-all")
    person = (await desk.store.entry(message_id)).person_id
    await stage.waiting("And the other one?", "Same.", ref="two", source="masto-all")
    await browser.send(f"/people/{person}/note", {"account_id": "1", "text": "Likes tea"})
    html = await browser.read(f"/people/{person}")
    assert "How do I descale it?" in html
    assert "And the other one?" in html
    assert "Likes tea" in html
    assert "2 from them, 0 from us" in html
    assert '<svg viewBox="0 0 280.0 64.0" role="img"' in html


async def test_a_wish_not_to_be_written_to_stands_first(browser, stage, desk):
    message_id = await stage.waiting()
    person = (await desk.store.entry(message_id)).person_id
    await browser.send(f"/people/{person}/wish", {"account_id": "1", "on": "1"})
    assert "Asked not to be written to by a machine" in await browser.read(f"/m/{message_id}")
    await browser.send(f"/people/{person}/wish", {"account_id": "1", "on": "0"})
    assert "Asked not to be written" not in await browser.read(f"/m/{message_id}")


async def test_two_people_are_joined_and_parted_again(browser, stage, desk):
    one = await stage.waiting("Hello", source="masto-all", who="kit@a.example", name="Kit")
    two = await stage.waiting("Hello", source="masto-all", who="kit@b.example", name="Kit B")
    keep, other = [(await desk.store.entry(each)).person_id for each in (one, two)]
    fields = {"other": str(other), "reason": "says so in the bio"}
    answer = await browser.send(f"/people/{keep}/merge", fields)
    html = await browser.read(answer.headers["Location"])
    assert "Joined into one person." in html
    assert "kit@b.example" in html
    later = await browser.read(f"/people/{keep}")
    assert "says so in the bio" in later
    merge_id = answer.headers["Location"].partition("merged=")[2]
    assert f'action="/people/{keep}/unmerge/{merge_id}"' in later
    assert (await browser.send(f"/people/{keep}/unmerge/{merge_id}")).status == 303
    assert "kit@b.example" not in await browser.read(f"/people/{keep}")


async def test_where_a_platform_forbids_it_only_the_persons_own_word_joins(browser, stage, desk):
    one = await stage.waiting("Hello", who="kit", name="Kit")
    two = await stage.waiting("Hello", source="masto-all", who="kit@b.example", name="Kit B")
    keep, other = [(await desk.store.entry(each)).person_id for each in (one, two)]
    fields = {"other": str(other), "reason": "same picture"}
    refused = await browser.send(f"/people/{keep}/merge", fields)
    assert refused.status == 422
    assert "rules of x" in await refused.text()
    said = await browser.send(f"/people/{keep}/merge", fields | {"is_linked_by_person": "1"})
    assert said.status == 303


async def test_people_and_words_are_found(browser, stage):
    await stage.waiting("How do I descale it?")
    assert "Ann Other" in await browser.read("/people?q=ann")
    assert "Nobody is called that" in await browser.read("/people?q=zebra")
    assert "1 found" in await browser.read("/search?q=descale")
    assert "Nothing holds these words" in await browser.read("/search?q=zebra")


async def test_what_is_found_stands_newest_first_however_late_it_was_heard(browser, stage, clock):
    await stage.hear("kettle, lately", created_at=clock() - timedelta(hours=1))
    await stage.hear("kettle, long ago", created_at=clock() - timedelta(days=9))
    html = await browser.read("/search?q=kettle")
    assert html.index("lately") < html.index("long ago")


async def test_a_source_in_trouble_says_so(browser, stage, desk, clock):
    await stage.waiting()
    await desk.store.note_source("masto-all", clock(), error="signed out: sign in again")
    html = await browser.read("/sources")
    assert "signed out: sign in again" in html
    assert "Not looked at yet." in html
    assert "What it costs" not in html


async def test_a_digest_is_shown_locked_in(browser, tmp_path):
    assert "No digest yet" in await browser.read("/digests")
    (tmp_path / "digests").mkdir(exist_ok=True)
    (tmp_path / "digests" / "2026-03-09.html").write_text("<p style='color:red'>Monday</p>")
    (tmp_path / "digests" / "2026-13-40.html").write_text("no day")
    html = await browser.read("/digests")
    assert 'src="/digests/2026-03-09/page"' in html
    page = await browser.open("/digests/2026-03-09/page")
    assert "Monday" in await page.text()
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert "sandbox" in policy
    for day in ("2026-03-08", "..%2F..%2Fbyname", "byname"):
        assert (await browser.open(f"/digests/{day}")).status == 404
        assert (await browser.open(f"/digests/{day}/page")).status == 404


async def test_what_needs_a_human_is_settled_on_the_sending_page(
    browser, desk, stage, form_of, clock
):
    message_id = await stage.waiting()
    fields = form_of(await browser.read(f"/m/{message_id}"))
    clock.go(seconds=3)
    await browser.send(f"/m/{message_id}/approve", fields)
    clock.go(seconds=11)
    store = desk.store
    reply = await store.claim_reply("x", "test", clock(), clock().replace(hour=13))
    reply = await store.move_reply(reply, "unknown", clock(), actor="test")
    reply = await store.move_reply(reply, "needs_human", clock(), actor="test")
    html = await browser.read("/sending")
    assert "I looked, it is not there: send again" in html
    settled = await browser.send(f"/replies/{reply.id}/settle", {"outcome": "absent"})
    assert settled.status == 303
    assert (await store.reply(reply.id)).state == "approved"


async def test_the_audit_names_reviewers_and_checks_its_chain(browser, stage):
    await stage.waiting()
    await browser.send("/brake", {"on": "1"})
    html = await browser.read("/audit?verify=1")
    assert "The chain is whole." in html
    assert browser.reviewer.name in html


async def test_an_unknown_message_is_a_clear_page(browser, desk):
    with pytest.raises(NotFound):
        await desk.store.message(77)
    answer = await browser.open("/m/77")
    assert answer.status == 404
    assert "Not Found" in await answer.text()


async def test_a_superseded_suggestion_is_never_what_is_approved(
    browser, desk, stage, form_of, clock
):
    message_id = await stage.waiting()
    fields = form_of(await browser.read(f"/m/{message_id}"))
    await stage.edit(message_id, "Something else entirely?")
    await stage.tag()
    await stage.suggest(draft("Another answer."))
    clock.go(seconds=3)
    answer = await browser.send(f"/m/{message_id}/approve", fields)
    assert answer.status == 409
    assert await desk.store.replies("approved") == []


async def test_a_long_list_goes_on_where_it_was_left(browser, stage, clock):
    for number in range(52):
        await stage.hear(f"number {number}?", who=f"w{number}", name=f"W{number}")
        clock.go(minutes=1)
    await stage.tag()
    await stage.suggest(draft("Yes."))
    html = await browser.read("/")
    assert 'href="/?after=50"' in html
    older = await browser.read("/?after=50")
    assert 'class="entry" href="/m/51?after=50"' in older
    assert "number 50?" in await browser.read("/m/52?after=50")


async def test_a_mood_over_time_is_shown_where_the_platform_allows_it(browser, stage):
    on_mastodon = await stage.waiting("Broken", source="masto-all", how=tags("negative"))
    assert "1 negative" in await browser.read(f"/m/{on_mastodon}")


async def test_a_mood_over_time_is_not_shown_where_the_platform_forbids_it(browser, stage, desk):
    on_x = await stage.waiting("Broken", how=tags("negative"))
    assert "1 negative" not in await browser.read(f"/m/{on_x}")
    person = (await desk.store.message(on_x)).author.person_id
    assert "allow no mood of one person" in await browser.read(f"/people/{person}")
