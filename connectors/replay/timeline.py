"""What happens on one platform of a replayed world, and when: a pure function of world and ledger.

Every moment has a place (instant, order) that never changes once it can have been seen, so a cursor
is simply the place of the last moment given out. Not here: files, clocks and the wish of a caller.
"""

from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connectors.model import (
    Attachment,
    Author,
    Deleted,
    Edited,
    Event,
    Message,
    Seen,
    Unreadable,
)
from connectors.replay.ledger import Replied, Withdrawn
from connectors.replay.when import Pace, offset_of
from connectors.replay.world import (
    AccountLine,
    AnswerLine,
    DeleteLine,
    EditLine,
    GarbledLine,
    Happening,
    MessageLine,
    World,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FROM_LEDGER = 1_000_000_000  # what we caused comes after what the world does in the same instant

Place = tuple[int, int]  # microseconds since 1970, order within the instant


@dataclass(frozen=True, slots=True)
class Moment:
    place: Place
    event: Event
    ref: str


@dataclass(slots=True)
class _Script:
    """How far one scripted person has got in a conversation with us."""

    line: AnswerLine
    number: int
    said: int = 0
    next_at: datetime = _EPOCH  # our next reply counts if it became visible after this


@dataclass(frozen=True, slots=True)
class Standing:
    """A message as everybody sees it now; `message` is None once it is deleted."""

    message: Message | None
    was_edited: bool = False


class Timeline:
    """All moments of one platform, in order; `add` takes what the ledger says."""

    def __init__(self, world: World, platform: str, pace: Pace) -> None:
        self._world = world
        self._platform = platform
        self._authors = {
            ref: author_of(line)
            for (where, ref), line in world.accounts.items()
            if where == platform
        }
        self._moments: list[Moment] = []
        self._of: dict[str, list[Moment]] = {}  # by ref, in order
        self._added = 0
        self._scripts = [
            _Script(line, number)
            for (where, _), lines in world.answers.items()
            if where == platform
            for number, line in enumerate(lines)
        ]
        for moment in self._of_world(pace):
            self._moments.append(moment)
            self._of.setdefault(moment.ref, []).append(moment)

    def add(self, entry: Replied | Withdrawn) -> None:
        self._added += 1
        if isinstance(entry, Replied):
            self._add_reply(entry)
        else:
            self._add_deletion(entry)

    def between(self, after: Place, now: datetime) -> Iterator[Moment]:
        """Yield the moments after a place that have come to pass, in order."""
        first = bisect_right(self._moments, after, key=_place)
        limit = _micros(now)
        for number in range(first, len(self._moments)):
            if self._moments[number].place[0] > limit:
                return
            yield self._moments[number]

    def at(self, ref: str, now: datetime) -> Standing | None:
        """Return how a message stands; None if nobody has ever seen it."""
        limit, standing = _micros(now), None
        for moment in self._of.get(ref, ()):
            if moment.place[0] <= limit:
                standing = _standing(moment.event)
        return standing

    def above(self, ref: str, now: datetime) -> Sequence[Message]:
        """Return the messages above one, oldest first, without those that are deleted."""
        chain: list[Message] = []
        parent = self._parent(ref)
        while parent is not None:
            standing = self.at(parent, now)
            if standing is not None and standing.message is not None:
                chain.append(standing.message)
            parent = self._parent(parent)
        return chain[::-1]

    def first_seen(self, ref: str) -> Message | None:
        moments = self._of.get(ref)
        if moments and isinstance(moments[0].event, Seen):
            return moments[0].event.message
        return None

    def is_closed(self, ref: str | None) -> bool:
        while ref is not None:
            line = self._world.messages.get((self._platform, ref))
            if line is not None and line.closed:
                return True
            ref = self._parent(ref)
        return False

    def _parent(self, ref: str) -> str | None:
        message = self.first_seen(ref)
        return message.parent_ref if message else None

    def _of_world(self, pace: Pace) -> Iterator[Moment]:
        """Yield the world's own moments in order; what precedes its message never happens."""
        latest: dict[str, Message] = {}
        for at, number, line in sorted(self._dated(pace), key=lambda one: one[:2]):
            if (event := self._event(line, at, latest)) is not None:
                ref = "" if isinstance(line, GarbledLine) else line.ref
                yield Moment((_micros(at), number), event, ref)

    def _dated(self, pace: Pace) -> Iterator[tuple[datetime, int, Happening]]:
        for number, line in self._world.happenings:
            if line.platform == self._platform:
                offset = offset_of(line.at, pace.anchor, self._world.zone)
                yield pace.visible_at(offset), number, line

    def _event(self, line: Happening, at: datetime, latest: dict[str, Message]) -> Event | None:
        match line:
            case GarbledLine():
                return Unreadable(line.raw, "the world says so")
            case MessageLine():
                latest[line.ref] = self._message(line, at)
                return Seen(latest[line.ref])
            case EditLine() if line.ref in latest:
                latest[line.ref] = replace(latest[line.ref], text=line.text, edited_at=at)
                return Edited(latest[line.ref])
            case DeleteLine() if latest.pop(line.ref, None):
                return Deleted(self._platform, line.ref)
            case _:
                return None

    def _message(self, line: MessageLine, at: datetime) -> Message:
        return Message(
            platform=self._platform,
            ref=line.ref,
            author=self._authors[line.author],
            text=line.text,
            kind=line.kind,
            root_ref=self._world.root((self._platform, line.ref)),
            created_at=at,
            parent_ref=line.parent,
            visibility=line.visibility,
            url=line.url,
            content_warning=line.content_warning,
            language=line.language,
            attachments=tuple(Attachment(one.kind, one.url, one.alt) for one in line.attachments),
            quoted_ref=line.quoted,
        )

    def _add_reply(self, entry: Replied) -> None:
        self._say(self._reply(entry), entry.visible_at, 0)
        for step, script in enumerate(self._scripts, start=1):
            self._let_answer(script, entry, step)

    def _let_answer(self, script: _Script, entry: Replied, step: int) -> None:
        if script.said >= len(script.line.says) or not self._is_for(script, entry):
            return
        then = script.line.says[script.said]
        script.said += 1
        script.next_at = entry.visible_at + timedelta(seconds=then.after_s / entry.answer_pace)
        said = replace(
            self._reply(entry),
            ref=f"{script.line.to}-answer-{script.number + 1}.{script.said}",
            author=self._authors[script.line.author],
            text=then.text,
            parent_ref=entry.ref,
            created_at=script.next_at,
            content_warning="",
        )
        self._say(said, script.next_at, step)

    def _is_for(self, script: _Script, entry: Replied) -> bool:
        if script.said == 0:
            return entry.parent == script.line.to
        parent = self.first_seen(entry.parent)
        return (
            parent is not None
            and parent.author.ref == script.line.author
            and parent.root_ref == self._world.root((self._platform, script.line.to))
            and entry.visible_at >= script.next_at
        )

    def _reply(self, entry: Replied) -> Message:
        above = self.first_seen(entry.parent)
        return Message(
            platform=self._platform,
            ref=entry.ref,
            author=self._authors[entry.author],
            text=entry.text,
            kind="reply",
            root_ref=above.root_ref if above else entry.parent,
            created_at=entry.visible_at,
            parent_ref=entry.parent,
            visibility=entry.visibility,
            content_warning=entry.content_warning,
            language=entry.language,
        )

    def _say(self, message: Message, at: datetime, step: int) -> None:
        self._insert(Moment(self._place_of(at, step), Seen(message), message.ref))

    def _add_deletion(self, entry: Withdrawn) -> None:
        """Delete a message; whoever has not answered it yet does not any more."""
        gone = [
            moment
            for moment in self._moments
            if isinstance(moment.event, Seen)
            and moment.event.message.parent_ref == entry.ref
            and moment.place[0] > _micros(entry.at)
        ]
        for moment in gone:
            self._moments.remove(moment)
            del self._of[moment.ref]
        deleted = Deleted(self._platform, entry.ref)
        self._insert(Moment(self._place_of(entry.at, 0), deleted, entry.ref))

    def _place_of(self, at: datetime, step: int) -> Place:
        return (_micros(at), _FROM_LEDGER + self._added * 10_000 + step)

    def _insert(self, moment: Moment) -> None:
        insort(self._moments, moment, key=_place)
        insort(self._of.setdefault(moment.ref, []), moment, key=_place)


def author_of(line: AccountLine) -> Author:
    return Author(
        ref=line.ref,
        handle=line.handle,
        name=line.name,
        url=line.url,
        is_ours=line.ours,
        is_bot=line.bot,
        followers=line.followers,
    )


def write_cursor(place: Place) -> str:
    return f"{place[0]}.{place[1]}"


def read_cursor(cursor: str | None) -> Place:
    if cursor is None:
        return (-(2**62), 0)
    instant, _, order = cursor.partition(".")
    return (int(instant), int(order or 0))


def _place(moment: Moment) -> Place:
    return moment.place


def place_at(at: datetime) -> Place:
    """Return the place before everything that happens at a moment."""
    return _micros(at), -1


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _standing(event: Event) -> Standing | None:
    match event:
        case Seen(message):
            return Standing(message)
        case Edited(message):
            return Standing(message, was_edited=True)
        case Deleted():
            return Standing(None)
        case Unreadable():
            return None
