"""A hostile corpus through every field that people fill: nothing of it may become an element."""

import pytest
from webstand import draft, tags

from connectors.model import Attachment

CORPUS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "javascript:alert(1)",
    "<a href=javascript:alert(1)>x</a>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<base href=//evil.example>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{display:none}</style>",
    "{{ 123456789*9 }}{% for x in (1,2) %}x{% endfor %}${123456789*9}",
    "<!--<script>-->",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<b>hex</b>",
    "\u202e<script>\u202c",
    "]]><script>alert(1)</script>",
    "<form action=//evil.example><button>x",
    "x' style='position:fixed;inset:0",
    "\ud83d" + "<script>",
    'https://evil.example/"onmouseover="alert(1)',
    "https://evil.example/'><script>alert(1)</script>",
]
OURS = {"/static/byname.js"}
CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"


def assert_inert(html, elements):
    """Fail if anything but our own elements and attributes stands on the page."""
    assert {one["src"] for one in elements.with_name("script")} <= OURS
    assert not elements.with_name("base")
    assert not elements.with_name("object")
    assert not elements.with_name("style")
    assert [one["href"] for one in elements.with_name("link")] == [
        "/static/icon.svg",
        "/static/byname.css",
    ] or not elements.with_name("link")
    for tag, attrs in elements.found:
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
        assert "style" not in attrs, (tag, attrs)
        for name in ("href", "src", "action", "formaction"):
            value = (attrs.get(name) or "/").lower()
            assert value.startswith(("/", "#", "http://", "https://")), (tag, attrs)
            assert not value.startswith("//"), (tag, attrs)
        if (attrs.get("href") or "").startswith("http"):
            assert attrs["rel"] == "noopener noreferrer nofollow", attrs
        if tag == "img":
            raise AssertionError("no picture is ever fetched")
        if tag in {"form", "button"} and "evil" in str(attrs):
            raise AssertionError(str(attrs))
    assert not set(html) & set(CONTROLS)
    assert "1111111101" not in html


async def fill_every_field(desk, stage, browser, hostile):
    """Put one hostile text wherever a person, a platform or a colleague can write."""
    pictures = (Attachment(hostile, hostile, hostile),)
    first = await stage.hear(
        hostile, who=f"h{hostile}", name=hostile, url=hostile, content_warning="", ref="x:root"
    )
    open_id = await stage.hear(
        hostile, who=hostile, name=hostile, url=hostile, attachments=pictures, root_ref="x:root"
    )
    await stage.hear(hostile, who="other", name=hostile, content_warning=hostile, language=hostile)
    reason = hostile.encode(errors="replace").decode()  # the store is given clean reasons
    await stage.tag(tags("negative", ("complaint",)), reason=reason)
    await stage.suggest(draft(reason, reason, reason), reason=reason)
    await stage.edit(first, f"{hostile} again")
    person = (await desk.store.entry(open_id)).person_id
    account = (await desk.store.person(person)).accounts[0]
    await desk.store.add_note(account.id, hostile, browser.reviewer.id, desk.clock())
    await desk.store.note_source("x-all", desk.clock(), error=hostile)
    await desk.store.set_brake("home", "", desk.clock(), on=True, by=hostile or "x", reason=hostile)
    return open_id, first, person


@pytest.mark.parametrize("hostile", CORPUS, ids=range(len(CORPUS)))
async def test_hostile_text_is_inert_wherever_it_is_shown(desk, stage, enter, read_page, hostile):
    browser = await enter("admin")
    open_id, first, person = await fill_every_field(desk, stage, browser, hostile)
    pages = (
        "/",
        f"/m/{open_id}",
        f"/m/{first}",
        f"/m/{open_id}?option=own",
        f"/part/message/{open_id}",
        "/part/list",
        "/?view=all",
        f"/people/{person}",
        "/people",
        "/search?q=script",
        "/sources",
        "/audit",
        "/brake",
    )
    for path in pages:
        html, elements = await read_page(browser, path)
        assert_inert(html, elements)


@pytest.mark.parametrize("hostile", CORPUS, ids=range(len(CORPUS)))
async def test_hostile_addresses_are_inert(enter, read_page, hostile):
    browser = await enter("admin")
    for path in ("/search", "/people", "/", "/part/list"):
        answer = await browser.client.get(
            path,
            params={"q": hostile, "view": hostile, "platform": hostile},
            headers={"Accept": "text/html"},
        )
        html = await answer.text()
        assert_inert(html, read_page.elements(html))


async def test_hostile_replies_are_inert_in_sending(desk, stage, enter, read_page):
    browser = await enter("review")
    for number, hostile in enumerate(CORPUS):
        text = hostile.replace("\u202e", "").replace("\u202c", "").replace("https", "")
        message_id = await stage.waiting(hostile, "Fine.", who=f"w{number}")
        body = {"request_id": f"request-{number}", "text": text, "seconds": 5}
        answer = await browser.call(f"messages/{message_id}/approve", body)
        assert answer.status in {200, 400, 422}, await answer.text()
    html, elements = await read_page(browser, "/sending")
    assert_inert(html, elements)
    assert len(elements.with_name("article")) > len(CORPUS) // 2


async def test_an_error_shows_what_was_asked_as_text(enter, read_page):
    browser = await enter("review")
    answer = await browser.send("/brake", {"on": "1", "scope": "login", "target": CORPUS[0]})
    html = await answer.text()
    assert answer.status == 422
    assert "&lt;script&gt;" in html
    assert_inert(html, read_page.elements(html))


async def test_json_answers_are_never_taken_for_a_page(stage, enter):
    browser = await enter("read")
    message_id = await stage.waiting(CORPUS[0])
    for path in ("/api/v1/queue", f"/api/v1/messages/{message_id}", "/api/v1/search?q=script"):
        answer = await browser.client.get(path, headers={"Accept": "text/html"})
        assert answer.content_type == "application/json"


async def test_a_megabyte_of_one_message_is_shown_in_part(stage, enter):
    browser = await enter("read")
    await stage.waiting("𝓗" * 1_000_000)
    html = await browser.read("/")
    assert "more characters are not shown here" in html
    assert len(html) < 60_000
