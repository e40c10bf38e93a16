"""Importing conversations: counted, resumable, repeatable, nothing silently lost."""

import gzip
import json

import pytest

from bot.errors import InputError
from bot.importing import BadLine, import_threads, parse_thread, read_lines
from storage.model import ImportCounts


def thread(number=1, *messages, **more):
    said = messages or (
        {"id": f"{number}0", "author": "ada", "text": "where is it?"},
        {"id": f"{number}1", "author": "Tern", "author_is_brand": True, "text": "On its way.",
         "in_reply_to": f"{number}0"},
    )  # fmt: skip
    return {"thread_id": str(number), "source": "file", "messages": list(said), **more}


@pytest.fixture
def file(tmp_path):
    def write(*rows, name="talks.jsonl"):
        path = tmp_path / name
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        raw = "".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape")
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        return path

    return write


async def take(town, path, rejects=None):
    counts = ImportCounts()
    async for progress in import_threads(town.desk, path, rejects):
        counts = progress.counts
    return counts


@pytest.mark.parametrize("name", ["talks.jsonl", "talks.jsonl.gz"])
async def test_a_file_is_counted_and_a_second_import_adds_nothing(town, file, name):
    here, path = await town(), file(*(thread(n) for n in range(120)), name=name)
    assert await take(here, path) == ImportCounts(threads=120, added=240)
    assert await take(here, path) == ImportCounts(threads=120, known=240)


async def test_what_is_imported_is_history_with_our_answers_as_ours(town, file):
    here = await town()
    await take(here, file(thread()))
    await here.hear_and_tag()
    question = await here.store.find_message("import", "file:10")
    ours = await here.store.find_message("import", "file:11")
    assert (question.state, question.direction, question.tags.intents[0].label) == (
        "history",
        "in",
        "question",
    )
    assert (ours.direction, ours.author.is_ours, ours.parent_id) == ("out", True, question.id)
    assert [one.id for one in await here.store.thread(question.id)] == [question.id, ours.id]


async def test_messages_without_times_keep_their_order(town, file):
    said = [{"id": str(n), "author": "ada", "text": f"number {n}"} for n in range(12)]
    here = await town()
    await take(here, file(thread(1, *said)))
    first = await here.store.find_message("import", "file:0")
    texts = [one.text for one in await here.store.thread(first.id)]
    assert texts == [f"number {n}" for n in range(12)]


async def test_a_repeated_message_with_other_words_is_conflicting_and_the_first_stays(town, file):
    other = {"id": "10", "author": "ada", "text": "something else"}
    here = await town()
    counts = await take(here, file(thread(1), thread(1, other)))
    assert (counts.added, counts.conflicting) == (2, 1)
    assert (await here.store.find_message("import", "file:10")).text == "where is it?"


BAD = [
    ("{", "not JSON"),
    ("[1, 2]", "valid"),
    ("null", "valid"),
    ('{"thread_id": "1"}', "messages: Field required"),
    ('{"thread_id": "1", "messages": []}', "messages: Tuple should have at least 1 item"),
    ('{"thread_id": "", "messages": [{"id":"1","author":"a","text":"t"}]}', "thread_id"),
    ('{"thread_id": "1", "messages": [{"id":"1","author":"a"}]}', "messages.0.text"),
    ('{"thread_id": "1", "messages": [{"id":"1","author":"a","text":7}]}', "messages.0.text"),
    (
        '{"thread_id":"1","messages":[{"id":"1","author":"a","text":"t","created_at":"soon"}]}',
        "messages.0.created_at",
    ),
    ("[" * 100_000, "not JSON"),
    ("9" * 5_000, "not JSON"),
]


@pytest.mark.parametrize(("line", "reason"), BAD)
def test_a_bad_line_says_what_is_wrong_and_costs_only_itself(line, reason):
    parsed = parse_thread(7, line)
    assert isinstance(parsed, BadLine)
    assert parsed.number == 7
    assert reason in parsed.reason
    assert "\n" not in parsed.reason


async def test_bad_lines_are_kept_with_number_reason_and_words(town, file, tmp_path):
    here, rejects = await town(), tmp_path / "rejects.jsonl"
    path = file(thread(1), "{half", "", thread(2), '{"thread_id": "x"}', "b\udcffytes")
    counts = await take(here, path, rejects)
    assert (counts.threads, counts.added, counts.rejected) == (2, 4, 3)
    kept = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [(row["line"], row["raw"]) for row in kept] == [
        (2, "{half"),
        (5, '{"thread_id": "x"}'),
        (6, "b\udcffytes"),
    ]
    assert kept[1]["reason"] == "messages: Field required"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\x00b", "ab"),
        ("cut emoji \ud83d", "cut emoji \ufffd"),
        ("pay \u202eecuoy", "pay \u202eecuoy"),
        ("", ""),
    ],
)
async def test_hostile_text_is_imported_clean(town, file, text, kept):
    here = await town()
    counts = await take(here, file(thread(1, {"id": "1", "author": "ada", "text": text})))
    assert (counts.added, counts.rejected) == (1, 0)
    assert (await here.store.find_message("import", "file:1")).text == kept


async def test_a_message_of_a_megabyte_is_cut_with_a_mark(town, file):
    here = await town()
    await take(here, file(thread(1, {"id": "1", "author": "ada", "text": "word " * 210_000})))
    text = (await here.store.find_message("import", "file:1")).text
    assert len(text.encode()) <= 100_000
    assert text.endswith("[…cut]")


