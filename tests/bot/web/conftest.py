"""A desk with a real store, and browsers of every role that talk to it over HTTP."""

import itertools
import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser

import pytest
from webstand import Stage, Wall, open_desk

from bot.web.app import create_app

NUMBERS = itertools.count(1)


@pytest.fixture
def clock():
    return Wall()


@pytest.fixture
async def desk(tmp_path, clock):
    async with open_desk(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def stage(desk):
    return Stage(desk)


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text a reader sees."""

    def __init__(self, html):
        super().__init__()
        self.found, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def with_name(self, name):
        return [attrs for tag, attrs in self.found if tag == name]


@dataclass
class Browser:
    """A signed-in browser without JavaScript: it keeps its cookie and the token of the page."""

    client: object
    csrf: str = ""
    reviewer: object = None

    @property
    def origin(self):
        return str(self.client.make_url("/")).rstrip("/")

    async def open(self, path, **headers):
        headers = {"Accept": "text/html", "Sec-Fetch-Site": "none"} | headers
        return await self.client.get(path, headers=headers, allow_redirects=False)

    async def read(self, path):
        answer = await self.open(path)
        assert answer.status == 200, await answer.text()
        return await answer.text()

    async def send(self, path, fields=None, **headers):
        """Post a form as a browser does from a page of ours."""
        headers = {
            "Accept": "text/html",
            "Origin": "null",
            "Sec-Fetch-Site": "same-origin",
        } | headers
        data = {"csrf": self.csrf} | (fields or {})
        return await self.client.post(path, data=data, headers=headers, allow_redirects=False)

    async def call(self, path, body=None, **headers):
        """Post JSON as the page's own module does."""
        headers = {"X-CSRF-Token": self.csrf, "Origin": self.origin} | headers
        headers.setdefault("Sec-Fetch-Site", "same-origin")
        return await self.client.post(
            f"/api/v1/{path}", json={} if body is None else body, headers=headers
        )

    async def get(self, path):
        answer = await self.client.get(f"/api/v1/{path}")
        assert answer.status == 200, await answer.text()
        return await answer.json()


def fields_of(html, form_id="composer"):
    """Return what a form of a page would send as it stands."""
    form = re.search(rf'<form[^>]*id="{form_id}".*?</form>', html, re.DOTALL).group()
    inputs = Elements(form).with_name("input")
    fields = {one["name"]: one.get("value", "") for one in inputs if one.get("type") == "hidden"}
    if written := re.search(r"<textarea[^>]*>(.*?)</textarea>", form, re.DOTALL):
        fields["text"] = unescape(written.group(1))
    return fields


@pytest.fixture
def enter(desk, stage, aiohttp_client):
    """Return a function that signs a browser in with a role."""

    async def signed_in(role="review", on=None):
        reviewer = await stage.reviewer(role, f"{role} {next(NUMBERS)}")
        client = await aiohttp_client(create_app(on or desk))
        now = desk.clock()
        token = await desk.store.make_link(reviewer.id, now, now + timedelta(hours=1))
        browser = Browser(client, reviewer=reviewer)
        answer = await browser.send("/sign-in", {"token": token})
        assert answer.status == 303, await answer.text()
        page = await browser.read("/keys")
        browser.csrf = re.search(r'name="csrf" content="([^"]+)"', page).group(1)
        return browser

    return signed_in


class ReadPage:
    """Opens a page and returns its source with its elements."""

    elements = staticmethod(Elements)

    async def __call__(self, browser, path):
        html = await browser.read(path)
        return html, Elements(html)


@pytest.fixture
def read_page():
    return ReadPage()


@pytest.fixture
def form_of():
    return fields_of
