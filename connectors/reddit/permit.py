"""Whether a comment or a post may be answered, and the rule that forbids it. Pure functions.

Reddit refuses a comment in a locked or archived thread only after it was sent: so the rules are
looked at before. Not here: asking for what they are read from (connector).
"""

from collections.abc import Mapping
from typing import Any

from connectors.model import Permission
from connectors.reddit import parse

Told = Mapping[str, Any]

GONE = Permission(False, "The message is gone.", "Reddit, api/info")


def permission(parent: parse.Thing | None, post: parse.Thing | None, about: Told) -> Permission:
    """Say whether we may answer `parent` in the thread of `post`, in the subreddit of `about`."""
    if parent is None or parse.is_gone(parent):
        return GONE
    there = [parent, *((post,) if post else ())]
    for thing in there:
        if rule := _rule_of_thing(thing["data"], is_post=thing["kind"] == "t3"):
            return Permission(False, *rule)
    rule = _rule_of_subreddit(about)
    return Permission(False, *rule) if rule else Permission(True)


def _rule_of_thing(told: Told, *, is_post: bool) -> tuple[str, str] | None:
    what = "thread" if is_post else "comment"
    if told.get("locked"):
        return f"Moderators have locked this {what}: nobody may reply.", "Reddit, `locked`"
    if told.get("archived"):
        return f"This {what} is archived: nobody may reply any more.", "Reddit, `archived`"
    if told.get("author_is_blocked"):
        return f"We have blocked u/{told.get('author')}.", "Reddit, `author_is_blocked`"
    return None


def _rule_of_subreddit(about: Told) -> tuple[str, str] | None:
    name = about.get("display_name_prefixed") or f"r/{about.get('display_name', '')}"
    if about.get("user_is_banned"):
        return f"We are banned from {name}.", "Reddit, `user_is_banned`"
    if about.get("user_is_muted"):
        return f"We are muted in {name}.", "Reddit, `user_is_muted`"
    kind, is_member = about.get("subreddit_type"), bool(about.get("user_is_contributor"))
    if kind == "archived":
        return f"{name} is archived: nobody may write there.", "Reddit, `subreddit_type`"
    if kind == "private" and not is_member:
        return f"{name} is private, and we are no member.", "Reddit, `subreddit_type`"
    if kind == "restricted" and about.get("restrict_commenting") and not is_member:
        return f"Only approved members may comment in {name}.", "Reddit, `restrict_commenting`"
    return None
