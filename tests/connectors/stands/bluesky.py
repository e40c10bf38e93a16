"""The stand of the Bluesky connector: a network in miniature with a long history of mentions."""

from simulators.bluesky import ADA, BO, US, Network, Post

from connectors import bluesky
from connectors.contract import Connector
from connectors.model import MessageRef, Source

HISTORY = 130
PUT = "com.atproto.repo.putRecord"
USUAL_PATIENCE_S, STALLED_PATIENCE_S = 20.0, 1.5  # a short one only where the network stalls


def ref(post: Post, handle="ada.test") -> MessageRef:
    root = post.record.get("reply", {}).get("root", {}).get("uri", post.uri)
    return MessageRef("bluesky", post.uri, root, author_ref=post.author, author_handle=handle)


class BlueskyStand:
    source = Source("mentions", "bluesky", "bluesky", login="desk")
    too_long = "x" * 301

    def __init__(self, home, wall, desk, network: Network) -> None:
        self.home, self.wall, self.desk, self.network = home, wall, desk, network
        self.drawer = {}
        self.patience_s = USUAL_PATIENCE_S
        network.page = 40
        self.history: list[str] = []
        self.is_refusing = False
        self.first = network.say(US, "New saddles are in.")
        asked = [self.mention(number) for number in range(HISTORY)]
        self.parent, self.gone = ref(asked[7]), ref(asked[8])
        network.delete(asked[8].uri)
        self.history.remove("mention 8")
        network.broken.append((asked[100].sort_at, {"uri": 7}))
        self.above = [self.first.uri]

    def mention(self, number: int) -> Post:
        self.wall.go(seconds=40)
        self.history.append(f"mention {number}")
        who = BO if number % 3 == 0 else ADA
        return self.network.say(who, self.history[-1], self.first)

    def connect(self, **settings) -> Connector:
        base = "http://127.0.0.1:1" if self.is_refusing else self.network.base
        setup = self.desk(
            self.home, self.wall, "bluesky", "desk",
            {"base_url": base, "timeout_s": self.patience_s, "account": "tern.test", **settings},
        )  # fmt: skip
        setup.secrets.values = self.drawer
        if "desk" not in self.drawer:
            setup.secrets.write("desk", {"password": self.network.password})
        return bluesky.connect(setup)

    async def more(self) -> str:
        self.mention(len(self.history) + 1)
        return self.history[-1]

    def fail(self, fault: str) -> None:
        self.is_refusing = fault == "refused"
        self.patience_s = STALLED_PATIENCE_S if fault.startswith("timeout") else USUAL_PATIENCE_S
        self.network.faults[PUT] = [fault]

    def heal(self) -> None:
        self.is_refusing = False
        self.patience_s = USUAL_PATIENCE_S
        self.network.faults.clear()

    def wait(self) -> None:
        self.wall.go(seconds=10)

    def attempts(self) -> int:
        return self.network.calls[PUT]

    def shown(self, text: str) -> int:
        return sum(one.record["text"] == text for one in self.network.shown())


def make(request, home, wall, desk):
    return BlueskyStand(home, wall, desk, request.getfixturevalue("network"))
