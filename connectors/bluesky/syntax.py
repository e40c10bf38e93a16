"""The AT Protocol's identifiers and times: what is one, and how ours are made.

Not here: what stands behind an identifier (api). Sources: atproto.com/specs, one page per name.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

_DID = re.compile(r"did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]")
_HANDLE = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+"
    r"[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
)
_NSID = re.compile(
    r"[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+"
    r"\.[a-zA-Z][a-zA-Z0-9]{0,62}"
)
_RECORD_KEY = re.compile(r"(?!\.\.?$)[a-zA-Z0-9_~.:-]{1,512}")
_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,20})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_LANGUAGE = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})"
    r"(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*"
    r"(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+|i-[a-z]+|en-gb-oed|sgn-(?:be-(?:fr|nl)|ch-de)",
    re.ASCII | re.IGNORECASE,
)
_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class AtUri:
    """An address: whose repository, and what in it."""

    authority: str
    collection: str = ""
    key: str = ""


def is_did(text: str) -> bool:
    return len(text) <= 2048 and _DID.fullmatch(text) is not None


def is_handle(text: str) -> bool:
    return len(text) <= 253 and _HANDLE.fullmatch(text) is not None


def is_nsid(text: str) -> bool:
    return len(text) <= 317 and _NSID.fullmatch(text) is not None


def is_record_key(text: str) -> bool:
    return _RECORD_KEY.fullmatch(text) is not None


def is_tid(text: str) -> bool:
    return _TID.fullmatch(text) is not None


def is_language(text: str) -> bool:
    return _LANGUAGE.fullmatch(text) is not None


def is_moment(text: str) -> bool:
    """Tell whether a text is a time as the protocol writes times."""
    if _MOMENT.fullmatch(text) is None or text.endswith("-00:00"):
        return False
    try:
        moment(text)
    except (ValueError, OverflowError):
        return False
    return True


def at_uri(text: str) -> AtUri:
    """Take an address apart; ValueError if it is none."""
    if not text.startswith("at://") or len(text) > 8192:
        raise ValueError(f"no at-uri: {text[:200]!r}")
    authority, *path = text.removeprefix("at://").split("/")
    fits = (
        (is_did(authority) or is_handle(authority))
        and len(path) <= 2
        and (not path or is_nsid(path[0]))
        and (len(path) < 2 or is_record_key(path[1]))
    )
    if not fits:
        raise ValueError(f"no at-uri: {text[:200]!r}")
    return AtUri(authority, *path)


def moment(text: str) -> datetime:
    """Read a time as people's clients write them; one without a zone is taken for UTC."""
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def stamp(when: datetime) -> str:
    """Write a time to the millisecond: what a store keeps, so that a repeat writes the same."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def record_key(key: str, created_at: datetime) -> str:
    """Return the record key (a TID) of a reply: the same for the same reply, whenever it is asked.

    A TID is 53 bits of microseconds and 10 bits that tell clocks apart. Below the millisecond both
    come from the reply's own key, so that two replies of one millisecond have two record keys.
    Source: atproto.com/specs/tid.
    """
    digest = int.from_bytes(sha256(key.encode()).digest()[:8], "big")
    since = created_at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    micros = since // timedelta(milliseconds=1) * 1000 + digest % 1000
    return tid(micros, digest // 1000 % 1024)


def tid(micros: int, clock_id: int) -> str:
    number = (micros & (2**53 - 1)) << 10 | clock_id & 1023
    return "".join(_SORTABLE[number >> shift & 31] for shift in range(60, -1, -5))
