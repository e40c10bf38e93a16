"""The journey of a reviewer in a real browser: by keys, by mouse, live, and without JavaScript."""

import re
import shutil
from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page, async_playwright, expect
from webstand import Stage, Wall, draft, open_desk, tags

from bot.web.app import create_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]
WATCH = """
addEventListener('securitypolicyviolation', (e) => console.error('CSP ' + e.violatedDirective));
window.alert = () => console.error('ALERT');
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium():
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@dataclass
class Visit:
    """One reviewer at one screen, with everything the screen complained about."""

    page: Page
    base: str
    troubles: list
    has_script: bool = True

    async def open(self, path="/"):
        await self.page.goto(self.base + path)
        await self.is_live()

    async def is_live(self):
        """Wait until the page listens; where no script runs there is nothing to wait for."""
        if self.has_script:
            await expect(self.page.locator("body[data-live=on]")).to_have_count(1)

    async def press(self, key):
        await self.page.keyboard.press(key)

    async def looked_at(self):
        """Wait until the draft has been on screen long enough to have been read."""
        await expect(self.page.locator("#approve:not(.is-fresh)")).to_be_visible()

    async def opened(self, text):
        await expect(self.page.locator(".turn.is-focus .words")).to_have_text(text)


@pytest_asyncio.fixture(loop_scope="module")
async def clock():
    return Wall()


@pytest_asyncio.fixture(loop_scope="module")
async def desk(tmp_path, clock):
    async with open_desk(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def stage(desk):
    return Stage(desk)


@pytest_asyncio.fixture(loop_scope="module")
async def base(desk):
    runner = web.AppRunner(create_app(desk), shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield "http://127.0.0.1:%d" % runner.addresses[0][1]  # noqa: UP031
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="module")
async def enter(desk, stage, base, chromium):
    """Return a function that signs a reviewer in; every trouble on a screen fails the test."""
    contexts, visits = [], []

    async def signed_in(role="review", **settings):
        context = await chromium.new_context(viewport={"width": 1400, "height": 900}, **settings)
        context.set_default_timeout(10_000)
        contexts.append(context)
        await context.add_init_script(WATCH)
        visit = Visit(await context.new_page(), base, [], settings.get("java_script_enabled", True))
        visits.append(visit)
        visit.page.on("response", lambda answer: note_failure(visit, answer))
        visit.page.on("pageerror", lambda error: visit.troubles.append(str(error)))
        visit.page.on("console", lambda said: is_trouble(said) and visit.troubles.append(said.text))
        reviewer = await stage.reviewer(role, f"Maja {len(visits)}")
        now = desk.clock()
        token = await desk.store.make_link(reviewer.id, now, now + timedelta(hours=1))
        await visit.page.goto(f"{base}/sign-in?token={token}")
        await visit.page.get_by_role("button", name="Sign in to Kettlewren").click()
        await visit.page.wait_for_url(f"{base}/")
        await visit.is_live()
        return visit

    yield signed_in
    troubles = [trouble for visit in visits for trouble in visit.troubles]
    for context in contexts:
        await context.close()
    assert troubles == []


def note_failure(visit, answer):
    if answer.status >= 500:
        visit.troubles.append(f"{answer.status} {answer.url}")


def is_trouble(said):
    """A refusal by the server is no trouble; a violated policy, a script that ran or broke is."""
    return said.type == "error" and "responded with a status of" not in said.text


async def three_wait(stage, clock):
    """Three messages in the order of their promise; returns their ids."""
    found = []
    for who, text in (("ann", "First?"), ("bob", "Second?"), ("cat", "Third?")):
        found.append(await stage.waiting(text, f"Answer to {text}", who=who, name=who.title()))
        clock.go(minutes=1)
    return found


async def test_the_keys_walk_through_the_queue(enter, stage, clock):
    await three_wait(stage, clock)
    visit = await enter()
    await visit.opened("First?")
    await visit.press("j")
    await visit.opened("Second?")
    await visit.press("j")
    await visit.opened("Third?")
    await visit.press("j")
    await visit.press("k")
    await visit.opened("Second?")
    await expect(visit.page).to_have_url(re.compile(r"/m/\d+$"))
    await visit.page.go_back()
    await visit.opened("Third?")


async def test_enter_approves_what_is_shown_and_moves_on(enter, stage, clock, desk):
    first, *_ = await three_wait(stage, clock)
    visit = await enter()
    await visit.looked_at()
    await visit.press("Enter")
    await visit.opened("Second?")
    await expect(visit.page.locator(".toast")).to_contain_text("Approved")
    (reply,) = await desk.store.replies("approved")
    assert (reply.message_id, reply.text) == (first, "Answer to First?")
    await visit.looked_at()
    await visit.press("Enter")
    await visit.opened("Third?")
    assert len(await desk.store.replies("approved")) == 2
    await visit.page.get_by_role("link", name="Sending").click()
    await expect(visit.page.locator(".sending-card").first).to_contain_text("Answer to First?")


async def test_nothing_is_approved_in_its_first_moment_nor_by_a_held_key(enter, stage, clock, desk):
    await three_wait(stage, clock)
    visit = await enter()
    await visit.page.locator("#approve.is-fresh").wait_for()
    await visit.press("Enter")
    await visit.looked_at()
    held = "new KeyboardEvent('keydown', {key: 'Enter', repeat: true, bubbles: true})"
    await visit.page.evaluate(f"for (let i = 0; i < 20; i++) document.body.dispatchEvent({held})")
    await visit.opened("First?")
    assert await desk.store.replies("approved") == []
    await visit.press("Enter")
    await visit.opened("Second?")
    await visit.press("Enter")  # at once: the second one was not read yet
    await visit.looked_at()
    await visit.opened("Second?")
    assert len(await desk.store.replies("approved")) == 1


async def test_undo_takes_the_last_approval_back(enter, stage, clock, desk):
    first, *_ = await three_wait(stage, clock)
    visit = await enter()
    await visit.looked_at()
    await visit.press("Enter")
    await visit.opened("Second?")
    await visit.press("u")
    await visit.opened("First?")
    await expect(visit.page.locator(".toast").last).to_contain_text("Taken back")
    assert await desk.store.replies("approved") == []
    assert (await desk.store.message(first)).state == "suggested"


async def test_an_edited_answer_is_counted_by_the_server_and_sent_as_written(
    enter, stage, clock, desk
):
    await three_wait(stage, clock)
    visit = await enter()
    await visit.looked_at()
    await visit.press("e")
    await visit.page.keyboard.type(" Best, Maja")
    await expect(visit.page.locator("#length")).to_have_text("27 of 280 weighted characters")
    await visit.page.keyboard.type(" https://evil.example")
    await expect(visit.page.locator("#findings")).to_contain_text("evil.example")
    await visit.press("Control+Enter")
    await expect(visit.page.locator(".toast.bad")).to_contain_text("evil.example")
    await visit.page.locator("#reply").fill("Answer to First? Best, Maja")
    await visit.press("Control+Enter")
    await visit.opened("Second?")
    (reply,) = await desk.store.replies("approved")
    assert reply.text == "Answer to First? Best, Maja"


async def test_what_only_a_human_can_answer_is_copied_answered_there_and_noted(
    enter, stage, clock, desk, base
):
    link = "https://www.reddit.com/comments/1/_/7"
    first = await stage.waiting("Any good kettle?", "Ours!", source="heard", url=link)
    await stage.waiting("Which kettle?", "Look here.", source="heard", who="bob")
    visit = await enter()
    await visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=base)
    await visit.page.get_by_role("link", name="By hand").click()
    await visit.opened("Any good kettle?")
    await visit.is_live()
    there = visit.page.get_by_role("link", name="Answer on reddit")
    await expect(there).to_have_attribute("href", link)
    await visit.press("c")
    await expect(visit.page.locator(".toast")).to_contain_text("Copied")
    assert await visit.page.evaluate("navigator.clipboard.readText()") == "Ours!"
    await visit.press("Enter")  # nothing to approve here
    await visit.page.get_by_label("Link of your answer").fill(link + "8")
    await visit.press("Escape")
    await visit.press("h")
    await visit.opened("Which kettle?")
    await expect(visit.page.locator(".toast").last).to_contain_text("Answered by hand")
    assert (await desk.store.message(first)).reason == f"answered by hand: {link}8"
    await visit.press("x")
    await expect(visit.page.locator(".entry")).to_have_count(0)
    assert await desk.store.replies() == []


async def test_every_view_can_be_clicked_beside_full_counts(enter, stage, clock, desk):
    await stage.waiting("Any good kettle?", source="heard")
    visit = await enter()
    nav = visit.page.get_by_role("navigation", name="Views")
    room = await visit.page.locator(".list-head").bounding_box()
    for link in await nav.get_by_role("link").all():
        box = await link.bounding_box()
        assert box["x"] + box["width"] <= room["x"] + room["width"] + 1


async def test_without_javascript_answering_by_hand_is_noted_too(enter, stage, clock, desk):
    message_id = await stage.waiting("Any good kettle?", "Ours!", source="heard")
    visit = await enter(java_script_enabled=False)
    await visit.open(f"/m/{message_id}?view=by_hand")
    await expect(visit.page.locator(".by-hand-pane .words").first).to_have_text("Ours!")
    await expect(visit.page.get_by_role("button", name="Copy")).to_have_count(0)
    await visit.page.get_by_role("button", name="Answered by hand").click()
    await expect(visit.page.get_by_text("Answered by hand: done.")).to_be_visible()
    assert (await desk.store.message(message_id)).state == "done"


async def test_the_price_of_a_reply_follows_what_is_typed(enter, stage):
    await stage.waiting("How do I descale it?", "Vinegar.")
    visit = await enter()
    cost = visit.page.locator("#cost")
    await expect(cost).to_have_text("costs 0.01 dollars")
    await visit.page.locator("#reply").fill("See https://kettlewren.example/descale")
    await expect(cost).to_have_text("costs 0.20 dollars with a link, 0.01 without")
    await expect(cost).to_have_class("cost is-dear")
    await visit.page.locator("#reply").fill("Vinegar, then rinse.")
    await expect(cost).to_have_text("costs 0.01 dollars")
    await expect(cost).to_have_class("cost")


async def test_every_other_decision_has_a_key(enter, stage, clock, desk):
    first, second, third = await three_wait(stage, clock)
    visit = await enter()
    await visit.opened("First?")
    await visit.press("d")
    await visit.press("t")
    await visit.opened("Second?")
    await visit.press("x")
    await visit.opened("Third?")
    await visit.press("s")
    await visit.press("3")
    await expect(visit.page.locator(".toast").last).to_contain_text("Snoozed")
    states = [(await desk.store.message(each)).state for each in (first, second, third)]
    assert states == ["waiting", "done", "snoozed"]
    begun = clock() - timedelta(hours=1)
    (rejected, *_) = await desk.store.decisions(begun, clock() + timedelta(hours=1))
    assert rejected.reason == "wrong tone"


async def test_other_options_and_own_words(enter, stage, desk):
    await stage.waiting()
    visit = await enter()
    await visit.looked_at()
    await visit.press("2")
    await expect(visit.page.locator("#reply")).to_have_value("Have you tried citric acid?")
    await visit.press("o")
    await expect(visit.page.locator("#reply")).to_be_focused()
    await visit.page.keyboard.type("My own words.")
    await visit.looked_at()
    await visit.press("Escape")
    await visit.press("Enter")
    await expect(visit.page.get_by_text("Nothing waits for you")).to_be_visible()
    (reply,) = await desk.store.replies("approved")
    assert reply.text == "My own words."


async def test_one_key_stops_all_sending_and_every_screen_knows(enter, desk):
    visit, other = await enter(), await enter("read")
    await other.open("/people")
    await visit.press(".")
    await expect(visit.page.locator(".braked")).to_contain_text("Set by Maja 1")
    await expect(other.page.locator(".braked")).to_contain_text("Set by Maja 1")
    assert [one.by for one in await desk.store.brakes()] == ["Maja 1"]
    await visit.press(".")
    await expect(visit.page.locator("#release")).to_be_visible()
    await visit.page.get_by_role("button", name="Start sending", exact=True).click()
    await expect(visit.page.locator(".braked")).to_have_count(0)
    await expect(other.page.locator(".braked")).to_have_count(0)


async def test_a_new_message_appears_without_a_reload(enter, stage):
    visit = await enter()
    await expect(visit.page.get_by_text("Nothing waits for you")).to_be_visible()
    await stage.waiting("Anybody there?")
    await visit.opened("Anybody there?")
    await expect(visit.page.locator(".places .count").first).to_have_text("1")
    await stage.waiting("Me too!", who="bob", name="Bob")
    await expect(visit.page.locator(".entry")).to_have_count(2)
    await visit.opened("Anybody there?")


async def test_what_changes_while_somebody_types_disturbs_nobody(enter, stage, desk):
    message_id = await stage.waiting()
    visit = await enter()
    await visit.press("e")
    await visit.page.keyboard.type(" And")
    await stage.edit(message_id, "How do I descale the OTHER one?")
    await stage.tag()
    await stage.suggest(draft("A new text."))
    desk.hub.tell("message", message_id)
    await expect(visit.page.locator("#changed")).to_be_visible()
    await expect(visit.page.locator("#reply")).to_have_value("Vinegar, then rinse twice. And")
    await visit.page.get_by_role("button", name="Show how it stands now").click()
    await visit.opened("How do I descale the OTHER one?")
    await expect(visit.page.locator("#reply")).to_have_value("A new text.")


async def test_a_change_is_shown_when_nobody_types(enter, stage, desk):
    message_id = await stage.waiting()
    visit = await enter()
    await visit.opened("How do I descale it?")
    await stage.delete(message_id)
    desk.hub.tell("message", message_id)
    await expect(visit.page.locator(".turn.is-focus .tombstone")).to_be_visible()
    await expect(visit.page.locator("#composer")).to_have_count(0)


async def test_words_that_were_begun_are_kept_while_one_looks_elsewhere(enter, stage, clock):
    await three_wait(stage, clock)
    visit = await enter()
    await visit.press("e")
    await visit.page.keyboard.type(" More")
    await visit.press("Escape")
    await visit.press("j")
    await visit.opened("Second?")
    await visit.press("k")
    await visit.opened("First?")
    await expect(visit.page.locator("#reply")).to_have_value("Answer to First? More")


async def test_single_keys_can_be_switched_off(enter, stage, desk):
    await stage.waiting()
    visit = await enter()
    await visit.looked_at()
    await visit.press("?")
    await visit.page.locator("#help .keys-switch").uncheck()
    await visit.press("Escape")
    await visit.press("Enter")
    await visit.press("x")
    await visit.press(".")
    await visit.page.reload()
    await visit.is_live()
    await visit.looked_at()
    await visit.press("Enter")
    await expect(visit.page.locator("body.keys-off")).to_be_visible()
    assert await desk.store.replies("approved") == []
    assert await desk.store.brakes() == []
    await visit.page.get_by_role("button", name=re.compile("^Approve")).click()
    await expect(visit.page.locator(".toast")).to_contain_text("Approved")


async def test_offensive_words_are_opened_by_the_keyboard_without_approving(enter, stage, desk):
    await stage.waiting("rude words", how=tags(offensive=True))
    visit = await enter()
    await visit.looked_at()
    words = visit.page.locator(".turn.is-focus .veil > .words")
    await expect(words).to_be_hidden()
    await visit.page.locator(".turn.is-focus .veil > summary").focus()
    await visit.press("Enter")
    await expect(words).to_be_visible()
    assert await desk.store.replies("approved") == []


async def test_why_shows_how_sure_the_model_is(enter, stage):
    await stage.waiting()
    visit = await enter()
    await visit.looked_at()
    await visit.press("w")
    await expect(visit.page.locator("#why .sure-row").first).to_contain_text("91 %")
    await expect(visit.page.locator("#because mark")).to_have_text("How")


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</textarea><script>alert(1)</script>",
    "' autofocus onfocus='alert(1)",
    "<style>*{display:none!important}</style>",
    "javascript:alert(1)",
    "\u202e<iframe srcdoc='<script>parent.alert(1)</script>'>",
]


async def test_hostile_text_does_nothing_in_a_real_browser(enter, stage, clock):
    for number, text in enumerate(HOSTILE):
        await stage.waiting(text, text.replace("\u202e", ""), who=f"w{number}", name=text)
        clock.go(minutes=1)
    visit = await enter()
    for text in HOSTILE:
        await visit.opened(text.replace("\u202e", "RLO"))
        await visit.press("j")
    for path in ("/people", "/search?q=alert", "/?view=all", "/sources"):
        await visit.open(path)
        await expect(visit.page.locator("header.top")).to_be_visible()


async def test_reading_and_deciding_work_without_javascript(enter, stage, desk, clock):
    await three_wait(stage, clock)
    visit = await enter(java_script_enabled=False)
    await visit.page.get_by_role("link", name=re.compile("Bob")).first.click()
    await visit.opened("Second?")
    clock.go(seconds=3)
    await visit.page.get_by_role("button", name=re.compile("^Approve")).click()
    await visit.opened("Third?")
    (reply,) = await desk.store.replies("approved")
    assert reply.text == "Answer to Second?"
    await visit.page.get_by_role("button", name="Undo").click()
    await visit.opened("Second?")
    assert await desk.store.replies("approved") == []


async def test_a_phone_shows_one_column_and_never_scrolls_sideways(enter, stage, clock):
    await three_wait(stage, clock)
    await stage.waiting("w" * 400, "v" * 200, who="long" * 20, name="n" * 90)
    visit = await enter("admin")
    await visit.page.set_viewport_size({"width": 360, "height": 740})
    paths = ("/", "/m/1", "/m/4", "/people", "/people/4", "/sending", "/search?q=first", "/sources",
             "/digests", "/audit", "/team", "/keys")  # fmt: skip
    for path in paths:
        await visit.open(path)
        wide = await visit.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, path
    await visit.open("/")
    await expect(visit.page.locator("#open-pane")).to_be_hidden()
    await visit.page.locator(".entry").first.click()
    await visit.opened("First?")
    await expect(visit.page.locator("#list")).to_be_hidden()
