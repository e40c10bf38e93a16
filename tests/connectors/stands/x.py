"""The stand of the X connector: X in miniature with a long history of mentions."""

from simulators.x import ADA, BO, US, Square

from connectors import x
from connectors.contract import Connector
from connectors.model import MessageRef, Source

HISTORY = 130
SCOPE = "tweet.read users.read tweet.write offline.access"


def ref(row, handle="ada") -> MessageRef:
    return MessageRef(
        "x", row["id"], row["conversation_id"], author_ref=row["author_id"], author_handle=handle
    )


def secret(square, **more) -> dict[str, str]:
    """What a sign-in leaves behind."""
    return {
        "access_token": "good", "refresh_token": "again", "client_id": "app", "scope": SCOPE,
        "id": US, "username": "tern", "owns_app": "yes",
        "expires_at": max(square.tokens.values(), default=square.clock()).isoformat(), **more,
    }  # fmt: skip


class XStand:
    source = Source("mentions", "x", "x", login="desk")
    too_long = "x" * 281

    def __init__(self, home, wall, desk, square: Square) -> None:
        self.home, self.wall, self.desk, self.square = home, wall, desk, square
        square.page = 40
        self.history: list[str] = []
        self.is_refusing = False
        self.patience_s = 20.0
        self.first = square.say(US, "New saddles are in.")
        asked = [self.mention(number) for number in range(HISTORY)]
        number = square.new_id()
        square.put({**asked[60], "id": number, "edit_history_tweet_ids": [number], "text": 7})
        self.parent, self.gone = ref(asked[7]), ref(asked[8])
        square.delete(asked[8]["id"])
        self.history.remove("@tern mention 8")
        self.above = [self.first["id"]]
        square.allow()

    def mention(self, number: int) -> dict:
        self.wall.go(seconds=30)
        self.history.append(f"@tern mention {number}")
        who = BO if number % 3 == 0 else ADA
        return self.square.say(who, self.history[-1], self.first["id"])

    def connect(self, **settings) -> Connector:
        base = "http://127.0.0.1:1" if self.is_refusing else self.square.base
        setup = self.desk(
            self.home, self.wall, "x", "desk",
            {"base_url": base, "timeout_s": self.patience_s, **settings},
        )  # fmt: skip
        setup.secrets.write("desk", secret(self.square))
        return x.connect(setup)

    async def more(self) -> str:
        self.mention(len(self.history) + 1)
        return self.history[-1]

    def fail(self, fault: str) -> None:
        self.is_refusing = fault == "refused"
        self.patience_s = 1.0 if fault.startswith("timeout") else 20.0
        self.square.faults["POST /2/tweets"] = [fault]

    def heal(self) -> None:
        self.is_refusing = False
        self.patience_s = 20.0
        self.square.faults.clear()
        self.square.allow()

    def wait(self) -> None:
        self.wall.go(seconds=10)

    def attempts(self) -> int:
        return self.square.calls["POST /2/tweets"]

    def shown(self, text: str) -> int:
        return sum(one["text"].endswith(f" {text}") for one in self.square.by(US))


def make(request, home, wall, desk):
    return XStand(home, wall, desk, request.getfixturevalue("square"))
