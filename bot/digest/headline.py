"""The one sentence a thoughtful colleague would say about the day, and the one after it.

Deterministic: the same numbers give the same words. The order of rules is the order of what
matters: danger, silence that may be our own fault, a first day, what was unusual, what was usual.
"""

from collections.abc import Sequence

from bot.digest.facts import Facts
from bot.digest.numbers import Figure, Reference
from bot.digest.page import Alert, Topic
from bot.digest.warnings import crises, failing, late
from bot.digest.words import count, duration, listing, percent, sentence

MUCH = 0.15


def headline(facts: Facts, figures: Sequence[Figure], usual: Reference) -> str:
    """Say in one sentence what was different from a usual day of this kind."""
    if found := crises(facts):
        return _crisis(found, figures)
    if not facts.numbers.inbound:
        return _silence(facts, usual)
    if not usual.is_enough:
        return _early(facts)
    unusual = _without_echo(sorted((one for one in figures if one.arrow), key=_rank))
    if not unusual:
        return _usual(facts, figures, usual)
    first, *rest = unusual
    opening = _filled(OPENINGS[first.key], first, usual)
    more = [f", with {_filled(CLAUSES[one.key], one, usual)}" for one in rest[:1]]
    if facts.is_partial:
        opening = f"So far {opening[0].lower()}{opening[1:]}"
    return sentence("".join([opening, *more]))


def standfirst(facts: Facts, figures: Sequence[Figure], topics: Sequence[Topic]) -> str:
    """Say next what it was about, how answering went, and what waits."""
    parts = [_about(topics, facts.numbers.inbound), _answering(facts, figures), _waiting(facts)]
    return " ".join(part for part in parts if part)


def _crisis(found: Sequence[Alert], figures: Sequence[Figure]) -> str:
    number = len(found)
    what = f"{number_word(number)} message{'s read' if number > 1 else ' reads'} like a crisis"
    still = sum(alert.is_open for alert in found)
    if not still:
        end = "and was answered" if number == 1 else "and all were answered"
    elif still == number:
        end = f"and nobody has answered {'it' if number == 1 else 'them'} yet"
    else:
        end = f"and {number_word(still).lower()} of them {'is' if still == 1 else 'are'} open"
    volume = next((one for one in figures if one.key == "inbound"), None)
    busy = "; a busy day besides" if volume and volume.arrow == "up" else ""
    return sentence(f"{what} {end}{busy}")


def _silence(facts: Facts, usual: Reference) -> str:
    broken = failing(facts)
    if broken:
        names = listing([source.name for source in broken[:2]])
        verb = "fails" if len(broken) == 1 else "fail"
        return sentence(f"Nobody was heard, and {names} {verb}: the silence may be ours")
    if usual.is_enough and usual.days and all(day.inbound for day in usual.days):
        return sentence(f"Nobody wrote, which no {usual.name} of the last weeks has seen")
    return sentence(f"A silent {facts.day:%A}: nobody wrote")


def _early(facts: Facts) -> str:
    numbers = facts.numbers
    known = len(facts.history)
    which = {0: "A first day", 1: "A second day", 2: "A third day"}.get(known, _day(facts))
    said = f"{count(numbers.inbound, 'message')} from {count(numbers.people, 'person', 'people')}"
    new = f", {numbers.first_timers} of them new" if known and numbers.first_timers else ""
    return sentence(f"{which}: {said}{new}")


def _usual(facts: Facts, figures: Sequence[Figure], usual: Reference) -> str:
    band = next(one.band for one in figures if one.key == "inbound")
    known = f" ({band.low:.0f} to {band.high:.0f} is usual)" if band else ""
    so_far = " so far" if facts.is_partial else ""
    said = count(facts.numbers.inbound, "message")
    people = count(facts.numbers.people, "person", "people")
    return sentence(f"A usual {usual.name}{so_far}: {said}{known} from {people}")


def _filled(words: tuple[str, str, str], one: Figure, usual: Reference) -> str:
    """Say one unusual figure; the first word of a triple is for more, the second for less."""
    assert one.band is not None
    more, less, text = words if one.text != NOT_YET else NEVER[words is OPENINGS[one.key]]
    return text.format(
        how=more if one.arrow == "up" else less,
        now=percent(one.value) if one.key in {"answered", "two_way"} else one.text,
        usual=one.show(one.band.middle),
        day=usual.name,
    )


def _rank(one: Figure) -> float:
    return -WEIGHTS.get(one.key, 0.4) * min(one.distance, 3.0)


