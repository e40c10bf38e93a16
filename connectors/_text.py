"""What connectors share about texts: recognising a reply of ours by how a platform shows it.

Not here: lengths (_length) and cleaning of what people write (storage cleans on write).
"""

import html
import unicodedata

import regex

_SPACE = regex.compile(r"[\s\p{Cf}]+")
_MENTION_HOST = regex.compile(r"(?<![\w/])(@\w+(?:[.-]\w+)*)@[\w.-]+\w")


def matching_form(text: str) -> str:
    """Bring a text into a form in which two showings of the same reply are equal.

    Platforms change normal form, white space, entities and the host of a mention; words stay.
    """
    plain = unicodedata.normalize("NFC", html.unescape(text))
    return str(_SPACE.sub(" ", _MENTION_HOST.sub(r"\1", plain))).strip().casefold()
