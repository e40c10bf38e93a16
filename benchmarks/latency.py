"""From the moment somebody writes to the moment their suggestion can be seen.

    python -m benchmarks.latency [--per-second 5] [--seconds 60] [--poll 0.2]

The real service as a process, a replayed world that goes on live, and a client that looks at the
list of messages as the page does. Arrival is when the world shows the message; the pause between
two looks of the source is part of it and printed; the first 5 s after the start are not. Bar: 95 %
under 1 s at 5 messages a second.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.rig import Client, Home, client, machine, now, percentile, start

BAR_S = 1.0
LOOK_S = 0.02
WARM_UP_S = 5.0


async def look(api: Client, seen: dict[str, float], since: datetime) -> None:
    """Note every message whose suggestion can be seen for the first time."""
    for entry in (await api.get("queue", view="all", limit="40"))["entries"]:
        message, suggestion = entry["message"], entry["suggestion"]
        written = datetime.fromisoformat(message["created_at"])
        if written >= since and suggestion and message["ref"] not in seen:
            seen[message["ref"]] = (now() - written).total_seconds()


async def measure(home: Home, seconds: float) -> dict[str, float]:
    running = await start(home.path)
    since, seen = now() + timedelta(seconds=WARM_UP_S), {}
    try:
        async with client(home.path) as api:
            end = time.monotonic() + WARM_UP_S + seconds
            while time.monotonic() < end:
                await look(api, seen, since)
                await asyncio.sleep(LOOK_S)
    finally:
        await running.stop()
    return seen


def report(seen: dict[str, float], asked: Any) -> str:
    values = list(seen.values())
    halves = [values[: len(values) // 2], values[len(values) // 2 :]]
    noise = " and ".join(f"{percentile(half, 0.95):.2f}" for half in halves)
    return (
        f"{len(values)} suggestions at {asked.per_second:g} messages/s, source looked at every "
        f"{asked.poll:g} s: p50 {percentile(values, 0.5):.2f} s, "
        f"p95 {percentile(values, 0.95):.2f} s, worst {max(values):.2f} s "
        f"(p95 of the two halves: {noise}); bar p95 {BAR_S:.0f} s"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Arrival to suggestion.")
    parser.add_argument("--per-second", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--poll", type=float, default=0.2)
    asked = parser.parse_args(arguments)
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        home = Home(
            Path(folder) / "home",
            int(asked.per_second * (asked.seconds + 20)),
            live_per_s=asked.per_second,
            poll_seconds=asked.poll,
        ).make()
        seen = asyncio.run(measure(home, asked.seconds))
    print(report(seen, asked))


if __name__ == "__main__":
    main()
