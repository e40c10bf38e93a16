"""From what Reddit says to our nouns: pure functions over its JSON (asked for with raw_json=1).

A thing is named by its fullname: t1_ a comment, t3_ a post; a thread's root is its post. Texts are
the Markdown that people wrote. What cannot be read raises KeyError, TypeError or ValueError; the
caller makes that an Unreadable. Not here: asking.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.contract import UnexpectedAnswer
from connectors.model import Attachment, Author, Kind, Message, Posted, Unreadable

PLATFORM = "reddit"
BROKEN = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
WWW = "https://www.reddit.com"
GONE = ("[deleted]", "[removed]", "[ Removed by Reddit ]")
_FULLNAME = re.compile(r"t[1-6]_[0-9a-z]{1,16}", re.IGNORECASE)
_LINK_IN = re.compile(r"/comments/([0-9a-z]+)", re.IGNORECASE)
_FROM_INBOX: Mapping[str, Kind] = {
    "username_mention": "mention", "post_reply": "comment", "comment_reply": "reply",
}  # fmt: skip

Thing = Mapping[str, Any]  # {"kind": "t1", "data": {...}}


@dataclass(frozen=True, slots=True)
class Us:
    """Our account, and the names of colleagues who answer as the brand."""

    name: str
    ref: str = ""
    team: Collection[str] = ()

    def is_us(self, told: Mapping[str, Any]) -> bool:
        name = str(told.get("author") or "").casefold()
        is_same = bool(self.ref) and told.get("author_fullname") == self.ref
        return is_same or name == self.name.casefold() or name in self.team


def is_fullname(ref: str) -> bool:
    return _FULLNAME.fullmatch(ref) is not None


def children(told: Any) -> tuple[list[Any], str | None]:
    """Return the rows of a listing and what stands after them. Raises UnexpectedAnswer."""
    try:
        rows, further = told["data"]["children"], told["data"].get("after")
    except (KeyError, TypeError, AttributeError) as error:
        raise UnexpectedAnswer("this is no listing", raw=str(told)[:4000]) from error
    if not isinstance(rows, list):
        raise UnexpectedAnswer("a listing without rows", raw=str(told)[:4000])
    return rows, further if isinstance(further, str) and further else None


def place(thing: Any) -> tuple[int, str]:
    """Return when a thing was made (seconds since 1970) and its fullname."""
    return int(thing["data"]["created_utc"]), _text(thing["data"]["name"])


def is_ours_to_read(thing: Any) -> bool:
    """Tell posts and comments from the rest of an inbox: private messages are not listened to."""
    return bool(thing["kind"] in ("t1", "t3"))


def author(told: Mapping[str, Any], us: Us) -> Author:
    """Read who wrote a thing. Names never change hands; accounts of old times lack their id."""
    name = _text(told["author"])
    return Author(
        ref=str(told.get("author_fullname") or f"u/{name}"),
        handle=name,
        url=f"{WWW}/user/{name}",
        is_ours=us.is_us(told),
        is_bot=name == "AutoModerator",
    )


def message(thing: Thing, us: Us, kind: Kind | None = None) -> Message:
    """Read a post or a comment, from whatever listing it stands in."""
    told = thing["data"]
    is_post = thing["kind"] == "t3"
    root = _text(told["name"]) if is_post else link_of(told)
    return Message(
        platform=PLATFORM,
        ref=_text(told["name"]),
        author=author(told, us),
        text=_words_of_post(told) if is_post else _text(told["body"]),
        kind=kind or _kind(thing, us),
        root_ref=root,
        created_at=moment(told["created_utc"]),
        parent_ref=None if is_post else _text(told["parent_id"]),
        url=url_of(told, root),
        attachments=_attachments(told) if is_post else (),
        edited_at=moment(told["edited"]) if _is_time(told.get("edited")) else None,
    )


def link_of(told: Mapping[str, Any]) -> str:
    """Return the post that a comment stands under; an inbox names it in an address only."""
    if told.get("link_id"):
        return _text(told["link_id"])
    parent = _text(told["parent_id"])
    if parent.startswith("t3_"):
        return parent
    found = _LINK_IN.search(_text(told["context"]))
    if found is None:
        raise ValueError("a comment that names no post")
    return f"t3_{found[1].lower()}"


def is_gone(thing: Thing) -> bool:
    """Tell whether its author or a moderator took a thing away, or the author's account is gone.

    Without its account a text must go too: Reddit Data API terms, content of deleted accounts.
    """
    told = thing["data"]
    words = told.get("body") if thing["kind"] == "t1" else told.get("selftext")
    is_away = str(words).strip() in GONE or bool(told.get("removed_by_category"))
    return is_away or told["author"] in (None, "[deleted]")


def posted(thing: Thing) -> Posted:
    told = thing["data"]
    return Posted(
        ref=_text(told["name"]),
        url=url_of(told, link_of(told)),
        server_ref=None,
        created_at=moment(told["created_utc"]),
        text=_text(told["body"]),
    )


def url_of(told: Mapping[str, Any], root: str) -> str:
    """Return the page of a thing."""
    path = told.get("permalink") or str(told.get("context") or "").partition("?")[0]
    if isinstance(path, str) and path.startswith("/"):
        return WWW + path
    return f"{WWW}/comments/{root.removeprefix('t3_')}/_/{told['id']!s}"


def unreadable(raw: Any, error: Exception) -> Unreadable:
    return Unreadable(json.dumps(raw, ensure_ascii=False)[:100_000], f"{error!r}")


def moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)


def tree(rows: Sequence[Any]) -> tuple[list[Any], list[Mapping[str, Any]]]:
    """Flatten the comments under a node; also return the places where Reddit left some out."""
    found: list[Any] = []
    more: list[Mapping[str, Any]] = []
    waiting = list(rows)
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, dict) and one.get("kind") == "more":
            more.append(one.get("data") or {})
            continue
        found.append(one)
        waiting += _replies(one)
    return found, more


def _replies(thing: Any) -> list[Any]:
    replies = thing.get("data") if isinstance(thing, dict) else None
    under = replies.get("replies") if isinstance(replies, dict) else None
    try:
        return children(under)[0] if isinstance(under, dict) else []
    except UnexpectedAnswer:
        return []


def _kind(thing: Thing, us: Us) -> Kind:
    if thing["kind"] == "t3":
        return "post"
    told = thing["data"]
    if us.is_us(told):
        return "reply"
    from_inbox = _FROM_INBOX.get(str(told.get("type")))
    return from_inbox or ("comment" if str(told["parent_id"]).startswith("t3_") else "reply")


def _words_of_post(told: Mapping[str, Any]) -> str:
    words = _text(told.get("selftext") or "")
    return f"{_text(told['title'])}\n\n{words}".strip()


def _attachments(told: Mapping[str, Any]) -> tuple[Attachment, ...]:
    url = told.get("url")
    if told.get("is_self") or not isinstance(url, str) or not url.startswith("http"):
        return ()
    return (Attachment("image" if told.get("post_hint") == "image" else "link", url),)


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text was expected, not {value!r}")
    return value
