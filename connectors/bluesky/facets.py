"""Making mentions, links and hashtags of a text work: facets, counted in bytes of UTF-8.

A mention without its account's DID is plain text and lets nobody know (docs.bsky.app, links,
mentions and rich text). Not here: finding out which DID a handle has (the caller does).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import regex

from connectors._length import X_LINK, graphemes
from connectors.bluesky.syntax import is_handle

_MENTION = regex.compile(r"(?<![\w@/.])@((?>[a-zA-Z0-9]+(?:[.-]+[a-zA-Z0-9]+)*))(?![\w@])")
_TAG = regex.compile(r"(?<![^\s(])[#\uFF03]([^\s\p{P}\p{Cf}]*[^\s\d\p{P}\p{Cf}][^\s\p{P}\p{Cf}]*)")
_LONGEST_TAG = 64  # graphemes, app.bsky.richtext.facet#tag

Facet = Mapping[str, Any]


def handles_in(text: str) -> list[str]:
    """Return the handles that a text mentions, each once, in lower case as they are compared."""
    found = (one[1].lower() for one in _MENTION.finditer(text) if is_handle(one[1]))
    return list(dict.fromkeys(found))


def facets(text: str, did_of: Callable[[str], str | None]) -> list[Facet]:
    """Return the facets of a text in their order; a handle without a DID stays plain text."""
    found = sorted(_spans(text, did_of), key=lambda one: one[0])
    return [_facet(text, start, end, feature) for start, end, feature in found]


def _spans(
    text: str, did_of: Callable[[str], str | None]
) -> Iterator[tuple[int, int, Mapping[str, str]]]:
    for one in _MENTION.finditer(text):
        did = did_of(one[1].lower()) if is_handle(one[1]) else None
        if did:
            yield *one.span(), {"$type": "app.bsky.richtext.facet#mention", "did": did}
    for one in X_LINK.finditer(text):
        uri = one[0] if "://" in one[0] else f"https://{one[0]}"
        yield *one.span(), {"$type": "app.bsky.richtext.facet#link", "uri": uri}
    for one in _TAG.finditer(text):
        if graphemes(one[1]) <= _LONGEST_TAG:
            yield *one.span(), {"$type": "app.bsky.richtext.facet#tag", "tag": one[1]}


def _facet(text: str, start: int, end: int, feature: Mapping[str, str]) -> Facet:
    begins = _bytes(text[:start])
    index = {"byteStart": begins, "byteEnd": begins + _bytes(text[start:end])}
    return {"index": index, "features": [feature]}


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
