"""Alerts, health and what needs a human now. Pure: facts in, lines out."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from statistics import median

from bot.digest.facts import Facts
from bot.digest.links import message_link, queue_link
from bot.digest.page import Alert, HealthLine, Need
from bot.digest.topics import is_countable, is_quotable, terms
from bot.digest.words import count, due_in, duration, listing, one_line, quoted
from bot.measures.spikes import is_spike
from bot.meter import PAUSED
from bot.policy import is_crisis, may_be_crisis
from storage.model import Brake, Exchange, Message, QueueEntry, Reply, SourceState

MOST_NEEDS = 5
MOST_ALERTS = 4
COOL_DOWN_HOURS = 2
QUIET_SOURCE = timedelta(hours=24)


def needs(facts: Facts) -> tuple[Need, ...]:
    """Return at most five: replies that a human must settle, then the queue in its own order."""
    if not facts.is_latest:
        return ()
    stuck = [_stuck(reply, facts) for reply in facts.stuck if reply.state == "needs_human"]
    waiting = [_waiting(entry, facts) for entry in facts.queue]
    return tuple((stuck + waiting)[:MOST_NEEDS])


def late(facts: Facts) -> int:
    return sum(_is_late(entry.message, facts) for entry in facts.queue)


def alerts(facts: Facts) -> tuple[Alert, ...]:
    """Return the crises of the day, open ones first, then hours with a spike, then doubts."""
    found = sorted(crises(facts), key=lambda alert: not alert.is_open)
    shown = [*found, *_spikes(facts)][:MOST_ALERTS]
    return (*shown, *_more(found[MOST_ALERTS:], facts), *_doubts(facts))


def health(facts: Facts) -> tuple[HealthLine, ...]:
    """Return what is broken, or one line that all is well."""
    lines = [
        *(_brake(brake) for brake in facts.brakes),
        *_replies(facts.stuck),
        *_unread(facts.unread),
        *(HealthLine(one.says, is_good=False) for one in facts.overdue if facts.is_latest),
        *(line for source in facts.sources if (line := _source(source, facts))),
    ]
    if lines:
        return tuple(lines)
    heard = f"{count(len(facts.sources), 'source')} answered" if facts.sources else "No source yet"
    return (HealthLine(f"{heard}; no reply is stuck; the brake is off.", is_good=True),)


def failing(facts: Facts) -> list[SourceState]:
    return [source for source in facts.sources if source.error]


def _stuck(reply: Reply, facts: Facts) -> Need:
    handle = one_line(reply.parent.author_handle, 40)
    return Need(
        who=f"@{handle}" if handle else reply.parent.platform,
        why="a reply may or may not be visible; look whether it is there",
        link=message_link(facts.base_url, reply.message_id),
        due="nothing else leaves in this conversation",
        is_late=True,
        message_id=reply.message_id,
    )


def _waiting(entry: QueueEntry, facts: Facts) -> Need:
    message = entry.message
    is_private = message.kind == "direct" or message.visibility == "direct"
    why = one_line(message.reason, 90) or "wants an answer"
    return Need(
        who=one_line(entry.person_name or message.author.handle, 40),
        why=f"direct message; {why}" if is_private and "direct" not in why else why,
        link=message_link(facts.base_url, message.id),
        quote=quoted(message.text) if is_quotable(message) else "",
        due=due_in(message.answer_by_at, facts.now) if message.answer_by_at else "",
        is_late=_is_late(message, facts),
        person_id=entry.person_id,
        message_id=message.id,
    )


def _is_late(message: Message, facts: Facts) -> bool:
    return message.answer_by_at is not None and message.answer_by_at < facts.now


def crises(facts: Facts) -> list[Alert]:
    """Return one line per crisis, without its words and without the person's name."""
    answers = {one.message_id: one for one in facts.exchanges}
    found = []
    for message in facts.messages:
        if message.direction == "in" and message.tags and is_crisis(message.tags, facts.policy):
            text, is_open = _crisis_text(message, answers.get(message.id))
            found.append(Alert(text, message_link(facts.base_url, message.id), is_open))
    return found


def _more(rest: Sequence[Alert], facts: Facts) -> Iterator[Alert]:
    """Say how many crises the list has no room for."""
    if rest:
        still = sum(alert.is_open for alert in rest)
        verb = "reads" if len(rest) == 1 else "read"
        tail = f"; {still} of them open" if still else ""
        yield Alert(
            f"{len(rest)} more {verb} like a crisis{tail}.", queue_link(facts.base_url), still > 0
        )


