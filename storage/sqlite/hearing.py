"""Storing one message: thread, account, conversation, whom it answers, and its first work.

Messages may come in any order: an answer before its question, a child before its parent.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from connectors.model import Attachment, Kind, Message, Source, Visibility
from storage.sqlite import days, lives, people
from storage.sqlite.engine import Connection
from storage.sqlite.rows import Row, attachments_json, marks, one, value
from storage.sqlite.times import from_ms, local_day, to_ms, to_ms_or_none
from storage.sqlite.words import MAX_URL, clean, clean_integer, clean_line, clean_ref, mac

MAX_ATTACHMENTS = 20
_KINDS = frozenset(get_args(Kind))
_VISIBILITIES = frozenset(get_args(Visibility))
_ADDRESSES_US = frozenset({"mention", "comment", "reply", "quote", "direct"})
_TOMORROW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Listener:
    """What one page has in common."""

    source: Source
    now: int
    time_zone: ZoneInfo
    has_erased: bool


def tidy(message: Message, listener: Listener) -> Message:
    """Return the message as it may be kept: clean words, no time in the future."""
    if message.kind not in _KINDS or message.visibility not in _VISIBILITIES:
        raise ValueError(f"no such kind or visibility: {message.kind}, {message.visibility}")
    created_at = message.created_at
    if created_at is not None and created_at > from_ms(listener.now) + _TOMORROW:
        created_at = from_ms(listener.now)
    return replace(
        message,
        ref=clean_ref(message.ref),
        root_ref=clean_ref(message.root_ref),
        parent_ref=_tidy_ref(message.parent_ref),
        quoted_ref=_tidy_ref(message.quoted_ref),
        server_ref=_tidy_ref(message.server_ref),
        text=clean(message.text),
        content_warning=clean_line(message.content_warning),
        url=clean(message.url, MAX_URL),
        language=None if message.language is None else clean_line(message.language, 35),
        attachments=tuple(_tidy(each) for each in message.attachments[:MAX_ATTACHMENTS]),
        created_at=created_at,
    )


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


def is_history(source: Source, message: Message) -> bool:
    """Say whether nobody will answer this: nothing can be posted here, or it is too old."""
    if source.listen_only or source.login is None or source.kind == "import":
        return True
    is_dated = message.created_at is not None and source.answer_since is not None
    return is_dated and message.created_at < source.answer_since  # type: ignore[operator]


def add(conn: Connection, listener: Listener, message: Message) -> int:
    """Store a message that is new here; return its id."""
    account_id = people.meet(conn, message.platform, message.author, listener.now)
    thread_id = _thread(conn, message.platform, message.root_ref)
    if message.author.is_ours:
        return _add_ours(conn, listener, message, account_id, thread_id)
    return _add_theirs(conn, listener, message, account_id, thread_id)


def _add_theirs(
    conn: Connection, listener: Listener, message: Message, account_id: int, thread_id: int
) -> int:
    source = listener.source
    message_id = _insert(
        conn, listener, message, account_id, thread_id,
        direction="in", to_account_id=None,
        conversation_id=_their_conversation(conn, source, message, account_id, thread_id),
        state="new", history=is_history(source, message),
    )  # fmt: skip
    at = _at(message, listener.now)
    _count_day(conn, listener, message, account_id, at=at, column="in_count")
    conn.execute(
        "INSERT INTO work (stage, message_id, ready_at) VALUES ('tag', ?, ?)",
        (message_id, listener.now),
    )
    _adopt_answers(conn, listener, message, account_id)
    return message_id


def _their_conversation(
    conn: Connection, source: Source, message: Message, account_id: int, thread_id: int
) -> int | None:
    if source.login is None or message.kind not in _ADDRESSES_US:
        return None
    return conversation(conn, thread_id, account_id, source.login)


def _add_ours(
    conn: Connection, listener: Listener, message: Message, account_id: int, thread_id: int
) -> int:
    parent = _parent(conn, message)
    to_account_id, conversation_id = _addressee(conn, listener.source.login, parent)
    message_id = _insert(
        conn, listener, message, account_id, thread_id,
        direction="out", to_account_id=to_account_id, conversation_id=conversation_id,
        state="done", history=is_history(listener.source, message),
    )  # fmt: skip
    lives.note_change(conn, conversation_id, "we wrote again in this conversation")
    at = _at(message, listener.now)
    _settle_answer(conn, listener, message, parent, answer_id=message_id, at=at)
    return message_id


def _count_day(
    conn: Connection,
    listener: Listener,
    message: Message,
    account_id: int,
    *,
    at: int,
    column: days.Count,
) -> None:
    if message.created_at is not None or not is_history(listener.source, message):
        days.count(conn, account_id, local_day(at, listener.time_zone), column)


def _parent(conn: Connection, message: Message) -> Row | None:
    if message.parent_ref is None:
        return None
    found: Row | None = one(
        conn,
        "SELECT id, direction, account_id, to_account_id, thread_id, conversation_id"
        " FROM messages WHERE platform = ? AND ref = ?",
        message.platform,
        message.parent_ref,
    )
    return found


def _addressee(
    conn: Connection, login: str | None, parent: Row | None
) -> tuple[int | None, int | None]:
    """Return whom a message of ours addresses, and in which conversation."""
    if parent is None:
        return None, None
    if parent["direction"] == "out":  # we go on after ourselves
        return parent["to_account_id"], parent["conversation_id"]
    if login is None:
        return parent["account_id"], parent["conversation_id"]
    there = conversation(conn, parent["thread_id"], parent["account_id"], login)
    return parent["account_id"], there


def _settle_answer(
    conn: Connection,
    listener: Listener,
    message: Message,
    parent: Row | None,
    *,
    answer_id: int,
    at: int,
) -> None:
    if parent is None:
        return
    to_account_id = parent["account_id"] if parent["direction"] == "in" else parent["to_account_id"]
    if to_account_id is not None:
        _count_day(conn, listener, message, to_account_id, at=at, column="out_count")
    if parent["direction"] == "in":
        lives.mark_answered(conn, parent["id"], answer_id, at, listener.now)


def _adopt_answers(conn: Connection, listener: Listener, message: Message, account_id: int) -> None:
    """Tie answers of ours that came in before their question to it."""
    early = conn.execute(
        "SELECT id, at FROM messages WHERE platform = ? AND parent_ref = ?"
        " AND direction = 'out' AND state <> 'gone' ORDER BY at, id",
        (message.platform, message.ref),
    ).fetchall()
    if not early:
        return
    parent = _parent(conn, replace(message, parent_ref=message.ref))
    for answer in early:
        _, conversation_id = _addressee(conn, listener.source.login, parent)
        conn.execute(
            "UPDATE messages SET to_account_id = ?, conversation_id = ? WHERE id = ?",
            (account_id, conversation_id, answer["id"]),
        )
        _settle_answer(conn, listener, message, parent, answer_id=answer["id"], at=answer["at"])


def _thread(conn: Connection, platform: str, root_ref: str) -> int:
    found = value(
        conn, "SELECT id FROM threads WHERE platform = ? AND root_ref = ?", platform, root_ref
    )
    if found is None:
        cursor = conn.execute(
            "INSERT INTO threads (platform, root_ref) VALUES (?, ?)", (platform, root_ref)
        )
        found = cursor.lastrowid
    return int(found or 0)


def conversation(conn: Connection, thread_id: int, account_id: int, login: str) -> int:
    """Return the conversation of their account with our login in this thread."""
    found = value(
        conn,
        "SELECT id FROM conversations WHERE thread_id = ? AND account_id = ? AND login = ?",
        thread_id,
        account_id,
        login,
    )
    if found is None:
        cursor = conn.execute(
            "INSERT INTO conversations (thread_id, account_id, login) VALUES (?, ?, ?)",
            (thread_id, account_id, login),
        )
        found = cursor.lastrowid
    return int(found or 0)


def _at(message: Message, now: int) -> int:
    return now if message.created_at is None else to_ms(message.created_at)


_COLUMNS = (
    "platform", "ref", "direction", "kind", "visibility", "text", "content_warning", "language",
    "attachments", "quoted_ref", "url", "account_id", "to_account_id", "thread_id",
    "conversation_id", "parent_ref", "server_ref", "source", "login", "created_at", "seen_at",
    "at", "position", "edited_at", "state", "is_history",
)  # fmt: skip
_INSERT = f"INSERT INTO messages ({', '.join(_COLUMNS)}) VALUES ({marks(_COLUMNS)})"


def _insert(
    conn: Connection,
    listener: Listener,
    message: Message,
    account_id: int,
    thread_id: int,
    *,
    direction: str,
    to_account_id: int | None,
    conversation_id: int | None,
    state: str,
    history: bool,
) -> int:
    cursor = conn.execute(
        _INSERT,
        (
            message.platform, message.ref, direction, message.kind, message.visibility,
            message.text, message.content_warning, message.language,
            attachments_json(message.attachments), message.quoted_ref, message.url, account_id,
            to_account_id, thread_id, conversation_id, message.parent_ref, message.server_ref,
            listener.source.name, listener.source.login, to_ms_or_none(message.created_at),
            listener.now, _at(message, listener.now), clean_integer(message.position),
            to_ms_or_none(message.edited_at), state, history,
        ),
    )  # fmt: skip
    message_id = int(cursor.lastrowid or 0)
    _note_source(conn, message_id, listener, message)
    return message_id


def _note_source(conn: Connection, message_id: int, listener: Listener, message: Message) -> None:
    conn.execute(
        "INSERT INTO message_sources (message_id, source, server_ref, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (message_id, source) DO NOTHING",
        (message_id, listener.source.name, message.server_ref, listener.now),
    )


def see_again(conn: Connection, listener: Listener, known: Row, message: Message) -> None:
    """Note one more source that saw a message.

    A message first found by a listen-only source becomes answerable when a login hears it too.
    """
    _note_source(conn, known["id"], listener, message)
    source = listener.source
    is_better = known["login"] is None and source.login is not None and not source.listen_only
    if not is_better or known["direction"] == "out" or known["state"] == "gone":
        return
    history = is_history(source, message)
    there = _their_conversation(conn, source, message, known["account_id"], known["thread_id"])
    conn.execute(
        "UPDATE messages SET source = ?, login = ?, server_ref = coalesce(?, server_ref),"
        " conversation_id = ?, is_history = ?, kind = ? WHERE id = ?",
        (source.name, source.login, message.server_ref, there, history, message.kind, known["id"]),
    )
    if known["state"] == "history" and not history:
        lives.move_message(conn, known["id"], "new")
        lives.enqueue(conn, "tag", known["id"], listener.now)
