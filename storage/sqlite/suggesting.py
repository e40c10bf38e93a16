"""Suggestions: options with their evidence, or silence with its reason."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from storage.model import Draft, Evidence, Option, Suggestion, Work
from storage.sqlite import audit, lives, rows, working
from storage.sqlite.engine import Connection
from storage.sqlite.rows import Row, value
from storage.sqlite.times import from_ms
from storage.sqlite.words import clean_line

_SUGGESTABLE = frozenset({"waiting", "suggested", "snoozed"})


OPTIONS = """
SELECT o.*, b.body, b.evidence, b.hash FROM suggestion_options o JOIN texts b ON b.id = o.text_id
"""


def save(
    conn: Connection, work: Work, drafts: Sequence[Draft], now: int, *, silence: str, reason: str
) -> Suggestion | None:
    if not working.finish(conn, work):
        return None
    message_id = work.message_id
    if lives.state_of(conn, message_id) not in _SUGGESTABLE:
        return None  # answered, decided or deleted while the drafters were thinking
    return open_new(conn, message_id, drafts, now, silence=silence, reason=reason)


def open_new(
    conn: Connection,
    message_id: int,
    drafts: Sequence[Draft],
    now: int,
    *,
    silence: str,
    reason: str,
) -> Suggestion:
    """Supersede the open suggestion by a new one, and let the message wait for a human with it."""
    lives.end_suggestion(conn, message_id, "superseded")
    version = value(
        conn,
        "SELECT coalesce(max(version), 0) + 1 FROM suggestions WHERE message_id = ?",
        message_id,
    )
    cursor = conn.execute(
        "INSERT INTO suggestions (message_id, version, state, silence, reason, created_at,"
        " is_silent) VALUES (?, ?, 'open', ?, ?, ?, ?)",
        (message_id, version, clean_line(silence, 2_000), clean_line(reason, 2_000), now,
         not drafts),
    )  # fmt: skip
    suggestion_id = int(cursor.lastrowid or 0)
    for number, draft in enumerate(drafts, start=1):
        _add_option(conn, suggestion_id, message_id, number, draft)
    if lives.state_of(conn, message_id) != "snoozed":
        lives.move_message(conn, message_id, "suggested" if drafts else "waiting")
    return suggestions(conn, "WHERE s.id = ?", suggestion_id)[0]


def _add_option(
    conn: Connection, suggestion_id: int, message_id: int, number: int, draft: Draft
) -> None:
    text_id = audit.store_text(
        conn, draft.text, message_id=message_id, evidence=evidence_json(draft.evidence)
    )
    conn.execute(
        "INSERT INTO suggestion_options (suggestion_id, number, text_id, drafter, confidence,"
        " label, lane_key) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (suggestion_id, number, text_id, draft.drafter, draft.confidence, clean_line(draft.label),
         clean_line(draft.lane_key)),
    )  # fmt: skip
    for evidence in draft.evidence:
        _note_quote(conn, text_id, evidence)


def _note_quote(conn: Connection, text_id: int, evidence: Evidence) -> None:
    if evidence.kind == "memory" and evidence.ref.isdecimal() and len(evidence.ref) < 19:
        conn.execute(
            "INSERT INTO quotes (text_id, quoted_id) SELECT ?, id FROM messages WHERE id = ?"
            " ON CONFLICT DO NOTHING",
            (text_id, int(evidence.ref)),
        )


def reopen(conn: Connection, suggestion_id: int | None, message_id: int, now: int) -> bool:
    """Offer an ended suggestion again as a new version, after an undo."""
    found = suggestions(conn, "WHERE s.id = ?", suggestion_id)
    if not found or not found[0].options:
        return False
    drafts = [
        Draft(
            text=each.text,
            drafter=each.drafter,  # type: ignore[arg-type]
            confidence=each.confidence,
            label=each.label,
            evidence=each.evidence,
            lane_key=each.lane_key,
        )
        for each in found[0].options
    ]
    open_new(conn, message_id, drafts, now, silence="", reason=found[0].reason)
    return True


def newest_for(conn: Connection, message_ids: Sequence[int]) -> dict[int, Suggestion]:
    """Return the open suggestion of each message, or else the one that a reply was made of."""
    found = suggestions(
        conn,
        f"WHERE s.message_id IN ({rows.marks(message_ids)}) AND s.state IN ('open', 'taken')"
        " ORDER BY s.version",
        *message_ids,
    )
    return {each.message_id: each for each in found}


def evidence_json(evidence: Iterable[Evidence]) -> str:
    return json.dumps([asdict(each) for each in evidence], ensure_ascii=False)


def option(row: Row) -> Option:
    return Option(
        number=row["number"],
        text=row["body"],
        hash=row["hash"],
        drafter=row["drafter"],
        confidence=row["confidence"],
        label=row["label"],
        evidence=tuple(Evidence(**each) for each in json.loads(row["evidence"])),
        lane_key=row["lane_key"],
    )


def suggestions(conn: Connection, tail: str, *values: object) -> list[Suggestion]:
    """Return suggestions with their options, in two statements however many there are."""
    found = conn.execute(f"SELECT s.* FROM suggestions s {tail}", values).fetchall()
    ids = [row["id"] for row in found]
    if not ids:
        return []
    options: dict[int, list[Option]] = {each: [] for each in ids}
    sql = f"{OPTIONS} WHERE o.suggestion_id IN ({rows.marks(ids)}) ORDER BY o.number"
    for row in conn.execute(sql, ids).fetchall():
        options[row["suggestion_id"]].append(option(row))
    return [_suggestion(row, options[row["id"]]) for row in found]


def _suggestion(row: Row, options: list[Option]) -> Suggestion:
    return Suggestion(
        id=row["id"],
        message_id=row["message_id"],
        version=row["version"],
        state=row["state"],
        options=tuple(options),
        silence=row["silence"],
        reason=row["reason"],
        created_at=from_ms(row["created_at"]),
    )
