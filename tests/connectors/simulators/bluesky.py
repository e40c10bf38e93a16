"""The AT Protocol's network in miniature: one server that keeps accounts and shows what all say.

State and scripted faults stand here, answers in bluesky_answers. Whatever passes is noted in
`passed`, so that a test's end can check it against the lexicons.
"""

import asyncio
import base64
import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

POST = "app.bsky.feed.post"


def did(name: str) -> str:
    return (
        "did:plc:" + base64.b32encode(hashlib.sha256(name.encode()).digest()).decode().lower()[:24]
    )


def cid(value) -> str:
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()
    return "bafyrei" + base64.b32encode(digest).decode().lower().rstrip("=")


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


US, ADA, BO = did("tern"), did("ada"), did("bo")


@dataclass
class Post:
    uri: str
    record: dict
    indexed_at: datetime
    visible_at: datetime
    notifies: list[tuple[str, str]] = field(default_factory=list)  # whom, why

    @property
    def author(self) -> str:
        return self.uri.split("/")[2]

    @property
    def key(self) -> str:
        return self.uri.split("/")[4]

    @cached_property
    def cid(self) -> str:
        return cid(self.record)

    @property
    def parent(self) -> str:
        return self.record.get("reply", {}).get("parent", {}).get("uri", "")

    @property
    def sort_at(self) -> str:
        """The earlier of when it says it was written and when it came in."""
        return min(self.record["createdAt"], stamp(self.indexed_at))

    def strong(self) -> dict:
        return {"uri": self.uri, "cid": self.cid}


@dataclass
class Passed:
    nsid: str
    params: list[tuple[str, str]]
    body: dict | None
    status: int
    answer: object


class Network:
    """The state, what happens in it, and how it misbehaves."""

    def __init__(self, clock) -> None:
        self.clock = clock
        self.base = ""
        self.handles = {US: "tern.test", ADA: "ada.test", BO: "bo.test"}
        self.password = "app-pass-word"
        self.scope = "com.atproto.appPass"
        self.status = ""  # of our account, if it is not active
        self.labels: dict[str, list[str]] = {}
        self.viewer: dict[str, dict] = {}  # how we stand with others: blockedBy, muted...
        self.posts: dict[str, Post] = {}
        self.gates: dict[str, dict] = {}  # by uri of the first post
        self.broken: list[tuple[str, object]] = []  # (position in the list, a row nobody can read)
        self.lag = timedelta()  # until the network shows what a server has taken
        self.own_lag = timedelta()  # until that server itself does: harder than the real ones
        self.skew = timedelta()  # how far the server's clock is ahead
        self.tokens: dict[str, str] = {}  # token -> "good" or "expired"
        self.refreshers: set[str] = set()
        self.faults: dict[str, list[str]] = {}  # call -> what goes wrong next
        self.headers: dict[str, str] = {}  # what a 429 says
        self.left = 3000
        self.page = 100  # rows on one page at most
        self.ignores_reasons = False
        self.hidden_pages = 0  # how many of the newest pages are shown empty
        self.has_offsets = False  # cursors count rows, and shift when rows are added
        self.after_page = None  # called after each page of a list
        self.calls: Counter[str] = Counter()
        self.passed: list[Passed] = []
        self.released = asyncio.Event()
        self._made = 0

    # What happens there

    def say(self, author: str, text: str, parent: Post | None = None, **more) -> Post:
        """Post something. `quiet`: nobody is notified; `back`: written that long ago, it says."""
        self._made += 1
        now = self.clock()
        written = now - more.pop("back", timedelta())
        quiet = more.pop("quiet", False)
        record = {"$type": POST, "text": text, "createdAt": stamp(written), "langs": ["en"], **more}
        if parent:
            record["reply"] = {"root": self.root(parent), "parent": parent.strong()}
        if facets := self.facets(text):
            record["facets"] = facets
        return self.put(author, f"3zz{self._made:010d}".translate(_TO_TID), record, quiet=quiet)

    def put(self, author: str, key: str, record: dict, *, quiet: bool = False) -> Post:
        now = self.clock()
        post = Post(f"at://{author}/{POST}/{key}", record, now, now + self.lag)
        post.notifies = [] if quiet else self.notified(post)
        self.posts[post.uri] = post
        return post

    def delete(self, uri: str) -> None:
        self.posts.pop(uri, None)

    def root(self, parent: Post) -> dict:
        above = parent.record.get("reply")
        return above["root"] if above else parent.strong()

    def facets(self, text: str) -> list[dict]:
        found = []
        for who, handle in self.handles.items():
            if (start := text.find(f"@{handle}")) >= 0:
                begins = len(text[:start].encode())
                index = {"byteStart": begins, "byteEnd": begins + len(handle) + 1}
                mention = {"$type": "app.bsky.richtext.facet#mention", "did": who}
                found.append({"index": index, "features": [mention]})
        return found

    def notified(self, post: Post) -> list[tuple[str, str]]:
        """Tell whom a post notifies: mentioned, quoted, and up to five authors above."""
        found = [
            (one["features"][0]["did"], "mention") for one in post.record.get("facets", ())
            if one["features"][0]["$type"].endswith("#mention")
        ]  # fmt: skip
        quoted = post.record.get("embed", {}).get("record", {}).get("uri", "")
        found += [(quoted.split("/")[2], "quote")] if quoted else []
        above = post.parent
        for _ in range(5):
            if above not in self.posts:
                break
            found.append((above.split("/")[2], "reply"))
            above = self.posts[above].parent
        return [one for one in dict.fromkeys(found) if one[0] != post.author]

    # Signing in

    def sign_in(self) -> dict:
        self._made += 1
        access, refresh = (self.token(one) for one in (self.scope, "com.atproto.refresh"))
        self.tokens[access] = "good"
        self.refreshers.add(refresh)
        return {
            "accessJwt": access, "refreshJwt": refresh, "did": US, "handle": self.handles[US],
            "didDoc": {
                "id": US, "alsoKnownAs": [f"at://{self.handles[US]}"],
                "service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer",
                             "serviceEndpoint": self.base}],
            },
        }  # fmt: skip

    def token(self, scope: str) -> str:
        body = json.dumps({"scope": scope, "sub": US, "jti": self._made}).encode()
        return f"e30.{base64.urlsafe_b64encode(body).decode().rstrip('=')}.signature"

    def expire(self) -> None:
        """Let every access token run out."""
        self.tokens = dict.fromkeys(self.tokens, "expired")

    def revoke(self) -> None:
        """Take the app password back: nothing that was made with it works any more."""
        self.password, self.tokens = "", {}
        self.refreshers.clear()

    # What it shows

    def shown(self) -> list[Post]:
        return [one for one in self.posts.values() if one.visible_at <= self.clock()]

    def post(self, uri: str) -> Post | None:
        found = self.posts.get(uri)
        return found if found and found.visible_at <= self.clock() else None

    def own_post(self, uri: str) -> Post | None:
        """Return a post as its author's own server knows it."""
        found = self.posts.get(uri)
        return found if found and found.indexed_at + self.own_lag <= self.clock() else None

    def is_blocked(self, who: str) -> bool:
        return bool(self.viewer.get(who, {}).keys() & {"blockedBy", "blocking"})

    def release(self) -> None:
        self.released.set()


_TO_TID = str.maketrans("0189", "abcd")
