"""Erasing a person: their words, their names, and what we wrote to them.

What stays is a tombstone without words and an HMAC of platform and ref, so that what a platform
sends again is dropped unread. finish() then takes the words out of the files; until it has run,
a deleted word is still there to be found with grep.
"""

import time

from storage.sqlite import audit, changing, hearing, lives, people
from storage.sqlite.engine import Connection
from storage.sqlite.rows import Row
from storage.store import StoreError

_ERASED = "erased:"
_CHECKPOINT_SECONDS = 20.0


def erase_person(conn: Connection, person_id: int, by: str, now: int) -> int:
    root = people.root_of(conn, person_id)
    accounts = conn.execute(
        "SELECT a.* FROM accounts a JOIN persons p ON p.id = a.person_id"
        " WHERE p.root_id = ? AND a.is_ours = 0",
        (root,),
    ).fetchall()
    erased = sum(_erase_account(conn, row, now) for row in accounts)
    conn.execute(
        "UPDATE merges SET reason = '' WHERE keep_id IN (SELECT id FROM persons WHERE root_id = ?)"
        " OR other_id IN (SELECT id FROM persons WHERE root_id = ?)",
        (root, root),
    )
    audit.record(conn, now, by, "erased", ("person", root), detail=f"{erased} messages")
    return erased


def _erase_account(conn: Connection, account: Row, now: int) -> int:
    theirs = _ids(conn, "SELECT id FROM messages WHERE account_id = ?", account["id"])
    ours = _ids(conn, "SELECT id FROM messages WHERE to_account_id = ?", account["id"])
    for message_id in theirs + ours:
        _erase_message(conn, message_id, now)
    for message_id in theirs:
        _forget_ref(conn, message_id, now)
    _forget_account(conn, account, now)
    return len(theirs)


def _ids(conn: Connection, sql: str, account_id: int) -> list[int]:
    return [row["id"] for row in conn.execute(sql, (account_id,)).fetchall()]


def _erase_message(conn: Connection, message_id: int, now: int) -> None:
    # A reply that only a human can settle would keep its words for ever; end it here.
    changing.stop_replies(conn, message_id, ("needs_human",), "withdrawn", reason="erased", now=now)
    if lives.state_of(conn, message_id) != "gone":
        changing.bury(conn, message_id, now, "erased", actor="store")
    else:
        changing.erase_words(conn, message_id, now)
    conn.execute("UPDATE decisions SET reason = '' WHERE message_id = ?", (message_id,))
    conn.execute("UPDATE replies SET reason = '' WHERE message_id = ?", (message_id,))


def _forget_ref(conn: Connection, message_id: int, now: int) -> None:
    """Replace a ref, which names its author on some platforms, wherever it stands."""
    row = conn.execute("SELECT platform, ref FROM messages WHERE id = ?", (message_id,)).fetchone()
    platform, ref = row["platform"], row["ref"]
    if ref.startswith(_ERASED):
        return
    anonymous = _remember_erasure(conn, platform, ref, now)
    conn.execute(
        "UPDATE messages SET ref = ?, server_ref = NULL WHERE id = ?", (anonymous, message_id)
    )
    conn.execute(
        "UPDATE messages SET parent_ref = ? WHERE platform = ? AND parent_ref = ?",
        (anonymous, platform, ref),
    )
    conn.execute(
        "UPDATE messages SET quoted_ref = NULL WHERE platform = ? AND quoted_ref = ?",
        (platform, ref),
    )
    conn.execute(
        "UPDATE threads SET root_ref = ? WHERE platform = ? AND root_ref = ?",
        (anonymous, platform, ref),
    )
    conn.execute("UPDATE message_sources SET server_ref = NULL WHERE message_id = ?", (message_id,))


def _remember_erasure(conn: Connection, platform: str, ref: str, now: int) -> str:
    """Note the HMAC of what was erased; return the name that stands for it from now on."""
    mac = hearing.erasure_mac(hearing.erasure_key(conn), platform, ref)
    conn.execute(
        "INSERT INTO erased (mac, at) VALUES (?, ?) ON CONFLICT (mac) DO NOTHING", (mac, now)
    )
    return _ERASED + mac


def _forget_account(conn: Connection, account: Row, now: int) -> None:
    account_id = account["id"]
    names = [each for each in (account["ref"], account["handle"], account["name"]) if each]
    for name in names:  # quarantine holds answers of platforms as they came
        conn.execute("DELETE FROM rejects WHERE instr(raw, ?) > 0", (name,))
    if not account["ref"].startswith(_ERASED):
        anonymous = _remember_erasure(conn, account["platform"], account["ref"], now)
        conn.execute(
            "UPDATE accounts SET ref = ?, handle = '', name = '', folded = '', url = '',"
            " followers = NULL, erased_at = ? WHERE id = ?",
            (anonymous, now, account_id),
        )
    conn.execute("DELETE FROM notes WHERE account_id = ?", (account_id,))
    conn.execute(
        "UPDATE texts SET body = '', hash = '', salt = '', erased_at = ? WHERE account_id = ?",
        (now, account_id),
    )
    conn.execute("DELETE FROM account_days WHERE account_id = ?", (account_id,))


def finish(conn: Connection) -> None:
    """Take erased words out of the files; runs outside a transaction, in the writer thread."""
    conn.execute("INSERT INTO messages_fts (messages_fts) VALUES ('optimize')")
    give_up_at = time.monotonic() + _CHECKPOINT_SECONDS
    while conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] != 0:
        if time.monotonic() > give_up_at:
            raise StoreError("a reader is in the way of finishing an erasure: try again")
        time.sleep(0.05)
