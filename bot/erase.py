"""Erasing a person, and the job after it: words leave the tables, the files and the digests.

One place for all that has to follow when words go, whoever made them go. Erasure is reported done
only after the job. Not here: which columns hold words (storage), what a digest names (bot.digest).
"""

from dataclasses import dataclass

from bot.desk import Desk
from bot.digest.forget import forget_gone
from bot.review import require
from storage.model import Person, Reviewer

ROLE = "admin"


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: messages without words, digests removed."""

    person_id: int
    accounts: int
    messages: int
    digests: int


async def erase(desk: Desk, reviewer: Reviewer, person: Person) -> Erased:
    """Erase everything a person said and what we wrote to them. It cannot be undone."""
    require(reviewer, ROLE)
    messages = await desk.store.erase_person(person.id, reviewer.name, desk.clock())
    digests = await finish(desk)
    desk.hub.tell("queue")
    desk.hub.tell("people")
    return Erased(person.id, len(person.accounts), messages, digests)


async def finish(desk: Desk) -> int:
    """Take what has gone out of the files; return how many digests went. Does no harm twice."""
    removed = await forget_gone(desk)
    await desk.store.finish_erasure()
    return len(removed)
