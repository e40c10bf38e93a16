"""The stand of the replay connector: a generated world and a clock that the test moves."""

import json
from collections import Counter
from pathlib import Path

from connectors import replay
from connectors.contract import Connector
from connectors.model import MessageRef, Source

HISTORY, LIVE = 450, 20


class ReplayStand:
    source = Source("mentions", "replay", "mastodon", login="desk")
    parent = MessageRef("mastodon", "m7", "post")
    gone = MessageRef("mastodon", "m8", "post")
    too_long = "x" * 501

    def __init__(self, home: Path, wall, desk) -> None:
        self.home, self.wall, self.desk = home, wall, desk
        self.above = ["post"]
        self.history = [f"mention {number}" for number in range(HISTORY)]
        self.rules: list[dict[str, object]] = []
        (home / "world.jsonl").write_text("".join(_world()), encoding="utf-8")

    def connect(self) -> Connector:
        return replay.connect(
            self.desk(self.home, self.wall, "mastodon", "desk", {
                "world": "world.jsonl", "faults": {"rules": self.rules},
            })
        )  # fmt: skip

    async def more(self) -> str:
        self.wall.go(hours=1)
        self.history.append(f"mention {len(self.history)}")
        return self.history[-1]

    def fail(self, fault: str) -> None:
        attempt = self.attempts() + 1
        self.rules.append({"fault": fault, "attempts": [attempt], "until_s": 60})

    def heal(self) -> None:
        self.rules.clear()

    def wait(self) -> None:
        self.wall.go(seconds=10)

    def attempts(self) -> int:
        return self._written()["attempt"]

    def shown(self, text: str) -> int:
        return self._written()[text]

    def _written(self) -> Counter[str]:
        path = self.home / "replay-contract.jsonl"
        if not path.exists():
            return Counter()
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return Counter([row["type"] for row in rows] + [row.get("text", "") for row in rows])


def _world():
    account = {"type": "account", "platform": "mastodon"}
    message = {"type": "message", "platform": "mastodon"}
    rows = [
        {"type": "world", "name": "contract", "brand": "B", "time_zone": "UTC",
         "platforms": ["mastodon"]},
        {**account, "ref": "us", "handle": "us", "ours": True},
        {**account, "ref": "ada", "handle": "ada"},
        {**message, "ref": "post", "author": "us", "at": "-9d", "kind": "post", "text": "ours"},
        {"type": "delete", "platform": "mastodon", "ref": "m8", "at": "-1s"},
        {"type": "garbled", "platform": "mastodon", "at": "-2s", "raw": "?"},
    ]  # fmt: skip
    for number in range(HISTORY + LIVE):
        ago = HISTORY - number
        at = f"-{ago}m" if ago > 0 else f"+{1 - ago}h"
        mention = {"kind": "mention", "text": f"mention {number}", "at": at, "author": "ada"}
        rows.append({**message, **mention, "ref": f"m{number}", "parent": "post"})
    return (json.dumps(row) + "\n" for row in rows)


def make(_request, home, wall, desk):
    return ReplayStand(home, wall, desk)
