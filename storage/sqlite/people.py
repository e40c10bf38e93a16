"""Accounts, the persons they belong to, and what we promised or noted about them.

A person is a set of accounts, decided by a log of merges; messages point at accounts, so a merge
and its undo rewrite no message. persons.root_id is the log's result, worked out again each time.
"""

from connectors.model import Author
from storage.model import Account, Merge, Note, Person
from storage.sqlite import audit
from storage.sqlite.engine import Connection
from storage.sqlite.rows import ACCOUNTS, Row, account, one, value
from storage.sqlite.times import from_ms, from_ms_or_none
from storage.sqlite.words import (
    MAX_URL,
    clean,
    clean_integer,
    clean_line,
    clean_ref,
    fold,
    like_pattern,
)
from storage.store import Conflict, NotFound

ACCOUNTS_OF = """
(SELECT a.id FROM accounts a JOIN persons p ON p.id = a.person_id WHERE p.root_id = ?)
"""


def meet(conn: Connection, platform: str, author: Author, now: int) -> int:
    """Return the account's id; on first sight it becomes a person of its own."""
    ref = clean_ref(author.ref)
    known = one(conn, "SELECT * FROM accounts WHERE platform = ? AND ref = ?", platform, ref)
    if known is None:
        return _first_sight(conn, platform, ref, author, now)
    _refresh(conn, known, author)
    return int(known["id"])


def _first_sight(conn: Connection, platform: str, ref: str, author: Author, now: int) -> int:
    cursor = conn.execute("INSERT INTO persons (root_id, created_at) VALUES (0, ?)", (now,))
    person_id = cursor.lastrowid
    conn.execute("UPDATE persons SET root_id = id WHERE id = ?", (person_id,))
    cursor = conn.execute(
        "INSERT INTO accounts (platform, ref, handle, name, folded, url, person_id, is_ours,"
        " is_bot, followers, first_seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (platform, ref, *_attributes(author), person_id, author.is_ours, author.is_bot,
         clean_integer(author.followers), now),
    )  # fmt: skip
    return int(cursor.lastrowid or 0)


def _attributes(author: Author) -> tuple[str, str, str, str]:
    handle, name = clean_line(author.handle), clean_line(author.name)
    return handle, name, fold(f"{handle} {name}"), clean(author.url, MAX_URL)


def _refresh(conn: Connection, known: Row, author: Author) -> None:
    """Take over a changed handle or name; an empty one says nothing."""
    handle, name, _, url = _attributes(author)
    after = (
        handle or known["handle"],
        name or known["name"],
        url or known["url"],
        known["is_ours"] or int(author.is_ours),
        known["is_bot"] or int(author.is_bot),
        known["followers"] if author.followers is None else clean_integer(author.followers),
    )
    columns = ("handle", "name", "url", "is_ours", "is_bot", "followers")
    if after == tuple(known[column] for column in columns) or known["erased_at"] is not None:
        return
    conn.execute(
        "UPDATE accounts SET handle = ?, name = ?, url = ?, is_ours = ?, is_bot = ?,"
        " followers = ?, folded = ? WHERE id = ?",
        (*after, fold(f"{after[0]} {after[1]}"), known["id"]),
    )


def root_of(conn: Connection, person_id: int) -> int:
    """Return the person that stands for this one after all merges."""
    root = value(conn, "SELECT root_id FROM persons WHERE id = ?", person_id)
    if root is None:
        raise NotFound(f"there is no person {person_id}")
    return int(root)


def require_account(conn: Connection, account_id: int) -> None:
    if one(conn, "SELECT 1 FROM accounts WHERE id = ?", account_id) is None:
        raise NotFound(f"there is no account {account_id}")


def person(conn: Connection, person_id: int) -> Person:
    root = root_of(conn, person_id)
    rows = conn.execute(f"{ACCOUNTS} WHERE p.root_id = ? ORDER BY a.id", (root,)).fetchall()
    accounts = tuple(account(row) for row in rows)
    heard = one(
        conn,
        "SELECT count(*) AS count, min(at) AS first_at, max(at) AS last_at,"
        f" count(DISTINCT thread_id) AS threads FROM messages WHERE account_id IN {ACCOUNTS_OF}",
        root,
    )
    out_count = value(
        conn, f"SELECT count(*) FROM messages WHERE to_account_id IN {ACCOUNTS_OF}", root
    )
    return Person(
        id=root,
        name=_display_name(accounts),
        accounts=accounts,
        first_at=from_ms_or_none(heard["first_at"]),
        last_at=from_ms_or_none(heard["last_at"]),
        in_count=heard["count"],
        out_count=out_count,
        conversations=heard["threads"],
        notes=tuple(_notes(conn, root)),
    )


def _display_name(accounts: tuple[Account, ...]) -> str:
    named = [each.name or each.handle for each in accounts if each.name or each.handle]
    return named[0] if named else ""


def find(conn: Connection, query: str, limit: int) -> list[Person]:
    """Find persons by a part of a handle or name, those heard last first."""
    if not query.strip():
        return _heard_last(conn, limit)
    rows = conn.execute(
        "SELECT p.root_id FROM accounts a JOIN persons p ON p.id = a.person_id"
        " WHERE a.folded LIKE ? ESCAPE '!' AND a.is_ours = 0 AND a.erased_at IS NULL"
        " GROUP BY p.root_id ORDER BY max(coalesce((SELECT max(m.at) FROM messages m"
        " WHERE m.account_id = a.id), a.first_seen_at)) DESC, p.root_id DESC LIMIT ?",
        (like_pattern(query), limit),
    ).fetchall()
    return [person(conn, row["root_id"]) for row in rows]


