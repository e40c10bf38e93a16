"""How long a start takes, and how much memory a service holds that has nothing to do.

    python -m benchmarks.start [--runs 5] [--idle 10]

A home that was used before (the demo, everything read), started again and again: the time from the
first instruction of the process to its sign-in link. Bars: ready within 3 s, idle under 400 MB.
"""

import argparse
import asyncio
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.rig import Running, client, machine, spread, start, until
from bot.demo import make_demo_home

READY_BAR_S, MEMORY_BAR_MB = 3.0, 400.0


def resident_mb(running: Running) -> float:
    said = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(running.process.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(said.stdout) / 1024


async def read_everything(home: Path) -> None:
    async with client(home) as api:

        async def is_read() -> bool:
            work = (await api.get("sources"))["work"]
            entries = (await api.get("queue"))["entries"]
            return bool(entries) and not any(work[stage] for stage in ("tag", "suggest", "embed"))

        await until(is_read, 300)


async def measure(home: Path, runs: int, idle_s: float) -> tuple[float, list[float], float, float]:
    make_demo_home(home, datetime.now(UTC))
    first = await start(home, "--demo")
    await read_everything(home)
    busy_mb = resident_mb(first)
    await first.stop()
    ready = []
    for _ in range(runs):
        running = await start(home, "--demo")
        ready.append(running.seconds_to_ready)
        await running.stop()
    running = await start(home, "--demo")
    await asyncio.sleep(idle_s)
    idle_mb = resident_mb(running)
    await running.stop()
    return first.seconds_to_ready, ready, idle_mb, busy_mb


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Start and memory of the service.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--idle", type=float, default=10.0, help="seconds to wait before looking")
    asked = parser.parse_args(arguments)
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        first, ready, idle, busy = asyncio.run(
            measure(Path(folder) / "home", asked.runs, asked.idle)
        )
    print(f"first start, empty home: {first:.2f} s")
    print(f"start to ready: {spread(ready, ' s')}; bar {READY_BAR_S:.0f} s")
    print(f"resident memory: {idle:.0f} MB idle, {busy:.0f} MB after reading the whole demo; "
          f"bar {MEMORY_BAR_MB:.0f} MB")  # fmt: skip


if __name__ == "__main__":
    main()
