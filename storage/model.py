"""Nouns of remembering: what the store gives back.

Not what a platform says (connectors.model) and not how it is kept (storage.sqlite).
All times are aware UTC; ids are integers given by the database.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from connectors.model import Attachment, Kind, MessageRef, Visibility
from nlp.model import Tags
from storage.states import MessageState, ReplyState, SuggestionState

Direction = Literal["in", "out"]
Role = Literal["read", "review", "admin"]
Stage = Literal["tag", "suggest", "embed"]
DecisionKind = Literal[
    "approved",
    "edited",
    "own_words",
    "by_hand",  # answered on the platform itself; the reason is the link, if one was given
    "rejected",
    "no_reply",
    "snoozed",
    "recalled",
    "automatic",
]
BrakeScope = Literal["home", "login", "source"]


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody's handle on one platform. Notes and wishes hang here, read through the person."""

    id: int
    platform: str
    ref: str
    handle: str
    name: str
    url: str
    person_id: int
    is_ours: bool
    is_bot: bool
    followers: int | None
    first_seen_at: datetime
    opted_out_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """Anything said, in or out. A deleted one is a tombstone: deleted_at is set, text is empty."""

    id: int
    platform: str
    ref: str
    direction: Direction
    kind: Kind
    visibility: Visibility
    text: str
    author: Account
    thread_id: int
    conversation_id: int | None  # None: a third party's word, it belongs to the thread only
    state: MessageState
    seen_at: datetime
    created_at: datetime | None
    source: str
    parent_id: int | None = None
    parent_ref: str | None = None
    server_ref: str | None = None
    login: str | None = None
    url: str = ""
    content_warning: str = ""
    language: str | None = None
    attachments: tuple[Attachment, ...] = ()
    quoted_ref: str | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    answer_by_at: datetime | None = None
    reason: str = ""  # one line: why it stands where it stands in the queue, or why it is silent
    snoozed_until: datetime | None = None
    position: int | None = None
    checked_at: datetime | None = None  # when it was last compared with the platform
    tags: Tags | None = None  # the newest; corrections by people already applied
    is_corrected: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a suggestion comes from. `quote` is text of ours or theirs, never invented."""

    kind: Literal["playbook", "memory", "knowledge", "fact"]
    ref: str  # entry id @ version, message id, document id
    title: str
    similarity: float
    quote: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """One option before it is stored: what a drafter proposes."""

    text: str
    drafter: Literal["playbook", "memory", "knowledge", "model"]
    confidence: float
    label: str = ""  # what this option does, in a few words
    evidence: tuple[Evidence, ...] = ()
    lane_key: str = ""  # playbook entry id @ version; empty: this draft can never post alone


@dataclass(frozen=True, slots=True)
class Option:
    """One stored option of a suggestion. `hash` is what an approval must carry."""

    number: int
    text: str
    hash: str
    drafter: str
    confidence: float
    label: str = ""
    evidence: tuple[Evidence, ...] = ()
    lane_key: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    id: int
    message_id: int
    version: int  # grows with every new suggestion for the same message
    state: SuggestionState
    options: tuple[Option, ...]  # empty: silence, and `silence` says why
    silence: str
    reason: str  # why this person and why now, one line
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """An approved text on its way. `key` names it on the platform over every attempt."""

    id: int
    key: str
    state: ReplyState
    version: int  # grows with every edge; every edge is a compare-and-set on it
    message_id: int
    conversation_id: int
    login: str
    source: str
    parent: MessageRef
    text: str
    text_hash: str
    approved_by: int
    approved_at: datetime
    send_after: datetime
    attempts: int
    suggestion_id: int | None = None
    not_before: datetime | None = None
    sending_at: datetime | None = None
    unknown_since: datetime | None = None
    lookups: int = 0
    looked_up_at: datetime | None = None
    token: int = 0
    reason: str = ""
    posted_ref: str | None = None
    posted_url: str = ""
    is_automatic: bool = False
    content_warning: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """A leased piece of work. Results are accepted only with the token that was given out."""

    stage: Stage
    message_id: int
    owner: str
    token: int
    attempts: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a page. `taken_ids` are the messages that are new here."""

    added: int = 0
    known: int = 0
    conflicting: int = 0
    edited: int = 0
    deleted: int = 0
    unreadable: int = 0
    taken_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """An answered message of the past: the question, and what a human of ours answered."""

    question: Message
    answer: Message
    similarity: float


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One line of the review queue, with all that the list shows."""

    message: Message
    person_id: int
    person_name: str
    suggestion: Suggestion | None
    reply: Reply | None = None
    exchanges: int = 0  # how often we have answered this person before
    thread_length: int = 1


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which messages a list shows. Empty fields do not narrow."""

    view: Literal["needs_you", "by_hand", "silent", "snoozed", "sending", "held", "done", "all"] = (
        "needs_you"
    )
    platform: str = ""
    intent: str = ""
    sentiment: str = ""
    language: str = ""
    source: str = ""
    text: str = ""
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Accounts that belong together. One account alone is a person too."""

    id: int
    name: str
    accounts: tuple[Account, ...]
    first_at: datetime | None
    last_at: datetime | None
    in_count: int
    out_count: int
    conversations: int = 0
    notes: tuple["Note", ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    id: int
    account_id: int
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Merge:
    """A joining of two persons that stands: who came in, who said so and why."""

    id: int
    other_name: str
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PersonDay:
    """Counts of one person and one local date; pure formulas in bot read them."""

    day: date
    in_count: int
    out_count: int
    positive: int
    neutral: int
    negative: int


@dataclass(frozen=True, slots=True)
class Version:
    """How a message read before an edit."""

    text: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """What a reviewer decided to send. `request_id` makes a repeated click harmless.

    `shown_hash` is the hash of the text that stood on screen; None when the reviewer wrote their
    own words without a suggestion.
    """

    request_id: str
    message_id: int
    reviewer_id: int
    text: str
    send_after: datetime
    kind: DecisionKind
    suggestion_id: int | None = None
    suggestion_version: int | None = None
    option: int | None = None
    shown_hash: str | None = None
    seconds: float | None = None
    is_automatic: bool = False
    lane_key: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    id: int
    kind: DecisionKind
    message_id: int
    reviewer_id: int
    at: datetime
    reason: str = ""
    seconds: float | None = None
    reply_id: int | None = None
    suggestion_id: int | None = None
    option: int | None = None
    lane_key: str = ""
    edit_distance: float | None = None  # 0 unchanged .. 1 all new


@dataclass(frozen=True, slots=True)
class Brake:
    scope: BrakeScope
    target: str  # "" for the home
    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reviewer:
    id: int
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. Only the SHA-256 of its token is stored."""

    id: int
    reviewer: Reviewer
    csrf: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: int
    at: datetime
    actor: str
    act: str
    kind: str
    ref_id: int | None
    detail: str
    hash: str


