"""Kill -9 a service that answers everybody, again and again, and count what the world saw.

    python -m benchmarks.kill_loop [--kills 100] [--messages 1500] [--seed 1] [--naive]

The real service as a process, a replayed world with scripted faults, a client that approves every
suggestion at once over the socket. SIGKILL at random moments 30 to 1,500 ms after it was ready;
every second one then waits until a post is in flight. In the end the world's own file says what was
posted: doubled, lost, not approved. `--naive` runs the same against an outbox that tries again on
any error (benchmarks/naive.py).
"""

import argparse
import asyncio
import contextlib
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.rig import Client, Home, client, machine, start, until
from storage import open_reader

LAG_S, IN_FLIGHT_S = 0.3, 0.25
POLICY = {
    "post_timeout_seconds": 0.8,
    "settle_seconds": 1.2,
    "lookup_gap_seconds": 0.4,
}
FAULTS = f"""\
visibility_lag_s = {LAG_S}
in_flight_s = {IN_FLIGHT_S}
rules = [
  {{fault = "error_before", probability = 0.04}},
  {{fault = "error_after", probability = 0.04}},
  {{fault = "cut", probability = 0.04}},
  {{fault = "rate_limited", probability = 0.02, until_s = 0.2}},
  {{fault = "timeout_after", probability = 0.08, wait_s = 0.3}},
  {{fault = "garbled", probability = 0.02}},
  {{fault = "refused", probability = 0.01}},
  {{fault = "slow", probability = 0.04, wait_s = 1.0}},
  {{fault = "slow", probability = 1.0, wait_s = 0.12}},
]
"""
OPEN = ("approved", "sending", "unknown")
OWN_WORDS = "Thank you for writing, a colleague looks at it."
DRAIN_S = 600.0
MEET_S = 3.0


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


async def run_and_kill(home: Path, tally: Tally, luck: random.Random, module: str) -> None:
    running = await start(home, module=module)
    approving = asyncio.create_task(keep_approving(home, tally))
    await asyncio.sleep(luck.uniform(0.03, 1.5))
    if tally.kills % 2:
        await meet_a_post(home, luck)
    running.kill()
    await running.ended()
    await approving
    tally.kills += 1
    reader = await open_reader(home)
    tally.in_flight += bool(await reader.replies("sending"))
    await reader.close()


async def meet_a_post(home: Path, luck: random.Random) -> None:
    """Wait for the next post that is in flight, if one comes soon, and for a part of it."""
    reader = await open_reader(home)
    with contextlib.suppress(TimeoutError):
        await until(lambda: reader.replies("sending"), MEET_S, pause=0.002)
        await asyncio.sleep(luck.uniform(0.0, 0.1))
    await reader.close()


async def drain(home: Path, tally: Tally, module: str) -> None:
    """Let it work undisturbed until nothing is on its way."""
    running = await start(home, module=module)
    async with client(home) as api:

        async def is_settled() -> bool:
            while await approve_all(api, tally):
                pass
            work = (await api.get("sources"))["work"]
            under_way = (await api.get(f"replies?state={'&state='.join(OPEN)}"))["replies"]
            return not under_way and not (work["tag"] or work["suggest"])

        await until(is_settled, DRAIN_S, pause=0.2)
    code = await running.stop()
    assert code == 0, f"the service ended with {code}"


async def count(home: Home, tally: Tally) -> None:
    """Compare what the store says with what the world saw."""
    rows = [json.loads(line) for line in home.ledger.read_text(encoding="utf-8").splitlines()]
    posted = [row for row in rows if row["type"] == "reply"]
    tries = [row for row in rows if row["type"] == "attempt"]
    tally.posts, tally.attempts = len(posted), len(tries)
    tally.faults = Counter(row["fault"] for row in tries if row["fault"])
    tally.doubled = sum(many - 1 for many in Counter(row["parent"] for row in posted).values())
    tally.unapproved = sum(row["text"] not in tally.asked.get(row["parent"], ()) for row in posted)
    await _compare(home, tally, {row["parent"] for row in posted})


async def _compare(home: Home, tally: Tally, seen: set[str]) -> None:
    reader = await open_reader(home.path)
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


async def kill_loop(
    folder: Path, *, kills: int, messages: int, seed: int, module: str = "bot"
) -> Tally:
    """Kill so many times, let it finish, and count."""
    began = time.monotonic()
    faults = f"seed = {seed}\n{FAULTS}"
    home = Home(folder, messages, policy=POLICY, faults=faults, seed=seed).make()
    tally, luck = Tally(), random.Random(seed)
    for _ in range(kills):
        await run_and_kill(folder, tally, luck, module)
    await drain(folder, tally, module)
    await count(home, tally)
    tally.seconds = time.monotonic() - began
    return tally


def report(name: str, tally: Tally) -> str:
    faults = ", ".join(f"{count} {fault}" for fault, count in tally.faults.most_common())
    states = ", ".join(f"{count} {state}" for state, count in tally.states.most_common())
    return (
        f"{name}: {tally.kills} kill -9, {tally.in_flight} of them with a post in flight, "
        f"in {tally.seconds:.0f} s\n"
        f"  {tally.posts} posts from {tally.attempts} attempts ({faults}); "
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


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Kill -9 a service that answers everybody.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--messages", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--naive", action="store_true", help="the outbox that tries again")
    asked = parser.parse_args(arguments)
    print(machine())
    print(settings())
    name, module = ("naive outbox", "benchmarks.naive") if asked.naive else ("byname", "bot")
    with tempfile.TemporaryDirectory() as folder:
        tally = asyncio.run(
            kill_loop(
                Path(folder) / "home",
                kills=asked.kills,
                messages=asked.messages,
                seed=asked.seed,
                module=module,
            )
        )
    print(report(name, tally))
    if not asked.naive and not tally.is_clean():
        raise SystemExit(1)


if __name__ == "__main__":
    main()
