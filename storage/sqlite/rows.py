"""From rows to nouns: every SELECT that gives back a noun, and the function that builds it.

Not for deciding which rows: callers add their own WHERE to the texts here.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from connectors.model import Attachment, MessageRef
from nlp.model import Flag, Scored, Tags
from storage.model import (
    Account,
    Decision,
    Message,
    Reply,
    Reviewer,
)
from storage.sqlite.engine import Connection
from storage.sqlite.times import from_ms, from_ms_or_none

Row = Mapping[str, Any]

ACCOUNTS = """
SELECT a.*, p.root_id FROM accounts a JOIN persons p ON p.id = a.person_id
"""

MESSAGES = """
SELECT m.*, parent.id AS parent_id,
  a.platform AS a_platform, a.ref AS a_ref, a.handle, a.name, a.url AS a_url, a.is_ours, a.is_bot,
  a.followers, a.first_seen_at, a.opted_out_at, p.root_id,
  t.model AS t_model, t.language AS t_language, t.sentiment, t.sentiment_p, t.intents, t.offensive,
  t.offensive_p, t.crisis, t.crisis_p, t.needs_reply, t.needs_reply_p, t.emotion, t.emotion_p,
  t.is_corrected
FROM messages m
JOIN accounts a ON a.id = m.account_id
JOIN persons p ON p.id = a.person_id
LEFT JOIN messages parent ON parent.platform = m.platform AND parent.ref = m.parent_ref
LEFT JOIN current_tags t ON t.message_id = m.id
"""

REPLIES = """
SELECT r.*, b.body, b.hash AS text_hash, m.platform, m.ref, m.server_ref, m.visibility,
  m.content_warning, h.root_ref, a.ref AS author_ref, a.handle AS author_handle
