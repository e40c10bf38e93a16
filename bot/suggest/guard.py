"""Reads every outgoing text, whoever wrote it, and says what speaks against sending it.

Pure: text, message and settings in, findings out. A finding that blocks cannot be clicked away.
"""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.config import Config
from connectors._length import X_LINK
from connectors._platforms import length
from storage.model import Message

_LINK = re.compile(r"https?://[^\s<>\"')]+", re.IGNORECASE)
_MENTION = re.compile(r"(?<![\w@/])@([\w.@-]+\w)")
_JOINERS = "\u200d\ufe0f"  # inside emoji they are legitimate
_WHITE = "\n\r\t"
_HIDDEN = frozenset({"Cf", "Cc", "Cs"})  # format and control characters, lone surrogates
_SLOT = re.compile(r"\{[a-z_]+\}")
_EMAIL = re.compile(r"(?<![\w.+@-])[\w.+-]+@[\w-]+\.[\w.]{2,}\b")
_PHONE = re.compile(r"(?<!\d)\+?\d[\d ()-]{8,}\d(?!\d)")


@dataclass(frozen=True, slots=True)
class Finding:
    rule: str
    message: str
    blocks: bool = True


def inspect_reply(text: str, message: Message, config: Config) -> list[Finding]:
    """Return what speaks against sending `text` as the answer to `message`."""
    findings = (
        _nothing(text),
        _gone(message),
        _too_long(text, message.platform),
        _unfilled(text),
        _invisible(text),
        _links(text, config.policy.allowed_links),
        _strangers(text, message.author.handle),
        _private(text, message.visibility),
    )
    return [finding for finding in findings if finding]


def _nothing(text: str) -> Finding | None:
    return None if text.strip() else Finding("empty", "There is no text to send.")


def _gone(message: Message) -> Finding | None:
    if message.deleted_at is None:
        return None
    return Finding("gone", "They deleted their message; an answer would stand alone.")


def _too_long(text: str, platform: str) -> Finding | None:
    size = length(platform, text)
    if size.fits:
        return None
    return Finding("too_long", f"Too long: {size.used} of {size.limit} {size.unit}.")


def _unfilled(text: str) -> Finding | None:
    found = _SLOT.findall(text)
    return Finding("slot", f"{found[0]} is still unfilled.") if found else None


def _invisible(text: str) -> Finding | None:
    odd = (char for char in text if char not in _JOINERS and char not in _WHITE)
    if any(unicodedata.category(char) in _HIDDEN for char in odd):
        return Finding("invisible", "The text holds invisible or direction-changing characters.")
    return None


def _links(text: str, allowed: tuple[str, ...]) -> Finding | None:
    found = [_host(link) for link in _LINK.findall(text)]
    found += [match["host"].lower() for match in X_LINK.finditer(text)]  # linked without a scheme
    known = tuple(name.lower() for name in allowed)
    strange = sorted({name.removeprefix("www.") for name in found if not _is_under(name, known)})
    if not strange:
        return None
    where = ", ".join(strange)
    return Finding("link", f"Links to {where} are not in policy.allowed_links of byname.toml.")


def _host(link: str) -> str:
    try:
        return urlsplit(link).hostname or link
    except ValueError:  # no address at all, but somebody's browser may make one of it
        return link


def _is_under(host: str, allowed: tuple[str, ...]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in allowed)


def _strangers(text: str, handle: str) -> Finding | None:
    whole = handle.lower().lstrip("@")
    mentioned = {name.lower() for name in _MENTION.findall(_EMAIL.sub("", text))}
    others = sorted(mentioned - {whole, whole.split("@")[0]})
    if not others:
        return None
    return Finding("mention", f"@{others[0]} is not the person you answer.", blocks=False)


def _private(text: str, visibility: str) -> Finding | None:
    if visibility == "direct" or not (_PHONE.search(text) or _EMAIL.search(text)):
        return None
    return Finding("private", "This would publish a phone number or mail address.", blocks=False)
