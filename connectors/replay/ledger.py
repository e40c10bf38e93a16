"""What happened in a replayed world because of us: one append-only file in the home.

Every entry is one line, written with one call under a file lock and made durable before `write`
returns; a line torn by a kill is cut off by the next writer. All logins of a world, and all
processes, share the file: whoever looks reads on from where it stopped. Nothing that can be derived
from world, entries and clock is written here.
"""

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from connectors.model import Visibility


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, ser_json_inf_nan="strings")
    at: AwareDatetime


class Started(_Entry):
    """The first start: the moment that the world's times are relative to."""

    type: Literal["start"] = "start"
    world: str


class Paced(_Entry):
    type: Literal["speed"] = "speed"
    speed: float


class Attempted(_Entry):
    """Somebody tried to post; `fault` is what the script let go wrong."""

    type: Literal["attempt"] = "attempt"
    login: str
    key: str
    fault: str = ""


class Replied(_Entry):
    """A reply that took effect; everybody sees it from `visible_at` on."""

    type: Literal["reply"] = "reply"
    visible_at: AwareDatetime
    login: str
    platform: str
    author: str
    key: str
    ref: str
    parent: str
    text: str
    content_warning: str = ""
    language: str = "en"
    visibility: Visibility = "public"
    is_automatic: bool = False
    answer_pace: float = 1.0


class Withdrawn(_Entry):
    type: Literal["deletion"] = "deletion"
    platform: str
    ref: str


Entry = Started | Paced | Attempted | Replied | Withdrawn
_ENTRY: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="type")])


class Ledger:
    """The file of one world; `entries` is what was read of it so far."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.entries: list[Entry] = []
        self._offset = 0
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def read(self) -> list[Entry]:
        """Return the entries that nobody here has seen yet."""
        size = os.fstat(self._file).st_size
        if size == self._offset:
            return []
        raw = os.pread(self._file, size - self._offset, self._offset)
        whole = raw[: raw.rfind(b"\n") + 1]
        self._offset += len(whole)
        new = [_ENTRY.validate_json(line) for line in whole.splitlines() if line]
        self.entries += new
        return new

    def add(self, *entries: Entry) -> None:
        """Write entries in one call. They are seen at once and durable after `settle`."""
        lines = b"".join(one.model_dump_json().encode() + b"\n" for one in entries)
        with self._locked():
            self._cut_torn_line()
            os.write(self._file, lines)

    async def settle(self) -> None:
        await asyncio.to_thread(os.fsync, self._file)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _cut_torn_line(self) -> None:
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            raw = os.pread(self._file, size, 0)
            os.ftruncate(self._file, raw.rfind(b"\n") + 1)
