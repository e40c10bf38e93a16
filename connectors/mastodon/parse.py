"""From what Mastodon says to our nouns: pure functions over its JSON.

A thing's `ref` is its ActivityPub uri, the same on every server; the id that this server gave it is
`server_ref`. What cannot be read raises KeyError, TypeError or ValueError; the caller makes that an
Unreadable. Not here: looking up what a status only hints at (its parents).
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from connectors._text import html_to_text
from connectors.model import (
    Attachment,
    Author,
    Kind,
    Message,
    Posted,
    Unreadable,
    Visibility,
)

PLATFORM = "mastodon"
BROKEN = (KeyError, TypeError, ValueError, AttributeError)

VISIBILITIES: Mapping[str, Visibility] = MappingProxyType(
    {"public": "public", "unlisted": "unlisted", "private": "followers", "direct": "direct"}
)
THEIR_VISIBILITY = {ours: theirs for theirs, ours in VISIBILITIES.items()}


@dataclass(frozen=True, slots=True)
class Us:
    """Our account on this server, and the handles of colleagues who answer as the brand."""

    server_ref: str
    handle: str
    team: Collection[str] = ()

    def is_us(self, account: Mapping[str, Any]) -> bool:
        return account["id"] == self.server_ref or account["acct"] in self.team


@dataclass(frozen=True, slots=True)
class Above:
    """Where a status stands: the refs of its parent and of its thread's first message."""

    parent_ref: str | None
    root_ref: str


def ref_of(status: Mapping[str, Any]) -> str:
    return _text(status.get("uri") or status["url"])


def author(account: Mapping[str, Any], us: Us) -> Author:
    return Author(
        ref=_text(account.get("uri") or account["url"]),
        handle=_text(account["acct"]),
        name=account.get("display_name") or "",
        url=account.get("url") or "",
        is_ours=us.is_us(account),
        is_bot=account.get("bot") is True,
        followers=account.get("followers_count"),
    )


def message(status: Mapping[str, Any], above: Above, us: Us, kind: Kind | None = None) -> Message:
    return Message(
        platform=PLATFORM,
        ref=ref_of(status),
        author=author(status["account"], us),
        text=html_to_text(_text(status["content"])),
        kind=kind or _kind(status, above, us),
        root_ref=above.root_ref,
        created_at=moment(status["created_at"]),
        parent_ref=above.parent_ref,
        visibility=VISIBILITIES.get(status["visibility"], "direct"),
        url=status.get("url") or "",
        content_warning=status.get("spoiler_text") or "",
        language=status.get("language"),
        attachments=tuple(_attachment(one) for one in status.get("media_attachments") or ()),
        quoted_ref=_quoted(status.get("quote")),
        server_ref=_text(status["id"]),
        edited_at=moment(status["edited_at"]) if status.get("edited_at") else None,
    )


def posted(status: Mapping[str, Any]) -> Posted:
    return Posted(
        ref=ref_of(status),
        url=status.get("url") or "",
        server_ref=_text(status["id"]),
        created_at=moment(status["created_at"]),
        text=html_to_text(_text(status["content"])),
    )


def unreadable(raw: Any, error: Exception) -> Unreadable:
    return Unreadable(json.dumps(raw, ensure_ascii=False)[:100_000], f"{error!r}")


def moment(value: str) -> datetime:
    read = datetime.fromisoformat(value)
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def _kind(status: Mapping[str, Any], above: Above, us: Us) -> Kind:
    if us.is_us(status["account"]):
        return "reply" if status.get("in_reply_to_id") else "post"
    if status["visibility"] == "direct":
        return "direct"
    if status.get("in_reply_to_account_id") == us.server_ref:
        return "comment" if above.parent_ref == above.root_ref else "reply"
    return "mention"


def _attachment(told: Mapping[str, Any]) -> Attachment:
    return Attachment(_text(told["type"]), told.get("url") or "", told.get("description") or "")


def _quoted(quote: Any) -> str | None:
    """Return the ref of a quoted status, if this server shows it."""
    status = quote.get("quoted_status") if isinstance(quote, dict) else None
    return ref_of(status) if status else None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text was expected, not {value!r}")
    return value
