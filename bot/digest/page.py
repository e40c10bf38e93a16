"""Nouns of a digest: everything one day's page says, ready for any way of showing it.

Texts here are plain and may hold people's words: whoever renders them escapes them.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from bot.digest.charts import Chart

Arrow = Literal["", "up", "down"]
Tone = Literal["good", "bad", "plain"]


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a human, most urgent first."""

    who: str
    why: str
    link: str
    quote: str = ""  # empty for direct messages and offensive texts
    due: str = ""
    is_late: bool = False
    person_id: int | None = None
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """One figure beside what is usual; the arrow stands only outside the usual band."""

    label: str
    value: str
    usual: str = ""
    arrow: Arrow = ""
    tone: Tone = "plain"
    note: str = ""


@dataclass(frozen=True, slots=True)
class PersonLine:
    name: str
    platform: str
    why: str
    link: str
    person_id: int


@dataclass(frozen=True, slots=True)
class PersonGroup:
    title: str
    lines: tuple[PersonLine, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Topic:
    """What is talked about more or less than before, with one real voice."""

    term: str
    kind: Literal["words", "intent"]
    is_rising: bool
    now: int
    usual: float
    quote: str = ""
    who: str = ""
    link: str = ""
    message_id: int | None = None
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What byname proposed and what people made of it."""

    suggested: int = 0
    silent: int = 0
    approved: int = 0
    edited: int = 0
    own_words: int = 0
    by_hand: int = 0
    rejected: int = 0
    no_reply: int = 0
    automatic: int = 0
    sent: int = 0
    failed: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    seconds: float | None = None  # median time to a decision
    edit_share: float | None = None  # median share of the text that was changed
    line: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """A crisis or a spike: what, since when, why, and what became of it."""

    text: str
    link: str = ""
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class CostLine:
    """What a login on a platform that takes money did cost this month, and for what."""

    login: str
    text: str
    parts: str


@dataclass(frozen=True, slots=True)
class HealthLine:
    text: str
    is_good: bool


@dataclass(frozen=True, slots=True)
class DigestPage:
    brand: str
    day: date
    made_at: datetime  # in the brand's time zone
    headline: str
    standfirst: str
    base_url: str
    is_partial: bool = False  # the day is not over
    waiting: int = 0
    late: int = 0
    needs_you: tuple[Need, ...] = ()
    alerts: tuple[Alert, ...] = ()
    reference: str = ""  # what numbers are compared with, or why with nothing
    numbers: tuple[Number, ...] = ()
    people: tuple[PersonGroup, ...] = ()
    topics: tuple[Topic, ...] = ()
    topics_note: str = ""
    record: Record = field(default_factory=Record)
    costs: tuple[CostLine, ...] = ()
    health: tuple[HealthLine, ...] = ()
    charts: tuple[Chart, ...] = ()

    @property
    def subject(self) -> str:
        """The mail's subject: one line, never longer than a phone shows twice."""
        return f"{self.brand}, {day_name(self.day)}: {self.headline}"

    @property
    def person_ids(self) -> tuple[int, ...]:
        """Everybody who is named, so that an erasure finds this page."""
        ids = {line.person_id for group in self.people for line in group.lines}
        ids |= {need.person_id for need in self.needs_you if need.person_id}
        ids |= {topic.person_id for topic in self.topics if topic.person_id}
        return tuple(sorted(ids))

    @property
    def message_ids(self) -> tuple[int, ...]:
        """Every message that is quoted."""
        ids = {need.message_id for need in self.needs_you if need.message_id}
        ids |= {topic.message_id for topic in self.topics if topic.message_id}
        return tuple(sorted(ids))


def day_name(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B}"
