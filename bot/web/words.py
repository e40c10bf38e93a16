"""How hostile text, names and times are shown: as parts that a template can only escape.

Pure functions. Nothing here produces HTML; what a person wrote stays text to the end.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

SHOWN = 6_000  # characters of one message that a page shows before it says that there is more
HUES = 12
_LINK = re.compile(r"https?://[^\s<>\"'\u200b-\u200f\u202a-\u202e\u2066-\u2069]+", re.IGNORECASE)
_CALL = re.compile(r"^(?:@[\w.@-]+[\s,:]+)+")
_INSIDE_EMOJI = frozenset("\u200c\u200d\ufe0e\ufe0f")  # joiners are part of words and emoji
_ALLOWED_CONTROLS = frozenset("\n\r\t")
_SUSPECT = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SHORT = {
    "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO",
    "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI", "\u200e": "LRM",
    "\u200f": "RLM", "\u061c": "ALM", "\u200b": "ZWSP", "\ufeff": "BOM", "\u00ad": "SHY",
    "\u2060": "WJ",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a text. `text` is what is shown; a link also has its address and host."""

    kind: Literal["text", "link", "control"]
    text: str
    href: str = ""
    host: str = ""


def parts(text: str, limit: int = SHOWN) -> tuple[Part, ...]:
    """Split a text into words, links and controls made visible, at most `limit` characters."""
    found: list[Part] = []
    shown, start = text[:limit], 0
    for match in _LINK.finditer(shown):
        found += _visible(shown[start : match.start()])
        found += _link(match.group().rstrip(".,;:!?)]}"))
        start = match.start() + len(match.group().rstrip(".,;:!?)]}"))
    found += _visible(shown[start:])
    return tuple(found)


def hidden(text: str, limit: int = SHOWN) -> int:
    """Return how many characters `parts` left out."""
    return max(0, len(text) - limit)


def one_line(text: str, limit: int = 200) -> tuple[Part, ...]:
    """Return the start of a text for a list or a name: no links, no line breaks."""
    line = " ".join(text[: limit * 4].split())
    short = line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
    return tuple(_visible(short))


def without_call(text: str) -> str:
    """Drop the handles that a text begins with, for a list: there they only take room."""
    return _CALL.sub("", text, count=1) or text


def _link(address: str) -> list[Part]:
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        host = ""
    if not host:
        return _visible(address)
    return [Part("link", address, address, host)]


def _visible(text: str) -> list[Part]:
    found: list[Part] = []
    plain = ""
    for char in text:
        if _is_plain(char):
            plain += char
            continue
        found += [Part("text", plain)] if plain else []
        found.append(Part("control", _SHORT.get(char, f"U+{ord(char):04X}")))
        plain = ""
    return [*found, Part("text", plain)] if plain else found


def _is_plain(char: str) -> bool:
    if char in _ALLOWED_CONTROLS or char in _INSIDE_EMOJI:
        return True
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def visible(value: object) -> object:
    """Write hidden characters out in whatever a template is about to escape; keep the rest.

    The environment applies this to every expression, attributes too: no name, note or reason can
    turn the direction of the page around it.
    """
    if type(value) is not str or not _SUSPECT.search(value):
        return value
    return "".join(
        f"[{part.text}]" if part.kind == "control" else part.text for part in _visible(value)
    )


def safe_link(address: str) -> str:
    """Return an address that a link may point to, or nothing: http and https only."""
    return address if address.lower().startswith(("https://", "http://")) else ""


def initials(name: str) -> str:
    """Return one or two letters that stand for a person; no picture is ever fetched."""
    words = re.findall(r"[^\W\d_]+", name) or re.findall(r"\w+", name)
    chosen = words[:1] + words[-1:] if len(words) > 1 else words
    return "".join(word[0] for word in chosen).upper()


def hue(ref_id: int) -> int:
    """Return a colour number that stays with an id; neighbours differ."""
    return ref_id * 5 % HUES


def span(delta: timedelta) -> str:
    """Say a length of time in one unit: 40 s, 12 min, 3 h, 5 days."""
    seconds = abs(delta.total_seconds())
    if seconds < 60:
        return f"{int(seconds)} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    if seconds < 86_400 * 2:
        return f"{int(seconds // 3600)} h"
    return f"{int(seconds // 86_400)} days"


def beside_crisis(reason: str) -> str:
    """Return a reason without the words that a crisis tag beside it says already."""
    return re.sub(r"^(perhaps a )?crisis\b[:,]? ?", "", reason)


def ago(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "no time"
    return f"in {span(moment - now)}" if moment > now else f"{span(now - moment)} ago"


def due(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return ""
    return f"{span(moment - now)} left" if moment > now else f"{span(now - moment)} late"


def urgency(moment: datetime | None, now: datetime) -> str:
    """Name how soon an answer is due: late, soon (under half an hour) or calm."""
    if moment is None:
        return "calm"
    left = (moment - now).total_seconds()
    return "late" if left <= 0 else "soon" if left < 1800 else "calm"


def clock(moment: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """Write a moment in the brand's time zone, without what is obvious today."""
    if moment is None:
        return "no time"
    local, today = moment.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if local.year == today.year:
        return f"{local.day} {local:%b %H:%M}"
    return f"{local.day} {local:%b %Y}"


def day(written: str) -> str:
    """Write a date, given as 2026-11-21, as people say it."""
    one = date.fromisoformat(written)
    return f"{one:%a} {one.day} {one:%b}"


LANGUAGES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian",
    "pt": "Portuguese", "nl": "Dutch", "pl": "Polish", "sv": "Swedish", "no": "Norwegian",
    "nb": "Norwegian", "da": "Danish", "fi": "Finnish", "cs": "Czech", "ru": "Russian",
    "uk": "Ukrainian", "tr": "Turkish", "ar": "Arabic", "he": "Hebrew", "hi": "Hindi",
    "ja": "Japanese", "ko": "Korean", "zh": "Chinese", "el": "Greek", "hu": "Hungarian",
    "ro": "Romanian", "bg": "Bulgarian", "id": "Indonesian", "vi": "Vietnamese", "th": "Thai",
    "fa": "Persian", "ca": "Catalan", "cy": "Welsh", "ga": "Irish",
}  # fmt: skip


def language_name(code: str | None) -> str:
    """Return the English name of a language; a code nobody knows is shown as it is."""
    return LANGUAGES.get((code or "").split("-")[0].lower(), code or "")