def _doubts(facts: Facts) -> Iterator[Alert]:
    """Say how many messages the model flags without being sure: a human should have a look."""
    doubtful = [
        message
        for message in facts.messages
        if message.direction == "in"
        and message.tags
        and may_be_crisis(message.tags)
        and not is_crisis(message.tags, facts.policy)
    ]
    if doubtful:
        still = sum(message.state in {"waiting", "suggested", "snoozed"} for message in doubtful)
        what = f"{count(len(doubtful), 'message')} may be a crisis, byname is not sure"
        wait = f"{still} still {'waits' if still == 1 else 'wait'}" if still else "none waits"
        yield Alert(f"{what}; {wait}.", queue_link(facts.base_url) if still else "", is_open=False)


def _crisis_text(message: Message, answer: Exchange | None) -> tuple[str, bool]:
    what = f"A message on {message.platform} reads like a crisis"
    if answer and answer.answered_at:
        took = (answer.answered_at - answer.asked_at) / timedelta(minutes=1)
        return f"{what}; answered after {duration(took)}.", False
    if message.state in {"done", "history", "gone"}:
        return f"{what}; settled without a reply.", False
    return f"{what}; nobody has answered yet.", True


def _spikes(facts: Facts) -> Iterator[Alert]:
    last = -COOL_DOWN_HOURS - 1
    for hour, number in enumerate(facts.numbers.by_hour):
        before = [one.by_hour[hour] for one in facts.history]
        if len(before) >= 7 and is_spike(number, before) and hour - last > COOL_DOWN_HOURS:
            last = hour
            yield _spike(hour, number, median(before), facts)


def _spike(hour: int, number: int, usual: float, facts: Facts) -> Alert:
    there = [
        message
        for message in facts.messages
        if message.created_at
        and message.created_at.astimezone(facts.zone).hour == hour
        and is_countable(message)
    ]
    words = _frequent(there)
    about = f", mostly about {listing([f'“{word}”' for word in words])}" if words else ""
    when = f"between {hour:02d}:00 and {hour + 1:02d}:00"
    text = f"{number} messages {when} instead of about {usual:.0f}{about}."
    first = message_link(facts.base_url, there[0].id) if there else ""
    return Alert(text, first, is_open=False)


def _frequent(messages: Sequence[Message]) -> list[str]:
    counts: dict[str, int] = {}
    for message in messages:
        for term in terms(message, frozenset()):
            if not term.startswith("="):
                counts[term] = counts.get(term, 0) + 1
    often = [term for term, number in counts.items() if number >= max(3, len(messages) // 3)]
    often.sort(key=lambda term: (-counts[term], -len(term), term))
    kept: list[str] = []
    for term in often:
        if not any(term in one or one in term for one in kept):
            kept.append(term)
    return kept[:2]


def _brake(brake: Brake) -> HealthLine:
    where = {"home": "everything"}.get(brake.scope, f"{brake.scope} {brake.target}")
    reason = f": {one_line(brake.reason, 80)}" if brake.reason else ""
    return HealthLine(
        f"The brake is on for {where}, set by {one_line(brake.by, 40)}{reason}.", is_good=False
    )


def _replies(stuck: Sequence[Reply]) -> Iterator[HealthLine]:
    says = {
        "needs_human": "may or may not be visible: a human has to look",
        "unknown": "left without a clear answer and {is_are} being looked up",
        "held": "{is_are} held until somebody looks again",
    }
    for state, text in says.items():
        number = sum(reply.state == state for reply in stuck)
        if number:
            verb = "is" if number == 1 else "are"
            line = f"{count(number, 'reply', 'replies')} {text.format(is_are=verb)}."
            yield HealthLine(line, is_good=False)


def _unread(number: int) -> Iterator[HealthLine]:
    if number:
        text = f"{count(number, 'message')} could not be understood after three attempts."
        yield HealthLine(text, is_good=False)


def _source(source: SourceState, facts: Facts) -> HealthLine | None:
    if source.error:
        since = (
            f" since {source.error_at.astimezone(facts.zone):%a %H:%M}" if source.error_at else ""
        )
        if source.error.startswith(PAUSED):
            return HealthLine(f"Source {source.name} is {source.error}.", is_good=False)
        text = f"Source {source.name} fails{since}: {one_line(source.error, 120)}"
        return HealthLine(text, is_good=False)
    if source.last_ok_at and facts.is_latest and facts.now - source.last_ok_at > QUIET_SOURCE:
        quiet = duration((facts.now - source.last_ok_at) / timedelta(minutes=1))
        return HealthLine(f"Source {source.name} was last asked {quiet} ago.", is_good=False)
    return None