async def test_bytes_that_are_no_utf8_cost_only_their_letters(town, file):
    here = await town()
    line = json.dumps(thread(1, {"id": "1", "author": "ada", "text": "caf~"})).replace(
        "~", "\udce9"
    )
    assert (await take(here, file(line))).added == 1
    assert (await here.store.find_message("import", "file:1")).text == "caf\ufffd"


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        ("2026-03-10T09:00:00", "2026-03-10T09:00:00+00:00"),
        ("2026-03-10T09:00:00+02:00", "2026-03-10T07:00:00+00:00"),
        ("2999-01-01T00:00:00Z", "2026-03-10T12:00:00+00:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
        (1_700_000_000, "2023-11-14T22:13:20+00:00"),
    ],
)
async def test_any_time_is_taken_and_none_lies_in_the_future(town, file, at, kept):
    here = await town()
    said = {"id": "1", "author": "ada", "text": "t", "created_at": at}
    assert (await take(here, file(thread(1, said)))).added == 1
    assert (await here.store.find_message("import", "file:1")).created_at.isoformat() == kept


async def test_numbers_as_ids_and_odd_parents_are_taken(town, file):
    said = (
        {"id": 1, "author": 7, "text": "a", "in_reply_to": 2},
        {"id": 2, "author": "b", "text": "b", "in_reply_to": 1},
        {"id": 3, "author": "c", "text": "c", "in_reply_to": 3},
        {"id": 4, "author": "d", "text": "d", "in_reply_to": 404},
    )
    here = await town()
    assert (await take(here, file(thread(1, *said)))).added == 4
    assert len(await here.store.thread((await here.store.find_message("import", "file:1")).id)) == 4


async def test_interrupted_it_goes_on_where_it_stopped(town, file, tmp_path):
    here, rejects = await town(), tmp_path / "rejects.jsonl"
    path = file("{bad", *(thread(n) for n in range(160)), "{worse")
    async for progress in import_threads(here.desk, path, rejects):
        assert progress.line == 51
        break
    await here.restart()
    counts = await take(here, path, rejects)
    assert counts == ImportCounts(threads=110, added=220, rejected=1)
    kept = [json.loads(line)["line"] for line in rejects.read_text().splitlines()]
    assert kept == [1, 162]
    assert await take(here, path) == ImportCounts(threads=160, known=320, rejected=2)


async def test_bad_lines_are_not_kept_twice_by_going_on(town, file, tmp_path):
    here, rejects = await town(), tmp_path / "rejects.jsonl"
    rows = [thread(n) for n in range(120)]
    path = file(*rows[:60], "{bad", *rows[60:])
    source = import_threads(here.desk, path, rejects)
    await anext(source)
    await anext(source)
    await source.aclose()
    with rejects.open("a") as left:
        left.write('{"line": 120, "reason": "after the last cursor", "raw": ""}\n{"line": 121, "re')
    await take(here, path, rejects)
    kept = [json.loads(line)["line"] for line in rejects.read_text().splitlines()]
    assert kept == [61]


async def test_a_new_import_begins_a_new_file_of_rejects(town, file, tmp_path):
    here, rejects = await town(), tmp_path / "rejects.jsonl"
    path = file("{bad", thread(1))
    await take(here, path, rejects)
    await take(here, path, rejects)
    assert len(rejects.read_text().splitlines()) == 1


async def test_another_file_of_the_same_name_is_read_from_its_beginning(town, file):
    here = await town()
    path = file(*(thread(n) for n in range(120)))
    async for _ in import_threads(here.desk, path):
        break
    path = file(*(thread(n) for n in range(500, 620)))
    assert (await take(here, path)).added == 240


async def test_an_empty_file_is_no_mistake(town, file):
    here = await town()
    assert await take(here, file()) == ImportCounts()
    assert await take(here, file("", "  ")) == ImportCounts()


@pytest.mark.parametrize("raw", [gzip.compress(b"x" * 999)[:-9], b"\x1f\x8bnonsense", b"plain"])
def test_a_broken_gzip_is_one_clear_line(tmp_path, raw):
    path = tmp_path / "talks.jsonl.gz"
    path.write_bytes(raw)
    with pytest.raises(InputError, match="cannot be read"):
        list(read_lines(path))


def test_a_gzip_damaged_inside_is_one_clear_line(tmp_path):
    raw = bytearray(gzip.compress(bytes(range(256)) * 400))
    raw[60:90] = b"\xff" * 30
    (tmp_path / "talks.jsonl.gz").write_bytes(raw)
    with pytest.raises(InputError, match="cannot be read"):
        list(read_lines(tmp_path / "talks.jsonl.gz"))


def test_a_missing_file_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        list(read_lines(tmp_path / "none.jsonl"))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("ibm_cdp", ImportCounts(threads=965, added=2117, known=6)),
        ("twcs", ImportCounts(threads=1161, added=4450)),
    ],
)
async def test_the_real_conversations_come_in_whole(town, shared, name, counts):
    here = await town()
    path = shared / "data" / "threads" / f"{name}.jsonl.gz"
    assert await take(here, path) == counts
    again = await take(here, path)
    assert (again.added, again.known) == (0, counts.added + counts.known)
