"""Reddit in miniature: posts, comments, an inbox, tokens, and how it misbehaves. State only."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

US = "tern"
IDS = {US: "2aaaa", "ada": "2bbbb", "bo": "2cccc", "kim": "2dddd"}
DEEP = 1000  # how far back a listing goes


def base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = digits[rest] + text
    return text


@dataclass(eq=False)
class Thing:
    """A post (t3) or a comment (t1)."""

    kind: str
    id: str
    author: str
    text: str
    at: datetime
    visible_at: datetime
    subreddit: str = "kettles"
    parent: str = ""
    link: str = ""
    title: str = ""
    url: str = ""
    edited: datetime | None = None
    is_deleted: bool = False  # by its author
    is_removed: bool = False  # by a moderator
    more: dict = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.kind}_{self.id}"


class Site:
    """The state of the site, and how it misbehaves."""

    def __init__(self, clock) -> None:
        self.clock = clock
        self.base = ""
        self.things: dict[str, Thing] = {}
        self.inbox: list[dict] = []  # newest last: name, type, new; or raw rows
        self.abouts: dict[str, dict] = {}
        self.me = {"name": US, "id": IDS[US], "is_suspended": False}
        self.description = "Answers questions about kettles. Some answers are made by a bot."
        self.password = "pass-word"
        self.refresh = "refresh-1"
        self.is_exchanging = False  # a refresh token that was used is exchanged for another
        self.is_revoked = False
        self.scope = "*"
        self.tokens: set[str] = set()
        self.hidden_from_own: set[str] = set()  # our list of our own comments lacks these
        self.lag = timedelta()  # until others see what was accepted
        self.in_flight = None  # awaited between the arrival of a comment and its effect
        self.answering = None  # awaited between the effect of a comment and its answer
        self.faults: dict[str, list[str]] = {}  # "POST /api/comment" -> what goes wrong next
        self.headers: dict[str, str] = {}  # what a 429 says besides
        self.sentence = "Take a break for 9 minutes before trying again."
        self.calls: Counter[str] = Counter()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.agents: set[str] = set()
        self.authorizations: list[str] = []
        self.on_answer = None  # called when an answer was made
        self.connections: set[str] = set()
        self.active, self.most_at_once = 0, 0
        self.left, self.used, self.reset = 590.0, 10, 300
        self.released = asyncio.Event()
        self.waiting = asyncio.Event()  # somebody waits for an answer that does not come
        self._count = 36**6

    # What happens there

    def submit(self, author: str, title: str, text: str = "", **more) -> Thing:
        return self._keep(Thing("t3", self._id(), author, text, self.clock(), self.clock(),
                                title=title, **more))  # fmt: skip

    def say(self, author: str, text: str, parent: Thing, *, lag: timedelta | None = None) -> Thing:
        """Comment; whoever is answered or mentioned is told in the inbox."""
        now = self.clock()
        link = parent.name if parent.kind == "t3" else parent.link
        one = self._keep(Thing(
            "t1", self._id(), author, text, now, now + (lag or timedelta()),
            subreddit=parent.subreddit, parent=parent.name, link=link,
        ))  # fmt: skip
        if author != US:
            if parent.author == US:
                self.tell(one, "comment_reply" if parent.kind == "t1" else "post_reply")
            elif f"u/{US}" in text:
                self.tell(one, "username_mention")
        return one

    def tell(self, thing: Thing, kind: str) -> None:
        self.inbox.append({"name": thing.name, "type": kind, "new": True})

    def edit(self, thing: Thing, text: str) -> None:
        thing.text, thing.edited = text, self.clock()

    def delete(self, thing: Thing) -> None:
        thing.is_deleted = True

    def shown(self) -> list[Thing]:
        """Return what everybody sees, oldest first."""
        now = self.clock()
        return [one for one in self.things.values() if one.visible_at <= now]

    def is_gone(self, thing: Thing) -> bool:
        return thing.is_deleted or thing.is_removed

    def under(self, name: str) -> list[Thing]:
        return [one for one in self.shown() if one.parent == name]

    def release(self) -> None:
        """Let go of everybody who waits, so that the server can end."""
        self.released.set()

    def _keep(self, thing: Thing) -> Thing:
        self.things[thing.name] = thing
        return thing

    def _id(self) -> str:
        self._count += 1
        return base36(self._count)
