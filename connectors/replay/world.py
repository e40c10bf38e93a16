"""The world that replay plays: accounts, messages, edits, deletions and scripted people.

A world is one JSONL file, read here and checked line by line; what is wrong is reported with its
line number, all at once. Not here: when things happen (timeline), and what we did (ledger).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from connectors.contract import ConnectorError
from connectors.model import Kind, Visibility
from connectors.replay.when import When, read_when

Key = tuple[str, str]  # platform, ref


class WorldError(ConnectorError):
    """A world that cannot be played. `problems` holds one sentence per line that is wrong."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        super().__init__(f"{path}: " + "; ".join(problems[:20]))
        self.problems = tuple(problems)


def _zone(value: object) -> object:
    try:
        return ZoneInfo(value) if isinstance(value, str) else value
    except (KeyError, ValueError, OSError):
        raise ValueError(f"no time zone is called {value!r}") from None


At = Annotated[When, BeforeValidator(read_when)]
Seconds = Annotated[float, Field(ge=0)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class WorldLine(_Line):
    type: Literal["world"]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    brand: str
    time_zone: Annotated[ZoneInfo, BeforeValidator(_zone)]
    platforms: tuple[str, ...]


class AccountLine(_Line):
    type: Literal["account"]
    platform: str
    ref: str
    handle: str
    name: str = ""
    followers: int | None = None
    bot: bool = False
    ours: bool = False
    url: str = ""


class AttachmentLine(_Line):
    kind: str
    alt: str = ""
    url: str = ""


class MessageLine(_Line):
    type: Literal["message"]
    platform: str
    ref: str
    author: str
    at: At
    kind: Kind
    text: str
    parent: str | None = None
    quoted: str | None = None
    visibility: Visibility = "public"
    language: str | None = None
    content_warning: str = ""
    attachments: tuple[AttachmentLine, ...] = ()
    url: str = ""
    closed: bool = False  # nobody may reply here, nor anywhere under it


class EditLine(_Line):
    type: Literal["edit"]
    platform: str
    ref: str
    at: At
    text: str


class DeleteLine(_Line):
    type: Literal["delete"]
    platform: str
    ref: str
    at: At


class GarbledLine(_Line):
    """Something that no connector could read."""

    type: Literal["garbled"]
    platform: str
    at: At
    raw: str


class Then(_Line):
    after_s: Seconds
    text: str


class AnswerLine(_Line):
    """What `author` says once we have replied to message `to`; `then`: after our next replies."""

    type: Literal["answer"]
    to: str
    platform: str | None = None  # needed only where two platforms use the same ref
    author: str
    after_s: Seconds
    text: str
    then: tuple[Then, ...] = ()

    @property
    def says(self) -> tuple[Then, ...]:
        return (Then(after_s=self.after_s, text=self.text), *self.then)


Happening = MessageLine | EditLine | DeleteLine | GarbledLine
Line = WorldLine | AccountLine | Happening | AnswerLine
Numbered = tuple[int, Line]
_LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="type")])


@dataclass(frozen=True)
class World:
    """A checked world. Messages, edits, deletions and garbled lines keep their line numbers."""

    name: str
    brand: str
    zone: ZoneInfo
    platforms: tuple[str, ...]
    accounts: Mapping[Key, AccountLine]
    messages: Mapping[Key, MessageLine]
    happenings: tuple[tuple[int, Happening], ...]
    answers: Mapping[Key, tuple[AnswerLine, ...]]  # by the message that we have to reply to

    def root(self, key: Key) -> str:
        """Follow the parents of a message up to the first one."""
        return self._roots[key]

    @cached_property
    def _roots(self) -> dict[Key, str]:
        roots: dict[Key, str] = {}
        for key in self.messages:
            path = list(_up(self.messages, key, roots))
            top = path[-1]
            found = roots.get(top, top[1])
            roots.update(dict.fromkeys(path, found))
        return roots


def _up(messages: Mapping[Key, MessageLine], key: Key, known: Mapping[Key, str]) -> Iterator[Key]:
    while True:
        yield key
        parent = messages[key].parent
        if parent is None or key in known:
            return
        key = (key[0], parent)


