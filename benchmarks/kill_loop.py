"""Kill -9 a service that answers everybody, again and again, and count what the world saw.

    python -m benchmarks.kill_loop --world platforms [--platforms x,reddit] [--kills 300]
        [--messages 500] [--seed 1]
    python -m benchmarks.kill_loop [--kills 100] [--messages 1500] [--seed 1] [--naive]

The real service as a process, a replayed world or simulated platforms with scripted faults, a
client that approves every suggestion at once over the socket. SIGKILL at random moments, often
while a post is in flight (when: kill_worlds.py, kill_network.py). In the end the world itself says
what was posted: doubled, lost, not approved. `--naive` runs the same against an outbox that tries
again on any error (naive.py).
"""

import argparse
import asyncio
import contextlib
import json
import random
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.kill_network import Platforms
from benchmarks.kill_platforms import PLATFORMS, USUAL
from benchmarks.kill_worlds import IN_FLIGHT_S, LAG_S, POLICY, Replayed, World
from benchmarks.rig import Client, client, machine, now, start, until
from storage import open_reader

for _wait in ("settle_seconds", "lookup_gap_seconds"):
    assert POLICY[_wait] > LAG_S + IN_FLIGHT_S, "it would look too early"
WORLDS = ("replay", "platforms")
OPEN = ("approved", "sending", "unknown")
OWN_WORDS = "Thank you for writing, a colleague looks at it."
DRAIN_S = 600.0


@dataclass
class Tally:
    """What was asked of the service, and what became of it."""

    kills: int = 0
    in_flight: int = 0
    asked: dict[str, set[str]] = field(default_factory=dict)  # ref of the message -> texts
    promised: set[str] = field(default_factory=set)  # refs whose approval was acknowledged
    refused: Counter[int] = field(default_factory=Counter)
    posts: int = 0
    attempts: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    doubled: int = 0
    unapproved: int = 0
    lost: int = 0
    claimed: int = 0  # said to be sent, but not in the world
    states: Counter[str] = field(default_factory=Counter)
    found: int = 0
    is_whole: bool = False
    seconds: float = 0.0
    said: str = ""

    def is_clean(self) -> bool:
        return self.is_whole and not (self.doubled or self.unapproved or self.lost or self.claimed)


async def approve_all(api: Client, tally: Tally) -> int:
    """Approve whatever is suggested now, own words where nothing is; say how many were."""
    entries = (await api.get("queue", limit="20"))["entries"]
    done = 0
    for entry in entries:
        message = entry["message"]
        body = shown(entry["suggestion"]) or {"text": OWN_WORDS}
        tally.asked.setdefault(message["ref"], set()).add(body["text"])
        path, request = f"messages/{message['id']}/approve", f"request-{message['id']}"
        status, _ = await api.post(path, request_id=request, **body)
        if status == 200:
            tally.promised.add(message["ref"])
            done += 1
        else:
            tally.refused[status] += 1
    return done


def shown(suggestion: Any) -> dict[str, Any] | None:
    """What an approval of the first option carries; None where there is silence."""
    if not suggestion or not suggestion["options"]:
        return None
    option = suggestion["options"][0]
    return {
        "text": option["text"],
        "suggestion_id": suggestion["id"],
        "suggestion_version": suggestion["version"],
        "option": option["number"],
        "shown_hash": option["hash"],
    }


async def keep_approving(home: Path, tally: Tally) -> None:
    """Approve until the service is gone."""
    with contextlib.suppress(aiohttp.ClientError, OSError, json.JSONDecodeError):
        async with client(home) as api:
            while True:
                done = await approve_all(api, tally)
                await asyncio.sleep(0.0 if done else 0.02)


async def run_and_kill(world: World, tally: Tally, luck: random.Random, module: str) -> None:
    running = await start(world.path, module=module)
    approving = asyncio.create_task(keep_approving(world.path, tally))
    tally.in_flight += await world.kill(running, luck, tally.kills)
    await approving
    tally.kills += 1


async def drain(world: World, tally: Tally, module: str) -> None:
    """Let it work undisturbed until everybody was heard and nothing is on its way."""
    home, running = world.path, await start(world.path, module=module)
    spoken_at = now() + timedelta(seconds=1)  # the last words, and a little
    async with client(home) as api:

        async def is_settled() -> bool:
            told, is_asked = await api.get("sources"), False
            while await approve_all(api, tally):
                is_asked = True
            under_way = (await api.get(f"replies?state={'&state='.join(OPEN)}"))["replies"]
            is_busy = told["work"]["tag"] or told["work"]["suggest"] or under_way
            is_heard = len(tally.asked) >= world.messages or _all_read(world, told, spoken_at)
            return is_heard and not (is_asked or is_busy)

        await until(is_settled, DRAIN_S, pause=0.2)
    code = await running.stop()
    assert code == 0, f"the service ended with {code}"


