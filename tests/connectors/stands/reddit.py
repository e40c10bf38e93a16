"""The stand of the Reddit connector: a site in miniature with a long history of replies to us."""

from simulators.reddit import US, Site, Thing

from connectors import reddit
from connectors.contract import Connector
from connectors.model import MessageRef, Source

HISTORY = 130
POST = "POST /api/comment"
APPROVED = {
    "approval_reference": "RB-2026-0042", "approval_date": "2026-01-15",
    "approval_covers_data": "no", "kind": "script", "client_id": "app-id",
    "client_secret": "app-secret", "username": US, "user_ref": "t2_2aaaa", "password": "pass-word",
}  # fmt: skip


def ref(thing: Thing) -> MessageRef:
    root = thing.link or thing.name
    author = f"t2_{thing.author}"
    return MessageRef("reddit", thing.name, root, None, author, thing.author)


class RedditStand:
    source = Source("mentions", "reddit", "reddit", login="desk")
    too_long = "x" * 10_001

    def __init__(self, home, wall, desk, site: Site) -> None:
        self.home, self.wall, self.desk, self.site = home, wall, desk, site
        self.history: list[str] = []
        self.is_refusing = False
        self.patience_s = 20.0
        self.first = site.submit(US, "New kettles are in")
        asked = [self.mention() for _ in range(HISTORY)]
        self.parent, self.gone = ref(asked[7]), ref(asked[8])
        site.delete(asked[8])
        self.history.remove("question 8")
        site.inbox.insert(100, {"kind": "t1", "data": None})
        self.above = [self.first.name]

    def mention(self) -> Thing:
        self.wall.go(minutes=1)
        self.history.append(f"question {len(self.site.things) - 1}")
        return self.site.say("ada", self.history[-1], self.first)

    def connect(self, **settings) -> Connector:
        base = "http://127.0.0.1:1" if self.is_refusing else self.site.base
        setup = self.desk(
            self.home, self.wall, "reddit", "desk",
            {"reddit_url": base, "oauth_url": base, "timeout_s": self.patience_s, **settings},
        )  # fmt: skip
        setup.secrets.write("desk", APPROVED)
        return reddit.connect(setup)

    async def more(self) -> str:
        self.mention()
        return self.history[-1]

    def fail(self, fault: str) -> None:
        self.is_refusing = fault == "refused"
        self.patience_s = 0.8 if fault.startswith("timeout") else 20.0
        self.site.faults[POST] = [fault]

    def heal(self) -> None:
        self.is_refusing = self.site.is_revoked = False
        self.patience_s = 20.0
        self.site.faults.clear()

    def wait(self) -> None:
        self.wall.go(seconds=10)

    def attempts(self) -> int:
        return self.site.calls[POST]

    def shown(self, text: str) -> int:
        return sum(one.text == text for one in self.site.shown())


def make(request, home, wall, desk):
    return RedditStand(home, wall, desk, request.getfixturevalue("site"))
