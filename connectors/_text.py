"""What connectors share about texts: HTML to text, and recognising a reply of ours as it is shown.

Not here: lengths (_length) and cleaning of what people write (storage cleans on write).
"""

import html
import unicodedata
from html.parser import HTMLParser

import regex

_SPACE = regex.compile(r"[\s\p{Cf}]+")
_MENTION_HOST = regex.compile(r"(?<![\w/])(@\w+(?:[.-]\w+)*)@[\w.-]+\w(?::\d+)?")
_LEADING_MENTIONS = regex.compile(r"^(?:@[\w.-]+(?:@[\w.-]+\w(?::\d+)?)?\s+)+")


def matching_form(text: str) -> str:
    """Bring a text into a form in which two showings of the same reply are equal.

    Platforms change normal form, white space, entities and the host of a mention, and replies get
    their mentions put in front; words stay.
    """
    plain = unicodedata.normalize("NFC", html.unescape(text)).strip()
    plain = str(_LEADING_MENTIONS.sub("", plain))
    return str(_SPACE.sub(" ", _MENTION_HOST.sub(r"\1", plain))).strip().casefold()


def html_to_text(markup: str) -> str:
    """Return what a reader sees of a post's HTML: paragraphs and line breaks stay, tags go."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return "".join(reader.parts).strip()


class _Reader(HTMLParser):
    """Collects text. `quote-inline` is what Mastodon adds for readers that know no quotes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden or "quote-inline" in (dict(attrs).get("class") or ""):
            if tag != "br":
                self._hidden.append(tag)
        elif tag == "br":
            self.parts.append("\n")
        elif tag in ("p", "blockquote", "ul", "ol", "pre") and self.parts:
            self.parts.append("\n\n")
        elif tag == "li":
            self.parts.append("\n- ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            while self._hidden.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)
