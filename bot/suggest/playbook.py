"""How this brand answers: entries and facts read from TOML files, each entry with a version.

An entry's version is the hash of what it says, with the facts it states; a changed entry is a new
one to every lane and vector. Not here: which entry fits a message (bot.suggest.drafters.playbook).

    [facts]                           [[entry]]
    returns_days = "60"               id = "descale"
                                      intents = ["question"]
                                      examples = ["how do I descale it?", ...]
                                      [[entry.replies]]
                                      when = "gives the steps"
                                      text = "Hi {first_name}, ... {signature}"
"""

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import ConfigError
from nlp.model import Intent

SLOT = re.compile(r"\{([a-z_]+)\}")
LIVE_SLOTS = frozenset({"first_name", "signature", "brand"})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _ReplyTable(_Strict):
    text: str = Field(min_length=1)
    when: str = ""


class _EntryTable(_Strict):
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    intents: tuple[Intent, ...] = Field(min_length=1)
    examples: tuple[str, ...] = Field(min_length=1)
    replies: tuple[_ReplyTable, ...] = Field(min_length=1, max_length=3)


class _FileTable(_Strict):
    facts: dict[str, str] = {}
    entry: tuple[_EntryTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    when: str


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    version: str
    intents: tuple[Intent, ...]
    examples: tuple[str, ...]
    replies: tuple[Answer, ...]

    @property
    def key(self) -> str:
        return f"{self.id}@{self.version}"


@dataclass(frozen=True, slots=True)
class Playbook:
    entries: dict[str, Entry]  # by key
    facts: dict[str, str]

    def examples(self) -> dict[str, str]:
        """Return every example under a ref of its own: `descale@1a2b3c4d#0`."""
        return {
            f"{entry.key}#{number}": text
            for entry in self.entries.values()
            for number, text in enumerate(entry.examples)
        }

    def entry_of(self, ref: str) -> Entry | None:
        return self.entries.get(ref.rpartition("#")[0])


def read_playbook(folder: Path) -> Playbook:
    """Read all *.toml of a folder. A missing folder is an empty playbook; a mistake is an error."""
    tables = {path: _read(path) for path in sorted(folder.glob("*.toml"))}
    facts: dict[str, str] = {}
    for path, table in tables.items():
        for name, value in table.facts.items():
            if facts.setdefault(name, value) != value:
                raise ConfigError(f"{path}: fact {name!r} has another value in another file.")
    entries: dict[str, Entry] = {}
    for path, table in tables.items():
        for row in table.entry:
            entry = _entry(row, facts)
            if any(known.id == entry.id for known in entries.values()):
                raise ConfigError(f"{path}: entry {entry.id!r} stands twice in the playbook.")
            entries[entry.key] = entry
    _check_slots(entries, facts)
    return Playbook(entries, facts)


def _read(path: Path) -> _FileTable:
    try:
        return _FileTable.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()
        )
        raise ConfigError(f"{path}: {said}") from None


def _entry(row: _EntryTable, facts: dict[str, str]) -> Entry:
    said: dict[str, Any] = row.model_dump(exclude={"examples"})
    slots = {slot for reply in row.replies for slot in SLOT.findall(reply.text)}
    said["facts"] = {slot: facts[slot] for slot in slots if slot in facts}
    version = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]
    replies = tuple(Answer(reply.text.strip(), reply.when) for reply in row.replies)
    return Entry(row.id, version, row.intents, row.examples, replies)


def _check_slots(entries: dict[str, Entry], facts: dict[str, str]) -> None:
    known = LIVE_SLOTS | facts.keys()
    for entry in entries.values():
        for reply in entry.replies:
            unknown = set(SLOT.findall(reply.text)) - known
            if unknown:
                raise ConfigError(
                    f"Playbook entry {entry.id!r} uses {{{min(unknown)}}}, which no facts file has."
                )
