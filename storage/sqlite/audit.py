"""The audit chain: each entry's hash covers the one before it.

It covers ids, states and the HMAC of a text under that text's own salt. The salt stands beside the
text and goes with it, so that erasing words leaves the chain whole and proves nothing about them.
Never put anybody's words into `detail`.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence

from storage.model import AuditEntry
from storage.sqlite.engine import Connection
from storage.sqlite.rows import Row, one
from storage.sqlite.times import from_ms
from storage.sqlite.words import clean, mac, text_hash

_WALK = 1_000


def record(
    conn: Connection,
    at: int,
    actor: str,
    act: str,
    about: tuple[str, int | None],
    *,
    detail: str = "",
    text_id: int | None = None,
) -> None:
    """Add an entry about a kind of thing and its id; call it in the transaction of the act."""
    before = one(conn, "SELECT hash FROM audit ORDER BY id DESC LIMIT 1")
    text_mac = _text_mac(conn, text_id)
    fields = (at, actor, act, *about, detail, text_mac)
    conn.execute(
        "INSERT INTO audit (at, actor, act, kind, ref_id, detail, text_mac, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*fields, _link(before["hash"] if before else "", fields)),
    )


def reviewer_actor(reviewer_id: int) -> str:
    return f"reviewer:{reviewer_id}"


def _text_mac(conn: Connection, text_id: int | None) -> str:
    row = one(conn, "SELECT salt, body FROM texts WHERE id = ?", text_id)
    return mac(row["salt"], row["body"]) if row else ""


def _link(before: str, fields: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps([before, *fields]).encode()).hexdigest()


def entries(conn: Connection, limit: int, before: int | None) -> list[AuditEntry]:
    rows = conn.execute(
        "SELECT * FROM audit WHERE ? IS NULL OR id < ? ORDER BY id DESC LIMIT ?",
        (before, before, limit),
    ).fetchall()
    return [_entry(row) for row in rows]


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        at=from_ms(row["at"]),
        actor=row["actor"],
        act=row["act"],
        kind=row["kind"],
        ref_id=row["ref_id"],
        detail=row["detail"],
        hash=row["hash"],
    )


def verify(conn: Connection) -> int | None:
    """Return the id of the first entry that does not follow from the one before it."""
    last_id, last_hash = 0, ""
    while True:
        rows = conn.execute(
            "SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?", (last_id, _WALK)
        ).fetchall()
        for row in rows:
            names = ("at", "actor", "act", "kind", "ref_id", "detail", "text_mac")
            is_next = row["id"] == last_id + 1
            if not is_next or row["hash"] != _link(last_hash, [row[name] for name in names]):
                return int(row["id"])
            last_id, last_hash = row["id"], row["hash"]
        if len(rows) < _WALK:
            return None


def store_text(
    conn: Connection,
    body: str,
    *,
    message_id: int | None = None,
    account_id: int | None = None,
    evidence: str = "[]",
) -> int:
    """Keep words in the table of words, with the salt that the chain needs; return their id."""
    body = clean(body)
    cursor = conn.execute(
        "INSERT INTO texts (message_id, account_id, body, evidence, hash, salt)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (message_id, account_id, body, evidence, text_hash(body), secrets.token_hex(16)),
    )
    return int(cursor.lastrowid or 0)
