"""From what Bluesky says to our nouns: pure functions over its JSON.

A post's `ref` is its at-uri, an account's is its DID; the version (cid) of a post is `server_ref`.
What cannot be read raises one of BROKEN; the caller makes that an Unreadable.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors._platforms import platform
from connectors.model import Attachment, Author, Kind, Message, Posted, Unreadable

PLATFORM = "bluesky"
BROKEN = (KeyError, TypeError, ValueError, AttributeError)
REASONS: Mapping[str, Kind] = {"mention": "mention", "reply": "reply", "quote": "quote"}


@dataclass(frozen=True, slots=True)
class Us:
    """Our account, and the DIDs or handles of colleagues who answer as the brand."""

    did: str
    handle: str
    team: Collection[str] = ()

    def is_us(self, account: Mapping[str, Any]) -> bool:
        return account["did"] == self.did or bool(
            {account["did"], account["handle"]} & set(self.team)
        )


def author(account: Mapping[str, Any], us: Us) -> Author:
    did = _text(account["did"])
    return Author(
        ref=did,
        handle=_text(account["handle"]),
        name=account.get("displayName") or "",
        url=platform(PLATFORM).account_url.format(handle=did),
        is_ours=us.is_us(account),
        is_bot=is_bot(account),
        followers=account.get("followersCount"),
    )


def is_bot(account: Mapping[str, Any]) -> bool:
    """Tell whether an account calls itself a bot: a label `bot` that it gave itself."""
    labels = account.get("labels") or ()
    return any(one.get("val") == "bot" and one.get("src") == account["did"] for one in labels)


def message(view: Mapping[str, Any], us: Us, reason: str = "") -> Message:
    """Read a post: a notification about it and a view of it have the same fields."""
    record, who = view["record"], author(view["author"], us)
    reply = record.get("reply") or {}
    uri = _text(view["uri"])
    root = reply["root"]["uri"] if reply else uri
    parent = reply["parent"]["uri"] if reply else None
    return Message(
        platform=PLATFORM,
        ref=uri,
        author=who,
        text=_text(record["text"]),
        kind=_kind(reason, who, root, parent),
        root_ref=_text(root),
        created_at=_created(record.get("createdAt"), view["indexedAt"]),
        parent_ref=parent,
        url=web_address(uri),
        language=(record.get("langs") or [None])[0],
        attachments=tuple(_attachments(record.get("embed") or {})),
        quoted_ref=_quoted(record.get("embed") or {}),
        server_ref=_text(view["cid"]),
    )


def posted(uri: str, cid: str | None, record: Mapping[str, Any]) -> Posted:
    return Posted(
        ref=uri,
        url=web_address(uri),
        server_ref=cid,
        created_at=_moment(record["createdAt"]),
        text=_text(record["text"]),
    )


def unreadable(raw: Any, error: Exception) -> Unreadable:
    return Unreadable(json.dumps(raw, ensure_ascii=False)[:100_000], f"{error!r}")


def key_of(uri: str) -> str:
    """Return the record key at the end of an at-uri."""
    return uri.rsplit("/", maxsplit=1)[-1]


def web_address(uri: str) -> str:
    did, _, key = uri.removeprefix("at://").partition("/app.bsky.feed.post/")
    return platform(PLATFORM).message_url.format(handle=did, id=key) if key else ""


def _kind(reason: str, who: Author, root: str, parent: str | None) -> Kind:
    if who.is_ours:
        return "reply" if parent else "post"
    kind = REASONS.get(reason, "reply" if parent else "post")
    return "comment" if kind == "reply" and reason and parent == root else kind


def _created(declared: Any, indexed: str) -> datetime:
    """Return when a post was made: as its client declares, but never after it was seen."""
    seen = _moment(indexed)
    try:
        return min(_moment(declared), seen)
    except BROKEN:
        return seen


def _moment(value: str) -> datetime:
    read = datetime.fromisoformat(value)
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def _attachments(embed: Mapping[str, Any]) -> list[Attachment]:
    media = embed.get("media") or embed
    found = [Attachment("image", "", one.get("alt") or "") for one in media.get("images") or ()]
    if "video" in media:
        found.append(Attachment("video", "", media.get("alt") or ""))
    if external := media.get("external"):
        found.append(Attachment("link", external.get("uri") or "", external.get("title") or ""))
    return found


def _quoted(embed: Mapping[str, Any]) -> str | None:
    record = embed.get("record") or {}
    uri = (record.get("record") or record).get("uri")
    return uri if isinstance(uri, str) else None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text was expected, not {value!r}")
    return value
