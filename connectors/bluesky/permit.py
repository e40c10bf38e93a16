"""Whether a post may be answered, and the rule that forbids it. Pure functions over views.

The account's server accepts a reply that a rule forbids, and the network then hides it: so the
rules are looked at before. Not here: asking for the views (connector).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from connectors.model import Permission

_GATE = "app.bsky.feed.threadgate"
_RULES: Mapping[str, str] = MappingProxyType(
    {
        f"{_GATE}#mentionRule": "people mentioned in the first post",
        f"{_GATE}#followerRule": "followers of its author",
        f"{_GATE}#followingRule": "people whom its author follows",
        f"{_GATE}#listRule": "people on a list of its author",
    }
)

GONE = Permission(False, "The message is gone.", "app.bsky.feed.getPosts does not show it")
BLOCKED = Permission(
    False, "Its author has blocked us, or we them.", "app.bsky.feed.defs#blockedPost"
)

Told = Mapping[str, Any]


def permission(post: Told, root: Told | None) -> Permission:
    """Say whether we may reply to a post in the thread under `root` (None: gone, or not shown)."""
    for one in (post, *((root,) if root else ())):
        if blocked := _blocked(one["author"]):
            return blocked
    viewer = post.get("viewer") or {}
    if not viewer.get("replyDisabled"):
        return Permission(True)
    return Permission(False, _rule_of_gate(root or post), f"{_GATE} of the thread's first post")


def _blocked(author: Told) -> Permission | None:
    viewer, who = author.get("viewer") or {}, f"@{author['handle']}"
    source = "app.bsky.actor.defs#viewerState"
    if viewer.get("blockedBy"):
        return Permission(False, f"{who} has blocked us.", source)
    if viewer.get("blocking") or viewer.get("blockingByList"):
        return Permission(False, f"We have blocked {who}.", source)
    return None


def _rule_of_gate(root: Told) -> str:
    """Say in a sentence who may reply. Source: the lexicon of app.bsky.feed.threadgate."""
    gate = (root.get("threadgate") or {}).get("record") or {}
    allow = gate.get("allow")
    if allow is None:
        return "The author of this thread has limited who may reply, and we may not."
    if not allow:
        return "The author of this thread lets nobody reply."
    who = [_RULES.get(str(one.get("$type")), "people of the author's choice") for one in allow]
    return f"Only {' and '.join(dict.fromkeys(who))} may reply in this thread."
