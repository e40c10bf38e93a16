"""What hangs on a post: pictures, videos, links and a quoted post. Pure functions.

A view shows addresses; a bare record (in a notification) knows only descriptions. Not here: what
the post says (parse).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.model import Attachment

Told = Mapping[str, Any]

_WITH_MEDIA = "app.bsky.embed.recordWithMedia"
_RECORD = "app.bsky.embed.record"
_LINK = "app.bsky.richtext.facet#link"


def attachments(view: Told) -> tuple[Attachment, ...]:
    """Return what hangs on a post, and where its links lead (its text may show them shortened)."""
    record = view["record"]
    hanging = _of(view.get("embed") or record.get("embed") or {})
    known = {one.url for one in hanging}
    links = (one for one in _links(record) if one not in known)
    return (*hanging, *(Attachment("link", one) for one in dict.fromkeys(links)))


def quoted(record: Told) -> str | None:
    """Return the address of the post (or list, or feed) that a post quotes."""
    embed = record.get("embed") or {}
    name = embed.get("$type")
    if name == _WITH_MEDIA:
        embed = embed["record"]
    elif name != _RECORD:
        return None
    return str(embed["record"]["uri"])


def _of(embed: Told) -> Sequence[Attachment]:
    match str(embed.get("$type", "")).removesuffix("#view"):
        case "app.bsky.embed.images":
            return [_picture(one) for one in embed["images"]]
        case "app.bsky.embed.gallery":
            return [_picture(one) for one in embed["items"]]
        case "app.bsky.embed.video":
            return [Attachment("video", embed.get("playlist") or "", embed.get("alt") or "")]
        case "app.bsky.embed.external":
            card = embed["external"]
            return [Attachment("link", card["uri"], card.get("title") or "")]
        case "app.bsky.embed.recordWithMedia":
            return _of(embed["media"])
    return []


def _picture(one: Told) -> Attachment:
    return Attachment("image", one.get("fullsize") or "", one.get("alt") or "")


def _links(record: Told) -> Sequence[str]:
    return [
        feature["uri"]
        for facet in record.get("facets") or ()
        for feature in facet["features"]
        if feature.get("$type") == _LINK
    ]
