"""The stand of the Mastodon connector: a simulated instance with a long history of mentions."""

from simulators.mastodon import US, Instance

from connectors import mastodon
from connectors.contract import Connector
from connectors.model import MessageRef, Source

HISTORY = 130
USUAL_PATIENCE_S, STALLED_PATIENCE_S = 20.0, 1.5  # a short one only where it stalls


def ref(status, visibility="public") -> MessageRef:
    who = status["account"]
    return MessageRef(
        "mastodon", status["uri"], status["uri"], status["id"], who["uri"], who["acct"], visibility
    )


class MastodonStand:
    source = Source("mentions", "mastodon", "mastodon", login="desk")
    too_long = "x" * 501

    def __init__(self, home, wall, desk, instance: Instance) -> None:
        self.home, self.wall, self.desk, self.instance = home, wall, desk, instance
        self.history: list[str] = []
        self.is_refusing = False
        self.patience_s = USUAL_PATIENCE_S
        self.post = instance.say(US, "New saddles are in.")
        asked = [self.mention() for _ in range(HISTORY)]
        self.parent, self.gone = ref(asked[7]), ref(asked[8])
        instance.delete(asked[8]["id"])
        self.history.remove("@tern mention 8")
        instance.notify("mention", None)
        self.above = [self.post["uri"]]

    def mention(self):
        self.wall.go(minutes=1)
        text = f"@tern mention {len(self.instance.statuses) - 1}"
        self.history.append(text)
        return self.instance.say("1002", text, self.post["id"])

    def connect(self, **settings) -> Connector:
        base = "http://127.0.0.1:1" if self.is_refusing else self.instance.base
        setup = self.desk(
            self.home, self.wall, "mastodon", "desk",
            {"base_url": base, "timeout_s": self.patience_s, **settings},
        )  # fmt: skip
        setup.secrets.write("desk", {"access_token": "good"})
        return mastodon.connect(setup)

    async def more(self) -> str:
        self.mention()
        return self.history[-1]

    def fail(self, fault: str) -> None:
        self.is_refusing = fault == "refused"
        self.patience_s = STALLED_PATIENCE_S if fault.startswith("timeout") else USUAL_PATIENCE_S
        self.instance.faults["POST /api/v1/statuses"] = [fault]

    def heal(self) -> None:
        self.is_refusing = False
        self.patience_s = USUAL_PATIENCE_S
        self.instance.faults.clear()

    def wait(self) -> None:
        self.wall.go(seconds=10)

    def attempts(self) -> int:
        return self.instance.calls["POST /api/v1/statuses"]

    def shown(self, text: str) -> int:
        return sum(f" {text}</p>" in one["content"] for one in self.instance.statuses.values())


def make(request, home, wall, desk):
    return MastodonStand(home, wall, desk, request.getfixturevalue("instance"))
