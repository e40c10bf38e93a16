"""Pitfalls that were met when SQLite and sqlite-utils were measured; each has its test here."""

import ast
import re
import sqlite3
from pathlib import Path

import pytest

import storage.sqlite
from storage.sqlite import engine, migrations

FOLDER = Path(storage.sqlite.__file__).parent
SOURCES = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py")}


@pytest.mark.parametrize("reads_only", [False, True])
def test_every_connection_has_all_pragmas_because_they_hold_per_connection(tmp_path, reads_only):
    engine.connect(tmp_path / "any.db").close()
    conn = engine.connect(tmp_path / "any.db", reads_only=reads_only)
    wanted = {"synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000, "secure_delete": 1,
              "query_only": int(reads_only)}  # fmt: skip
    found = {name: conn.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}
    conn.close()
    assert found == wanted


def test_only_the_factory_opens_connections():
    openers = {name for name, text in SOURCES.items() if "sqlite3.connect(" in text}
    # keeping.py makes the file of a backup, __main__.py a schema in memory.
    assert openers == {"engine.py", "keeping.py", "__main__.py"}


def test_the_writer_never_begins_deferred():
    begins = re.findall(r'execute\("(BEGIN[^"]*)"', SOURCES["engine.py"])
    assert begins == ["BEGIN IMMEDIATE", "BEGIN"]  # the second one is the readers' snapshot


def test_no_statement_replaces_rows_because_that_leaves_words_in_the_index():
    for name, text in SOURCES.items():
        assert "OR REPLACE" not in text, name
        assert "REPLACE INTO" not in text, name


def test_hot_paths_use_own_statements():
    users = {name for name, text in SOURCES.items() if "sqlite_utils" in text}
    assert users == {"migrations.py"}


def test_no_cursor_is_left_open_to_hold_a_transaction():
    for name, text in SOURCES.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.For) and isinstance(node.iter, ast.Call):
                called = node.iter.func
                assert not (isinstance(called, ast.Attribute) and called.attr == "execute"), name


async def test_the_search_index_agrees_with_the_messages(desk, store, home, clock):
    await desk.hear("one word", ref="q")
    await desk.edit("another word", "q", edited_at=clock.on(seconds=1))
    await desk.hear("to be deleted", ref="d")
    await desk.delete("d")
    await desk.sent(by="bob")
    await store.erase_person(2, "rae", clock.now)
    conn = sqlite3.connect(home / "byname.db")
    # rank 1 compares with the content; without it a broken index is called whole.
    conn.execute("INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)")
    conn.close()


async def test_a_change_of_state_does_not_touch_the_search_index(desk, store, home):
    message_id = await desk.hear()
    conn = sqlite3.connect(home / "byname.db")
    conn.row_factory = sqlite3.Row
    before = conn.total_changes
    conn.execute("UPDATE messages SET state = 'waiting' WHERE id = ?", (message_id,))
    assert conn.total_changes - before == 1
    conn.rollback()
    conn.close()


def names_in_braces(text):
    """Yield what f-strings given to execute() take in, except what only becomes question marks."""
    for node in ast.walk(ast.parse(text)):
        is_sql = isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "execute"
        if is_sql and node.args and isinstance(node.args[0], ast.JoinedStr):
            braces = [part for part in node.args[0].values if isinstance(part, ast.FormattedValue)]
            for brace in braces:
                if not ast.unparse(brace.value).startswith(("marks(", "rows.marks(")):
                    yield from (n.id for n in ast.walk(brace) if isinstance(n, ast.Name))


def test_values_are_bound_never_formatted():
    """What stands in braces in SQL text is a constant of ours or a list of columns."""
    ours = {"column", "columns", "names", "updates", "table", "sql", "pragma", "people", "tail"}
    for name, text in SOURCES.items():
        strangers = {each for each in names_in_braces(text) if not each.strip("_").isupper()}
        assert strangers <= ours, (name, strangers - ours)


async def test_a_closed_store_leaves_one_file(store, home):
    await store.ping()
    await store.close()
    assert sorted(path.name for path in home.iterdir()) == ["byname.db", "lock"]


async def test_the_version_of_the_schema_is_in_the_file(store, home):
    conn = sqlite3.connect(home / "byname.db")
    assert migrations.applied(conn) == {
        "0001_first_release",
        "0002_search",
        "0003_answered_by_hand",
        "0004_spending",
    }
    assert migrations.is_current(conn)
    conn.close()