@dataclass(frozen=True, slots=True)
class SourceState:
    """Where a source stands: what `check`, the sources page and the digest show."""

    name: str
    cursor: str | None
    last_event_at: datetime | None
    last_ok_at: datetime | None
    error: str = ""
    error_at: datetime | None = None
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Spending:
    """What the paid calls of one login and purpose did cost in a span of UTC days."""

    login: str
    purpose: str  # the name of a source, or reply, recheck, thread, check
    what: str
    calls: int
    units: int  # things paid for; what was paid for already that day is not among them
    micro_dollars: int
    first_day: date


@dataclass(frozen=True, slots=True)
class Exchange:
    """One inbound message that wanted an answer, and when the first answer came, if one came."""

    message_id: int
    person_id: int
    asked_at: datetime
    answered_at: datetime | None
    intent: str
    needs_reply: bool


@dataclass(frozen=True, slots=True)
class DayNumbers:
    """Counts of one local day. Everything a digest compares with the same weekday before."""

    day: date
    inbound: int = 0
    outbound: int = 0
    people: int = 0
    first_timers: int = 0
    needs_reply: int = 0
    answered: int = 0
    positive: int = 0
    neutral: int = 0
    negative: int = 0
    crisis: int = 0
    offensive: int = 0
    suggested: int = 0
    silent: int = 0
    approved: int = 0  # sent unchanged
    edited: int = 0
    own_words: int = 0
    by_hand: int = 0  # answered on the platform itself
    rejected: int = 0
    no_reply: int = 0
    automatic: int = 0
    sent: int = 0
    failed: int = 0
    conversations: int = 0  # with a word of either side on this day
    two_way: int = 0  # of these: both sides have spoken by the end of the day
    posts: int = 0  # ours that answer nobody
    by_hour: tuple[int, ...] = field(default=(0,) * 24)
    by_intent: dict[str, int] = field(default_factory=dict)
    by_platform: dict[str, int] = field(default_factory=dict)
    by_intent_sentiment: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PersonActivity:
    """A person's activity inside a window, and what was known of them before it."""

    person_id: int
    name: str
    handle: str
    platform: str
    in_count: int
    out_count: int
    before_in: int  # inbound messages before the window
    last_before_at: datetime | None
    negative: int
    positive: int
    last_message_id: int
    is_bot: bool = False
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """Result of an import; `rejected` counts malformed lines, kept in a file beside."""

    threads: int = 0
    added: int = 0
    known: int = 0
    conflicting: int = 0
    rejected: int = 0