NOT_YET = duration(None)
NEVER = (
    ("", "", "less than half of the askers answered so far"),
    ("", "", "Slower than a usual {day}: less than half of the askers have an answer"),
)
WEIGHTS = {"inbound": 1.0, "answered": 1.0, "half": 0.9, "mood": 0.9, "people": 0.7, "most": 0.5}
OPENINGS = {
    "inbound": ("Busier", "Quieter", "{how} than a usual {day}: {now} messages instead of {usual}"),
    "people": ("More", "Fewer", "{how} people than on a usual {day}: {now} instead of {usual}"),
    "answered": ("More", "Fewer", "{how} answered than on a usual {day}: {now} instead of {usual}"),
    "half": ("Slower", "Faster", "{how} than a usual {day}: half waited {now} instead of {usual}"),
    "most": ("longer", "less", "A {day} like others, but the slowest tenth waited {how}"),
    "helped": ("More", "Fewer", "{how} people helped than on a usual {day}: {now}, not {usual}"),
    "two_way": ("more", "less", "A {day} with {how} talk both ways: {now} instead of {usual}"),
    "broadcast": ("more", "less", "A {day} like others, but we posted {how} for each reply"),
    "mood": ("better", "worse", "A {how} mood than on a usual {day}: {now} instead of {usual}"),
}
CLAUSES = {
    "inbound": ("more", "fewer", "{how} messages, {now} instead of {usual}"),
    "people": ("more", "fewer", "{how} people, {now} instead of {usual}"),
    "answered": ("more", "fewer", "{how} of the askers answered, {now} instead of {usual}"),
    "half": ("slower", "faster", "{how} answers, half within {now} instead of {usual}"),
    "most": ("longer", "shorter", "a {how} wait for the slowest tenth"),
    "helped": ("more", "fewer", "{how} people helped, {now} instead of {usual}"),
    "two_way": ("more", "less", "{how} talk both ways, {now} instead of {usual}"),
    "broadcast": ("more", "fewer", "{how} own posts for each reply"),
    "mood": ("better", "worse", "a {how} mood, {now} instead of {usual}"),
}


def _without_echo(unusual: Sequence[Figure]) -> list[Figure]:
    """Two figures that say the same are said once: the first of each pair stays."""
    echoes = ({"inbound", "people"}, {"half", "most", "answered"}, {"two_way", "helped"})
    kept: list[Figure] = []
    for one in unusual:
        family = next((group for group in echoes if one.key in group), {one.key})
        if not any(other.key in family for other in kept):
            kept.append(one)
    return kept


def _about(topics: Sequence[Topic], messages: int) -> str:
    risen = [topic for topic in topics if topic.is_rising]
    words = [topic for topic in risen if topic.kind == "words"][:2]
    if words:
        named = listing([f"“{topic.term}”" for topic in words])
        is_much = max(topic.now for topic in words) >= MUCH * messages
        return f"{'Much of it was about' if is_much else 'More than before spoke of'} {named}."
    intents = [PLURAL.get(topic.term, topic.term) for topic in risen if topic.kind == "intent"]
    return sentence(f"There was more {listing(intents)} than before") if intents else ""


PLURAL = {
    "question": "asking",
    "complaint": "complaint",
    "praise": "praise",
    "purchase": "wish to buy",
    "suggestion": "suggesting",
    "churn": "talk of leaving",
    "chatter": "small talk",
}


def _answering(facts: Facts, figures: Sequence[Figure]) -> str:
    by_key = {one.key: one for one in figures}
    if "answered" not in by_key:
        return "Nobody asked for an answer." if facts.numbers.inbound else ""
    answered, half = by_key["answered"], by_key["half"]
    if not answered.value:
        asked = answered.text.removeprefix("0 of ")
        return f"Nobody of the {asked} who wanted an answer has one yet."
    text = f"{answered.text} who wanted an answer got one"
    return sentence(text if half.text == NOT_YET else f"{text}, half of all within {half.text}")


def _waiting(facts: Facts) -> str:
    if not facts.is_latest:
        return ""
    if not facts.waiting:
        return "Nothing waits for you."
    verb = "waits" if facts.waiting == 1 else "wait"
    overdue = late(facts)
    tail = f", {overdue} of them past the promised time" if overdue else ""
    if facts.waiting == 1 and overdue:
        tail = ", past the promised time"
    return f"{count(facts.waiting, 'message')} {verb} for you now{tail}."


def _day(facts: Facts) -> str:
    return f"{facts.day:%A}{' so far' if facts.is_partial else ''}"


def number_word(number: int) -> str:
    words = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
    return words[number] if number < len(words) else str(number)
