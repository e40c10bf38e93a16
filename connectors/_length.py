"""How platforms count the length of a text: pure functions, one rule each.

Not here: which platform uses which, and with what limit (connectors._platforms).
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import regex


@dataclass(frozen=True, slots=True)
class Measure:
    """One rule of length: what is counted, how far it may go, and whether over is refused."""

    unit: str
    limit: int
    count: Callable[[str], int]
    is_firm: bool = True


X_NEVER = frozenset("\ufffe\ufeff\uffff")  # twitter-text: a text with one of these is invalid
LINK = 23  # what X and Mastodon count for any link, however long it is
_GRAPHEME = regex.compile(r"\X")
_EMOJI = regex.compile(
    r"\p{RI}\p{RI}|[0-9#*]\uFE0F?\u20E3"
    r"|(?:\p{Emoji_Presentation}|\p{Extended_Pictographic})"
)
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))  # twitter-text config v3, weight 1

_HOST = r"(?:[\p{L}\p{N}](?:[\p{L}\p{N}_-]*[\p{L}\p{N}])?\.)+"
_TLD = (
    r"(?:com|org|net|edu|gov|mil|int|info|biz|name|app|dev|shop|store|online|site|blog|news|cloud"
    r"|tech|club|live|life|world|today|agency|studio|social|email|design|media|page|link|xyz|top"
    r"|pro|one|art|bar|cafe|coffee|pizza|bike|tools|toys|games|wiki|zone|eco|health|jobs|travel"
    r"|museum|mobi|asia|cat|coop|tel|post|aero)"
)
_TAIL = r"(?::\d+)?(?:/[^\s<>\"]*[\w/=#&$@%~+\-]|/)?(?:\?[^\s<>\"]*[\w/=#&$%~+\-])?"
_END = r"(?![\p{L}\p{N}@_-])"
X_LINK = regex.compile(
    rf"(?<![\p{{L}}\p{{N}}@$#_./-])"
    rf"(?:https?://(?P<host>{_HOST}(?:{_TLD}|\p{{L}}{{2,24}})){_END}{_TAIL}"
    rf"|(?P<host>[a-z0-9][a-z0-9.-]*\.(?:{_TLD}|co|tv|[a-z]{{2}}(?=/))){_END}{_TAIL})",
    regex.IGNORECASE,
)
MASTODON_LINK = regex.compile(r"(?<![\w/])https?://[^\s<>\"]*[\w/=#&$%~+\-]", regex.IGNORECASE)
_REMOTE_MENTION = regex.compile(r"(?<![\w/])(@[\w]+(?:[.-][\w]+)*)@[\w.-]+\w", regex.IGNORECASE)


def characters(text: str) -> int:
    return len(text)


def bytes_used(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def graphemes(text: str) -> int:
    return sum(1 for _ in _GRAPHEME.finditer(text))


def mastodon_length(text: str) -> int:
    """Count as Mastodon does: a link is 23, of a remote mention only the user part counts.

    Source: docs.joinmastodon.org/user/posting; StatusLengthValidator counts grapheme clusters.
    """
    without_links, links = MASTODON_LINK.subn("", text)
    return graphemes(_REMOTE_MENTION.sub(r"\1", without_links)) + int(links) * LINK


def x_length(text: str) -> int:
    """Count as twitter-text v3 does: Latin weighs 1, the rest 2, an emoji 2, a link 23.

    Source: docs.x.com/fundamentals/counting-characters; twitter-text config v3.
    """
    text = unicodedata.normalize("NFC", text)
    links = x_links(text)
    for start, end in reversed(links):
        text = text[:start] + text[end:]
    weights = (_x_weight(one.group()) for one in _GRAPHEME.finditer(text))
    return sum(weights) + len(links) * LINK


def x_links(text: str) -> list[tuple[int, int]]:
    """Return where X sees links in a text: it charges for them, and counts each as 23."""
    found = X_LINK.finditer(text)
    return [one.span() for one in found if _is_possible_host(one["host"])]


def _is_possible_host(host: str) -> bool:
    """Tell whether every label of a host fits its 63 bytes, punycode included."""
    labels = (one if one.isascii() else "xn--" + _punycode(one) for one in host.split("."))
    return all(len(one) <= 63 for one in labels)


def _punycode(label: str) -> str:
    return label.encode("punycode").decode("ascii")


def _x_weight(grapheme: str) -> int:
    if _EMOJI.match(grapheme):
        return 2
    return sum(_is_light(ord(one)) or 2 for one in grapheme)


def _is_light(point: int) -> bool:
    return any(low <= point <= high for low, high in _LIGHT)
