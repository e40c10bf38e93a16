"""The stand of the sample connector: a perch with a short history, some of it broken or gone."""

import json

from connectors._load import load
from connectors.contract import Connector
from connectors.model import MessageRef, Source


def ref(name, root):
    return MessageRef("parrot", name, root)


class ParrotStand:
    source = Source("perch", "parrot", "parrot", login="desk")
    too_long = "x" * 201

    def __init__(self, home, wall, desk) -> None:
        self.home, self.wall, self.desk = home, wall, desk
        self.perch = home / "perch.jsonl"
        self.perch.write_text("")
        self.history: list[str] = []
        self.say("post", "New seeds are in.", who="parrot")
        for number in range(250):
            self.say(f"m{number}", f"mention {number}", parent="post")
        self.line({"gone": "m8"})
        self.perch.write_text(self.perch.read_text() + '{"ref": "half')
        self.perch.write_text(self.perch.read_text() + "\n")
        self.parent, self.gone = ref("m7", "post"), ref("m8", "post")
        self.above = ["post"]

    def line(self, line) -> None:
        with self.perch.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def say(self, name, text, who="ada", **more) -> None:
        self.wall.go(seconds=1)
        self.line({"ref": name, "who": who, "text": text, "at": self.wall().isoformat(), **more})
        if who != "parrot":
            self.history.append(text)

    def connect(self) -> Connector:
        return load("parrot")(self.desk(self.home, self.wall, "parrot", "desk", {}))

    async def more(self) -> str:
        self.say(f"later{len(self.history)}", f"later {len(self.history)}")
        return self.history[-1]

    def wait(self) -> None:
        """What is written is seen at once."""

    def attempts(self) -> int:
        return self.perch.read_text().count('"parrot-')

    def shown(self, text) -> int:
        return self.perch.read_text().count(json.dumps(text))
