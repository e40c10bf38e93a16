"""What became of posts that we hold: 100 with one call, and what is gone costs nothing.

X asks that what was deleted, protected or changed is honoured within 24 hours (developer
guidelines). Not here: how often we look (platforms' data), nor what follows (bot).
"""

from collections.abc import Mapping, Sequence

from connectors.model import Fate, MessageRef, Recheck
from connectors.x import parse
from connectors.x.api import PAGE, Api
from connectors.x.people import People

_GONE = ("resource-not-found", "not-authorized-for-resource")  # deleted; protected or suspended


async def recheck(
    api: Api, people: People, refs: Sequence[MessageRef], us: parse.Us
) -> list[Recheck]:
    """Look at posts again; of an edited one the newest version is asked for."""
    asked = {one.ref: one.server_ref or one.ref for one in refs}
    rows, fates = await _look(api, list(dict.fromkeys(asked.values())))
    newer = {ref: last for ref, row in rows.items() if (last := parse.versions(row)[-1]) != ref}
    if newer:
        later, _ = await _look(api, list(dict.fromkeys(newer.values())))
        rows |= {ref: later.get(last, rows[ref]) for ref, last in newer.items()}
    edited = [row for row in rows.values() if len(parse.versions(row)) > 1]
    await people.meet(edited, "recheck")
    return [_told(ref, number, rows, fates, people, us) for ref, number in asked.items()]


async def _look(api: Api, numbers: Sequence[str]) -> tuple[dict[str, parse.Row], dict[str, Fate]]:
    rows: dict[str, parse.Row] = {}
    fates: dict[str, Fate] = {}
    for start in range(0, len(numbers), PAGE):
        told = await api.lookup("recheck", numbers[start : start + PAGE])
        rows |= {row["id"]: row for row in told.rows if _is_readable(row)}
        fates |= {str(one.get("resource_id")): _fate(one) for one in told.errors if _is_table(one)}
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


def _fate(problem: Mapping[str, object]) -> Fate:
    kind = str(problem.get("type", "")).rsplit("/", 1)[-1]
    return "deleted" if kind in _GONE else "unknown"


def _is_table(one: object) -> bool:
    return isinstance(one, dict)


def _is_readable(row: object) -> bool:
    try:
        return isinstance(row, dict) and bool(parse.versions(row))
    except parse.BROKEN:
        return False
