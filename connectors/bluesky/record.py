"""The record of a reply, the same on every attempt. Pure functions.

Its key and its createdAt come from the reply alone (syntax.record_key), so that a repeat writes the
same record to the same place. Not here: sending it (connector).
"""

from collections.abc import Callable, Mapping
from typing import Any

from connectors.bluesky.facets import facets
from connectors.bluesky.syntax import is_language, stamp
from connectors.contract import UnexpectedAnswer
from connectors.model import Outgoing

POST = "app.bsky.feed.post"
# What an author may say of a post of their own: com.atproto.label.defs#labelValue. Other warnings,
# put on their post by a moderation service, are not ours to repeat.
SELF_LABELS = frozenset({"porn", "sexual", "nudity", "graphic-media"})

Told = Mapping[str, Any]


def post_record(reply: Outgoing, parent: Told, did_of: Callable[[str], str | None]) -> Told:
    """Build the record of a reply under a parent as the network shows it."""
    record: dict[str, Any] = {
        "$type": POST,
        "text": reply.text,
        "createdAt": stamp(reply.created_at),
        "reply": reply_ref(parent),
    }
    if is_language(reply.language):
        record["langs"] = [reply.language]
    if found := facets(reply.text, did_of):
        record["facets"] = found
    if labels := [one for one in _warnings(reply) if one in SELF_LABELS]:
        record["labels"] = {
            "$type": "com.atproto.label.defs#selfLabels",
            "values": [{"val": one} for one in labels],
        }
    return record


def reply_ref(parent: Told) -> Told:
    """Return where a reply stands: the parent, and the root copied from the parent's own record.

    Source: docs.bsky.app, creating posts, replies.
    """
    here = {"uri": parent["uri"], "cid": parent["cid"]}
    above = parent["record"].get("reply")
    if above is None:
        return {"root": here, "parent": here}
    try:
        root = {"uri": above["root"]["uri"], "cid": above["root"]["cid"]}
    except (KeyError, TypeError) as error:
        raise UnexpectedAnswer("the parent's thread cannot be read", was_sent=False) from error
    return {"root": root, "parent": here}


def _warnings(reply: Outgoing) -> list[str]:
    return [one.strip() for one in reply.content_warning.split(",")]