FROM replies r
JOIN texts b ON b.id = r.text_id
JOIN messages m ON m.id = r.message_id
JOIN threads h ON h.id = m.thread_id
JOIN accounts a ON a.id = m.account_id
"""


def one(conn: Connection, sql: str, *values: object) -> Any:
    """Return the first row, or None."""
    return conn.execute(sql, values).fetchone()


def value(conn: Connection, sql: str, *values: object) -> Any:
    """Return the first column of the first row, or None."""
    row = conn.execute(sql, values).fetchone()
    return None if row is None else row[0]


def insert(conn: Connection, table: str, **columns: object) -> int:
    """Insert one row with explicit columns; return its id. Names come from our code only."""
    names, values = ", ".join(columns), tuple(columns.values())
    cursor = conn.execute(f"INSERT INTO {table} ({names}) VALUES ({marks(values)})", values)
    return int(cursor.lastrowid or 0)


def marks(values: Sequence[object]) -> str:
    """Return as many question marks as there are values, for an IN list."""
    return ",".join("?" * len(values))


def _wide(conn: Connection, sql: str, values: Sequence[object]) -> list[Row]:
    """Return rows as dicts: sqlite3.Row compares a name with every column before it."""
    cursor = conn.cursor()
    cursor.row_factory = None
    cursor.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def account(row: Row) -> Account:
    return Account(
        id=row["id"],
        platform=row["platform"],
        ref=row["ref"],
        handle=row["handle"],
        name=row["name"],
        url=row["url"],
        person_id=row["root_id"],
        is_ours=bool(row["is_ours"]),
        is_bot=bool(row["is_bot"]),
        followers=row["followers"],
        first_seen_at=from_ms(row["first_seen_at"]),
        opted_out_at=from_ms_or_none(row["opted_out_at"]),
    )


def _author(row: Row) -> Account:
    return Account(
        id=row["account_id"],
        platform=row["a_platform"],
        ref=row["a_ref"],
        handle=row["handle"],
        name=row["name"],
        url=row["a_url"],
        person_id=row["root_id"],
        is_ours=bool(row["is_ours"]),
        is_bot=bool(row["is_bot"]),
        followers=row["followers"],
        first_seen_at=from_ms(row["first_seen_at"]),
        opted_out_at=from_ms_or_none(row["opted_out_at"]),
    )


def _scored(label: str | None, probability: float | None) -> Scored | None:
    return None if label is None else Scored(label, probability or 0.0)


def _flag(is_true: int | None, probability: float | None) -> Flag | None:
    return None if is_true is None else Flag(bool(is_true), probability or 0.0)


def tags(row: Row, *, prefix: str = "") -> Tags:
    return Tags(
        language=row[f"{prefix}language"],
        model=row[f"{prefix}model"],
        sentiment=_scored(row["sentiment"], row["sentiment_p"]),
        intents=tuple(Scored(label, p) for label, p in json.loads(row["intents"])),
        offensive=_flag(row["offensive"], row["offensive_p"]),
        crisis=_flag(row["crisis"], row["crisis_p"]),
        needs_reply=_flag(row["needs_reply"], row["needs_reply_p"]),
        emotion=_scored(row["emotion"], row["emotion_p"]),
    )


def message(row: Row) -> Message:
    return Message(
        id=row["id"],
        platform=row["platform"],
        ref=row["ref"],
        direction=row["direction"],
        kind=row["kind"],
        visibility=row["visibility"],
        text=row["text"],
        author=_author(row),
        thread_id=row["thread_id"],
        conversation_id=row["conversation_id"],
        state=row["state"],
        seen_at=from_ms(row["seen_at"]),
        created_at=from_ms_or_none(row["created_at"]),
        source=row["source"],
        parent_id=row["parent_id"],
        parent_ref=row["parent_ref"],
        server_ref=row["server_ref"],
        login=row["login"],
        url=row["url"],
        content_warning=row["content_warning"],
        language=row["language"],
        attachments=_attachments(row["attachments"]),
        quoted_ref=row["quoted_ref"],
        edited_at=from_ms_or_none(row["edited_at"]),
        deleted_at=from_ms_or_none(row["deleted_at"]),
        answer_by_at=from_ms_or_none(row["answer_by_at"]),
        reason=row["reason"],
        snoozed_until=from_ms_or_none(row["snoozed_until"]),
        position=row["position"],
        checked_at=from_ms(row["checked_at"]),
        tags=None if row["t_model"] is None else tags(row, prefix="t_"),
        is_corrected=bool(row["is_corrected"]),
    )


def messages(conn: Connection, tail: str, *values: object) -> list[Message]:
    return [message(row) for row in _wide(conn, MESSAGES + tail, values)]


def messages_by_id(conn: Connection, ids: Sequence[int]) -> dict[int, Message]:
    if not ids:  # SQLite reads the whole table to find that nothing is in an empty list
        return {}
    found = messages(conn, f"WHERE m.id IN ({marks(ids)})", *ids)
    return {each.id: each for each in found}


def _attachments(text: str) -> tuple[Attachment, ...]:
    return () if text == "[]" else tuple(Attachment(*each) for each in json.loads(text))


def attachments_json(attachments: Sequence[Attachment]) -> str:
    if not attachments:
        return "[]"
    return json.dumps([(each.kind, each.url, each.alt) for each in attachments])


def reply(row: Row) -> Reply:
    return Reply(
        id=row["id"],
        key=row["key"],
        state=row["state"],
        version=row["version"],
        message_id=row["message_id"],
        conversation_id=row["conversation_id"],
        login=row["login"],
        source=row["source"],
        parent=_parent(row),
        text=row["body"],
        text_hash=row["text_hash"],
        approved_by=row["approved_by"],
        approved_at=from_ms(row["approved_at"]),
        send_after=from_ms(row["send_after"]),
        attempts=row["attempts"],
        suggestion_id=row["suggestion_id"],
        not_before=from_ms_or_none(row["not_before"]),
        sending_at=from_ms_or_none(row["sending_at"]),
        unknown_since=from_ms_or_none(row["unknown_since"]),
        lookups=row["lookups"],
        looked_up_at=from_ms_or_none(row["looked_up_at"]),
        token=row["token"],
        reason=row["reason"],
        posted_ref=row["posted_ref"],
        posted_url=row["posted_url"],
        is_automatic=bool(row["is_automatic"]),
        content_warning=row["content_warning"],
    )


def _parent(row: Row) -> MessageRef:
    return MessageRef(
        platform=row["platform"],
        ref=row["ref"],
        root_ref=row["root_ref"],
        server_ref=row["server_ref"],
        author_ref=row["author_ref"],
        author_handle=row["author_handle"],
        visibility=row["visibility"],
    )


def replies(conn: Connection, tail: str, *values: object) -> list[Reply]:
    return [reply(row) for row in _wide(conn, REPLIES + tail, values)]


def decision(row: Row) -> Decision:
    return Decision(
        id=row["id"],
        kind=row["kind"],
        message_id=row["message_id"],
        reviewer_id=row["reviewer_id"],
        at=from_ms(row["at"]),
        reason=row["reason"],
        seconds=row["seconds"],
        reply_id=row["reply_id"],
        suggestion_id=row["suggestion_id"],
        option=row["option_number"],
        lane_key=row["lane_key"],
        edit_distance=row["edit_distance"],
    )


def reviewer(row: Row, *, prefix: str = "") -> Reviewer:
    return Reviewer(
        id=row[f"{prefix}id"],
        name=row[f"{prefix}name"],
        role=cast("Any", row[f"{prefix}role"]),
        created_at=from_ms(row[f"{prefix}created_at"]),
        disabled_at=from_ms_or_none(row[f"{prefix}disabled_at"]),
    )
