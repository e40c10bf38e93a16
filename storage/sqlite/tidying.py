"""What of a message may be kept: clean words, no time in the future, nobody who was erased."""

from dataclasses import replace
from datetime import datetime
from typing import Any, get_args

from connectors.model import Attachment, Kind, Message, Visibility
from storage.sqlite.engine import Connection
from storage.sqlite.rows import marks, one, value
from storage.sqlite.times import from_ms, to_ms
from storage.sqlite.words import MAX_URL, clean, clean_line, clean_ref, mac

MAX_ATTACHMENTS = 20
_KINDS = frozenset(get_args(Kind))
_VISIBILITIES = frozenset(get_args(Visibility))
_DAY_MS = 24 * 3600 * 1000


def tidy(message: Message, now: int) -> Message:
    """Return the message as it may be kept: clean words, no time in the future."""
    if message.kind not in _KINDS or message.visibility not in _VISIBILITIES:
        raise ValueError(f"no such kind or visibility: {message.kind}, {message.visibility}")
    tidied: dict[str, Any] = {
        "ref": clean_ref(message.ref),
        "root_ref": clean_ref(message.root_ref),
        "parent_ref": _tidy_ref(message.parent_ref),
        "quoted_ref": _tidy_ref(message.quoted_ref),
        "server_ref": _tidy_ref(message.server_ref),
        "text": clean(message.text),
        "content_warning": clean_line(message.content_warning),
        "url": clean(message.url, MAX_URL),
        "language": None if message.language is None else clean_line(message.language, 35),
        "attachments": tuple(_tidy(each) for each in message.attachments[:MAX_ATTACHMENTS]),
        "created_at": _not_in_future(message.created_at, now),
    }
    changed = {name: after for name, after in tidied.items() if after != getattr(message, name)}
    return replace(message, **changed) if changed else message


def _not_in_future(created_at: datetime | None, now: int) -> datetime | None:
    if created_at is not None and to_ms(created_at) > now + _DAY_MS:
        return from_ms(now)
    return created_at


def _tidy_ref(ref: str | None) -> str | None:
    return None if ref is None else clean_ref(ref)


def _tidy(attachment: Attachment) -> Attachment:
    return Attachment(
        clean_line(attachment.kind), clean(attachment.url, MAX_URL), clean(attachment.alt, 2_000)
    )


def erasure_key(conn: Connection) -> str:
    return str(value(conn, "SELECT value FROM settings WHERE name = 'erasure_key'") or "")


def erasure_mac(key: str, platform: str, ref: str) -> str:
    return mac(key, f"{platform}\n{ref}")


def is_erased(conn: Connection, message: Message) -> bool:
    """Say whether the message, or who wrote it, was erased: then it is not taken again."""
    key = erasure_key(conn)
    refs = (message.ref, clean_ref(message.author.ref))
    macs = [erasure_mac(key, message.platform, ref) for ref in refs]
    return one(conn, f"SELECT 1 FROM erased WHERE mac IN ({marks(macs)})", *macs) is not None
