"""Tags: what each model version said, what people corrected, and what therefore holds now."""

import json
from collections.abc import Mapping

from nlp.model import Flag, Scored, Tags, Vector
from storage.model import Message, Work
from storage.sqlite import audit, days, lives, rows, working
from storage.sqlite.engine import Connection
from storage.sqlite.rows import one
from storage.states import MessageState
from storage.store import NotFound

CORRECTABLE = ("sentiment", "intents", "offensive", "crisis", "needs_reply")
_FLAGS = ("offensive", "crisis", "needs_reply")
_COLUMNS = (
    "message_id", "model", "language", "sentiment", "sentiment_p", "intents", "offensive",
    "offensive_p", "crisis", "crisis_p", "needs_reply", "needs_reply_p", "emotion", "emotion_p",
)  # fmt: skip


def save(
    conn: Connection,
    work: Work,
    tags: Tags,
    vector: Vector | None,
    now: int,
    *,
    state: MessageState,
    answer_by_at: int | None,
    reason: str,
) -> bool:
    if not working.finish(conn, work):
        return False
    message_id = work.message_id
    _store(conn, message_id, tags, now)
    hold_current(conn, message_id, tags)
    conn.execute("UPDATE messages SET answer_by_at = ? WHERE id = ?", (answer_by_at, message_id))
    after = _effective_state(conn, message_id, state)
    lives.move_message(conn, message_id, after, reason=reason)
    if after == "waiting":
        lives.enqueue(conn, "suggest", message_id, now)
    if vector is not None:
        working.keep_vector(conn, message_id, vector)
    return True


def _effective_state(conn: Connection, message_id: int, state: MessageState) -> MessageState:
    """History stays history, and what is answered or has a reply on its way is done."""
    row = one(conn, "SELECT state, is_history, answer_id FROM messages WHERE id = ?", message_id)
    before: MessageState = row["state"]
    if before == "gone":
        return "gone"
    if row["is_history"]:
        return "history" if before in {"new", "waiting", "history"} else before
    if row["answer_id"] is not None or lives.has_open_reply(conn, message_id):
        return "done"
    return state


def _store(conn: Connection, message_id: int, tags: Tags, now: int) -> None:
    columns = (*_COLUMNS, "at")
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns[2:])
    conn.execute(
        f"INSERT INTO tags ({', '.join(columns)}) VALUES ({rows.marks(columns)})"
        f" ON CONFLICT (message_id, model) DO UPDATE SET {updates}",
        (*_values(message_id, tags), now),
    )


def _values(message_id: int, tags: Tags) -> tuple[object, ...]:
    flags = [
        part
        for flag in (tags.offensive, tags.crisis, tags.needs_reply)
        for part in ((None, None) if flag is None else (int(flag.value), flag.probability))
    ]
    intents = json.dumps([[each.label, each.probability] for each in tags.intents])
    return (
        message_id, tags.model, tags.language, *_scored(tags.sentiment), intents, *flags,
        *_scored(tags.emotion),
    )  # fmt: skip


def _scored(scored: Scored | None) -> tuple[str | None, float | None]:
    return (None, None) if scored is None else (scored.label, scored.probability)


def hold_current(conn: Connection, message_id: int, tags: Tags) -> None:
    """Let these tags hold from now on, with every correction by people on top."""
    changes = _corrections_of(conn, message_id)
    after = corrected(tags, changes)
    before = one(conn, "SELECT sentiment FROM current_tags WHERE message_id = ?", message_id)
    intent = after.intents[0].label if after.intents else None
    columns = (*_COLUMNS, "intent", "is_corrected")
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
    conn.execute(
        f"INSERT INTO current_tags ({', '.join(columns)}) VALUES ({rows.marks(columns)})"
        f" ON CONFLICT (message_id) DO UPDATE SET {updates}",
        (*_values(message_id, after), intent, bool(changes)),
    )
    sentiment = None if after.sentiment is None else after.sentiment.label
    days.recount_sentiment(conn, message_id, before and before["sentiment"], sentiment)


def corrected(tags: Tags, changes: Mapping[str, object]) -> Tags:
    """Return the tags as people see them: a human's word has probability 1."""
    fields = {
        "language": tags.language,
        "model": tags.model,
        "sentiment": tags.sentiment,
        "intents": tags.intents,
        "emotion": tags.emotion,
        **{name: getattr(tags, name) for name in _FLAGS},
    }
    if changes.get("sentiment") is not None:
        fields["sentiment"] = Scored(str(changes["sentiment"]), 1.0)
    intents = changes.get("intents")
    if isinstance(intents, (list, tuple)):
        fields["intents"] = tuple(Scored(str(label), 1.0) for label in intents)
    for name in _FLAGS:
        if changes.get(name) is not None:
            is_true = bool(changes[name])
            fields[name] = Flag(is_true, 1.0 if is_true else 0.0)
    return Tags(**fields)


def correct(
    conn: Connection, message_id: int, changes: Mapping[str, object], reviewer_id: int, now: int
) -> None:
    lives.state_of(conn, message_id)
    known = {name: changes[name] for name in CORRECTABLE if name in changes}
    conn.execute(
        "INSERT INTO corrections (message_id, changes, reviewer_id, at) VALUES (?, ?, ?, ?)",
        (message_id, json.dumps(known), reviewer_id, now),
    )
    actor = audit.reviewer_actor(reviewer_id)
    audit.record(conn, now, actor, "corrected", ("message", message_id), detail=",".join(known))
    raw = one(
        conn,
        "SELECT g.* FROM tags g JOIN current_tags c ON c.message_id = g.message_id"
        " AND c.model = g.model WHERE g.message_id = ?",
        message_id,
    )
    if raw is not None:
        hold_current(conn, message_id, rows.tags(raw))


def _corrections_of(conn: Connection, message_id: int) -> dict[str, object]:
    """Return what holds after all corrections; a later one wins field by field."""
    found = conn.execute(
        "SELECT changes FROM corrections WHERE message_id = ? ORDER BY id", (message_id,)
    ).fetchall()
    merged: dict[str, object] = {}
    for row in found:
        merged |= json.loads(row["changes"])
    return merged


def corrections(conn: Connection) -> list[tuple[Message, dict[str, object]]]:
    """Return every corrected message that still has its words."""
    messages = rows.messages(
        conn,
        "WHERE m.id IN (SELECT message_id FROM corrections) AND m.state <> 'gone' ORDER BY m.id",
    )
    if not messages:
        return []
    return [(each, _corrections_of(conn, each.id)) for each in messages]


def require_message(conn: Connection, message_id: int) -> Message:
    found = rows.messages(conn, "WHERE m.id = ?", message_id)
    if not found:
        raise NotFound(f"there is no message {message_id}")
    return found[0]
