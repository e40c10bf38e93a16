"""The stand of the Hacker News connector: a busy site on which our word falls often."""

from simulators.hackernews import News

from connectors import hackernews
from connectors.contract import Connector
from connectors.model import MessageRef, Source

HISTORY = 130
can_post = False


def ref(thing, root) -> MessageRef:
    return MessageRef("hackernews", str(thing["id"]), str(root["id"]), None, thing.get("by", ""))


class NewsStand:
    source = Source("hn", "hackernews", "hackernews", "search", query="tern")
    too_long = "x" * 10_001

    def __init__(self, home, wall, desk, news: News) -> None:
        self.home, self.wall, self.desk, self.news = home, wall, desk, news
        self.history: list[str] = []
        self.story = news.story("bo", "A ride to the sea")
        said = [self.say() for _ in range(HISTORY)]
        self.parent, self.gone = ref(said[7], self.story), ref(said[8], self.story)
        news.delete(said[8])
        self.history.remove("mention 8 of tern")
        nobody = {**news.hit(said[9]), "objectID": "1", "author": None}
        news.broken.append(nobody)
        self.above = [str(self.story["id"])]

    def say(self):
        self.wall.go(minutes=1)
        text = f"mention {len(self.news.things) - 1} of tern"
        self.history.append(text)
        return self.news.comment("ada", text, self.story)

    def connect(self) -> Connector:
        settings = {"base_url": f"{self.news.base}/api/v1", "items_url": f"{self.news.base}/v0"}
        return hackernews.connect(
            self.desk(self.home, self.wall, "hackernews", "source:hn", settings)
        )

    async def more(self) -> str:
        self.say()
        return self.history[-1]

    def fail(self, fault: str) -> None:
        raise AssertionError(f"nothing can be posted here, so nothing can go wrong: {fault}")

    def heal(self) -> None:
        """Nothing was broken."""

    def wait(self) -> None:
        """Nothing was accepted."""

    def attempts(self) -> int:
        """Return everything that was ever sent, other than a question."""
        return sum(count for name, count in self.news.calls.items() if not name.startswith("GET "))

    def shown(self, text: str) -> int:
        return sum(one.get("text") == text for one in self.news.things.values())


def make(request, home, wall, desk):
    return NewsStand(home, wall, desk, request.getfixturevalue("news"))
