"""Which language a text is in, with the declared language of its source as the default.

Under four words, or where nothing is sure, the declared language holds. English is seen by its
common words without loading anything; only a text that lacks them loads py3langid.
"""

import re
from functools import cache
from typing import Any

from nlp.clean import MAX_CHARACTERS

MIN_WORDS = 4
ENGLISH_ENOUGH = 0.25  # this share of common English words settles it
FOREIGN_UNDER = 0.5  # py3langid's probability of English
UNKNOWN = "und"

_NOISE = re.compile(r"https?://\S+|@\w+|#\w+|[\ud800-\udfff\x00]")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_LATIN_ENDS = "\u024f"
_COMMON_WORDS = """
the a an and or but if of to in on at for with from by about as into over after before than then so
not no yes don't dont can't cant won't didn't doesn't isn't i'm im i've you're it's its that's that
what's there's they're we're he's she's let's i you he she it we they me him her us them my your his
their our this these those is am are was were be been being have has had do does did will would can
could should may might must just now here there when where why how what who which all any some more
most much many very too also only still never ever always again out up down off back get got go
going gone make love like want need know think see say said time day today tomorrow tonight good
great new one please thanks thank people really because last first next week night morning year best
right way come take give help work even well why lol hey
"""
_COMMON = frozenset(_COMMON_WORDS.split())


def language_of(text: str, declared: tuple[str, ...] = ("en",)) -> str:
    """A language code; "und" for a text that is surely not in a declared language, but in which."""
    plain = _NOISE.sub(" ", text[:MAX_CHARACTERS])
    words = [word.lower().replace("\u2019", "'") for word in _WORD.findall(plain)]
    if not words:
        return declared[0]
    foreign_script = _share_beyond_latin(plain) > 0.5
    if len(words) < MIN_WORDS and not foreign_script:
        return declared[0]
    if not foreign_script and _share_common(words) >= ENGLISH_ENOUGH:
        return "en"
    return _ranked(plain, declared, foreign_script)


def _ranked(plain: str, declared: tuple[str, ...], foreign_script: bool) -> str:
    ranks = dict(_identifier().rank(plain))
    best = max(ranks, key=lambda code: ranks[code])
    if not foreign_script and ranks.get("en", 0.0) >= FOREIGN_UNDER:
        return "en"
    if best in declared or any(ranks.get(code, 0.0) >= FOREIGN_UNDER for code in declared):
        return best if best in declared else declared[0]
    return best if best != "en" else UNKNOWN


def _share_common(words: list[str]) -> float:
    return sum(word in _COMMON for word in words) / len(words)


def _share_beyond_latin(text: str) -> float:
    letters = [c for c in text if c.isalpha()]
    return sum(c > _LATIN_ENDS for c in letters) / max(len(letters), 1)


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - 1 s to load

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
