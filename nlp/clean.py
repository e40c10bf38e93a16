"""What happens to a text before the tokenizer sees it; the same in training and at run time.

Emoji become words (the vocabulary knows none; a run of one emoji is one), handles and links become
one word each, hashtags in camel case are split. It never fails and never changes what is stored or
shown.
"""

import html
import re
import unicodedata
from functools import lru_cache

MAX_CHARACTERS = 2_000
_HEAD = 1_500  # of a longer text the beginning and the end are read

_URL = re.compile(r"(?:https?://|www\.)\S+|\bhttp\b", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w@])@\w[\w.@-]*")
_HASHTAG = re.compile(r"#(\w+)")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)")
_LONG_RUN = re.compile(r"([^\d\s])\1{3,}")
_SPACES = re.compile(r"\s+")
_SYMBOLS = re.compile("([\u2190-\u2bff\u3030\u303d\U0001f000-\U0001faff])\\1*")
_SILENT = re.compile("[\u200b-\u200f\u2060\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\ufffd]")


def clean(text: str) -> str:
    """The text as the model reads it; may be empty."""
    text = html.unescape(_without_broken(_cut(text)))
    text = _URL.sub(" http ", text)
    text = _HANDLE.sub(" @user ", text)
    text = _HASHTAG.sub(_split_hashtag, text)
    text = _SYMBOLS.sub(_as_words, _SILENT.sub("", text))
    text = _LONG_RUN.sub(r"\1\1\1", text)
    return _SPACES.sub(" ", text).strip()


def _cut(text: str) -> str:
    if len(text) <= MAX_CHARACTERS:
        return text
    return text[:_HEAD] + " " + text[_HEAD - MAX_CHARACTERS :]


def _without_broken(text: str) -> str:
    """Drop what is no character: lone surrogates and control codes such as NUL."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if c.isspace() else c for c in text if unicodedata.category(c) != "Cs" and _shows(c)
    )


def _shows(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) != "Cc"


def _split_hashtag(match: re.Match[str]) -> str:
    return " # " + _HUMP.sub(" ", match[1]).replace("_", " ") + " "


def _as_words(match: re.Match[str]) -> str:
    return _name_of(match[1])


@lru_cache(maxsize=4096)
def _name_of(symbol: str) -> str:
    name = unicodedata.name(symbol, "").lower()
    name = name.replace("heavy black heart", "red heart").replace("black heart suit", "red heart")
    return f" {name} " if name else " "
