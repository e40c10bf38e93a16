"""Takes back digests that quote or name what has been deleted or erased since.

A digest is a copy of people's words outside the database; when the words go, so do its files.
A mail that was sent cannot be called back: hence one line and a link, never more.
"""

import asyncio
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from bot.desk import Desk
from bot.digest.files import SUFFIXES, digest_folder
from storage.store import NotFound


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Whom and what the digest of a day names. None: its JSON cannot be read."""

    path: Path
    people: frozenset[int] | None
    messages: frozenset[int] | None

    def touches(self, people: Collection[int], messages: Collection[int]) -> bool:
        if self.people is None or self.messages is None:
            return True  # what cannot be cleared of suspicion goes too
        return not (self.people.isdisjoint(people) and self.messages.isdisjoint(messages))


def forget_people(
    home: Path, people: Collection[int], messages: Collection[int] = ()
) -> list[Path]:
    """Remove every digest that names one of these people or quotes one of these messages."""
    return [remove(one.path) for one in mentioned(home) if one.touches(people, messages)]


async def forget_gone(desk: Desk) -> list[Path]:
    """Remove every digest whose quoted messages or named people are gone from the store."""
    pages = await asyncio.to_thread(mentioned, desk.home)
    people = {one for page in pages for one in page.people or ()}
    messages = {one for page in pages for one in page.messages or ()}
    lost_people = [one for one in sorted(people) if await _is_lost(desk, one)]
    lost_messages = [one for one in sorted(messages) if await _is_gone(desk, one)]
    stale = [page for page in pages if page.touches(lost_people, lost_messages)]
    return [await asyncio.to_thread(remove, page.path) for page in stale]


def mentioned(home: Path) -> list[Mentioned]:
    return [_read(path) for path in sorted(digest_folder(home).glob("*.html"))]


def remove(path: Path) -> Path:
    for suffix in SUFFIXES:
        path.with_suffix(f".{suffix}").unlink(missing_ok=True)
    return path


def _read(path: Path) -> Mentioned:
    try:
        facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        return Mentioned(path, frozenset(facts["person_ids"]), frozenset(facts["message_ids"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Mentioned(path, None, None)


async def _is_gone(desk: Desk, message_id: int) -> bool:
    try:
        return (await desk.store.message(message_id)).state == "gone"
    except NotFound:
        return True


async def _is_lost(desk: Desk, person_id: int) -> bool:
    try:
        person = await desk.store.person(person_id)
    except NotFound:
        return True
    return not any(account.handle for account in person.accounts)
