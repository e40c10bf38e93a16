"""Whether a post may be answered by program, and the rule that forbids it. Pure functions.

Since 2026-02-23 X takes a reply from a self-serve app only where the post's author has summoned us:
mentions us in that post, or quotes a post of ours. Not here: asking for the post (connector).
"""

from connectors.model import Permission
from connectors.x import parse
from connectors.x.answers import SUMMONED_RULE, SUMMONED_SOURCE

GONE = Permission(False, "The message is gone, or not shown to us.", "GET /2/tweets: not found")
_SETTINGS = {
    "following": "people whom its author follows",
    "subscribers": "subscribers of its author",
    "verified": "verified accounts",
    "mentionedUsers": "people whom it mentions",
}


def permission(row: parse.Row, us: parse.Us, *, is_quoting_us: bool) -> Permission:
    """Say whether we may answer a post, as X gave it."""
    if row["author_id"] == us.id or parse.mentions_us(row, us):
        return Permission(True)
    ref = parse.versions(row)[-1]
    url = f"https://x.com/intent/post?in_reply_to={ref}"
    if not (is_quoting_us or parse.quotes_us(row, us)):
        return Permission(False, f"{SUMMONED_RULE}: {url}", SUMMONED_SOURCE)
    who = _SETTINGS.get(str(row.get("reply_settings")))
    if who == _SETTINGS["mentionedUsers"]:
        return Permission(False, f"Only {who} may answer it.", "reply_settings of the post")
    return Permission(True)
