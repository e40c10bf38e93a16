"""The record of a reply on Bluesky: its key, its facets, its place in the thread. Pure functions.

The key is chosen by us, from the reply alone, so that every attempt writes the same record to the
same place. Not here: writing it (connector) and resolving handles (api).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import regex

from connectors.model import Outgoing

COLLECTION = "app.bsky.feed.post"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_LINK = regex.compile(r"(?<![\w@])https?://[^\s<>\"]*[\w/=#&$%~+\-]", regex.IGNORECASE)
_MENTION = regex.compile(
    r"(?<![\w@./])@([a-z0-9][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)+)", regex.IGNORECASE
)
_TAG = regex.compile(r"(?<![\w#/&])#([\p{L}\p{N}_]*[\p{L}_][\p{L}\p{N}_]*)")


def record_key(reply: Outgoing) -> str:
    """Return the TID of a reply: its moment in microseconds and ten bits, from its own key.

    Source: atproto.com/specs/tid. Milliseconds come from `created_at`; what is finer, and the clock
    id, from the key, so that two replies of one millisecond get two places.
    """
    spread = int.from_bytes(sha256(reply.key.encode()).digest()[:8])
    millis = (reply.created_at - _EPOCH) // timedelta(milliseconds=1)
    return tid(millis * 1000 + spread % 1000, spread // 1000 % 1024)


def tid(micros: int, clock: int) -> str:
    number = (micros << 10) | clock
    return "".join(_LETTERS[number >> shift & 31] for shift in range(60, -1, -5))


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def handles(text: str) -> Sequence[str]:
    """Return the handles that a text mentions."""
    return [one[1].lower() for one in _MENTION.finditer(text)]


def post_record(
    reply: Outgoing, parent: Mapping[str, Any], dids: Mapping[str, str]
) -> Mapping[str, Any]:
    """Build the record: root as the parent's record names it, or the parent itself."""
    here = {"uri": parent["uri"], "cid": parent["cid"]}
    root = (parent["record"].get("reply") or {}).get("root") or here
    record: dict[str, Any] = {
        "$type": COLLECTION,
        "text": reply.text,
        "createdAt": stamp(reply.created_at),
        "reply": {"root": {"uri": root["uri"], "cid": root["cid"]}, "parent": here},
        "langs": [reply.language],
    }
    if found := facets(reply.text, dids):
        record["facets"] = found
    return record


def facets(text: str, dids: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
    """Return what makes links, mentions and hashtags live, by offsets in UTF-8 bytes.

    A mention needs the account's DID, otherwise nobody is told: it stays plain text.
    Source: docs.bsky.app/docs/advanced-guides/post-richtext.
    """
    found = [(one, _link(one.group())) for one in _LINK.finditer(text)]
    found += [
        (one, _of("mention", did=dids[one[1].lower()]))
        for one in _MENTION.finditer(text)
        if one[1].lower() in dids
    ]
    found += [(one, _of("tag", tag=one[1])) for one in _TAG.finditer(text)]
    return [
        {"index": _bytes(text, one.start(), one.end()), "features": [feature]}
        for one, feature in sorted(found, key=lambda pair: pair[0].start())
    ]


def _link(address: str) -> Mapping[str, str]:
    return _of("link", uri=address)


def _of(kind: str, **more: str) -> Mapping[str, str]:
    return {"$type": f"app.bsky.richtext.facet#{kind}", **more}


def _bytes(text: str, start: int, end: int) -> Mapping[str, int]:
    before = len(text[:start].encode())
    return {"byteStart": before, "byteEnd": before + len(text[start:end].encode())}
