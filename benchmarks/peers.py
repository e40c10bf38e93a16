"""On real servers: from the moment somebody mentions us to the moment their suggestion can be seen.

    python -m benchmarks.peers [--mentions 20] [--poll 1] [--only snac|atproto]

snac2 (the Mastodon API) and a Bluesky network run on this machine (`.ci/peers` sets them up), the
real service listens to them as a process of its own, and a client looks at the list of messages as
the page does. Printed is, too, how much of it the server takes until it tells us of the mention:
another reader asks it directly, ten times a second. Neither server streams; both are looked at
every --poll seconds.
"""

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "peers")]

import aiohttp  # noqa: E402 - the repository need not be installed
from home import make_home  # noqa: E402 - the servers stand beside the tests
from peer import AtProto, Snac  # noqa: E402
from servers import Absent, atproto, snac  # noqa: E402

from benchmarks.rig import Client, client, machine, percentile, start  # noqa: E402

KINDS: dict[str, tuple[Any, Callable[[Path], Any]]] = {
    "snac": (Snac, snac),
    "atproto": (AtProto, atproto),
}
PLAYBOOK = """\
[[entry]]
id = "parcel"
intents = ["question", "complaint", "praise", "purchase", "suggestion", "churn", "chatter", "spam"]
examples = ["where is my parcel?"]
[[entry.replies]]
text = "We are looking for it. {signature}"
"""
SETTINGS = "[suggest]\nmin_playbook = 0.0\nmemory = false\n"
LOOK_S = 0.05
PATIENCE_S = 60.0

Look = Callable[[], Awaitable[bool]]


@contextlib.asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[Any]:
    """Start a real server with two accounts on it."""
    make, serve = KINDS[kind]
    with serve(folder) as told:
        fresh = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(connector=fresh) as human:
            peer = await make.sign_in(told, human, folder)
        try:
            yield peer
        finally:
            await peer.close()


def home_for(peer: Any, home: Path, poll: float) -> Path:
    make_home(home, peer, poll_seconds=poll, more=SETTINGS)
    (home / "playbook" / "parcel.toml").write_text(PLAYBOOK, encoding="utf-8")
    return home


async def after(look: Look, pause: float, began: float) -> float:
    """Return how many seconds after `began` something became true."""
    async with asyncio.timeout(PATIENCE_S):
        while not await look():  # noqa: ASYNC110 - it looks from outside
            await asyncio.sleep(pause)
    return time.monotonic() - began


class Asker:
    """Hears as the connector does, without byname around it."""

    def __init__(self, peer: Any) -> None:
        self.peer, self.cursor = peer, None

    async def heard(self, ref: str) -> bool:
        found = False
        async for page in self.peer.us.pages(self.peer.source, self.cursor):
            self.cursor = page.cursor
            found = found or any(one.message.ref == ref for one in page.events)
        return found


async def is_suggested(api: Client, ref: str) -> bool:
    entries = (await api.get("queue", view="all", limit="40"))["entries"]
    return any(one["message"]["ref"] == ref and one["suggestion"] for one in entries)


async def measure(kind: str, mentions: int, poll: float) -> list[tuple[float, float]]:
    """Return, for each mention, when the server told of it and when its suggestion was there."""
    times = []
    with tempfile.TemporaryDirectory(prefix="byname-peers-") as folder:
        async with opened(kind, Path(folder)) as peer:
            running = await start(home_for(peer, Path(folder) / "home", poll))
            try:
                async with client(Path(folder) / "home") as api:
                    asker = Asker(peer)
                    await asker.heard("")
                    for number in range(mentions + 1):
                        began = time.monotonic()
                        ref = await peer.say(f"where is my parcel number {number}?")
                        told, shown = await asyncio.gather(
                            after(lambda r=ref: asker.heard(r), 0.1, began),
                            after(lambda r=ref: is_suggested(api, r), LOOK_S, began),
                        )
                        times.append((told, shown))
            finally:
                await running.stop()
    return times[1:]  # the first one warms everything up


def report(kind: str, times: Sequence[tuple[float, float]], poll: float) -> str:
    told, shown = ([one[part] for one in times] for part in (0, 1))
    ours = [max(0.0, there - here) for here, there in times]
    return "\n".join([
        f"{kind}: {len(times)} mentions, looked at every {poll:g} s",
        *(
            f"  {what:<46} p50 {percentile(values, 0.5):5.2f} s, "
            f"p95 {percentile(values, 0.95):5.2f} s, worst {max(values):5.2f} s"
            for what, values in (
                ("mention made -> suggestion can be seen", shown),
                ("  of it: mention made -> the server tells us", told),
                ("  of it: told -> suggestion can be seen", ours),
            )
        ),
    ])  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Mention to suggestion, on real servers.")
    parser.add_argument("--mentions", type=int, default=20)
    parser.add_argument("--poll", type=float, default=1.0)
    parser.add_argument("--only", choices=sorted(KINDS))
    asked = parser.parse_args(arguments)
    print(machine())
    for kind in [asked.only] if asked.only else KINDS:
        try:
            times = asyncio.run(measure(kind, asked.mentions, asked.poll))
        except Absent as error:
            print(f"{kind}: not measured: {error}")
            continue
        print(report(kind, times, asked.poll), flush=True)


if __name__ == "__main__":
    main()
