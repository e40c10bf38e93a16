"""The people of a day: who is new, who came back, who fades, whom we owe. Three each at most."""

from collections.abc import Sequence
from dataclasses import replace

from bot.digest.facts import Facts
from bot.digest.links import person_link
from bot.digest.page import PersonGroup, PersonLine
from bot.digest.topics import is_spam
from bot.digest.words import one_line
from bot.people.moves import Move, cooling, first_timers, new_regulars, owed, returned
from storage.model import Message, PersonActivity

MOST = 3


def crowd(facts: Facts) -> tuple[PersonGroup, ...]:
    """Return the groups that have somebody in them."""
    spam = _only_spam(facts.messages)
    active = _counted(facts.active, spam, facts)
    month = _counted(facts.month, spam, facts)
    habitual = [who for who in facts.habitual if is_a_person(who)]
    groups = [
        _group("New regulars", new_regulars(active, facts.person_days, facts.day), facts),
        _group("First-timers", first_timers(active), facts),
        _group("Returned", returned(active, facts.day, facts.zone), facts),
        _group("Cooling", cooling(habitual, facts.person_days, facts.day), facts),
        _group("We owe them a word", owed(month, _waiting(facts))[:MOST], facts),
    ]
    return tuple(group for group in groups if group.lines)


def _counted(
    people: Sequence[PersonActivity], spam: frozenset[int], facts: Facts
) -> list[PersonActivity]:
    honest = (who for who in people if is_a_person(who) and who.person_id not in spam)
    return [_as_allowed(who, facts) for who in honest]


def is_a_person(who: PersonActivity) -> bool:
    """Bots are nobody's regulars, and who wants no contact is left alone."""
    return not who.is_bot and not who.opted_out


def _as_allowed(who: PersonActivity, facts: Facts) -> PersonActivity:
    """Where looking at one person's mood is forbidden, only the counts of messages stay."""
    return who if facts.may_profile(who.platform) else replace(who, positive=0, negative=0)


def _only_spam(messages: Sequence[Message]) -> frozenset[int]:
    """People of whom the day brought nothing but advertising."""
    theirs = [message for message in messages if message.direction == "in"]
    honest = {message.author.person_id for message in theirs if not is_spam(message)}
    return frozenset(message.author.person_id for message in theirs) - honest


def _waiting(facts: Facts) -> frozenset[int]:
    return frozenset(entry.person_id for entry in facts.queue)


def _group(title: str, moves: Sequence[Move], facts: Facts) -> PersonGroup:
    lines = tuple(_line(move, facts.base_url) for move in moves[:MOST])
    return PersonGroup(title, lines, more=max(len(moves) - MOST, 0))


def _line(move: Move, base_url: str) -> PersonLine:
    who = move.who
    return PersonLine(
        name=one_line(who.name or who.handle, 40) or "somebody without a name",
        platform=who.platform,
        why=move.why,
        link=person_link(base_url, who.person_id),
        person_id=who.person_id,
    )
