"""How numbers, times and other people's words are put into one line of a digest."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

SHORT = 110
_HANDLES = re.compile(r"^(?:@[\w.@-]+[\s,:]*)+(?=\S)")
_KEEP = "\u200d\ufe0f"  # joiners inside emoji


def one_line(text: str, limit: int = SHORT) -> str:
    """Put foreign text on one line: no controls, no direction tricks, cut at a word."""
    visible = "".join(
        char
        for char in text.replace("\n", " ").replace("\t", " ")
        if char in _KEEP or unicodedata.category(char)[0] != "C"
    )
    flat = " ".join(visible.split())
    if len(flat) <= limit:
        return flat
    return flat[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"


def quoted(text: str, limit: int = SHORT) -> str:
    """One line of what somebody said, without the handles it begins with."""
    return one_line(_HANDLES.sub("", one_line(text, 10 * limit)), limit)


def duration(minutes: float | None) -> str:
    """Return "12 min", "2 h 05", "3 days"; "not yet" when it never came."""
    if minutes is None:
        return "not yet"
    whole = round(minutes)
    if whole < 1:
        return "under 1 min"
    if whole < 60:
        return f"{whole} min"
    if whole < 24 * 60:
        hours, rest = divmod(whole, 60)
        return f"{hours} h {rest:02d}" if rest and hours < 10 else f"{round(whole / 60)} h"
    days = round(whole / (24 * 60))
    return f"{days} day{'' if days == 1 else 's'}"


def due_in(due_at: datetime, now: datetime) -> str:
    """Return "due in 40 min" or "2 h late"."""
    minutes = (due_at - now) / timedelta(minutes=1)
    return f"due in {duration(minutes)}" if minutes >= 0 else f"{duration(-minutes)} late"


def count(number: int, noun: str, many: str = "") -> str:
    """Return "1 message", "4 messages"."""
    return f"{number} {noun if number == 1 else many or noun + 's'}"


def percent(share: float) -> str:
    return f"{round(share * 100)} %"


def figure(value: float) -> str:
    """Return a count without decimals, a ratio with one, and no trailing zero."""
    rounded = round(value, 1)
    return f"{value:.0f}" if value >= 10 or rounded == int(rounded) else f"{rounded}"


def listing(words: Sequence[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def sentence(text: str) -> str:
    """Capital first letter, one full stop."""
    text = text.strip().rstrip(".")
    return f"{text[0].upper()}{text[1:]}." if text else ""
