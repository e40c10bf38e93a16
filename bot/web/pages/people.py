"""People: the list, and one person's page with everything said both ways.

Counting and mood are storage's and bot.web.chart's. Merging follows the data rules of a platform:
where those forbid matching accounts, only the person's own link allows it.
"""

from aiohttp import web
from yarl import URL

from bot.people import by_hand
from bot.web.asked import MergeBody, NoteBody, WishBody, check, form, path_id, query_id
from bot.web.keys import CALLER, DESK
from bot.web.pages.deciding import only
from bot.web.pages.review import chart_of
from bot.web.render import page

SAID = 100


async def people(request: web.Request) -> web.Response:
    """List the people found by a name or handle; without words, those heard most recently."""
    asked = request.query.get("q", "")[:100]
    found = await request.app[DESK].store.find_people(asked, limit=60)
    return await page(request, "people.html", asked=asked, people=found)


async def person(request: web.Request) -> web.Response:
    """Show one person: who, since when, wishes, notes, mood, everything said both ways."""
    desk, person_id = request.app[DESK], path_id(request)
    one = await desk.store.person(person_id)
    before = query_id(request, "before")
    said = await desk.store.person_messages(person_id, limit=SAID, before=before)
    return await page(
        request,
        "person.html",
        person=one,
        said=said,
        has_more=len(said) == SAID,
        chart=await chart_of(desk, one, desk.clock(), span_days=120),
        merges=await desk.store.merges(person_id),
        merged=query_id(request, "merged"),
        wishes=[account for account in one.accounts if account.opted_out_at],
    )


async def note(request: web.Request) -> web.Response:
    fields = await form(request)
    body = check(NoteBody, only(fields, NoteBody))
    await by_hand.add_note(
        request.app[DESK], request[CALLER].reviewer, body.account_id, body.text.strip()
    )
    return _back(request)


async def wish(request: web.Request) -> web.Response:
    """Note that an account asked not to be written to, or take that back."""
    fields = await form(request)
    body = check(WishBody, only(fields, WishBody) | {"on": fields.get("on") == "1"})
    await by_hand.set_opt_out(
        request.app[DESK], request[CALLER].reviewer, body.account_id, on=body.on
    )
    return _back(request)


async def merge(request: web.Request) -> web.Response:
    fields = await form(request)
    is_linked = fields.get("is_linked_by_person") == "1"
    body = check(MergeBody, only(fields, MergeBody) | {"is_linked_by_person": is_linked})
    merge_id = await by_hand.merge_people(
        request.app[DESK],
        request[CALLER].reviewer,
        path_id(request),
        body.other,
        body.reason,
        is_linked_by_person=body.is_linked_by_person,
    )
    return _back(request, merged=str(merge_id))


async def unmerge(request: web.Request) -> web.Response:
    await form(request)
    await by_hand.unmerge_people(
        request.app[DESK], request[CALLER].reviewer, path_id(request, "merge")
    )
    return _back(request)


def _back(request: web.Request, **more: str) -> web.Response:
    raise web.HTTPSeeOther(URL(f"/people/{path_id(request)}").with_query(more))
