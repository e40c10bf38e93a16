"""Cleaning words before they are kept, and turning a query into safe search terms.

Cleaning is for what a database cannot hold or compare: NUL, lone surrogates, endless text,
several spellings of one letter. It is not for what a model or a page wants to see.
"""

import hashlib
import hmac
import re
import unicodedata

MAX_BYTES = 100_000
MAX_LINE = 500
MAX_URL = 4_000
CUT_MARK = " […cut]"
MAX_INTEGER = 2**63 - 1
_TERM = re.compile(r"\w+", re.UNICODE)
_MAX_TERMS = 12


def clean(text: str, limit: int = MAX_BYTES) -> str:
    """Return storable text: no NUL, no lone surrogate, NFC, at most `limit` bytes with a mark."""
    if text.isascii() and len(text) <= limit:
        return text.replace("\0", "") if "\0" in text else text
    # Far too long input is cut before the costly steps; a character has at most four bytes.
    whole = text[: limit + 1].replace("\0", "")
    whole = whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    raw = unicodedata.normalize("NFC", whole).encode()
    if len(raw) <= limit and len(text) <= limit + 1:
        return raw.decode()
    return raw[: limit - len(CUT_MARK.encode())].decode(errors="ignore") + CUT_MARK


def clean_line(text: str, limit: int = MAX_LINE) -> str:
    return clean(text, limit)


def clean_ref(ref: str) -> str:
    """Return a ref that fits a key; one that had to be cut stays unique by its hash."""
    if ref.isascii() and len(ref) <= MAX_LINE and "\0" not in ref:
        return ref
    cleaned = clean(ref, MAX_URL)
    if len(cleaned) <= MAX_LINE:
        return cleaned
    return cleaned[:400] + "#" + hashlib.sha256(ref.encode(errors="replace")).hexdigest()


def clean_integer(number: int | None) -> int | None:
    return None if number is None else max(-MAX_INTEGER, min(MAX_INTEGER, int(number)))


def text_hash(text: str) -> str:
    """Name a text by its SHA-256; what a reviewer saw is compared with what is stored."""
    return hashlib.sha256(clean(text).encode()).hexdigest()


def mac(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def search_terms(query: str) -> str:
    """Turn any input into an FTS5 query of quoted words; "" when no word is in it."""
    words = _TERM.findall(clean(query, 1_000))[:_MAX_TERMS]
    quoted = [f'"{word}"' for word in words]
    if quoted and not query.endswith((" ", '"')):
        quoted[-1] += "*"  # the last word may still be in the typing
    return " ".join(quoted)


def like_pattern(query: str) -> str:
    """Return an infix LIKE pattern for folded columns, to be used with ESCAPE '!'."""
    escaped = re.sub(r"([!%_])", r"!\1", fold(clean(query, MAX_LINE)))
    return f"%{escaped}%"
