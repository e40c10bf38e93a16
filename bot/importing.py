"""Reads conversations from a file into the store: resumable, repeatable, nothing silently lost.

The schema is one thread a line (docs/howto/import-threads.md). Authors marked author_is_brand are
ours. What is imported is history: tagged, searched, remembered, never answered.
"""

import gzip
import hashlib
import io
import json
import sys
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.desk import Desk
from bot.errors import InputError
from connectors.model import Author, Message, Page, Seen, Source
from storage.model import ImportCounts

BATCH = 50
PLATFORM = "import"


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) else value


def _as_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


Text = Annotated[str, BeforeValidator(_as_text)]
Time = Annotated[datetime, AfterValidator(_as_utc)]
"""A time without a zone is UTC."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ImportedMessage(_Row):
    id: Text = Field(min_length=1)
    author: Text = Field(min_length=1)
    author_is_brand: bool = False
    text: str
    created_at: Time | None = None
    in_reply_to: Text | None = None


class ImportedThread(_Row):
    thread_id: Text = Field(min_length=1)
    source: str = "import"
    brand: str | None = None
    messages: tuple[ImportedMessage, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class BadLine:
    number: int
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Progress:
    line: int
    counts: ImportCounts


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield numbered lines of a JSONL file, gzipped or not; `-` is standard input.

    Raises InputError.
    """
    try:
        with _opened(path) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read: {error}") from None


def _opened(path: Path) -> AbstractContextManager[Iterable[str]]:
    if str(path) == "-":
        return nullcontext(io.TextIOWrapper(sys.stdin.buffer, "utf-8", errors="surrogateescape"))
    opener = gzip.open if path.suffix == ".gz" else open
    return opener(path, "rt", encoding="utf-8", errors="surrogateescape")


def parse_thread(number: int, line: str) -> ImportedThread | BadLine:
    """Parse one line; a mistake names what is wrong and costs only this line."""
    try:
        return ImportedThread.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        return BadLine(number, f"not JSON: {error.msg} at column {error.colno}", line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return BadLine(number, f"{where}: {first['msg']}" if where else first["msg"], line)
    except (ValueError, RecursionError):
        return BadLine(number, "not JSON that can be read: too deep, or a number too long", line)


def thread_events(thread: ImportedThread) -> tuple[Seen, ...]:
    """Return a thread as messages of platform `import`; refs look like twcs:29."""
    known = {message.id for message in thread.messages}
    root = _root(thread)
    return tuple(
        Seen(_message(thread, message, root, known, position))
        for position, message in enumerate(thread.messages)
    )


async def import_threads(
    desk: Desk, path: Path, rejects: Path | None = None
) -> AsyncIterator[Progress]:
    """Store a file thread by thread; yields progress after each batch, the last one is final.

    Interrupted, it goes on where it stopped. Malformed lines go to `rejects`, with the reason.
    """
    source = Source(
        name=f"import:{path.name}",
        connector="import",
        platform=PLATFORM,
        kind="import",
        listen_only=True,
    )
    mark = _mark(path)
    start = _stopped_at(await desk.store.cursor(source.name), mark)
    _forget_rejects(rejects, after=start)
    counts, batch, last = ImportCounts(), [], start
    for number, line in read_lines(path):
        if number <= start:
            continue
        parsed = parse_thread(number, line)
        if isinstance(parsed, BadLine):
            _keep_reject(rejects, parsed)
            counts = replace(counts, rejected=counts.rejected + 1)
        else:
            batch.append(parsed)
        last = number
        if len(batch) >= BATCH:
            counts = await _store_batch(desk, source, batch, f"{last}@{mark}", counts)
            batch = []
            yield Progress(last, counts)
    counts = await _store_batch(desk, source, batch, "0", counts)
    yield Progress(last, counts)


async def _store_batch(
    desk: Desk, source: Source, batch: list[ImportedThread], cursor: str, counts: ImportCounts
) -> ImportCounts:
    events = tuple(event for thread in batch for event in thread_events(thread))
    taken = await desk.store.take_page(source, Page(events, cursor), desk.clock())
    desk.hub.tell("queue")
    return replace(
        counts,
        threads=counts.threads + len(batch),
        added=counts.added + taken.added,
        known=counts.known + taken.known,
        conflicting=counts.conflicting + taken.conflicting,
        rejected=counts.rejected + taken.unreadable,
    )


def _mark(path: Path) -> str:
    """Name a file by its beginning and size: another one of the same name is another one."""
    try:
        with path.open("rb") as file:
            beginning = file.read(1 << 20)
            size = file.seek(0, 2)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    return hashlib.sha256(beginning).hexdigest()[:16] + f"-{size}"


def _stopped_at(cursor: str | None, mark: str) -> int:
    line, _, of = (cursor or "").partition("@")
    return int(line) if of == mark else 0


def _forget_rejects(rejects: Path | None, *, after: int) -> None:
    """Drop what will be read again, so that no line is rejected twice."""
    if rejects is None or not rejects.exists():
        return
    kept = [
        line
        for line in rejects.read_text(encoding="utf-8").splitlines(keepends=True)
        if line.endswith("\n") and json.loads(line)["line"] <= after
    ]
    rejects.write_text("".join(kept), encoding="utf-8")


def _keep_reject(rejects: Path | None, bad: BadLine) -> None:
    if rejects is None:
        return
    row = {"line": bad.number, "reason": bad.reason, "raw": bad.raw.rstrip("\n")[:10_000]}
    with rejects.open("a", encoding="utf-8", errors="replace") as file:
        file.write(json.dumps(row) + "\n")


def _root(thread: ImportedThread) -> str:
    first = thread.messages[0]
    return f"{thread.source}:{first.in_reply_to or first.id}"


def _message(
    thread: ImportedThread, said: ImportedMessage, root: str, known: set[str], position: int
) -> Message:
    ref = f"{thread.source}:{said.id}"
    parent = f"{thread.source}:{said.in_reply_to}" if said.in_reply_to else None
    author = Author(
        ref=f"{thread.source}:@{said.author}", handle=said.author, is_ours=said.author_is_brand
    )
    return Message(
        platform=PLATFORM,
        ref=ref,
        author=author,
        text=said.text,
        kind="reply" if parent and said.in_reply_to in known else "mention",
        root_ref=root,
        created_at=said.created_at,
        parent_ref=parent,
        position=position if said.created_at is None else None,
    )