def _all_read(world: World, told: dict[str, Any], spoken_at: datetime) -> bool:
    """Say whether every source was read to its end since then; a stream takes its time for that."""
    names = tomllib.loads((world.path / "byname.toml").read_text(encoding="utf-8"))["sources"]
    read = {one["name"]: one["last_ok_at"] for one in told["sources"] if not one["error"]}
    return all(read.get(name) and datetime.fromisoformat(read[name]) >= spoken_at for name in names)


async def count(world: World, tally: Tally) -> None:
    """Compare what the store says with what the world saw."""
    seen = world.seen()
    tally.posts, tally.attempts, tally.faults = len(seen.shown), seen.attempts, seen.faults
    tally.doubled = sum(many - 1 for many in Counter(one.parent for one in seen.shown).values())
    tally.unapproved = sum(one.text not in tally.asked.get(one.parent, ()) for one in seen.shown)
    await _compare(world.path, tally, {one.parent for one in seen.shown})
    tally.said = world.said()


async def _compare(home: Path, tally: Tally, seen: set[str]) -> None:
    reader = await open_reader(home)
    try:
        replies = await reader.replies(limit=1_000_000)
        tally.states = Counter(reply.state for reply in replies)
        tally.found = sum(reply.reason == "found by look-up" for reply in replies)
        said = {reply.parent.ref for reply in replies if reply.state == "sent"}
        honest = {reply.parent.ref for reply in replies if reply.state in ("needs_human", "held")}
        tally.claimed = len(said - seen)
        tally.lost = len(tally.promised - seen - honest)
        tally.is_whole = await reader.verify_audit() is None
    finally:
        await reader.close()


async def kill_loop(world: World, *, kills: int, seed: int, module: str = "bot") -> Tally:
    """Kill so many times, let it finish, and count."""
    began = time.monotonic()
    tally, luck = Tally(), random.Random(seed)
    async with world.opened():
        for number in range(kills):
            world.speak(kills - number)
            await run_and_kill(world, tally, luck, module)
        world.speak(1)
        await drain(world, tally, module)
        await count(world, tally)
    tally.seconds = time.monotonic() - began
    return tally


def report(name: str, tally: Tally) -> str:
    faults = ", ".join(f"{count} {fault}" for fault, count in tally.faults.most_common())
    states = ", ".join(f"{count} {state}" for state, count in tally.states.most_common())
    return (
        f"{name}: {tally.kills} kill -9, {tally.in_flight} of them with a post in flight, "
        f"in {tally.seconds:.0f} s\n{tally.said}"
        f"  {len(tally.promised)} approvals acknowledged, {tally.posts} posts from "
        f"{tally.attempts} attempts ({faults}); "
        f"{tally.found} found by look-up\n"
        f"  {tally.doubled} doubled, {tally.lost} lost, {tally.claimed} said to be sent and not "
        f"there, {tally.unapproved} not approved; "
        f"audit chain {'whole' if tally.is_whole else 'BROKEN'}; replies: {states}"
    )


def settings() -> str:
    return (
        f"settle window {POLICY['settle_seconds']} s, look-ups {POLICY['lookup_gap_seconds']} s "
        f"apart, time-out {POLICY['post_timeout_seconds']} s; an effect may be seen up to "
        f"{LAG_S} s (visibility) + {IN_FLIGHT_S} s (in flight) after its request"
    )


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    if unknown := set(names) - set(PLATFORMS):
        raise argparse.ArgumentTypeError(f"no such platform: {', '.join(sorted(unknown))}")
    return names


def _world(asked: argparse.Namespace, home: Path) -> World:
    if asked.world == "replay":
        return Replayed(home, asked.messages, asked.seed)
    return Platforms(home, asked.messages, asked.seed, asked.platforms)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Kill -9 a service that answers everybody.")
    parser.add_argument("--world", choices=WORLDS, default="replay")
    parser.add_argument("--platforms", type=_names, default=USUAL, help=", ".join(PLATFORMS))
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--messages", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--naive", action="store_true", help="the outbox that tries again")
    asked = parser.parse_args(arguments)
    print(machine())
    print(settings(), flush=True)
    name, module = ("naive outbox", "benchmarks.naive") if asked.naive else ("byname", "bot")
    with tempfile.TemporaryDirectory() as folder:
        world = _world(asked, Path(folder) / "home")
        tally = asyncio.run(kill_loop(world, kills=asked.kills, seed=asked.seed, module=module))
    print(report(name, tally))
    if world.is_slower_than_settling():
        raise SystemExit("this machine was too slow for such short settings: no verdict")
    if not asked.naive and not tally.is_clean():
        raise SystemExit(1)
    if asked.world == "platforms" and 3 * tally.in_flight < tally.kills:
        raise SystemExit("fewer than a third of the kills met a post in flight")


if __name__ == "__main__":
    main()
