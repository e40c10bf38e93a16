"""The chain of migrations builds the schema that stands in schema.sql, and nothing else."""

import re
import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

import storage.sqlite
from storage.sqlite import migrations


def fresh():
    conn = sqlite3.connect(":memory:")
    migrations.migrate(conn)
    return conn


def test_the_chain_builds_the_schema_that_is_written_down():
    written = Path(storage.sqlite.__file__).with_name("schema.sql").read_text(encoding="utf-8")
    assert migrations.dump(fresh()) == written, (
        "run: python -m storage.sqlite > storage/sqlite/schema.sql"
    )


async def test_working_creates_no_table_by_accident(desk, store, home):
    await desk.sent()
    await store.erase_person(1, "rae", desk.now)
    conn = sqlite3.connect(home / "byname.db")
    assert migrations.dump(conn) == migrations.dump(fresh())
    conn.close()


def test_migrating_twice_changes_nothing():
    conn = fresh()
    before = migrations.dump(conn)
    migrations.migrate(conn)
    assert migrations.dump(conn) == before


def test_a_migration_that_dies_half_way_leaves_nothing():
    conn = sqlite3.connect(":memory:")
    chain = type(migrations.migrations)("byname")

    @chain(name="0001_dies")
    def dies(db):
        db.execute("CREATE TABLE half (id INTEGER)")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        chain.apply(Database(conn))
    assert "half" not in migrations.dump(conn)
    assert migrations.applied(conn) == set()


def test_words_of_people_stand_in_three_tables_only():
    wordy = re.compile(r"\b(text|body|evidence|content_warning)\b +TEXT")
    tables = {
        row[0]
        for row in fresh().execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        if wordy.search(row[1] or "")
    }
    assert tables == {"messages", "message_versions", "texts"}


def test_times_are_integers():
    sql = migrations.dump(fresh())
    for name, kind in re.findall(r"^\s+(\w+_at|at|\w+_until) (\w+)", sql, flags=re.MULTILINE):
        assert kind == "BIGINT", name


def test_the_key_of_a_table_without_rowid_comes_first():
    """Else quick_check of SQLite 3.40 calls a sound table damaged, and the store would not open."""
    conn = fresh()
    tables = conn.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%WITHOUT ROWID%'")
    for (table,) in tables.fetchall():
        columns = conn.execute(f"PRAGMA table_info({table})").fetchall()
        key = sorted((row[5], row[0]) for row in columns if row[5])
        assert [place for _, place in key] == list(range(len(key))), table


def test_a_sound_database_with_quoted_answers_is_called_sound():
    conn = fresh()
    conn.execute("PRAGMA foreign_keys=0")
    conn.execute("INSERT INTO quotes (text_id, quoted_id) VALUES (5, 7)")
    assert conn.execute("PRAGMA quick_check").fetchall() == [("ok",)]


def test_decisions_of_before_are_kept_when_a_new_kind_comes():
    conn = sqlite3.connect(":memory:")
    chain = type(migrations.migrations)("byname")
    chain(name="0001_first_release")(migrations.first_release)
    chain(name="0002_search")(migrations.search)
    chain.apply(Database(conn))
    row = "1, 'r', '{}', 1, 1, 5, 'why', NULL, NULL, NULL, NULL, '', NULL"
    conn.execute(f"INSERT INTO decisions VALUES ({row.format('no_reply')})")
    with pytest.raises(sqlite3.IntegrityError):
        conn.execute(f"INSERT INTO decisions VALUES ({row.format('by_hand')})")
    conn.commit()
    migrations.migrate(conn)
    assert conn.execute("SELECT kind, reason FROM decisions").fetchall() == [("no_reply", "why")]
    conn.execute("UPDATE decisions SET kind = 'by_hand'")
    assert migrations.dump(conn) == migrations.dump(fresh())
