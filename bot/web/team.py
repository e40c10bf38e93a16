"""Who may do what: adding reviewers, changing them, and their one-time links.

Called by the pages, the API and, over the socket, by `byname reviewer`.
"""

from datetime import timedelta

from bot.desk import Desk
from bot.errors import Refused
from bot.review import require
from bot.web.settings import public_url
from storage.model import Reviewer, Role
from storage.store import NotFound

LINK_LIVES = timedelta(minutes=30)


async def add_reviewer(desk: Desk, by: Reviewer, name: str, role: Role) -> Reviewer:
    """Add a reviewer; a name is taken once."""
    require(by, "admin")
    if any(one.name == name for one in await desk.store.reviewers()):
        raise Refused(f"There is a reviewer called {name} already.")
    return await desk.store.add_reviewer(name, role, desk.clock())


async def change_reviewer(
    desk: Desk, by: Reviewer, reviewer_id: int, *, role: Role | None, disabled: bool
) -> Reviewer:
    """Change a role or shut somebody out; the last admin stays."""
    require(by, "admin")
    others = [
        one
        for one in await desk.store.reviewers()
        if one.role == "admin" and one.disabled_at is None and one.id != reviewer_id
    ]
    if not others and (disabled or role not in {None, "admin"}):
        raise Refused("This is the last admin; make somebody else admin first.")
    return await desk.store.set_reviewer(reviewer_id, desk.clock(), role=role, disabled=disabled)


async def sign_out_browser(desk: Desk, by: Reviewer, session_id: int) -> None:
    """Sign one browser out: one's own or, as admin, anybody's. One that is gone is fine."""
    now = desk.clock()
    for session in await desk.store.sessions(now):
        if session.id == session_id:
            require(by, "read" if session.reviewer.id == by.id else "admin")
            await desk.store.end_session(session_id, by.id, now)


async def new_link(desk: Desk, by: Reviewer, reviewer_id: int | None) -> tuple[Reviewer, str]:
    """Make a one-time sign-in link, for oneself or, as admin, for somebody else."""
    wanted = reviewer_id or by.id
    require(by, "read" if wanted == by.id else "admin")
    found = [one for one in await desk.store.reviewers() if one.id == wanted]
    if not found:
        raise NotFound("There is no such reviewer.")
    now = desk.clock()
    token = await desk.store.make_link(wanted, now, now + LINK_LIVES)
    return found[0], f"{public_url(desk.config)}/sign-in?token={token}"
