"""What people talked about more, or less, than before; one real voice for each.

Words are counted once per message and only when several people used them, so that one person
repeating a thing does not make it a topic. Direct messages never enter.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bot.digest.links import message_link
from bot.digest.page import Topic
from bot.digest.words import one_line, quoted
from bot.measures.logodds import Shift, log_odds
from storage.model import Message

LUCKY_TOPICS = 0.1  # so many topics a day that only luck has made (Bonferroni)
MIN_MESSAGES = 3
MIN_PEOPLE = 3
MIN_BEFORE = 20
MOST = 3
_WORD = re.compile(r"[^\W\d_][\w'-]*[^\W_]|[^\W\d_]")
_NOISE = re.compile(r"https?://\S+|[@#][\w.@-]+|&\w+;")
STOP = frozenset((Path(__file__).parent / "stopwords.txt").read_text(encoding="utf-8").split())


@dataclass(frozen=True, slots=True)
class _Found:
    """Messages that hold a term."""

    messages: tuple[Message, ...]

    @property
    def people(self) -> int:
        return len({message.author.person_id for message in self.messages})


def topics(
    now: Sequence[Message], before: Sequence[Message], base_url: str, brand: str
) -> tuple[Topic, ...]:
    """Return up to three risen and two fallen words or intents, with a quote for the risen."""
    today = [message for message in now if is_countable(message)]
    past = [message for message in before if is_countable(message)]
    if len(past) < MIN_BEFORE or not today:
        return ()
    skip = frozenset(word.lower() for word in _WORD.findall(brand))
    found = _index(today, skip)
    shifts = log_odds(
        {term: len(found[term].messages) for term in found},
        len(today),
        _counts(past, skip),
        len(past),
    )
    heard = [one for one in shifts if _is_shared(one, found)]
    least = LUCKY_TOPICS / max(len(heard), 1)
    risen = _without_doubles([one for one in heard if _has_risen(one, least)], found)
    fallen = [one for one in shifts if _has_fallen(one, least)]
    return (
        *_voiced(risen[:MOST], found, base_url),
        *(_topic(shift, _Found(()), None, base_url) for shift in _widest(fallen)[:2]),
    )


def is_countable(message: Message) -> bool:
    """Theirs, with words, said in public, no advertising."""
    return (
        message.direction == "in"
        and message.deleted_at is None
        and message.kind != "direct"
        and message.visibility in {"public", "unlisted"}
        and bool(message.text)
        and not message.author.is_bot
        and not is_spam(message)
    )


def is_quotable(message: Message) -> bool:
    """A voice that may stand in a mail: public, not offensive, no crisis, no content warning."""
    tags = message.tags
    return (
        is_countable(message)
        and not message.content_warning
        and not (tags and tags.offensive and tags.offensive.value)
        and not (tags and tags.crisis and tags.crisis.value)
    )


def terms(message: Message, skip: frozenset[str]) -> set[str]:
    """Return the intents, words and pairs of words of one message."""
    return {*_intents(message), *_words(message, skip)}


def quote_from(messages: Iterable[Message]) -> Message | None:
    """Choose the voice that is easiest to read: of middling length, the earliest among equals."""
    fit = [message for message in messages if is_quotable(message)]
    fit.sort(key=lambda message: (abs(len(message.text) - 80), message.id))
    return fit[0] if fit else None


def _voiced(risen: Sequence[Shift], found: dict[str, _Found], base_url: str) -> Iterator[Topic]:
    """Give each topic a voice of its own, where there is one that was not heard yet."""
    heard: set[int] = set()
    for shift in risen:
        holding = found[shift.term]
        voice = quote_from(one for one in holding.messages if one.id not in heard)
        heard |= {voice.id} if voice else set()
        yield _topic(shift, holding, voice, base_url)


def _topic(shift: Shift, found: _Found, voice: Message | None, base_url: str) -> Topic:
    is_intent = shift.term.startswith("=")
    return Topic(
        term=shift.term.removeprefix("=") if is_intent else _spelled(shift.term, found.messages),
        kind="intent" if is_intent else "words",
        is_rising=shift.z > 0,
        now=shift.now,
        usual=shift.expected,
        quote=quoted(voice.text) if voice else "",
        who=one_line(voice.author.name or voice.author.handle, 40) if voice else "",
        link=message_link(base_url, voice.id) if voice else "",
        message_id=voice.id if voice else None,
        person_id=voice.author.person_id if voice else None,
    )


def _spelled(term: str, messages: Sequence[Message]) -> str:
    """Return the term as most people wrote it: WP31, not wp31."""
    pattern = re.compile(rf"(?<!\w){re.escape(term)}(?!\w)", re.IGNORECASE)
    ways = Counter(found.group() for one in messages if (found := pattern.search(one.text)))
    return ways.most_common(1)[0][0] if ways else term


def _intents(message: Message) -> Iterator[str]:
    if message.tags and message.tags.intents:
        yield f"={message.tags.intents[0].label}"


def _words(message: Message, skip: frozenset[str]) -> Iterator[str]:
    """Yield English words and neighbours; other languages only count by intent."""
    language = (message.tags.language if message.tags else message.language) or "en"
    if language != "en":
        return
    text = _NOISE.sub(" . ", message.text.lower().replace("\u2019", "'"))
    for part in re.split(r"[.!?;:,()\n]+", text):
        words = [word for word in _WORD.findall(part) if word not in skip]
        kept = [word if word not in STOP and len(word) > 2 else "" for word in words]
        for left, right in pairwise([*kept, ""]):
            if left:
                yield left
            if left and right and left != right:
                yield f"{left} {right}"


def _index(messages: Sequence[Message], skip: frozenset[str]) -> dict[str, _Found]:
    lists: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        for term in terms(message, skip):
            lists[term].append(message)
    return {term: _Found(tuple(holding)) for term, holding in lists.items()}


def _counts(messages: Sequence[Message], skip: frozenset[str]) -> Counter[str]:
    return Counter(term for message in messages for term in terms(message, skip))


def _is_shared(shift: Shift, found: dict[str, _Found]) -> bool:
    """Several messages, by several people; a word that stands alone needs one more."""
    is_lone = " " not in shift.term and not shift.term.startswith("=")
    enough = shift.now >= MIN_MESSAGES + is_lone
    return enough and found[shift.term].people >= MIN_PEOPLE


def _has_risen(shift: Shift, least: float) -> bool:
    """Rarer than luck, and half as much again as expected."""
    return shift.z > 0 and shift.chance <= least and shift.now >= 1.5 * shift.expected


def _has_fallen(shift: Shift, least: float) -> bool:
    fell = shift.z < 0 and shift.chance <= least
    return fell and shift.expected >= max(MIN_MESSAGES, 2 * shift.now)


def _without_doubles(shifts: Sequence[Shift], found: dict[str, _Found]) -> list[Shift]:
    """Drop a term that stands in nearly the same messages as a better one; pairs beat words."""
    ordered = sorted(shifts, key=lambda s: (s.chance * (0.1 if " " in s.term else 1.0), s.term))
    kept: list[Shift] = []
    for shift in ordered:
        ids = {message.id for message in found[shift.term].messages}
        others = [{m.id for m in found[one.term].messages} for one in kept]
        if all(len(ids & other) < 0.6 * min(len(ids), len(other)) for other in others):
            kept.append(shift)
    return kept


def _widest(fallen: Sequence[Shift]) -> list[Shift]:
    """Of fallen words and their pairs keep the more frequent."""
    ordered = sorted(fallen, key=lambda s: (-s.expected, s.term))
    kept: list[Shift] = []
    for shift in ordered:
        words = set(shift.term.split())
        if not any(words & set(one.term.split()) for one in kept):
            kept.append(shift)
    return kept


def is_spam(message: Message) -> bool:
    intents = message.tags.intents if message.tags else ()
    return bool(intents) and intents[0].label == "spam"
