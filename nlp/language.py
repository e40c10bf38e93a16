"""Which language a text is in, with the declared language of its source as the default.

Under four words the declared language holds. Otherwise a small model of letter groups (made by
nlp/train/language.py) says how surely a text is not English; only for a text that is not, or may
not be, py3langid is loaded to say which language it is.
"""

import math
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp.clean import MAX_CHARACTERS

MIN_WORDS = 4
FOREIGN_OVER = 0.5
SHORT_FOREIGN_OVER = 0.8  # under LONG words
LONG = 8
DOUBTFUL_OVER = 0.3  # from here on py3langid is asked as well
SURELY_NOT_ENGLISH = 0.05  # its probability of English
NAMED_OVER = 0.2
UNKNOWN = "und"
BUCKETS = 1 << 14
LETTERS = (2, 3, 4)
MODEL = Path(__file__).parent / "weights" / "language.npy"

_PRIME = np.uint64(1_000_003)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_NOISE = re.compile(r"https?://\S+|@\w+|#\w+|\bhttp\b|[^\w\s'\u2019]|[\d_]")
_LATIN_ENDS = "\u024f"

Ranks = dict[str, float]


def language_of(text: str, declared: tuple[str, ...] = ("en",)) -> str:
    """A language code; "und" for a text surely not in a declared language, but in which?"""
    plain = plain_words(text)
    count = plain.count(" ") + 1
    if not plain or (count < MIN_WORDS and not _is_beyond_latin(plain)):
        return declared[0]
    share = 1.0 if _is_beyond_latin(plain) else foreign_share(plain)
    if share <= DOUBTFUL_OVER:
        return "en"
    ranks = _ranks(plain)
    over = FOREIGN_OVER if count >= LONG else SHORT_FOREIGN_OVER
    if share <= over and ranks.get("en", 0.0) >= SURELY_NOT_ENGLISH:
        return "en"
    return _named(ranks, declared)


def plain_words(text: str) -> str:
    """The words alone, in small letters: no links, handles, hashtags, digits or signs."""
    whole = text[:MAX_CHARACTERS].encode("utf-8", "ignore").decode()
    return " ".join(_NOISE.sub(" ", whole).lower().split())


def foreign_share(plain: str) -> float:
    """How surely the words are not English, from 0 to 1."""
    weights = _weights()
    if weights is None:
        return FOREIGN_OVER  # no model beside the weights: py3langid decides
    found = buckets(plain)
    score = float(weights[found].sum()) / max(len(found), 1) ** 0.5 + float(weights[BUCKETS])
    return 1 / (1 + math.exp(-score))


def buckets(plain: str) -> npt.NDArray[np.int64]:
    """Each group of two to four letters as a number; word ends count as letters."""
    codes = np.frombuffer(f" {plain} ".encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    parts = []
    for length in LETTERS:
        mixed = np.full(max(len(codes) - length + 1, 0), length, dtype=np.uint64)
        for place in range(length):
            mixed = mixed * _PRIME + codes[place : place + len(mixed)]
        parts.append((mixed * _SPREAD) >> np.uint64(64 - 14))
    return np.unique(np.concatenate(parts)).astype(np.int64)


def _named(ranks: Ranks, declared: tuple[str, ...]) -> str:
    """The likeliest language that is not English, a declared one first."""
    others = {code: share for code, share in ranks.items() if code != "en"}
    best = max(others, key=lambda code: (code in declared and others[code] > 0.1, others[code]))
    return best if others[best] >= NAMED_OVER * (1 - ranks.get("en", 0.0)) else UNKNOWN


def _is_beyond_latin(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return sum(c > _LATIN_ENDS for c in letters) > 0.5 * len(letters)


def _ranks(plain: str) -> Ranks:
    return dict(_identifier().rank(plain))


@cache
def _weights() -> npt.NDArray[np.float32] | None:
    return np.load(MODEL).astype(np.float32) if MODEL.exists() else None


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - 1 s to load

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
