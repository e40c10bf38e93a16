"""Bad input: one clear line that says what to do, a documented exit code, nothing lost."""

import asyncio
import json
import os
import shutil
import socket
import sqlite3

import pytest

from connectors._load import installed
from nlp.folder import SHIPPED
from storage import open_store


def one_line(said, code, *words):
    assert said.code == code, said.err
    assert said.err.startswith("byname: ")
    assert said.err.count("\n") == 1
    for word in words:
        assert word in said.err, said.err
    assert "Traceback" not in said.err


def settings(home, text):
    (home / "byname.toml").write_text((home / "byname.toml").read_text() + text)


READING = [("inbox",), ("person", "ada"), ("digest",), ("suggest", os.devnull)]
WRITING = [("brake", "on"), ("approve", "1"), ("reviewer", "list")]


@pytest.mark.parametrize("words", READING + WRITING)
def test_a_wrong_key_is_named(byname, home, words):
    settings(home, "\n[wep]\nport = 1\n")
    one_line(byname(*words, "--home", home), 78, "wep: no such key", "byname.toml")


@pytest.mark.parametrize("words", READING + WRITING)
def test_a_home_without_settings_says_how_to_make_them(byname, tmp_path, words):
    one_line(byname(*words, "--home", tmp_path / "none"), 78, "byname init")


@pytest.mark.parametrize("words", READING[:3])
def test_a_home_without_a_database_says_what_makes_one(byname, home, words):
    one_line(byname(*words, "--home", home), 78, "run byname there once")


@pytest.fixture
def locked(heard_home):
    """A home in which another process works that answers no socket."""
    import fcntl

    handle = os.open(heard_home / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    yield heard_home
    os.close(handle)


@pytest.mark.parametrize("words", [*WRITING, ("import", "threads", os.devnull), ("run",)])
def test_a_locked_home_says_who_holds_it(byname, locked, words):
    if words[:2] == ("import", "threads"):
        (locked / "empty.jsonl").touch()
        words = (*words[:2], locked / "empty.jsonl")
    one_line(byname(*words, "--home", locked), 75, "another byname works in")


@pytest.mark.parametrize("words", READING[:3])
def test_reading_goes_on_beside_a_lock(byname, locked, words):
    assert byname(*words, "--home", locked).code == 0


def test_a_database_that_cannot_be_opened_to_write_is_named(byname, home):
    (home / "byname.db").mkdir()
    one_line(byname("brake", "on", "--home", home), 78, "byname.db", "cannot be written")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_database_is_named(byname, heard_home):
    (heard_home / "byname.db").chmod(0o400)
    one_line(byname("brake", "on", "--home", heard_home), 78, "cannot be written")


def test_a_file_that_is_no_database_is_named(byname, home):
    (home / "byname.db").write_bytes(b"not a database, but long enough to look at" * 100)
    one_line(byname("brake", "on", "--home", home), 78)
    one_line(byname("inbox", "--home", home), 78)


@pytest.mark.parametrize("words", [*READING[:3], *WRITING, ("run", "--port", "0")])
def test_a_newer_database_is_left_alone(byname, heard_home, words):
    conn = sqlite3.connect(heard_home / "byname.db")
    conn.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('byname', '9999_from_the_future', '2030-01-01')"
    )
    conn.commit()
    conn.close()
    one_line(byname(*words, "--home", heard_home), 78, "newer byname", "9999_from_the_future")


@pytest.fixture
def other_weights(tmp_path):
    folder = tmp_path / "weights"
    shutil.copytree(SHIPPED, folder)
    config = json.loads((folder / "config.json").read_text())
    config["byname_format"] = 999
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_weights_of_another_version_say_what_to_do(byname, home, other_weights):
    one_line(byname("tag", "-", "--weights", other_weights), 78, "format 999")
    settings(home, f'\n[nlp]\nweights = "{other_weights}"\n')
    rows = {row["part"]: row for row in byname("check", "--home", home, "--json").rows}
    assert not rows["model"]["ok"]
    assert "format 999" in rows["model"]["says"]


