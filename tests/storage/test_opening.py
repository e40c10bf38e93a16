"""Opening a home: one writer, readers beside it, and errors that say what to do."""

import os
import sqlite3
import stat

import pytest

from storage import open_reader, open_store
from storage.store import (
    StoreBroken,
    StoreLocked,
    StoreMissing,
    StoreReadOnly,
    StoreTooNew,
)


async def test_a_home_is_made_private(store, home):
    await store.ping()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for path in home.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


async def test_a_second_writer_is_refused_and_harms_nothing(store, home, clock, desk):
    with pytest.raises(StoreLocked, match="another byname"):
        await open_store(home, clock=clock)
    await desk.hear()


async def test_the_lock_is_free_again_after_closing(store, home, clock):
    await store.close()
    await store.close()
    again = await open_store(home, clock=clock)
    await again.close()


async def test_what_was_kept_is_there_after_opening_again(store, desk, home, clock):
    reply = await desk.sent()
    await store.close()
    again = await open_store(home, clock=clock)
    assert await again.reply(reply.id) == reply
    assert await again.verify_audit() is None
    await again.close()


async def test_opening_does_not_touch_leases(store, desk, home, clock):
    reply = await desk.sending()
    await store.close()
    again = await open_store(home, clock=clock)
    assert (await again.reply(reply.id)).state == "sending"
    await again.close()


async def test_a_reader_looks_up_beside_the_writer_and_cannot_write(store, desk, home):
    reader = await open_reader(home)
    try:
        message_id = await desk.hear("seen by both")
        assert (await reader.message(message_id)).text == "seen by both"
        assert len(await reader.search("both")) == 1
        with pytest.raises(StoreReadOnly, match="read only"):
            await reader.ping()
        with pytest.raises(StoreReadOnly):
            await reader.finish_erasure()
    finally:
        await reader.close()


async def test_a_reader_needs_a_database(home):
    with pytest.raises(StoreMissing, match="run byname"):
        await open_reader(home)
    assert not home.exists()


async def test_a_file_that_is_no_database_is_refused(home, clock):
    home.mkdir()
    (home / "byname.db").write_bytes(b"this is a letter, not a database" * 100)
    with pytest.raises(StoreBroken, match="restore a backup"):
        await open_store(home, clock=clock)
    with pytest.raises(StoreBroken, match="restore a backup"):
        await open_reader(home)
    with pytest.raises(StoreBroken):  # and the lock was given back
        await open_store(home, clock=clock)


async def test_a_damaged_database_is_refused(store, desk, home, clock):
    for number in range(50):
        await desk.hear(f"message {number} " + "word " * 200)
    await store.close()
    path = home / "byname.db"
    content = bytearray(path.read_bytes())
    content[8192:40960] = os.urandom(32768)
    path.write_bytes(content)
    with pytest.raises(StoreBroken, match="restore a backup"):
        await open_store(home, clock=clock)


async def test_a_database_of_a_newer_byname_is_refused(store, home, clock):
    await store.close()
    with sqlite3.connect(home / "byname.db") as outside:
        outside.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('byname', '9999_from_the_future', '')"
        )
    outside.close()
    for opening in (open_store(home, clock=clock), open_reader(home)):
        with pytest.raises(StoreTooNew, match="9999_from_the_future"):
            await opening


async def test_a_reader_waits_for_the_writer_to_migrate(store, home):
    await store.close()
    with sqlite3.connect(home / "byname.db") as outside:
        outside.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '0002%'")
    outside.close()
    with pytest.raises(StoreMissing, match="older"):
        await open_reader(home)


async def test_a_home_that_is_a_file_is_refused(tmp_path, clock):
    (tmp_path / "home").write_text("")
    with pytest.raises(StoreReadOnly, match="cannot be written"):
        await open_store(tmp_path / "home", clock=clock)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_home_that_cannot_be_written_is_refused(home, clock):
    home.mkdir(mode=0o500)
    with pytest.raises(StoreReadOnly):
        await open_store(home, clock=clock)


async def test_a_database_that_is_a_folder_is_refused(home, clock):
    (home / "byname.db").mkdir(parents=True)
    with pytest.raises(StoreReadOnly, match="cannot be written"):
        await open_store(home, clock=clock)
