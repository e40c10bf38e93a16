"""From what X says to our nouns: pure functions over its JSON.

X's specification (2.167) calls things post and repost that its documentation and its answers call
tweet and retweet: both are read. An edit is a new id on X; a post's `ref` is its first id, which
stays, and `server_ref` is the present one, where they differ. What cannot be read raises one of
BROKEN; the caller makes that an Unreadable. Not here: who an author is (people looks that up).
"""

import html
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.model import Attachment, Author, Kind, Message, Posted, Unreadable
from connectors.x.snowflake import made_at

PLATFORM = "x"
BROKEN = (KeyError, TypeError, ValueError, AttributeError, OverflowError)

_STATUS = re.compile(r"https?://(?:www\.)?(?:twitter|x)\.com/(\w+)/status/(\d+)", re.IGNORECASE)
_KINDS = {"photo": "image", "animated_gif": "image", "video": "video"}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Us:
    """Our account, and the handles of colleagues who answer as the brand."""

    id: str
    handle: str
    team: Collection[str] = ()

    def is_us(self, user_id: str, handle: str) -> bool:
        return user_id == self.id or handle.casefold() in self.team


def message(row: Row, users: Mapping[str, Row], media: Mapping[str, Row], us: Us) -> Message:
    """Read a post. `users`: whatever is known about people, by id."""
    history, number = versions(row), _number(row["id"])
    who = author(_number(row["author_id"]), users, us)
    parent = referenced(row, "replied_to")
    first = history[0]
    is_edited = len(history) > 1
    present = moment(row["created_at"]) if row.get("created_at") else made_at(int(number))
    return Message(
        platform=PLATFORM,
        ref=first,
        author=who,
        text=text_of(row),
        kind=_kind(row, who, us),
        root_ref=_number(row.get("conversation_id") or first),
        created_at=made_at(int(first)) if is_edited else present,
        parent_ref=parent,
        url=address(first, who.handle),
        language=_language(row.get("lang")),
        attachments=_attachments(row, media),
        quoted_ref=referenced(row, "quoted"),
        server_ref=number if is_edited else None,
        edited_at=present if is_edited else None,
    )


def author(user_id: str, users: Mapping[str, Row], us: Us) -> Author:
    """Return who somebody is; of whom X told nothing, only the id is known."""
    user = users.get(user_id, {})
    handle = user.get("username") or (us.handle if user_id == us.id else user_id)
    followers = (user.get("public_metrics") or {}).get("followers_count")
    return Author(
        ref=user_id,
        handle=handle,
        name=user.get("name") or "",
        url=f"https://x.com/{handle}" if user else f"https://x.com/i/user/{user_id}",
        is_ours=us.is_us(user_id, handle),
        followers=followers if isinstance(followers, int) else None,
    )


def posted(row: Row, us: Us, *, text: str | None = None) -> Posted:
    number = _number(row["id"])
    return Posted(number, address(number, us.handle), None, made_at(int(number)), text)


def is_retweet(row: Any) -> bool:
    """Tell whether a row only shows somebody else's post again."""
    return isinstance(row, dict) and referenced(row, "retweeted") is not None


def versions(row: Row) -> Sequence[str]:
    """Return all ids of a post, the oldest first."""
    told = row.get("edit_history_tweet_ids") or row.get("edit_history_post_ids") or [row["id"]]
    return [_number(one) for one in told]


def referenced(row: Row, how: str) -> str | None:
    """Return the id of the post that a row answers, quotes or shows again."""
    told = row.get("referenced_tweets") or row.get("referenced_posts")
    for one in told if isinstance(told, list) else ():
        if one["type"] == how:
            return _number(one["id"])
    return None


def text_of(row: Row) -> str:
    """Return what people read: the whole text, links spelled out, without those of media."""
    note, quoted = _note(row), referenced(row, "quoted")
    text = _string(note["text"] if note else row["text"])
    for one in entities(row, "urls"):
        short, long = one.get("url"), one.get("expanded_url") or one.get("url") or ""
        found = _STATUS.match(long)
        is_shown = one.get("media_key") or (found and found[2] == quoted)
        if short:
            text = text.replace(short, "" if is_shown else long)
    return html.unescape(text).strip()


def entities(row: Row, name: str) -> list[Row]:
    """Return what X found in a text: urls, mentions, of the whole text where it is long."""
    note = _note(row)
    sources = [row.get("entities"), note.get("entities") if note else None]
    found = [one[name] for one in sources if isinstance(one, dict) and one.get(name)]
    return [one for rows in found for one in rows if isinstance(one, dict)]


def mentions_us(row: Row, us: Us) -> bool:
    """Tell whether a post mentions our account, wherever in its text."""
    return any(
        one.get("id") == us.id or str(one.get("username", "")).casefold() == us.handle.casefold()
        for one in entities(row, "mentions")
    )


def quotes_us(row: Row, us: Us) -> bool:
    """Tell whether a post quotes one of ours, by the address at its end."""
    quoted = referenced(row, "quoted")
    found = (_STATUS.match(one.get("expanded_url") or "") for one in entities(row, "urls"))
    return quoted is not None and any(
        one is not None and one[2] == quoted and one[1].casefold() == us.handle.casefold()
        for one in found
    )


def address(ref: str, handle: str = "") -> str:
    """Return where a post is seen; X finds it by its id alone."""
    name = handle if handle and not handle.isdecimal() else "i"
    return f"https://x.com/{name}/status/{ref}"


def unreadable(raw: Any, reason: object) -> Unreadable:
    why = reason if isinstance(reason, str) else repr(reason)
    return Unreadable(json.dumps(raw, ensure_ascii=False)[:100_000], why)


def moment(value: str) -> datetime:
    read = datetime.fromisoformat(value)
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def _kind(row: Row, who: Author, us: Us) -> Kind:
    parent = referenced(row, "replied_to")
    if who.is_ours:
        return "reply" if parent else "post"
    if quotes_us(row, us):
        return "quote"
    if row.get("in_reply_to_user_id") == us.id:
        return "comment" if parent == row.get("conversation_id") else "reply"
    return "mention"


def _note(row: Row) -> Row | None:
    note = row.get("note_tweet") or row.get("note_post")
    return note if isinstance(note, dict) and note.get("text") else None


def _attachments(row: Row, media: Mapping[str, Row]) -> tuple[Attachment, ...]:
    keys = (row.get("attachments") or {}).get("media_keys") or ()
    return tuple(_attachment(media[one]) for one in keys if one in media)


def _attachment(told: Row) -> Attachment:
    kind = _KINDS.get(told["type"], _string(told["type"]))
    url = told.get("url") or told.get("preview_image_url") or ""
    return Attachment(kind, url, told.get("alt_text") or "")


def _language(value: Any) -> str | None:
    """Return the language X claims; its own names for none (qam, und, zxx...) say nothing."""
    is_real = isinstance(value, str) and len(value.split("-")[0]) == 2
    return value if is_real else None


def _number(value: Any) -> str:
    if not isinstance(value, str) or not value.isdecimal():
        raise TypeError(f"an id was expected, not {value!r}")
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text was expected, not {value!r}")
    return value
