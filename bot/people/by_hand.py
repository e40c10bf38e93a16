"""What a reviewer does about a person: a note, a wish, joining two people, parting them again.

The data rules of the platforms stand here: where they forbid matching accounts, only the person's
own word joins two. Nothing here guesses that two people are one.
"""

from bot.desk import Desk
from bot.errors import Refused
from bot.review import require
from storage.model import Note, Person, Reviewer


async def add_note(desk: Desk, reviewer: Reviewer, account_id: int, text: str) -> Note:
    """Keep a note that only the team sees."""
    require(reviewer, "review")
    if not text:
        raise Refused("The note is empty.")
    note = await desk.store.add_note(account_id, text, reviewer.id, desk.clock())
    desk.hub.tell("people")
    return note


async def set_opt_out(desk: Desk, reviewer: Reviewer, account_id: int, *, on: bool) -> None:
    """Note that somebody asked not to be written to by a machine, or take that back."""
    require(reviewer, "review")
    await desk.store.set_opt_out(account_id, on, reviewer.id, desk.clock())
    desk.hub.tell("people")


async def merge_people(
    desk: Desk,
    reviewer: Reviewer,
    keep: int,
    other: int,
    reason: str,
    *,
    is_linked_by_person: bool,
) -> int:
    """Join two people into one; returns the merge, which can be undone. Raises Refused."""
    require(reviewer, "review")
    if keep == other:
        raise Refused("That is the same person.")
    both = (await desk.store.person(keep), await desk.store.person(other))
    strict = sorted({name for one in both for name in _strict_platforms(desk, one)})
    if strict and not is_linked_by_person:
        raise Refused(
            f"The rules of {' and '.join(strict)} allow joining accounts only when the person "
            "said themselves that both are theirs."
        )
    merge_id = await desk.store.merge(keep, other, reviewer.id, reason, desk.clock())
    desk.hub.tell("people")
    return merge_id


async def unmerge_people(desk: Desk, reviewer: Reviewer, merge_id: int) -> None:
    """Part two people again; nothing else was rewritten, so nothing is lost."""
    require(reviewer, "review")
    await desk.store.unmerge(merge_id, reviewer.id, desk.clock())
    desk.hub.tell("people")


def _strict_platforms(desk: Desk, person: Person) -> set[str]:
    platforms = {account.platform for account in person.accounts}
    return {name for name in platforms if not desk.config.rules(name).may_match_accounts}
