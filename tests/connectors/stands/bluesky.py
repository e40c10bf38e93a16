"""The stand of the Bluesky connector: a simulated server with a long history of replies to us."""

from simulators.bluesky import ADA, US, Server

from connectors import bluesky
from connectors.contract import Connector
from connectors.model import MessageRef, Source

HISTORY = 330
PUT = "com.atproto.repo.putRecord"


def ref(post) -> MessageRef:
    root = post["value"].get("reply", {}).get("root", post)["uri"]
    return MessageRef("bluesky", post["uri"], root, post["cid"])


class BlueskyStand:
    source = Source("mentions", "bluesky", "bluesky", login="desk")
    too_long = "x" * 301

    def __init__(self, home, wall, desk, server: Server) -> None:
        self.home, self.wall, self.desk, self.server = home, wall, desk, server
        self.history: list[str] = []
        self.is_refusing = False
        self.post = server.say(US, "New saddles are in.")
        asked = [self.mention() for _ in range(HISTORY)]
        self.parent, self.gone = ref(asked[7]), ref(asked[8])
        server.delete(asked[8])
        self.history.remove("mention 8")
        server.notify("mention", {**asked[9], "value": {}, "uri": asked[9]["uri"] + "x"})
        self.above = [self.post["uri"]]

    def mention(self):
        self.wall.go(minutes=1)
        self.history.append(f"mention {len(self.server.posts) - 1}")
        return self.server.say(ADA, self.history[-1], self.post)

    def connect(self, **settings) -> Connector:
        base = "http://127.0.0.1:1" if self.is_refusing else self.server.base
        setup = self.desk(
            self.home, self.wall, "bluesky", "desk",
            {"base_url": base, "timeout_s": 0.3, **settings},
        )  # fmt: skip
        session = {"access": self.server.access, "refresh": self.server.refresh}
        setup.secrets.write("desk", {**session, "did": US, "handle": "tern.test"})
        return bluesky.connect(setup)

    async def more(self) -> str:
        self.mention()
        return self.history[-1]

    def fail(self, fault: str) -> None:
        self.is_refusing = fault == "refused"
        self.server.faults[PUT] = [fault]

    def heal(self) -> None:
        self.is_refusing = False
        self.server.faults.clear()

    def wait(self) -> None:
        self.wall.go(seconds=10)

    def attempts(self) -> int:
        return self.server.calls[PUT]

    def shown(self, text: str) -> int:
        return sum(one["value"]["text"] == text for one in self.server.posts.values())
