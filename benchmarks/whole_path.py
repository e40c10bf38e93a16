"""The whole path at full replay speed: messages a second by stage, and what the model takes of it.

    python -m benchmarks.whole_path [--messages 1000] [--runs 3]

First stage by stage, each alone: collect, tag, suggest, approve and post. Then all at once, as the
service does it: from the first message to the last suggestion. Bar: the model's own time is at
least 70 % of that, so that nothing else holds it up.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.rig import Home, machine, spread
from bot.collect import collect
from bot.config import read_config
from bot.desk import Desk, wall_clock
from bot.outbox import send_next
from bot.review import Approve, approve
from bot.service import Service, run, start
from bot.suggest.suggest import learn_playbook, suggest_some
from bot.tag import Reader, tag_some
from nlp.model import Understood
from nlp.tagger import load_tagger
from storage import open_store
from storage.model import QueueFilter

BAR = 0.70
POSTS = 200


@dataclass
class Timed:
    """The shipped model, and how long it was at work."""

    tagger: Any = field(default_factory=load_tagger)
    seconds: float = 0.0
    texts: int = 0

    def understand(self, text: str, languages: tuple[str, ...] = ("en",)) -> Understood:
        began = time.perf_counter()
        understood: Understood = self.tagger.understand(text, languages)
        self.seconds += time.perf_counter() - began
        self.texts += 1
        return understood


@asynccontextmanager
async def opened(folder: Path, messages: int, model: Timed) -> AsyncIterator[Service]:
    """A home under load with its service, ready and not running."""
    home = Home(folder, messages).make()
    store = await open_store(home.path, clock=wall_clock)
    desk = Desk(home.path, read_config(home.path / "byname.toml", {}), store)
    service = await start(desk, Reader(model))
    await learn_playbook(desk, service.reader, service.playbook)
    model.seconds, model.texts = 0.0, 0
    try:
        yield service
    finally:
        for connector in service.connectors.values():
            await connector.close()
        await store.close()


async def repeat(step: Callable[[], Awaitable[int]]) -> tuple[int, float]:
    began, total = time.perf_counter(), 0
    while done := await step():
        total += done
    return total, total / (time.perf_counter() - began)


async def by_stage(service: Service) -> dict[str, float]:
    """Messages a second of every stage, one after the other."""
    desk, reader = service.desk, service.reader
    source, connector = desk.config.source("all"), service.connectors["load"]
    began = time.perf_counter()
    taken = await collect(desk, connector, source)
    rates = {"collect": taken.added / (time.perf_counter() - began)}
    _, rates["tag"] = await repeat(lambda: tag_some(desk, reader, "me"))
    _, rates["suggest"] = await repeat(lambda: suggest_some(desk, reader, service.playbook, "me"))
    rates["approve"] = await approve_many(desk)

    async def post() -> int:
        return 0 if await send_next(desk, connector, "load", "me") is None else 1

    _, rates["post"] = await repeat(post)
    return rates


async def approve_many(desk: Desk) -> float:
    admin = await desk.store.add_reviewer("admin", "admin", desk.clock())
    entries = await desk.store.queue(QueueFilter(), desk.clock(), POSTS)
    began = time.perf_counter()
    for entry in entries:
        asked = Approve(f"bench-{entry.message.id}", entry.message.id, "Thank you, we look at it.")
        await approve(desk, admin, asked)
    return len(entries) / (time.perf_counter() - began)


async def all_at_once(service: Service, messages: int) -> float:
    """Seconds from the first message to the last suggestion, everything running at once."""
    store = service.desk.store
    began = time.perf_counter()
    running = asyncio.create_task(run(service))
    while True:
        await asyncio.sleep(0.05)
        left = await store.work_left()
        heard = sum(state.messages for state in await store.source_states())
        if heard >= messages and not (left["tag"] or left["suggest"]):
            break
    seconds = time.perf_counter() - began
    service.stopping.set()
    for bell in service.bells.values():
        bell.ring()
    await running
    return seconds


async def measure(folder: Path, messages: int, runs: int) -> None:
    model = Timed()
    async with opened(folder / "stages", messages, model) as service:
        rates = await by_stage(service)
    print("messages/s by stage: " + ", ".join(f"{k} {v:,.0f}" for k, v in rates.items()))
    speeds, shares, each = [], [], []
    for number in range(runs):
        async with opened(folder / str(number), messages, model) as service:
            seconds = await all_at_once(service, messages)
        speeds.append(messages / seconds)
        shares.append(model.seconds / seconds * 100)
        each.append(model.seconds / model.texts * 1000)
    print(f"whole path: {spread(speeds, ' messages/s', 0)}")
    print(f"the model's own time: {spread(shares, ' %', 0)}; bar {BAR:.0%}")
    print(f"a text: {spread(each, ' ms')}; {model.texts / messages:.2f} texts read a message")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="The whole path at full speed.")
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args(arguments)
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), asked.messages, asked.runs))


if __name__ == "__main__":
    main()
