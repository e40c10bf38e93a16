"""Rows of the network's lists: where each stands in its list, and what it says.

Not here: paging (newest), and what a post says (parse).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.bluesky import parse
from connectors.bluesky.syntax import moment
from connectors.model import Event, Seen

REASONS = ("mention", "reply", "quote")

Row = Mapping[str, Any]


def event(row: Any, us: parse.Us) -> Event | None:
    """Read a row. One that cannot be read never costs its page; one not for us says nothing."""
    try:
        if "reason" in row and "record" in row:  # a notification; servers may not filter them
            return Seen(parse.message(row, us)) if row["reason"] in REASONS else None
        if "post" in row:  # a row of a feed; with a reason it is a repost or a pin
            return None if row.get("reason") else Seen(parse.message(row["post"], us))
        return Seen(parse.message(row, us))
    except parse.BROKEN as error:
        return parse.unreadable(row, error)


def place_of_notification(row: Any) -> tuple[int, str]:
    return _ms(row["indexedAt"]), str(row["uri"])


def place_of_post(row: Any) -> tuple[int, str]:
    """Feeds and searches are ordered by the earlier of when it was written and when it came in."""
    post, reason = row.get("post", row), row.get("reason")
    indexed = _ms(post["indexedAt"])
    if reason:
        return _ms(reason["indexedAt"]) if "indexedAt" in reason else indexed, f"{post['uri']} more"
    try:
        return min(_ms(post["record"]["createdAt"]), indexed), str(post["uri"])
    except parse.BROKEN:
        return indexed, str(post["uri"])


def under(node: Any) -> Iterator[Row]:
    """Yield the posts under a node of a thread; what is gone or blocked has none."""
    replies = node.get("replies") if isinstance(node, dict) else None
    for one in replies if isinstance(replies, list) else ():
        if isinstance(one, dict) and isinstance(one.get("post"), dict):
            yield one["post"]
            yield from under(one)


def is_muted(post: Row) -> bool:
    """Tell whether we have muted or blocked who wrote a post, or they us."""
    author = post.get("author")
    viewer = author.get("viewer") if isinstance(author, dict) else None
    marks = ("muted", "mutedByList", "blocking", "blockingByList", "blockedBy")
    return isinstance(viewer, dict) and any(viewer.get(one) for one in marks)


def replied_to(rows: list[Any], did: str) -> Iterator[tuple[str, int, int]]:
    """Yield our own posts that have replies: address, number of replies, when they came in."""
    for row in rows:
        try:
            post = row["post"]
            if post["author"]["did"] == did and post.get("replyCount"):
                yield str(post["uri"]), int(post["replyCount"]), _ms(post["indexedAt"])
        except parse.BROKEN:
            continue


def _ms(text: str) -> int:
    return int(moment(text).timestamp() * 1000)