def _heard_last(conn: Connection, limit: int) -> list[Person]:
    """Return who spoke last, looking no further back than the last few thousand messages."""
    rows = conn.execute(
        "SELECT p.root_id, max(m.at) AS last_at FROM"
        " (SELECT account_id, at FROM messages WHERE direction = 'in' AND state <> 'gone'"
        " ORDER BY at DESC LIMIT 5000) m"
        " JOIN accounts a ON a.id = m.account_id JOIN persons p ON p.id = a.person_id"
        " WHERE a.erased_at IS NULL GROUP BY p.root_id ORDER BY last_at DESC, p.root_id DESC"
        " LIMIT ?",
        (limit,),
    ).fetchall()
    return [person(conn, row["root_id"]) for row in rows]


def of_ours(conn: Connection, is_ours: bool) -> list[Account]:
    rows = conn.execute(f"{ACCOUNTS} WHERE a.is_ours = ? ORDER BY a.id", (int(is_ours),))
    return [account(row) for row in rows.fetchall()]


_NOTES = """
SELECT n.id, n.account_id, b.body, n.at, coalesce(r.name, '') AS by_name
FROM notes n JOIN texts b ON b.id = n.text_id LEFT JOIN reviewers r ON r.id = n.reviewer_id
"""


def _notes(conn: Connection, root: int) -> list[Note]:
    sql = f"{_NOTES} WHERE n.account_id IN {ACCOUNTS_OF} ORDER BY n.id DESC"
    return [_note(row) for row in conn.execute(sql, (root,)).fetchall()]


def _note(row: Row) -> Note:
    return Note(
        id=row["id"],
        account_id=row["account_id"],
        text=row["body"],
        by=row["by_name"],
        at=from_ms(row["at"]),
    )


def add_note(conn: Connection, account_id: int, text: str, by: int, now: int) -> Note:
    require_account(conn, account_id)
    text_id = audit.store_text(conn, text, account_id=account_id)
    cursor = conn.execute(
        "INSERT INTO notes (account_id, text_id, reviewer_id, at) VALUES (?, ?, ?, ?)",
        (account_id, text_id, by, now),
    )
    actor = audit.reviewer_actor(by)
    audit.record(conn, now, actor, "noted", ("account", account_id), text_id=text_id)
    return _note(one(conn, f"{_NOTES} WHERE n.id = ?", cursor.lastrowid))


def set_opt_out(conn: Connection, account_id: int, on: bool, by: int, now: int) -> None:
    require_account(conn, account_id)
    conn.execute(
        "UPDATE accounts SET opted_out_at = CASE WHEN ? THEN coalesce(opted_out_at, ?) END"
        " WHERE id = ?",
        (on, now, account_id),
    )
    act = "opted out" if on else "opted in"
    audit.record(conn, now, audit.reviewer_actor(by), act, ("account", account_id))


def merge(conn: Connection, keep: int, other: int, *, by: int, reason: str, now: int) -> int:
    """Say that two persons are one; `keep` gives the id."""
    if root_of(conn, keep) == root_of(conn, other):
        raise Conflict("these accounts belong to one person already")
    cursor = conn.execute(
        "INSERT INTO merges (keep_id, other_id, reviewer_id, reason, at) VALUES (?, ?, ?, ?, ?)",
        (keep, other, by, clean_line(reason), now),
    )
    merge_id = int(cursor.lastrowid or 0)
    _resolve(conn)
    audit.record(
        conn,
        now,
        audit.reviewer_actor(by),
        "merged",
        ("merge", merge_id),
        detail=f"{other} into {keep}",
    )
    return merge_id


_MERGES = """
SELECT g.id, g.reason, g.at, coalesce(r.name, '') AS by_name,
  (SELECT coalesce(nullif(a.name, ''), a.handle) FROM accounts a
   WHERE a.person_id = g.other_id ORDER BY a.id LIMIT 1) AS other_name
FROM merges g JOIN persons p ON p.id = g.keep_id LEFT JOIN reviewers r ON r.id = g.reviewer_id
WHERE p.root_id = ? AND g.undone_at IS NULL ORDER BY g.id DESC
"""


def merges(conn: Connection, person_id: int) -> list[Merge]:
    """Return the merges in force that made this person, the latest first."""
    found = conn.execute(_MERGES, (root_of(conn, person_id),)).fetchall()
    return [
        Merge(
            id=row["id"],
            other_name=row["other_name"] or "",
            reason=row["reason"],
            by=row["by_name"],
            at=from_ms(row["at"]),
        )
        for row in found
    ]


def unmerge(conn: Connection, merge_id: int, by: int, now: int) -> None:
    """Take a merge back, and only that one; doing it twice changes nothing."""
    row = one(conn, "SELECT undone_at FROM merges WHERE id = ?", merge_id)
    if row is None:
        raise NotFound(f"there is no merge {merge_id}")
    if row["undone_at"] is not None:
        return
    conn.execute("UPDATE merges SET undone_at = ? WHERE id = ?", (now, merge_id))
    _resolve(conn)
    audit.record(conn, now, audit.reviewer_actor(by), "unmerged", ("merge", merge_id))


def _resolve(conn: Connection) -> None:
    """Work out every root from the whole log; it is short, and this cannot drift from it."""
    roots: dict[int, int] = {}

    def root(person_id: int) -> int:
        while roots.get(person_id, person_id) != person_id:
            person_id = roots[person_id]
        return person_id

    for row in conn.execute("SELECT * FROM merges ORDER BY id").fetchall():
        for person_id in (row["keep_id"], row["other_id"]):
            roots.setdefault(person_id, person_id)
        if row["undone_at"] is None:
            roots[root(row["other_id"])] = root(row["keep_id"])
    conn.executemany(
        "UPDATE persons SET root_id = ? WHERE id = ?",
        [(root(person_id), person_id) for person_id in roots],
    )
