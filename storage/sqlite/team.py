"""Reviewers, one-time links and sessions. Of a token only its SHA-256 is kept."""

import hashlib
import secrets

from storage.model import Reviewer, Role, Session
from storage.sqlite import audit, rows
from storage.sqlite.engine import Connection
from storage.sqlite.rows import Row, one
from storage.sqlite.times import from_ms
from storage.sqlite.words import clean_line
from storage.store import NotFound

_SESSIONS = """
SELECT s.*, r.id AS r_id, r.name AS r_name, r.role AS r_role, r.created_at AS r_created_at,
  r.disabled_at AS r_disabled_at
FROM sessions s JOIN reviewers r ON r.id = s.reviewer_id
"""


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def reviewer(conn: Connection, reviewer_id: int) -> Reviewer:
    row = one(conn, "SELECT * FROM reviewers WHERE id = ?", reviewer_id)
    if row is None:
        raise NotFound(f"there is no reviewer {reviewer_id}")
    return rows.reviewer(row)


def reviewers(conn: Connection) -> list[Reviewer]:
    found = conn.execute("SELECT * FROM reviewers ORDER BY id").fetchall()
    return [rows.reviewer(row) for row in found]


def add(conn: Connection, name: str, role: Role, now: int) -> Reviewer:
    cursor = conn.execute(
        "INSERT INTO reviewers (name, role, created_at) VALUES (?, ?, ?)",
        (clean_line(name), role, now),
    )
    reviewer_id = int(cursor.lastrowid or 0)
    audit.record(conn, now, "operator", "added", ("reviewer", reviewer_id), detail=role)
    return reviewer(conn, reviewer_id)


def change(
    conn: Connection, reviewer_id: int, now: int, *, role: Role | None, disabled: bool
) -> Reviewer:
    """Change a role, or disable: then every session of theirs ends at once."""
    reviewer(conn, reviewer_id)
    conn.execute(
        "UPDATE reviewers SET role = coalesce(?, role),"
        " disabled_at = CASE WHEN ? THEN coalesce(disabled_at, ?) END WHERE id = ?",
        (role, disabled, now, reviewer_id),
    )
    if disabled:
        conn.execute(
            "UPDATE sessions SET ended_at = ? WHERE reviewer_id = ? AND ended_at IS NULL",
            (now, reviewer_id),
        )
    after = reviewer(conn, reviewer_id)
    detail = "disabled" if disabled else after.role
    audit.record(conn, now, "operator", "changed", ("reviewer", reviewer_id), detail=detail)
    return after


def make_link(conn: Connection, reviewer_id: int, now: int, expires_at: int) -> str:
    reviewer(conn, reviewer_id)
    token = secrets.token_urlsafe(32)
    conn.execute(
        "INSERT INTO links (hash, reviewer_id, created_at, expires_at) VALUES (?, ?, ?, ?)",
        (_hash(token), reviewer_id, now, expires_at),
    )
    audit.record(conn, now, "operator", "link made", ("reviewer", reviewer_id))
    return token


def redeem_link(
    conn: Connection, token: str, now: int, expires_at: int
) -> tuple[str, Session] | None:
    """Use a link up and open a session, in one step: of two clicks one gets in."""
    row = one(
        conn,
        "UPDATE links SET used_at = ? WHERE hash = ? AND used_at IS NULL AND expires_at > ?"
        " AND reviewer_id IN (SELECT id FROM reviewers WHERE disabled_at IS NULL)"
        " RETURNING reviewer_id",
        now,
        _hash(token),
        now,
    )
    if row is None:
        return None
    session_token = secrets.token_urlsafe(32)
    cursor = conn.execute(
        "INSERT INTO sessions (hash, reviewer_id, csrf, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (_hash(session_token), row["reviewer_id"], secrets.token_urlsafe(24), now, expires_at),
    )
    actor = audit.reviewer_actor(row["reviewer_id"])
    audit.record(conn, now, actor, "signed in", ("session", cursor.lastrowid))
    return session_token, _session(one(conn, f"{_SESSIONS} WHERE s.id = ?", cursor.lastrowid))


def session(conn: Connection, token: str, now: int) -> Session | None:
    row = one(
        conn,
        f"{_SESSIONS} WHERE s.hash = ? AND s.ended_at IS NULL AND s.expires_at > ?"
        " AND r.disabled_at IS NULL",
        _hash(token),
        now,
    )
    return None if row is None else _session(row)


def sessions(conn: Connection, now: int) -> list[Session]:
    found = conn.execute(
        f"{_SESSIONS} WHERE s.ended_at IS NULL AND s.expires_at > ? AND r.disabled_at IS NULL"
        " ORDER BY s.id DESC",
        (now,),
    ).fetchall()
    return [_session(row) for row in found]


def end_session(conn: Connection, session_id: int, by: int, now: int) -> None:
    ended = conn.execute(
        "UPDATE sessions SET ended_at = ? WHERE id = ? AND ended_at IS NULL", (now, session_id)
    )
    if ended.rowcount:
        audit.record(conn, now, audit.reviewer_actor(by), "signed out", ("session", session_id))


def _session(row: Row) -> Session:
    return Session(
        id=row["id"],
        reviewer=rows.reviewer(row, prefix="r_"),
        csrf=row["csrf"],
        created_at=from_ms(row["created_at"]),
        expires_at=from_ms(row["expires_at"]),
    )
