"""Nouns of hearing and speaking: what a platform tells us, and what we ask it to do.

Not what byname remembers (storage.model) and not how a platform is reached (the connectors).
All times are aware UTC. A `ref` is a platform's permanent, global name for a thing; a handle is
only an attribute that people change.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal["post", "mention", "comment", "reply", "quote", "direct"]
Visibility = Literal["public", "unlisted", "followers", "direct"]
Fate = Literal["there", "edited", "deleted", "unknown"]


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody's account on a platform. `ref` is the platform's permanent id."""

    ref: str
    handle: str
    name: str = ""
    url: str = ""
    is_ours: bool = False  # one of our logins, or a colleague who answers as the brand
    is_bot: bool = False
    followers: int | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    kind: str  # image, video, audio, link
    url: str = ""
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing said, by them or by us, as the platform shows it."""

    platform: str
    ref: str
    author: Author
    text: str
    kind: Kind
    root_ref: str  # the thread: the ref of its first message, known or not
    created_at: datetime | None = None  # None only for imports without times
    parent_ref: str | None = None
    visibility: Visibility = "public"
    url: str = ""
    content_warning: str = ""
    language: str | None = None  # as the platform claims it
    attachments: tuple[Attachment, ...] = ()
    quoted_ref: str | None = None
    server_ref: str | None = None  # the server's own id, when it differs from ref
    position: int | None = None  # order inside the thread for imports without times
    edited_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    message: Message


@dataclass(frozen=True, slots=True)
class Edited:
    """The author changed a message; `message` is how it reads now."""

    message: Message


@dataclass(frozen=True, slots=True)
class Deleted:
    platform: str
    ref: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something the platform sent that we could not parse; kept in quarantine for 7 days."""

    raw: str
    reason: str


Event = Seen | Edited | Deleted | Unreadable


@dataclass(frozen=True, slots=True)
class Page:
    """Events oldest first, and the cursor that stands after them."""

    events: tuple[Event, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """One thing a login listens to. `query` is a keyword, hashtag or feed, by kind."""

    name: str
    connector: str
    platform: str
    kind: str = "mentions"
    login: str | None = None  # None: listen-only, nothing can be posted
    query: str = ""
    languages: tuple[str, ...] = ("en",)
    answer_since: datetime | None = None  # older messages are history: tagged, never suggested
    listen_only: bool = False
    by_hand: bool = False  # listen-only, but a human may answer it on the platform itself
    may_stream: bool = False  # go on with what happens, where the platform streams; else one look


@dataclass(frozen=True, slots=True)
class MessageRef:
    """How to address a known message on its platform."""

    platform: str
    ref: str
    root_ref: str
    server_ref: str | None = None
    author_ref: str = ""
    author_handle: str = ""
    visibility: Visibility = "public"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A reply ready to leave. `key` stays the same over every attempt; so does `created_at`."""

    key: str
    login: str
    parent: MessageRef
    text: str
    created_at: datetime
    content_warning: str = ""
    language: str = "en"
    is_automatic: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """Proof that a reply is visible."""

    ref: str
    url: str = ""
    server_ref: str | None = None
    created_at: datetime | None = None
    text: str | None = None  # as the platform shows it, when it told us


@dataclass(frozen=True, slots=True)
class Budget:
    """What a login may still ask of its platform. None: the platform does not say."""

    left: int | None = None
    limit: int | None = None
    resets_at: datetime | None = None
    price: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """What one paid call cost. `refs`: the things paid for, where a platform bills each once a day.

    Money is counted in whole millionths of a dollar, so that sums are exact.
    """

    what: str  # the platform's name for it: "post read", "owned read", "reply with a link"
    units: int
    micro_dollars: int  # for all units together
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """What `check` found out about one login. `todo` says what a human has to do, if anything."""

    who: str
    ok: bool = True
    scopes: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    has_automation_label: bool = False
    todo: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Permission:
    """May we reply here? If not: the rule that forbids it, and where that rule is written."""

    allowed: bool
    rule: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Recheck:
    """What became of a message that we hold."""

    ref: str
    fate: Fate
    message: Message | None = None  # the present text, when edited
