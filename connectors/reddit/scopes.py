"""What byname asks of Reddit, and what it needs it for."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

WHY: Mapping[str, str] = MappingProxyType(
    {
        "identity": "to know who we are",
        "privatemessages": (
            "to read the inbox, where mentions and replies arrive; nothing in it is marked as read,"
            " and private messages are not kept"
        ),
        "read": "to read threads and subreddits, and to look again for what was deleted",
        "history": "to read our own posts and comments, and to find a reply after a crash",
        "submit": "to post the replies that you approve",
        "edit": "to delete a reply of ours",
    }
)
SCOPES = tuple(WHY)


def missing(scopes: Sequence[str]) -> Sequence[str]:
    """Say which scopes are missing; `*` is all of them."""
    if "*" in scopes:
        return ()
    return [
        f"The scope {one} is missing: connect this login again."
        for one in SCOPES
        if one not in scopes
    ]
