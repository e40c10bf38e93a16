"""Erasing a person: their words, their names, and what we wrote to them.

What stays is a tombstone without words and an HMAC of platform and ref, so that what a platform
sends again is dropped unread. finish() then takes the words out of the files; until it has run,
a deleted word is still there to be found with grep.

The HMACs of erased accounts also stand in a file beside the database, the ledger. A backup that is
put back knows nothing of later erasures; replay() makes up for them when it is opened.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from storage.sqlite import audit, changing, lives, people, tidying
from storage.sqlite.engine import Connection
from storage.sqlite.rows import Row
from storage.store import StoreError

LEDGER = "erased"
_ERASED = "erased:"
_CHECKPOINT_SECONDS = 20.0


def erase_person(conn: Connection, person_id: int, by: str, now: int, *, ledger: Path) -> int:
    root = people.root_of(conn, person_id)
    accounts = conn.execute(
        "SELECT a.* FROM accounts a JOIN persons p ON p.id = a.person_id"
        " WHERE p.root_id = ? AND a.is_ours = 0",
        (root,),
    ).fetchall()
    # First the ledger: if the power fails in between, the next start completes the erasure.
    _note_in_ledger(ledger, [_mac_of(conn, row) for row in accounts])
    erased = sum(_erase_account(conn, row, now) for row in accounts)
    conn.execute(
        "UPDATE merges SET reason = '' WHERE keep_id IN (SELECT id FROM persons WHERE root_id = ?)"
        " OR other_id IN (SELECT id FROM persons WHERE root_id = ?)",
        (root, root),
    )
    audit.record(conn, now, by, "erased", ("person", root), detail=f"{erased} messages")
    return erased


def _mac_of(conn: Connection, account: Row) -> str:
    if account["ref"].startswith(_ERASED):
        return str(account["ref"]).removeprefix(_ERASED)
    return tidying.erasure_mac(tidying.erasure_key(conn), account["platform"], account["ref"])


def _note_in_ledger(ledger: Path, macs: Sequence[str]) -> None:
    handle = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, "".join(f"{mac}\n" for mac in macs).encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def replay(conn: Connection, ledger: Path, now: int) -> int:
    """Erase again who was erased after this database was copied; return how many accounts."""
    if not ledger.exists():
        return 0
    done = {row["mac"] for row in conn.execute("SELECT mac FROM erased").fetchall()}
    missing = set(ledger.read_text(encoding="ascii", errors="ignore").split()) - done
    if not missing:
        return 0
    found = conn.execute("SELECT * FROM accounts WHERE erased_at IS NULL").fetchall()
    come_back = [row for row in found if _mac_of(conn, row) in missing]
    for row in come_back:
        _erase_account(conn, row, now)
        audit.record(conn, now, "ledger", "erased", ("account", row["id"]))
    conn.executemany(
        "INSERT INTO erased (mac, at) VALUES (?, ?) ON CONFLICT (mac) DO NOTHING",
        [(mac, now) for mac in sorted(missing)],
    )
    return len(come_back)


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
    mac = tidying.erasure_mac(tidying.erasure_key(conn), platform, ref)
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
