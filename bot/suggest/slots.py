"""Fills slots, and turns what was particular in an old answer into slots again. Pure functions.

Names, handles, numbers, dates, links and initials of another conversation must never reach this
one: whatever is particular and cannot be filled from facts or from the present message means
silence.
"""

import re

from bot.suggest.playbook import SLOT

_NAME = re.compile(r"[^\W\d_][\w'’-]*", re.UNICODE)  # noqa: RUF001 - people write both apostrophes
_LEADING_HANDLES = re.compile(r"^(?:@[\w.@-]+[,:]?\s+)+")
_HANDLE = re.compile(r"(?<![\w@])@[\w.@-]*\w")
_SIGNATURE = re.compile(
    r"\s*(?:[\^*~]\s?[A-Za-z]{1,20}|(?:[-/]|[–—])\s?[A-Z][A-Za-z]{0,14})\s*$"  # noqa: RUF001
)
_GREETED = re.compile(
    r"^((?i:Hi|Hey|Hello|Hiya|Dear|Good (?:morning|afternoon|evening)|Thanks|Thank you|Sorry)[, ]+)"
    r"(?!(?i:there\b|all\b|folks\b|again\b|for\b|so\b|to\b|about\b|everyone\b))"
    r"(?:(?:Mrs?|Ms|Dr)\.? )?[A-Z][\w'’-]+(?=[,.!:;]| [–—-])",  # noqa: RUF001
)
_ADDRESSED = re.compile(r"^(?:Mrs?|Ms|Dr)\.? [A-Z][\w'’-]+(?=,)")  # noqa: RUF001
_CALLED = re.compile(r"(?<=, )[A-Z][a-z'’]+(?=[.!?]\s*$)")  # noqa: RUF001
_NAMELESS = re.compile(
    r"(?:^|(?<=[.!?]))\s*\{first_name\}[,:!]?(?=\s)|,?\s*\{first_name\}(?=[,.!?;:\s]|$)"
)
_SENTENCE_START = re.compile(r"(?:^|(?<=[.!?] ))[a-z]")
_PARTICULAR = re.compile(
    r"https?://[^\s<>\"')]+|\b[\w.+-]+@[\w-]+\.[\w.]{2,}\b"
    r"|[#£$€]?\b\d[\d.,:/-]*\d?\b\s?(?:%|am\b|pm\b)?"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:today|tonight|tomorrow|yesterday)\b"
    r"|\b(?:january|february|march|april|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)


def first_name(name: str, handle: str) -> str:
    """Return a name one may write: the first word of the display name, or nothing if it is none."""
    word = next(iter(_NAME.findall(name)), "")
    looks_real = 2 <= len(word) <= 20 and (word[0].isupper() or word.islower())
    same_as_handle = word.lower() == handle.lower().lstrip("@").split("@")[0]
    if not looks_real or (same_as_handle and any(char.isdigit() for char in handle)):
        return ""
    return word[0].upper() + word[1:]


def fill(text: str, values: dict[str, str]) -> str | None:
    """Fill every slot, or return None. A name we do not know is left out, with its comma."""
    if not values.get("first_name"):
        text = _NAMELESS.sub("", text).strip()
        text = _SENTENCE_START.sub(lambda found: found[0].upper(), text)
    missing = [slot for slot in SLOT.findall(text) if not values.get(slot)]
    return None if missing else SLOT.sub(lambda found: values[found[1]], text)


def generalise(answer: str, *, asker: str, asker_handle: str) -> str:
    """Turn names and handles of the asker into slots, and drop what the writer signed with."""
    text = _LEADING_HANDLES.sub("", answer.strip())
    text = _SIGNATURE.sub("", text).rstrip()
    if asker:
        text = re.sub(rf"\b{re.escape(asker)}\b", "{first_name}", text)
    if asker_handle:
        text = re.sub(rf"@?{re.escape(asker_handle.lstrip('@'))}\b", "{first_name}", text)
    text = _GREETED.sub(r"\1{first_name}", text)
    for pattern in (_ADDRESSED, _CALLED):
        text = pattern.sub("{first_name}", text)
    return _HANDLE.sub("{handle}", text).strip()


def particulars(text: str) -> list[str]:
    """Return the numbers, dates, addresses and links that a text states."""
    return [found.strip().rstrip(".,:").lower() for found in _PARTICULAR.findall(text)]


def unexplained(text: str, known: str) -> list[str]:
    """Return the particulars of `text` that do not stand in `known` (facts and the message)."""
    ground = known.lower()
    return [word for word in particulars(text) if not _stands_in(word, ground)]


def _stands_in(word: str, ground: str) -> bool:
    """Say whether a word stands there by itself: 30 does not stand in 4307."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", ground) is not None
