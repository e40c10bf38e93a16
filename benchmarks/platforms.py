"""Simulated platforms in a process of their own, so that what is measured shares nothing with them.

python benchmarks/platforms.py '{"kind": "mastodon", "count": 5000}'

Prints its address; answers every line on standard input with how many requests it has had. Not
here: measuring (collect.py).
"""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "connectors")]

from simulators import bluesky_answers  # noqa: E402 - the simulators stand beside the tests
from simulators.bluesky import ADA, BO, Network  # noqa: E402
from simulators.mastodon import Instance  # noqa: E402

FIRST_STATUS = 117_020_000_000_000_000
PEOPLE = 500
SLOW_S = 5.0


def wall() -> datetime:
    return datetime.now(UTC)


class Endless(Instance):
    """Any number of mentions, made when they are asked for: nothing of them is kept."""

    def __init__(self, count: int) -> None:
        super().__init__(wall)
        self.count = count
        self.began = wall() - timedelta(seconds=count)
        self.made_at = self.began
        self.clock = lambda: self.made_at
        for number in range(PEOPLE):
            self.accounts[f"p{number}"] = self.account(f"p{number}", f"person{number}")

    def row(self, number: int) -> dict[str, Any]:
        self._ids = FIRST_STATUS + number - 1
        self.made_at = self.began + timedelta(seconds=number)
        status = self.say(f"p{number % PEOPLE}", f"@tern my kettle leaks again, number {number}")
        row = {**self.notifications[-1], "id": str(number)}
        self.statuses.pop(status["id"])
        self.notifications.clear()
        return row

    async def _notifications(self, request: web.Request) -> web.Response:
        limit = min(80, int(request.query.get("limit", "20")))
        last = min(self.count, int(request.query.get("max_id", self.count + 1)) - 1)
        first = int(request.query.get("min_id", max(0, last - limit))) + 1
        numbers = range(first, min(first + limit, last + 1))
        return self._yes([self.row(number) for number in reversed(numbers)])


class Slow(Instance):
    """Answers, but takes its time."""

    async def _go_wrong(self, fault: str, request: web.Request, handler: Any) -> Any:
        await asyncio.sleep(SLOW_S)
        return await super()._go_wrong(fault, request, handler)


class Lying(Instance):
    """Ignores min_id, cuts and garbles every second answer."""

    async def _go_wrong(self, _: str, request: web.Request, handler: Any) -> Any:
        self.min_id = "ignored"
        lies = ("", "garbled", "", "cut")
        lie = lies[sum(self.calls.values()) % len(lies)]
        return await super()._go_wrong(lie, request, handler)


def instance(kind: str, count: int) -> Instance:
    """Make an instance; `under_ours` puts every mention under one post of ours."""
    if kind == "endless":
        return Endless(count)
    one = {"slow": Slow, "lying": Lying}.get(kind, Instance)(wall)
    post = one.say("1001", "New kettles are in.")["id"] if kind == "under_ours" else None
    for number in range(count):
        one.say("1002", f"@tern my kettle leaks again, number {number}", post)
    return one


def network(count: int) -> Network:
    one = Network(wall)
    began = wall() - timedelta(seconds=count + 1)
    for number in range(count):
        at = began + timedelta(seconds=number)
        one.clock = lambda at=at: at
        one.say(BO if number % 3 else ADA, f"@tern.test my kettle leaks again, number {number}")
    one.clock = wall
    return one


async def start(app: web.Application) -> tuple[web.AppRunner, str]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def speak(instances: list[Instance], every_s: float) -> None:
    """Let somebody mention us on each instance again and again."""
    number = 0
    while True:
        await asyncio.sleep(every_s)
        number += 1
        for one in instances:
            one.say("1002", f"@tern are you there, {number}?")


async def main(asked: dict[str, Any]) -> None:
    """Serve what was asked for and answer on standard input until it ends."""
    if asked["kind"] == "bluesky":
        platforms: list[Any] = [network(asked["count"])]
        apps = [bluesky_answers.app(platforms[0])]
    else:
        kinds = asked.get("kinds", [asked["kind"]])
        platforms = [instance(kind, asked["count"]) for kind in kinds]
        apps = [one.app() for one in platforms]
    started = [await start(app) for app in apps]
    for number, (one, (_, base)) in enumerate(zip(platforms, started, strict=True)):
        one.base = base
        if isinstance(one, Instance):  # each has statuses of its own
            one._ids += number * 10**9  # noqa: SLF001 - the simulator has no other way
    print(json.dumps([base for _, base in started]), flush=True)
    if "every_s" in asked:
        speaking = asyncio.create_task(speak(platforms, asked["every_s"]))
        speaking.add_done_callback(lambda _: None)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps([sum(one.calls.values()) for one in platforms]), flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
