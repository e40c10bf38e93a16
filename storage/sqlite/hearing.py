"""Storing one message: thread, account, conversation, whom it answers, and its first work.

Messages may come in any order: an answer before its question, a child before its parent.
"""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from connectors.model import Message, Source
from storage.sqlite import days, lives, people
from storage.sqlite.engine import Connection
from storage.sqlite.rows import Row, attachments_json, marks, one, value
from storage.sqlite.times import local_day, to_ms, to_ms_or_none
from storage.sqlite.words import clean_integer

_ADDRESSES_US = frozenset({"mention", "comment", "reply", "quote", "direct"})


@dataclass(frozen=True, slots=True)
class Listener:
    """What one page has in common."""

    source: Source
    now: int
    time_zone: ZoneInfo
    has_erased: bool


def is_history(source: Source, message: Message) -> bool:
    """Say whether nobody will answer this: neither we nor a human by hand, or it is too old."""
    is_closed = source.listen_only or source.login is None or source.kind == "import"
    if is_closed and not source.by_hand:
        return True
    if message.created_at is None or source.answer_since is None:
        return False
    return message.created_at < source.answer_since


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
    "at", "position", "edited_at", "checked_at", "state", "is_history",
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
            to_ms_or_none(message.edited_at), listener.now, state, history,
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
