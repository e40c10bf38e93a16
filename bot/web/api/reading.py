"""API calls that look things up. The table of calls stands in bot.web.api."""

from typing import get_args

from aiohttp import web

from bot.costs import costs, reply_cost
from bot.errors import InputError
from bot.estimates import estimates
from bot.overdue import overdue
from bot.standing import standings
from bot.suggest.guard import inspect_reply
from bot.web.asked import LengthBody, json_body, path_id, query_id, query_limit, queue_filter
from bot.web.keys import DESK
from bot.web.settings import public_url
from bot.web.shapes import plain, strongest
from connectors._platforms import length
from storage.states import ReplyState


async def address(request: web.Request) -> web.Response:
    """Say where people open the pages; a command cannot know the port that `run` was given."""
    return answer(address=public_url(request.app[DESK].config))


async def queue(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    now = desk.clock()
    entries = await desk.store.queue(
        queue_filter(request), now, limit=query_limit(request), after=query_id(request, "after")
    )
    counts = await desk.store.queue_counts(now)
    return answer(entries=entries, counts=counts)


async def message(request: web.Request) -> web.Response:
    return answer(entry=await request.app[DESK].store.entry(path_id(request)))


async def why(request: web.Request) -> web.Response:
    """Say which words carried each tag, strongest first."""
    desk = request.app[DESK]
    if desk.explain is None:
        raise web.HTTPServiceUnavailable(text="The model is not loaded here; ask the running bot.")
    message = await desk.store.message(path_id(request))
    found = await desk.explain(message)
    return answer(why={tag: strongest(message.text, marks) for tag, marks in found.items()})


async def thread(request: web.Request) -> web.Response:
    store, message_id = request.app[DESK].store, path_id(request)
    return answer(
        messages=await store.thread(message_id), versions=await store.versions(message_id)
    )


async def people(request: web.Request) -> web.Response:
    asked = request.query.get("q", "")[:100]
    found = await request.app[DESK].store.find_people(asked, limit=query_limit(request))
    return answer(people=found)


async def person(request: web.Request) -> web.Response:
    return answer(person=await request.app[DESK].store.person(path_id(request)))


async def person_messages(request: web.Request) -> web.Response:
    said = await request.app[DESK].store.person_messages(
        path_id(request), limit=query_limit(request), before=query_id(request, "before")
    )
    return answer(messages=said)


async def search(request: web.Request) -> web.Response:
    asked = request.query.get("q", "")[:200]
    found = await request.app[DESK].store.search(
        asked, limit=query_limit(request), before=query_id(request, "before")
    )
    return answer(messages=found)


async def replies(request: web.Request) -> web.Response:
    every: tuple[ReplyState, ...] = get_args(ReplyState)
    asked = request.query.getall("state", [])
    if unknown := sorted(set(asked) - set(every)):
        raise InputError(f"state: {unknown[0][:40]!r} is none of {', '.join(every)}")
    states = [state for state in every if state in asked or not asked]
    found = await request.app[DESK].store.replies(*states, limit=query_limit(request))
    return answer(replies=found)


async def brakes(request: web.Request) -> web.Response:
    return answer(brakes=await request.app[DESK].store.brakes())


async def sources(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    return answer(
        sources=await desk.store.source_states(),
        work=await desk.store.work_left(),
        logins=list((await standings(desk)).values()),
        costs=await costs(desk.store, desk.config, desk.clock()),
        estimates=await estimates(desk),
        overdue=await overdue(desk),
    )


async def reviewers(request: web.Request) -> web.Response:
    return answer(reviewers=await request.app[DESK].store.reviewers())


async def measure(request: web.Request) -> web.Response:
    """Count a text as its platform does, say its price, and what the guard has against it."""
    body = await json_body(request, LengthBody)
    desk = request.app[DESK]
    asked = await desk.store.message(body.message_id)
    findings = inspect_reply(body.text, asked, desk.config) if body.text.strip() else []
    return web.json_response(
        plain(length(asked.platform, body.text))
        | {"findings": plain(findings), "cost": plain(reply_cost(asked.platform, body.text))}
    )


def answer(**fields: object) -> web.Response:
    return web.json_response({name: plain(value, name) for name, value in fields.items()})
