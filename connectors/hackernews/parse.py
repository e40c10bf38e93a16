"""From what Algolia and Firebase say to our nouns: pure functions over their JSON.

Both describe the same things, in other words: a `hit` is Algolia's, a `thing` is Firebase's. The
number of a thing is its `ref`. Nothing says whether it was edited, so `server_ref` is a mark of its
words: another mark means other words. What cannot be read raises one of BROKEN. Not here: asking.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from connectors._platforms import platform
from connectors._text import html_to_text, matching_form
from connectors.model import Attachment, Author, Message, Unreadable

PLATFORM = "hackernews"
BROKEN = (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError)
_SHORTENED = re.compile(r'<a href="([^"]+)"[^>]*>[^<]*\.\.\.</a>')


@dataclass(frozen=True, slots=True)
class Us:
    """The names under which the brand writes there."""

    names: Collection[str] = ()

    def is_us(self, name: str) -> bool:
        return name in self.names


def message(hit: Mapping[str, Any], us: Us) -> Message:
    """Read a story or comment as the search tells it."""
    ref, is_comment = _text(hit["objectID"]), bool(hit.get("parent_id"))
    told = hit.get("comment_text") if is_comment else hit.get("story_text")
    return _message(
        ref=ref,
        author=_text(hit["author"]),
        words=_words("" if is_comment else hit.get("title") or "", told or ""),
        at=hit["created_at_i"],
        parent=str(hit["parent_id"]) if is_comment else None,
        root=str(hit.get("story_id") or hit["parent_id"]) if is_comment else ref,
        link=hit.get("url") or "",
        us=us,
    )


def message_of_thing(thing: Mapping[str, Any], root_ref: str, us: Us) -> Message:
    """Read a story or comment as Firebase tells it, which does not name the thread."""
    return _message(
        ref=str(thing["id"]),
        author=_text(thing["by"]),
        words=_words(thing.get("title") or "", thing.get("text") or ""),
        at=thing["time"],
        parent=str(thing["parent"]) if thing.get("parent") else None,
        root=root_ref,
        link=thing.get("url") or "",
        us=us,
    )


def is_gone(thing: Mapping[str, Any]) -> bool:
    """Say whether nobody may read it any more: deleted by its author, or taken down."""
    return thing.get("deleted") is True or thing.get("dead") is True


def mark_of(text: str) -> str:
    """Return a short mark of some words; two showings of the same words have the same one."""
    return blake2b(matching_form(text).encode(), digest_size=8).hexdigest()


def url_of(ref: str) -> str:
    return platform(PLATFORM).message_url.format(id=ref)


def unreadable(raw: Any, error: Exception) -> Unreadable:
    return Unreadable(json.dumps(raw, ensure_ascii=False)[:100_000], f"{error!r}")


def _message(
    *, ref: str, author: str, words: str, at: int, parent: str | None, root: str, link: str, us: Us
) -> Message:
    if not words:
        raise ValueError("nothing is said")
    return Message(
        platform=PLATFORM,
        ref=ref,
        author=_author(author, us),
        text=words,
        kind="comment" if parent else "post",
        root_ref=root,
        created_at=datetime.fromtimestamp(at, UTC),
        parent_ref=parent,
        url=url_of(ref),
        attachments=(Attachment("link", link),) if link else (),
        server_ref=mark_of(words),
    )


def _author(name: str, us: Us) -> Author:
    url = platform(PLATFORM).account_url.format(handle=name)
    return Author(ref=name, handle=name, url=url, is_ours=us.is_us(name))


def _words(title: str, markup: str) -> str:
    """Join title and text; a long address, which is shown cut off, is written out."""
    text = html_to_text(_SHORTENED.sub(r"\1", markup))
    return "\n\n".join(part for part in (html_to_text(title), text) if part)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"text was expected, not {value!r}")
    return value
