"""What the benchmarks share: the machine in words, a home under load, the real service outside.

Nothing here measures; every benchmark says itself what it counts.
"""

import asyncio
import contextlib
import os
import platform
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from connectors.replay.load import write_load

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_S = 120.0
API = "http://byname/api/v1/"


def machine() -> str:
    """Say on what all this ran."""
    return (
        f"machine: {os.cpu_count()} cores, {_processor()}; Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {platform.system()} {platform.release()}; "
        f"load average at the start {os.getloadavg()[0]:.1f}"
    )


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def spread(values: Sequence[float], unit: str = "", digits: int = 2) -> str:
    """Say the median of some runs and how far they lie apart: the noise of this machine."""
    middle = statistics.median(values)
    return (
        f"{middle:.{digits}f}{unit} (median of {len(values)}, "
        f"{min(values):.{digits}f} to {max(values):.{digits}f})"
    )


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


PLAYBOOK = """\
[[entry]]
id = "{name}"
intents = ["question", "complaint", "praise", "purchase", "suggestion", "churn", "chatter", "spam"]
examples = [{examples}]
[[entry.replies]]
text = "Thank you for writing about {name}. {{signature}}"
"""


@dataclass
class Home:
    """A home whose people all write at once, or at so many a second."""

    path: Path
    messages: int
    live_per_s: float | None = None
    policy: dict[str, Any] = field(default_factory=dict)
    faults: str = ""
    poll_seconds: float = 0.5
    seed: int = 0

    def make(self) -> "Home":
        self.path.mkdir(parents=True, exist_ok=True)
        write_load(
            self.path / "world.jsonl", self.messages, seed=self.seed, live_per_s=self.live_per_s
        )
        (self.path / "byname.toml").write_text(self._settings(), encoding="utf-8")
        (self.path / "faults.toml").write_text(self.faults, encoding="utf-8")
        write_playbook(self.path / "playbook")
        return self

    @property
    def ledger(self) -> Path:
        return self.path / f"replay-load-{self.messages}.jsonl"

    def _settings(self) -> str:
        policy = "".join(f"{name} = {value}\n" for name, value in self.policy.items())
        return (
            '[brand]\nname = "Load"\nsignature = "Ines"\n'
            "[suggest]\nmin_playbook = 0.0\nmemory = false\n"
            f"[policy]\nundo_seconds = 0\nmax_posts_per_hour = 1000000\n{policy}"
            '[logins.load]\nplatform = "mastodon"\nconnector = "replay"\nworld = "world.jsonl"\n'
            'faults = "faults.toml"\n'
            '[sources.all]\nlogin = "load"\nkind = "all"\n'
            f"answer_since = 2000-01-01T00:00:00Z\npoll_seconds = {self.poll_seconds}\n"
        )


def write_playbook(folder: Path) -> None:
    """Write entries that have an answer to everything."""
    folder.mkdir(exist_ok=True)
    things = {"arrival": "has not arrived yet", "quality": "stopped working", "love": "thank you",
              "returns": "wrong colour, send it back", "price": "too expensive"}  # fmt: skip
    for name, example in things.items():
        text = PLAYBOOK.format(name=name, examples=f'"{example}"')
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")


@dataclass
class Running:
    """The real service as a process of its own."""

    process: asyncio.subprocess.Process
    lines: list[str]
    seconds_to_ready: float

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)

    async def ended(self) -> int:
        await _drain(self.process)
        return await self.process.wait()

    async def stop(self) -> int:
        """Stop in order, as Ctrl-C does."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        return await self.ended()


async def start(home: Path, *options: str, module: str = "bot") -> Running:
    """Start `byname run` and return when it says that it is ready."""
    began = time.monotonic()
    errors = (home / "errors.log").open("ab")
    with errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, "run", "--home", str(home), "--port", "0", *options),
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            env=_environment(),
        )
    lines: list[str] = []
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            while not any(line.startswith("sign in as") for line in lines):
                lines.append(await _line(process, home))
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    return Running(process, lines, time.monotonic() - began)


async def _line(process: asyncio.subprocess.Process, home: Path) -> str:
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    if not line:
        said = (home / "errors.log").read_text(encoding="utf-8")[-2000:]
        raise RuntimeError(f"the service ended before it was ready: {said}")
    return line.rstrip("\n")


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    await process.stdout.read()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("BYNAME_")}


@dataclass
class Client:
    """The JSON API over <home>/run.sock, as a command uses it."""

    session: aiohttp.ClientSession

    async def get(self, path: str, **query: str) -> Any:
        async with self.session.get(API + path, params=query) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def post(self, path: str, **body: Any) -> tuple[int, Any]:
        async with self.session.post(API + path, json=body) as answer:
            return answer.status, await answer.json()


@contextlib.asynccontextmanager
async def client(home: Path) -> AsyncIterator[Client]:
    connector = aiohttp.UnixConnector(path=str(home / "run.sock"))
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Client(session)


async def until(condition: Any, seconds: float, pause: float = 0.05) -> Any:
    """Ask again and again until something true comes back; raise TimeoutError else."""
    async with asyncio.timeout(seconds):
        while not (found := await condition()):  # noqa: ASYNC110 - it looks from outside
            await asyncio.sleep(pause)
    return found


def now() -> datetime:
    return datetime.now(UTC)
