"""X in miniature: posts, people, tokens and a bill. Answers stand in x_answers.

What is charged is counted as X says it does: each thing once per UTC day, what is asked in vain
nothing. Whatever passed is noted in `passed`, so that a test's end can check it.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors._prices import X as PRICES
from connectors.x.snowflake import first_of

US, ADA, BO, KIM = "1001", "1002", "1003", "1004"


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Post:
    row: dict
    visible_at: datetime

    @property
    def id(self) -> str:
        return self.row["id"]

    @property
    def author(self) -> str:
        return self.row.get("author_id", "")


@dataclass
class Passed:
    method: str
    path: str
    params: dict
    status: int
    answer: object


class Square:
    """The state, what happens in it, and how it misbehaves."""

    def __init__(self, clock) -> None:
        self.clock = clock
        self.base = ""
        self.users = {
            number: {
                "id": number, "name": name.title(), "username": name, "protected": False,
                "public_metrics": {"followers_count": 9, "following_count": 3, "post_count": 40,
                                   "listed_count": 0, "like_count": 1, "media_count": 0},
            }
            for number, name in ((US, "tern"), (ADA, "ada"), (BO, "bo"), (KIM, "kim"))
        }  # fmt: skip
        self.posts: dict[str, Post] = {}
        self.hidden: dict[str, str] = {}  # ids not shown, and the kind of problem X tells
        self.broken: set[str] = set()  # rows that a test put there as they stand
        self.media: dict[str, dict] = {}
        self.said: set[tuple[str, str]] = set()  # texts of ours that X will not take again
        self.lag = timedelta()  # until a post of ours is shown
        self.mentions_depth, self.own_depth = 800, 3200
        self.page = 100  # rows on one page at most
        self.empty_pages = 0  # how many of the next pages come back empty, with a token
        self.speaks = "tweets"  # or "posts", as the specification does
        self.summoned_only = True
        self.owns_app = True
        self.credits: int | None = None  # micro-dollars left; None: enough
        self.no_name = False  # /2/users/me leaves the name out
        # Signing in
        self.codes = {"right"}
        self.tokens: dict[str, datetime] = {"good": clock() + timedelta(hours=2)}
        self.refreshers = {"again"}
        self.renewals = 0
        # How it misbehaves, and what it saw
        self.faults: dict[str, list[str]] = {}  # "POST /2/tweets" -> what goes wrong next
        self.chance = None  # called with the name of a call: what goes wrong with it, if anything
        self.same_text_everywhere = False  # X takes a text again where it answers somebody else
        self.headers: dict[str, str] | None = None  # what a 429 says besides; None: the usual
        self.after_list = None  # called when a list was told
        self.after_post = None  # called when a post was taken, before that is answered
        self.calls: Counter[str] = Counter()
        self.heard: list[dict] = []  # headers of every call
        self.passed: list[Passed] = []
        self.left: Counter[str] = Counter()
        self.bill: list[tuple[str, int, int]] = []  # what, how many, micro-dollars
        self.released = asyncio.Event()
        self.arrived = asyncio.Event()  # a call that will wait is there
        self._paid: set[tuple[str, str]] = set()
        self._made = 0

    # What happens there

    def say(self, author: str, text: str, parent: str | None = None, **more) -> dict:
        """Post something. `bare`: X does not put the mention of whom it answers in front."""
        above = self.posts[parent].row if parent else None
        if above and not more.pop("bare", False):
            text = self._addressed(text, self.users[above["author_id"]]["username"])
        number = more.pop("number", None) or self.new_id()
        quoted = more.pop("quoted", None)
        row = {
            "id": number, "text": text, "edit_history_tweet_ids": [number], "author_id": author,
            "conversation_id": above["conversation_id"] if above else number,
            "created_at": stamp(self.clock()), "lang": "en", "reply_settings": "everyone",
        }  # fmt: skip
        references = []
        if above:
            row["in_reply_to_user_id"] = above["author_id"]
            references.append({"type": "replied_to", "id": above["id"]})
        if quoted:
            references.append({"type": "quoted", "id": quoted})
            who = self.users[self.posts[quoted].author]["username"]
            row["text"] += f" https://x.com/{who}/status/{quoted}"
        if references:
            row["referenced_tweets"] = references
        self._see_entities(row)
        row |= more
        lag = self.lag if author == US else timedelta()
        self.posts[number] = Post(row, self.clock() + lag)
        return row

    def put(self, row: dict) -> dict:
        """Show a row exactly as it stands, however broken it is."""
        self.posts[row["id"]] = Post(row, self.clock())
        self.broken.add(row["id"])
        return row

    def edit(self, number: str, text: str) -> dict:
        """Edit a post: it gets a new id, and the old one shows the new version's too."""
        old = self.posts[number].row
        new = {**old, "id": self.new_id(), "text": text, "created_at": stamp(self.clock())}
        history = [*old["edit_history_tweet_ids"], new["id"]]
        self._see_entities(new)
        for one in history[:-1]:
            self.posts[one].row["edit_history_tweet_ids"] = history
        new["edit_history_tweet_ids"] = history
        self.posts[new["id"]] = Post(new, self.clock())
        return new

    def delete(self, number: str) -> None:
        self.posts.pop(number, None)

    def new_id(self) -> str:
        self._made += 1
        return str(first_of(self.clock()) + self._made % 4_000_000)

    def expire(self) -> None:
        """Let every access token run out, whatever was said about its life."""
        self.tokens.clear()

    def revoke(self) -> None:
        """Take the right back: nothing that was given works any more."""
        self.tokens.clear()
        self.refreshers.clear()

    def allow(self) -> None:
        self.tokens["good"] = self.clock() + timedelta(hours=2)
        self.refreshers.add("again")

    def new_tokens(self) -> dict:
        self.renewals += 1
        token, refresh = f"token-{self.renewals}", f"refresh-{self.renewals}"
        self.tokens[token] = self.clock() + timedelta(hours=2)
        self.refreshers.add(refresh)
        scope = "tweet.read users.read tweet.write offline.access"
        return {"token_type": "bearer", "expires_in": 7200, "access_token": token,
                "refresh_token": refresh, "scope": scope}  # fmt: skip

    def release(self) -> None:
        self.released.set()

    # What it shows

    def shown(self) -> list[Post]:
        """Return what everybody sees, the newest first; of an edited post the newest version."""
        now = self.clock()
        seen = [
            one for one in self.posts.values()
            if one.visible_at <= now and one.id not in self.hidden
            and (one.row.get("edit_history_tweet_ids") or [one.id])[-1] == one.id
        ]  # fmt: skip
        return sorted(seen, key=lambda one: int(one.id), reverse=True)

    def mentioning(self, user: str) -> list[dict]:
        return [one.row for one in self.shown() if user in _mentioned(one.row)]

    def by(self, user: str) -> list[dict]:
        return [one.row for one in self.shown() if one.author == user]

    # What it costs

    def charge(self, what: str, refs: list[str]) -> None:
        """Charge for things shown, each once a day."""
        day = self.clock().date().isoformat()
        new = [one for one in dict.fromkeys(refs) if (day, one) not in self._paid]
        self._paid |= {(day, one) for one in new}
        self.take(what, len(new))

    def take(self, what: str, units: int) -> None:
        if units:
            self.bill.append((what, units, units * PRICES[what]))
        if self.credits is not None:
            self.credits -= units * PRICES[what]

    @property
    def cost(self) -> int:
        """What X will ask for, in micro-dollars."""
        return sum(price for _, _, price in self.bill)

    def _addressed(self, text: str, handle: str) -> str:
        return text if text.startswith(f"@{handle}") else f"@{handle} {text}"

    def _see_entities(self, row: dict) -> None:
        """Find mentions and links in a text; links are shortened, as X does."""
        words, found = row["text"].split(" "), {"mentions": [], "urls": []}
        by_name = {one["username"]: one["id"] for one in self.users.values()}
        for place, word in enumerate(words):
            name = word.removeprefix("@").strip(".,!?")
            if word.startswith("@") and name in by_name:
                mention = {"start": 0, "end": 1, "username": name, "id": by_name[name]}
                found["mentions"].append(mention)
            if word.startswith("https://"):
                short = f"https://t.co/{abs(hash(word)) % 10**10:010d}"
                url = {"start": 0, "end": 23, "url": short, "expanded_url": word,
                       "display_url": word.removeprefix("https://")[:20]}  # fmt: skip
                found["urls"].append(url)
                words[place] = short
        row["text"] = " ".join(words)
        row["entities"] = {name: rows for name, rows in found.items() if rows}


def _mentioned(row: dict) -> set[str]:
    return {one["id"] for one in (row.get("entities") or {}).get("mentions", ())}
