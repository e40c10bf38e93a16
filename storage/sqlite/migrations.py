"""How a database file comes to the present schema: an append-only chain of named steps.

A step that was released is never changed. `python -m storage.sqlite` prints the schema
that the whole chain builds; schema.sql holds that text for reading, and a test compares the two.
"""

import sqlite3

from sqlite_utils import Database, Migrations

from storage.sqlite import schema
from storage.store import StoreTooNew

migrations = Migrations("byname")


@migrations(name="0001_first_release")
def first_release(db: Database) -> None:
    _run_script(db, schema.FIRST_RELEASE)


@migrations(name="0002_search")
def search(db: Database) -> None:
    db.table("messages").enable_fts(["text"], tokenize="unicode61 remove_diacritics 2")
    for trigger in schema.SEARCH_TRIGGERS:
        db.execute(trigger)


@migrations(name="0003_answered_by_hand")
def answered_by_hand(db: Database) -> None:
    _run_script(db, schema.ANSWERED_BY_HAND)


@migrations(name="0004_spending")
def spending(db: Database) -> None:
    _run_script(db, schema.SPENDING)


def migrate(conn: sqlite3.Connection) -> None:
    """Bring the database to the present schema; the caller holds the home's lock."""
    db = Database(conn)
    refuse_newer(conn)
    migrations.apply(db)


def refuse_newer(conn: sqlite3.Connection) -> None:
    """Raise StoreTooNew when a step was applied that this byname does not know."""
    unknown = applied(conn) - {step.name for step in _steps()}
    if unknown:
        raise StoreTooNew(
            f"this database was written by a newer byname (step {min(unknown)}): "
            "install that version again, or restore a backup made by this one"
        )


def applied(conn: sqlite3.Connection) -> set[str]:
    """Return the names of the steps that a database has seen."""
    return {step.name for step in migrations.applied(Database(conn))}


def is_current(conn: sqlite3.Connection) -> bool:
    return applied(conn) >= {step.name for step in _steps()}


def dump(conn: sqlite3.Connection) -> str:
    """Return the schema as SQL text, ordered by name, without what SQLite keeps for itself."""
    rows = conn.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
        " AND name NOT LIKE 'messages_fts_%' ORDER BY type DESC, name"
    ).fetchall()
    return "".join(f"{row[0]};\n" for row in rows)


def _steps() -> list[Migrations._Migration]:
    return migrations.pending(Database(memory=True))


def _run_script(db: Database, script: str) -> None:
    # executescript() would commit the step's transaction, so run statement by statement.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
