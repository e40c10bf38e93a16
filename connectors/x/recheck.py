"""What became of posts that we hold: asked as cheaply as X allows, and what is gone costs nothing.

X asks that what was deleted, protected or changed is honoured within 24 hours (developer
guidelines). Mentions and our own posts are read from our own lists first, at a fifth of the price;
the rest is looked up, 100 with one call. Not here: how often we look (platforms' data), nor what
follows (bot).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from connectors.model import Fate, MessageRef, Recheck
from connectors.x import parse
from connectors.x.api import PAGE, Api, Listing
from connectors.x.newest import id_of
from connectors.x.people import People

PURPOSE = "recheck"
FEW = 5  # posts that are worth a list
_TIMES_DEARER = 5  # a lookup than a list: under a fifth of hits, the list is the dearer one
_GONE = ("resource-not-found", "not-authorized-for-resource")  # deleted; protected or suspended

Rows = dict[str, parse.Row]
Read = Callable[..., Awaitable[Listing]]


async def recheck(
    api: Api, people: People, refs: Sequence[MessageRef], us: parse.Us
) -> list[Recheck]:
    """Look at posts again; of an edited one the newest version is asked for."""
    asked = {one.ref: one.server_ref or one.ref for one in refs}
    rows = await _from_lists(api, refs, us)
    missing = [one for one in dict.fromkeys(asked.values()) if one not in rows]
    found, fates = await _look(api, missing)
    rows |= found
    newer = {ref: last for ref, row in rows.items() if (last := parse.versions(row)[-1]) != ref}
    if newer:
        later, _ = await _look(api, list(dict.fromkeys(newer.values())))
        rows |= {ref: later.get(last, rows[ref]) for ref, last in newer.items()}
    edited = [row for row in rows.values() if len(parse.versions(row)) > 1]
    await people.meet(edited, PURPOSE)
    return [_told(ref, number, rows, fates, people, us) for ref, number in asked.items()]


async def _from_lists(api: Api, refs: Sequence[MessageRef], us: parse.Us) -> Rows:
    """Read what our own lists show of these, where that is cheaper than looking them up."""
    if not api.owns_app:
        return {}
    numbers = {one.server_ref or one.ref: one.author_ref == us.id for one in refs}
    free = await api.paid_today(list(numbers))
    ours = {int(one) for one, is_ours in numbers.items() if is_ours and one not in free}
    theirs = {int(one) for one, is_ours in numbers.items() if not is_ours and one not in free}
    return {
        **await _among(lambda **where: api.own(PURPOSE, us.id, **where), ours),
        **await _among(lambda **where: api.mentions(PURPOSE, us.id, **where), theirs),
    }


async def _among(read: Read, wanted: set[int]) -> Rows:
    """Read a list where the wanted posts stand, as long as that pays."""
    rows: Rows = {}
    if len(wanted) < FEW:
        return rows
    since, below = min(wanted) - 1, max(wanted) + 1
    while True:
        listing = await read(since_id=since, until_id=below)
        hits = [row for row in listing.rows if id_of(row) in wanted and _is_readable(row)]
        rows |= {row["id"]: row for row in hits}
        below = min(filter(None, map(id_of, listing.rows)), default=0)
        if listing.further is None or len(hits) * _TIMES_DEARER < len(listing.rows) or not below:
            return rows


async def _look(api: Api, numbers: Sequence[str]) -> tuple[Rows, dict[str, Fate]]:
    rows: Rows = {}
    fates: dict[str, Fate] = {}
    for start in range(0, len(numbers), PAGE):
        told = await api.lookup(PURPOSE, numbers[start : start + PAGE])
        rows |= {row["id"]: row for row in told.rows if _is_readable(row)}
        fates |= _fates(told.errors)
    return rows, fates


def _told(
    ref: str,
    number: str,
    rows: Mapping[str, parse.Row],
    fates: Mapping[str, Fate],
    people: People,
    us: parse.Us,
) -> Recheck:
    row = rows.get(number)
    if row is None:
        return Recheck(ref, fates.get(number, "unknown"))
    if len(parse.versions(row)) == 1:
        return Recheck(ref, "there")
    try:
        return Recheck(ref, "edited", parse.message(row, people.known, {}, us))
    except parse.BROKEN:
        return Recheck(ref, "unknown")


def _fates(problems: Iterable[object]) -> dict[str, Fate]:
    told = [one for one in problems if isinstance(one, dict)]
    return {str(one.get("resource_id")): _fate(one) for one in told}


def _fate(problem: Mapping[str, object]) -> Fate:
    kind = str(problem.get("type", "")).rsplit("/", 1)[-1]
    return "deleted" if kind in _GONE else "unknown"


def _is_readable(row: object) -> bool:
    try:
        return isinstance(row, dict) and bool(parse.versions(row))
    except parse.BROKEN:
        return False
