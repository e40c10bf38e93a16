"""What hearing on Reddit costs: requests for 1,000 mentions, and how many were heard once.

python -m benchmarks.reddit_requests

byname's connector beside praw's own streams, on the same simulated site: after each round of
mentions each side looks, once where nothing else is said. Requests are counted in the site's log.
byname also hears what we say ourselves; praw's `inbox.stream()` does not, so the line "praw, three
streams" adds our comments and posts. Token requests are left out. Not here: time (collect.py).
"""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import praw

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "connectors")]

from simulators import reddit_answers  # noqa: E402 - the simulators stand beside the tests
from simulators.reddit import US, Site  # noqa: E402
from stands.reddit import APPROVED  # noqa: E402

from benchmarks.platforms import start  # noqa: E402
from benchmarks.rig import machine  # noqa: E402
from bot.home import FileSecrets  # noqa: E402
from bot.logins import LoginSetup  # noqa: E402
from connectors import reddit  # noqa: E402
from connectors.model import Seen, Source  # noqa: E402

MENTIONS = Source("mentions", "reddit", "reddit", login="desk")


@dataclass(frozen=True)
class Round:
    """How mentions come: so many, so many at once, and what happens in between."""

    name: str
    mentions: int
    at_once: int
    looks: int = 1  # after each time that mentions came
    restart_every: int = 0  # rounds after which the listener starts anew
    human_every: int = 0  # rounds after which a human has read the inbox meanwhile


ROUNDS = (
    Round("1 a look", 250, 1),
    Round("5 a look", 1000, 5),
    Round("50 a look", 1000, 50),
    Round("250 at once, 4 looks each", 1000, 250, looks=4),
    Round("5 a look, restarted every 20 looks", 1000, 5, restart_every=20),
    Round("5 a look, a human reads the inbox too", 1000, 5, human_every=4),
)


@dataclass
class Clock:
    now: datetime = datetime(2026, 3, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Byname:
    """The connector, with its cursor kept over restarts."""

    def __init__(self, base: str, home: Path, clock: Clock) -> None:
        secrets = FileSecrets(home, locks={})
        secrets.write("desk", APPROVED)
        settings = {"reddit_url": base, "oauth_url": base}
        self.setup = LoginSetup("desk", "reddit", home, settings, secrets, clock)
        self.connector: Any = reddit.connect(self.setup)
        self.cursor: str | None = None

    async def look(self) -> list[str]:
        heard = []
        async for page in self.connector.pages(MENTIONS, self.cursor):
            heard += [one.message.ref for one in page.events if isinstance(one, Seen)]
            self.cursor = page.cursor
        return heard

    async def restart(self) -> None:
        await self.connector.close()
        self.connector = reddit.connect(self.setup)

    async def close(self) -> None:
        await self.connector.close()


class Streams:
    """praw as its documentation shows it: streams that remember in memory."""

    def __init__(self, base: str, *, has_own: bool) -> None:
        self.base, self.has_own = base, has_own
        self.streams = self.open()

    def open(self) -> list[Iterator[Any]]:
        one = praw.Reddit(
            client_id="app", client_secret="secret", username=US, password="pass-word",
            user_agent="linux:byname.benchmark:0 (by /u/tern)", check_for_updates=False,
            check_for_async=False, reddit_url=self.base, oauth_url=self.base,
        )  # fmt: skip
        streams = [one.inbox.stream(pause_after=-1)]
        if self.has_own:
            own = one.redditor(US).stream
            streams += [own.comments(pause_after=-1), own.submissions(pause_after=-1)]
        return streams

    async def look(self) -> list[str]:
        return await asyncio.to_thread(self._look)

    def _look(self) -> list[str]:
        heard = []
        for stream in self.streams:
            for one in stream:
                if one is None:
                    break
                heard.append(one.fullname)
        return heard

    async def restart(self) -> None:
        self.streams = self.open()

    async def close(self) -> None:
        return None


async def measure(asked: Round, make: Callable[[str, Path, Clock], Any]) -> tuple[float, int, int]:
    """Return requests for 1,000 mentions, and how many mentions were lost and heard twice."""
    clock = Clock()
    site = Site(clock)
    runner, site.base = await start(reddit_answers.app(site))
    post = site.submit(US, "New kettles are in")
    with tempfile.TemporaryDirectory() as home:
        one = make(site.base, Path(home), clock)
        await one.look()
        site.calls.clear()
        heard: Counter[str] = Counter()
        said: list[str] = []
        for turn in range(asked.mentions // asked.at_once):
            clock.now += timedelta(seconds=40)
            said += [site.say("ada", f"Does it leak? {turn}", post).name
                     for _ in range(asked.at_once)]  # fmt: skip
            if asked.human_every and turn % asked.human_every == 0:
                for row in site.inbox:
                    row["new"] = False
            if asked.restart_every and turn % asked.restart_every == asked.restart_every - 1:
                await one.restart()
            for _ in range(asked.looks):
                heard.update(await one.look())
        await one.close()
    await runner.cleanup()
    calls = sum(count for name, count in site.calls.items() if "access_token" not in name)
    lost = sum(heard[name] == 0 for name in said)
    return calls * 1000 / len(said), lost, sum(heard[name] > 1 for name in said)


SIDES: dict[str, Callable[[str, Path, Clock], Any]] = {
    "byname": Byname,
    "praw, inbox.stream": lambda base, _home, _clock: Streams(base, has_own=False),
    "praw, three streams": lambda base, _home, _clock: Streams(base, has_own=True),
}


async def main() -> None:
    print(machine())
    print(f"\n{'':<40}{'':<22}{'requests':>10}{'lost':>7}{'twice':>7}")
    for asked in ROUNDS:
        for name, make in SIDES.items():
            calls, lost, twice = await measure(asked, make)
            print(f"{asked.name:<40}{name:<22}{calls:>10.0f}{lost:>7}{twice:>7}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