def test_a_service_without_its_model_goes_on_and_says_so(byname, home, other_weights):
    settings(home, f'\n[nlp]\nweights = "{other_weights}"\n')
    with socket.create_server(("127.0.0.1", 0)) as taken:  # so that it ends by itself
        said = byname("run", "--port", taken.getsockname()[1], "--home", home)
    assert said.code == 75
    assert "NOTHING IS TAGGED OR SUGGESTED: " in said.out
    assert "format 999" in said.out


def test_a_weights_folder_that_is_not_there_is_named(byname, tmp_path):
    one_line(byname("tag", "-", "--weights", tmp_path / "none"), 78, "lacks")


def test_a_port_in_use_is_named_before_anything_is_posted(byname, home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = byname("run", "--port", port, "--home", home)
    one_line(said, 75, f"127.0.0.1:{port}", "--port")


def test_an_open_address_without_tls_is_refused(byname, home):
    one_line(byname("run", "--host", "0.0.0.0", "--home", home), 78, "TLS")
    one_line(byname("run", "--host", "example", "--home", home), 78, "no address")


@pytest.mark.skipif(
    "mastodon" not in installed(), reason="this environment is older than pyproject"
)
def test_a_missing_secret_says_where_it_should_be(byname, home):
    settings(home, '\n[logins.real]\nplatform = "mastodon"\nbase_url = "https://m.example"\n')
    said = byname("check", "--home", home)
    assert said.code == 78
    (line,) = [line for line in said.out.splitlines() if "login real" in line]
    assert "MEND" in line
    assert "secret" in line
    assert "secrets/real.json" in line


def test_a_connector_that_is_not_installed_is_named(byname, home):
    settings(home, '\n[logins.fax]\nplatform = "fax"\n')
    assert "no connector is called 'fax'" in byname("check", "--home", home).out
    one_line(byname("run", "--port", "0", "--home", home), 69, "no connector is called 'fax'")


def test_a_broken_playbook_stops_the_start_and_is_named(byname, home):
    (home / "playbook").mkdir()
    (home / "playbook" / "a.toml").write_text("[[entry]]\nid = 7\n")
    one_line(byname("run", "--port", "0", "--home", home), 78, "a.toml", "entry.0")


def test_quiet_hours_that_cannot_be_read_stop_the_start(byname, home):
    text = (home / "byname.toml").read_text()
    (home / "byname.toml").write_text(text + 'quiet_hours = "at night"\n')
    one_line(byname("run", "--port", "0", "--home", home), 78, "22:00-07:00")


def talk(*texts, **more):
    said = [{"id": str(n), "author": "ada", "text": text, **more} for n, text in enumerate(texts)]
    return json.dumps({"thread_id": "t", "source": "bad", "messages": said})


def imported(byname, home, text):
    path = home / "talks.jsonl"
    path.write_bytes(text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text)
    return byname("import", "threads", path, "--home", home, "--json", "--no-tag")


def test_a_malformed_line_is_counted_kept_and_costs_only_itself(byname, home):
    said = imported(byname, home, talk("a?") + "\n{half\n" + talk("a?", "b") + "\n")
    (counts,) = said.rows
    assert (said.code, counts["added"], counts["known"], counts["rejected"]) == (0, 2, 1, 1)
    kept = json.loads((home / "rejects" / "talks.jsonl.rejects.jsonl").read_text())
    assert (kept["line"], kept["raw"]) == (2, "{half")


HOSTILE = {
    "a megabyte": "word " * 210_000,
    "NUL": "a\x00b",
    "a lone surrogate": "cut \ud83d",
    "a direction change": "pay \u202eecuoy",
    "nothing": "",
    "emoji": "🧨" * 10_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_imported_listed_and_tagged(byname, home, text):
    (counts,) = imported(byname, home, talk(text, "and where is it?")).rows
    assert (counts["added"], counts["rejected"]) == (2, 0)
    listed = byname("inbox", "--view", "all", "--home", home, "--json")
    assert (listed.code, len(listed.rows)) == (0, 2)
    tagged = byname("tag", "-", stdin=json.dumps({"id": "1", "text": text}))
    assert (tagged.code, tagged.rows[0]["id"]) == (0, "1")


def test_a_date_in_the_future_becomes_now(byname, home):
    (counts,) = imported(byname, home, talk("a?", created_at="2999-01-01T00:00:00Z")).rows
    assert counts["added"] == 1
    (row,) = byname("inbox", "--view", "all", "--home", home, "--json").rows
    assert row["message"]["created_at"][:4] == real_year()


def real_year():
    from bot.desk import wall_clock

    return wall_clock().strftime("%Y")


@pytest.mark.parametrize("raw", [b"\x1f\x8bnonsense", b"plain"])
def test_a_broken_archive_is_one_clear_line(byname, home, raw):
    path = home / "talks.jsonl.gz"
    path.write_bytes(raw)
    one_line(byname("import", "threads", path, "--home", home), 65, "talks.jsonl.gz")


def test_a_file_that_is_not_there_is_wrong_usage(byname, home):
    said = byname("import", "threads", home / "none.jsonl", "--home", home)
    assert (said.code, "none.jsonl" in said.err) == (2, True)


BAD_ROWS = ["{", "[]", "7", '{"id": "1"}', '{"id": "1", "text": 7}', "[" * 100_000, "9" * 5_000]


@pytest.mark.parametrize("row", BAD_ROWS)
def test_a_malformed_row_to_tag_is_named_and_the_rest_goes_on(byname, row):
    said = byname("tag", "-", stdin=f'{row}\n{{"id": "2", "text": "where is it?"}}\n')
    bad, good = said.rows
    assert (said.code, bad["line"], good["id"]) == (65, 1, "2")
    assert bad["error"]


def test_an_id_that_cannot_be_printed_is_escaped(byname):
    said = byname("tag", "-", stdin='{"id": "\\ud800", "text": "where is it?"}')
    assert (said.code, said.rows[0]["id"]) == (0, "\ud800")


def test_bytes_that_are_no_text_can_be_tagged(byname):
    said = byname("tag", "-", stdin=b'{"id": "1", "text": "caf\xe9 where is it?"}')
    assert (said.code, said.rows[0]["id"]) == (0, "1")


def test_a_brake_that_is_asked_for_while_the_bot_dies_is_one_clear_line(byname, heard_home):
    """The socket takes the call and closes without an answer."""
    import threading

    server = socket.socket(socket.AF_UNIX)
    server.bind(str(heard_home / "run.sock"))
    server.listen()

    def hang_up():
        for _ in range(2):
            taken, _ = server.accept()
            taken.close()

    thread = threading.Thread(target=hang_up)
    thread.start()
    said = byname("brake", "on", "--home", heard_home)
    thread.join()
    server.close()
    one_line(said, 69, "brake")


async def test_the_store_of_a_home_without_a_lock_file_opens(home):
    store = await open_store(home, clock=real_clock)
    await store.close()
    assert (home / "lock").exists()


def real_clock():
    from bot.desk import wall_clock

    return wall_clock()


def test_opening_a_home_twice_is_refused_and_afterwards_allowed(home):
    from storage.store import StoreLocked

    async def twice():
        first = await open_store(home, clock=real_clock)
        with pytest.raises(StoreLocked):
            await open_store(home, clock=real_clock)
        await first.close()
        await (await open_store(home, clock=real_clock)).close()

    asyncio.run(twice())


def test_words_of_others_cannot_command_the_terminal(byname, home):
    imported(byname, home, talk("\x1b[2J\x1b]0;owned\x07 pay \u202eecuoy"))
    for words in (("inbox", "--view", "all"), ("person", "ada")):
        said = byname(*words, "--home", home)
        assert "pay" in said.out
        assert not set(said.out) & {"\x1b", "\x07", "\u202e"}


def test_tagging_with_a_home_uses_the_weights_it_names(byname, home, tmp_path):
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"id": 1, "text": "love it"}\n')
    assert byname("tag", texts, "--home", home).code == 0
    settings(home, f'\n[nlp]\nweights = "{tmp_path / "elsewhere"}"\n')
    one_line(byname("tag", texts, "--home", home), 78, "elsewhere")
