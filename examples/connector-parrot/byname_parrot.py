"""parrot: a platform made of one file, and a complete connector for it.

Somebody writes a line of JSON onto the perch, `{"ref": "1", "who": "ada", "text": "hello?"}`, and
the parrot answers with a line of its own. Lines are never changed; `{"gone": "1"}` takes one back.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors._length import characters
from connectors._platforms import DataRules, Measure, Platform, length
from connectors.contract import Clock, Connector, Rejected, Setup, Unavailable
from connectors.model import (
    Author,
    Budget,
    Deleted,
    Event,
    Health,
    Message,
    MessageRef,
    Outgoing,
    Page,
    Permission,
    Posted,
    Recheck,
    Seen,
    Source,
    Unreadable,
)

PLATFORM = Platform(
    "parrot", (Measure("characters", 200, characters),), data=DataRules(recheck_hours=24)
)
US, PAGE = "parrot", 100
GONE = Permission(False, "The line was taken back.", "the perch")
Line = Mapping[str, Any]


def connect(setup: Setup) -> Connector:
    """What the entry point names: byname.toml's table of the login becomes a connector."""
    perch = setup.home / str(setup.settings.get("perch", "perch.jsonl"))
    return Parrot(perch, setup.clock)


class Parrot:
    """One perch. The cursor of a source is the number of lines that were read."""

    def __init__(self, perch: Path, clock: Clock) -> None:
        self._perch, self._clock = perch, clock

    async def check(self) -> Health:
        return Health(f"the parrot on {self._perch.name}", scopes=("read", "write"))

    async def pages(self, source: Source, after: str | None) -> AsyncIterator[Page]:  # noqa: ARG002
        raw, start = self._read(), int(after or 0)
        lines = self._lines()
        for at in range(start, len(raw), PAGE):
            part = raw[at : at + PAGE]
            yield Page(tuple(_event(one, lines) for one in part), str(at + len(part)))

    async def thread(self, message: MessageRef) -> Sequence[Message]:
        lines, above = self._lines(), []
        ref = lines.get(message.ref, {}).get("parent")
        while ref in lines:
            above.append(_message(lines[ref], lines))
            ref = lines[ref].get("parent")
        return above[::-1]

    async def recheck(self, refs: Sequence[MessageRef]) -> Sequence[Recheck]:
        lines = self._lines()
        return [Recheck(one.ref, "there" if one.ref in lines else "deleted") for one in refs]

    async def may_reply(self, message: MessageRef) -> Permission:
        return Permission(True) if message.ref in self._lines() else GONE

    async def post(self, reply: Outgoing) -> Posted:
        """One attempt: refuse what is certain to be wrong first, then write once."""
        size = length("parrot", reply.text)
        if not size.fits:
            raise Rejected(f"{size.used} {size.unit}, {size.limit} fit", code="too_long")
        if not (permission := await self.may_reply(reply.parent)).allowed:
            raise Rejected(permission.rule, code="parent_gone")
        if (posted := await self.find_reply(reply)) is not None:
            return posted  # the key was used: this platform can tell
        at = self._clock().isoformat()
        line = {"ref": f"parrot-{reply.key}", "who": US, "text": reply.text, "at": at}
        self._write({**line, "parent": reply.parent.ref})
        return Posted(line["ref"])

    async def find_reply(self, reply: Outgoing) -> Posted | None:
        line = self._lines().get(f"parrot-{reply.key}")
        return Posted(line["ref"]) if line and line["text"] == reply.text else None

    async def delete(self, posted: Posted) -> None:
        if posted.ref in self._lines():
            self._write({"gone": posted.ref})

    async def budget(self) -> Budget:
        return Budget()

    async def close(self) -> None:
        return None

    def _read(self) -> list[str]:
        try:
            return self._perch.read_text(encoding="utf-8").splitlines()
        except OSError as error:  # nothing was sent by reading
            raise Unavailable(f"the perch cannot be read: {error}", was_sent=False) from error

    def _lines(self) -> dict[str, Line]:
        """Return what stands on the perch by ref, without what was taken back."""
        lines: dict[str, Line] = {}
        for raw in self._read():
            line = _parse(raw)
            if "ref" in line:
                lines[line["ref"]] = line
            lines.pop(str(line.get("gone")), None)
        return lines

    def _write(self, line: Line) -> None:
        try:
            with self._perch.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:  # half a line may stand there: nobody knows
            raise Unavailable(f"the perch cannot be written: {error}") from error


def _event(raw: str, lines: Mapping[str, Line]) -> Event:
    line = _parse(raw)
    if "gone" in line:
        return Deleted("parrot", str(line["gone"]))
    try:
        return Seen(_message(line, lines))
    except (KeyError, TypeError, ValueError) as error:
        return Unreadable(raw, repr(error))  # one bad line never costs its page


def _message(line: Line, lines: Mapping[str, Line]) -> Message:
    root = line
    while root.get("parent") in lines:
        root = lines[root["parent"]]
    who = Author(line["who"], line["who"], is_ours=line["who"] == US)
    at = datetime.fromisoformat(line["at"]) if "at" in line else None
    return Message(
        "parrot", line["ref"], who, line["text"], "mention", root["ref"], at, line.get("parent")
    )


def _parse(raw: str) -> Line:
    try:
        line = json.loads(raw)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
