"""What the network's answers say, in the nouns of connectors.model. Pure functions.

A broken one raises one of BROKEN: the caller quarantines it and goes on. Not here: asking.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from connectors._platforms import platform
from connectors.bluesky.embeds import attachments, quoted
from connectors.bluesky.syntax import at_uri, moment
from connectors.model import Author, Kind, Message, Unreadable

PLATFORM = "bluesky"
BROKEN = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
INVALID_HANDLE = "handle.invalid"  # shown where a handle does not point back to its account
MENTION = "app.bsky.richtext.facet#mention"

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Us:
    """Our account, and the colleagues (DIDs or handles) who answer as the brand."""

    did: str
    team: Collection[str] = ()

    def is_us(self, author: Told) -> bool:
        return author["did"] == self.did or not self._team_of(author).isdisjoint(self.team)

    @staticmethod
    def _team_of(author: Told) -> set[str]:
        return {author["did"], author["handle"]} - {INVALID_HANDLE}


def message(view: Told, us: Us) -> Message:
    """Read a post: a view of it, or a notification about it (both carry the record)."""
    record = view["record"]
    ref, text = _text(view["uri"]), _text(record["text"])
    key, reply = at_uri(ref).key, record.get("reply")
    root = _text(reply["root"]["uri"]) if reply else ref
    parent = _text(reply["parent"]["uri"]) if reply else None
    who = author(view["author"], us)
    quoted_ref = quoted(record)
    return Message(
        platform=PLATFORM,
        ref=ref,
        author=who,
        text=text,
        kind=_kind(record, who, us, root=root, parent=parent, quoted_ref=quoted_ref),
        root_ref=root,
        created_at=min(_claimed(record, view), moment(view["indexedAt"])),
        parent_ref=parent,
        url=url_of(who.handle, who.ref, key),
        content_warning=", ".join(warnings(view)),
        language=_language(record.get("langs")),
        attachments=attachments(view),
        quoted_ref=quoted_ref,
        server_ref=_text(view["cid"]),  # which version of the post this is
    )


def author(told: Told, us: Us) -> Author:
    did, handle = _text(told["did"]), _text(told["handle"])
    address = did if handle == INVALID_HANDLE else handle
    return Author(
        ref=did,
        handle=handle,
        name=told.get("displayName") or "",
        url=platform(PLATFORM).account_url.format(handle=address),
        is_ours=us.is_us(told),
        is_bot=has_bot_label(told),
    )


def has_bot_label(told: Told) -> bool:
    """Tell whether an account calls itself a bot. Source: docs.bsky.app, starter templates."""
    return any(
        one.get("val") == "bot" and one.get("src") == told["did"] and not one.get("neg")
        for one in told.get("labels") or ()
    )


def url_of(handle: str, did: str, key: str) -> str:
    shown = handle if handle not in ("", INVALID_HANDLE) else did
    return platform(PLATFORM).message_url.format(handle=shown, id=key)


def warnings(view: Told) -> list[str]:
    """Return the labels on a post, its author's own and others', each once."""
    own = view["record"].get("labels") or {}
    values = [one["val"] for one in own.get("values") or ()]
    values += [one["val"] for one in view.get("labels") or () if not one.get("neg")]
    return list(dict.fromkeys(_text(one) for one in values))


def unreadable(raw: Any, error: Exception) -> Unreadable:
    return Unreadable(json.dumps(raw, ensure_ascii=False)[:100_000], repr(error))


def _kind(
    record: Told, who: Author, us: Us, *, root: str, parent: str | None, quoted_ref: str | None
) -> Kind:
    """Tell how a post concerns us; one that does not is a plain post, even under another."""
    if who.is_ours:
        return "reply" if parent else "post"
    if parent and at_uri(parent).authority == us.did:
        return "comment" if parent == root else "reply"
    if quoted_ref and at_uri(quoted_ref).authority == us.did:
        return "quote"
    if us.did in _mentioned(record):
        return "mention"
    return "reply" if parent and at_uri(root).authority == us.did else "post"


def _mentioned(record: Told) -> set[str]:
    return {
        feature["did"]
        for facet in record.get("facets") or ()
        for feature in facet["features"]
        if feature.get("$type") == MENTION
    }


def _claimed(record: Told, view: Told) -> Any:
    """Return when a post says it was made: people's clients write anything there."""
    try:
        return moment(record["createdAt"])
    except BROKEN:
        return moment(view["indexedAt"])


def _language(langs: Any) -> str | None:
    first = langs[0] if isinstance(langs, list) and langs else None
    return first if isinstance(first, str) else None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text was expected, not {value!r}")
    return value