def load_world(path: Path) -> World:
    """Read and check a world; raise WorldError naming every line that is wrong."""
    problems: list[str] = []
    lines = list(_read(path, problems))
    builder = _Builder()
    for number, line in lines:
        problems += (f"line {number}: {said}" for said in builder.take(number, line))
    problems += builder.check()
    if problems:
        raise WorldError(path, problems)
    return builder.world()


def _read(path: Path, problems: list[str]) -> Iterator[Numbered]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise WorldError(path, [f"cannot be read: {error.strerror}"]) from error
    for number, text in enumerate(raw.split(b"\n"), start=1):
        if not text.strip():
            continue
        try:
            yield number, _LINE.validate_json(text)
        except ValidationError as error:
            problems += (f"line {number}: {_said(one)}" for one in error.errors())


def _said(error: Any) -> str:
    where = ".".join(str(one) for one in error["loc"][1:])
    return f"{where}: {error['msg']}" if where else str(error["msg"])


class _Builder:
    """Collects the lines of a world and the sentences about what is wrong with them."""

    def __init__(self) -> None:
        self.head: WorldLine | None = None
        self.accounts: dict[Key, AccountLine] = {}
        self.messages: dict[Key, MessageLine] = {}
        self.numbers: dict[Key, int] = {}
        self.happenings: list[tuple[int, Happening]] = []
        self.answers: list[tuple[int, AnswerLine]] = []

    def take(self, number: int, line: Line) -> Iterator[str]:
        match line:
            case WorldLine():
                if self.head is not None:
                    yield "a second line of type world"
                self.head = line
            case AccountLine():
                if (line.platform, line.ref) in self.accounts:
                    yield f"account {line.ref} stands here twice"
                self.accounts[line.platform, line.ref] = line
            case MessageLine():
                if (line.platform, line.ref) in self.messages:
                    yield f"message {line.ref} stands here twice"
                self.messages[line.platform, line.ref] = line
                self.numbers[line.platform, line.ref] = number
                self.happenings.append((number, line))
            case AnswerLine():
                self.answers.append((number, line))
            case EditLine() | DeleteLine() | GarbledLine():
                self.happenings.append((number, line))

    def check(self) -> Iterator[str]:
        if self.head is None:
            yield "no line of type world"
            return
        for number, line in self.happenings:
            for said in self._check_one(line):
                yield f"line {number}: {said}"
        for number, answer in self.answers:
            for said in self._check_answer(answer):
                yield f"line {number}: {said}"

    def _check_one(self, line: Happening) -> Iterator[str]:
        assert self.head is not None
        if line.platform not in self.head.platforms:
            yield f"platform {line.platform} is not named in the world line"
        if isinstance(line, EditLine | DeleteLine):
            if (line.platform, line.ref) not in self.messages:
                yield f"no message {line.ref} on {line.platform}"
        elif isinstance(line, MessageLine):
            yield from self._check_message(line)

    def _check_message(self, line: MessageLine) -> Iterator[str]:
        if (line.platform, line.author) not in self.accounts:
            yield f"no account {line.author} on {line.platform}"
        key, above = (line.platform, line.ref), {(line.platform, line.ref)}
        while (parent := self.messages[key].parent) is not None:
            key = (line.platform, parent)
            if key not in self.messages:
                yield f"no message {parent} on {line.platform}"
                return
            if key in above:
                yield f"{line.ref} is its own ancestor"
                return
            above.add(key)

    def _check_answer(self, line: AnswerLine) -> Iterator[str]:
        platforms = self._platforms_of(line)
        if not platforms:
            yield f"no message {line.to}"
        elif len(platforms) > 1:
            yield f"{line.to} is on {' and '.join(platforms)}: name the platform"
        elif (platforms[0], line.author) not in self.accounts:
            yield f"no account {line.author} on {platforms[0]}"

    def _platforms_of(self, line: AnswerLine) -> list[str]:
        assert self.head is not None
        names = (line.platform,) if line.platform else self.head.platforms
        return [name for name in names if (name, line.to) in self.messages]

    def world(self) -> World:
        assert self.head is not None
        answers: dict[Key, tuple[AnswerLine, ...]] = {}
        for _, line in self.answers:
            key = (self._platforms_of(line)[0], line.to)
            answers[key] = (*answers.get(key, ()), line)
        return World(
            self.head.name,
            self.head.brand,
            self.head.time_zone,
            self.head.platforms,
            self.accounts,
            self.messages,
            tuple(self.happenings),
            answers,
        )
