"""Every route stands in one table with who may ask; this walks the whole table with every role."""

import pytest
from aiohttp import web

from bot.web.app import create_app, create_socket_app
from bot.web.routes import API, OPEN, PAGES

ROUTES = [*OPEN, *PAGES, *API]
ORDER = ("read", "review", "admin")


def test_the_application_answers_exactly_the_table(desk):
    app = create_app(desk)
    served = {
        (route.method, route.resource.canonical) for route in app.router.routes() if route.resource
    }
    assert served == {(route.method, route.path) for route in ROUTES}


def test_whoever_only_reads_can_change_nothing_but_their_own_session():
    changing = {route.path for route in ROUTES if route.method == "POST" and route.access == "read"}
    own = {"/sign-out", "/team/links", "/team/sessions/{id}/end", "/api/v1/links"}
    assert changing - own == {"/api/v1/length"}  # counts letters


def test_without_signing_in_there_is_nothing_to_read():
    public = {route.path for route in ROUTES if route.access == "public"}
    assert public == {"/healthz", "/readyz", "/static/{name}", "/sign-in"}


def address(route):
    return route.path.replace("{id}", "1").replace("{merge}", "1").replace("{name}", "byname.css")


async def ask(browser, route):
    path = address(route).replace("{day}", "2026-03-09")
    if route.method == "GET":
        answer = await browser.open(path)
    elif path.startswith("/api/"):
        answer = await browser.call(path.removeprefix("/api/v1/"), {"unknown": 1})
    else:
        answer = await browser.send(path, {"disabled": "0"})
    answer.close()
    return answer.status


@pytest.mark.parametrize("role", ORDER)
async def test_a_role_may_do_what_the_table_says_and_no_more(enter, stage, role):
    browser = await enter(role)
    await stage.waiting()
    leaving = ("/sign-in", "/sign-out", "/team/sessions/{id}/end")
    for route in ROUTES:
        if route.path in leaving and route.method == "POST":
            continue  # these change who asks; test_web_signing_in has them
        may = route.access == "public" or ORDER.index(role) >= ORDER.index(route.access)
        assert ((await ask(browser, route)) != 403) == may, f"{role}: {route.method} {route.path}"


async def test_nobody_gets_in_without_a_session(enter):
    browser = await enter("admin")
    browser.client.session.cookie_jar.clear()
    for route in ROUTES:
        if route.access != "public":
            assert await ask(browser, route) in {303, 401}, f"{route.method} {route.path}"


async def test_a_route_that_is_in_no_table_is_denied(desk, aiohttp_client, enter):
    async def forgotten(_request):
        return web.Response(text="everything")

    app = create_app(desk)
    app.router.add_get("/forgotten", forgotten)
    client = await aiohttp_client(app)
    answer = await client.get("/forgotten")
    assert answer.status == 403
    assert "everything" not in await answer.text()


async def test_the_api_alone_has_no_pages(desk, aiohttp_client):
    client = await aiohttp_client(create_app(desk, api_only=True))
    assert (await client.get("/people")).status == 404
    assert (await client.get("/api/v1/queue")).status == 401


async def test_the_socket_acts_as_the_first_admin(desk, stage, aiohttp_client):
    client = await aiohttp_client(create_socket_app(desk))
    assert (await client.get("/api/v1/queue")).status == 403
    admin = await stage.reviewer("admin", "Maja")
    answer = await client.post("/api/v1/links", json={})
    assert (await answer.json())["reviewer"]["id"] == str(admin.id)


async def test_the_socket_acts_as_the_reviewer_that_is_named(desk, stage, aiohttp_client):
    await stage.reviewer("admin", "Maja")
    await stage.reviewer("read", "Tom")
    client = await aiohttp_client(create_socket_app(desk))
    answer = await client.post(
        "/api/v1/brake", json={"on": True}, headers={"X-Byname-Reviewer": "Tom"}
    )
    assert answer.status == 403
    unknown = await client.get("/api/v1/queue", headers={"X-Byname-Reviewer": "Nobody"})
    assert unknown.status == 403
