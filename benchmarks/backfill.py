"""How fast a long history of mentions is heard, at what cost, and whether memory grows.

    python benchmarks/backfill.py [--messages 100000] [--people 5000]

A server in a process of its own makes up the pages of a Mastodon instance as it is asked; the
connector hears them all. Printed are mentions a second, calls for 1,000 mentions, and the memory of
the hearing process at one tenth and at the end: it must not grow with the history. Rates depend on
the machine; calls and the growth of memory do not.
"""

import argparse
import asyncio
import multiprocessing
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "connectors")]

import aiohttp  # noqa: E402 - the repository need not be installed
from aiohttp import web  # noqa: E402
from simulators.mastodon import US, Instance  # noqa: E402

from benchmarks.rig import machine  # noqa: E402
from connectors import mastodon  # noqa: E402
from connectors.model import Source  # noqa: E402
from connectors.replay.load import SENTENCES  # noqa: E402

START = datetime(2026, 1, 1, tzinfo=UTC)


def serve(messages: int, people: int, pipe) -> None:
    """Answer pages of a history that is never held as a whole."""
    instance = Instance(lambda: START)
    status = instance.say("1002", "@tern hello")
    row = instance.notifications[0]

    def made(number: int) -> dict:
        who = {**status["account"], "id": f"p{number % people}", "acct": f"p{number % people}"}
        who["uri"] = f"https://here.example/ap/users/{who['id']}"
        at = (START + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
        said = {
            **status, "id": f"{10**12 + number}", "account": who, "created_at": at,
            "uri": f"{who['uri']}/statuses/{number}",
            "content": f"<p>@tern {SENTENCES[number % len(SENTENCES)]} ({number})</p>",
        }  # fmt: skip
        return {**row, "id": str(number), "status": said, "account": who}

    calls = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal calls
        if request.path == "/calls":
            return web.json_response(calls)
        calls += 1
        if request.path.endswith("verify_credentials"):
            return web.json_response(instance.accounts[US])
        if not request.path.endswith("notifications"):
            return web.json_response([])
        asked, limit = request.query, min(80, int(request.query["limit"]))
        if "max_id" in asked:
            numbers = range(max(1, int(asked["max_id"]) - limit), int(asked["max_id"]))
        else:
            first = int(asked["min_id"]) + 1
            numbers = range(first, min(messages + 1, first + limit))
        return web.json_response([made(number) for number in reversed(numbers)])

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        pipe.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(run())


def rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


async def hear(port: int, messages: int) -> None:
    base = f"http://127.0.0.1:{port}"
    setup = SimpleNamespace(
        login="load", platform="mastodon", home=Path(), clock=lambda: datetime.now(UTC),
        settings={"base_url": base},
        secrets=SimpleNamespace(read=lambda _: {"access_token": "good"}),
    )  # fmt: skip
    connector = mastodon.connect(setup)
    heard, began, at_a_tenth = 0, time.perf_counter(), 0.0
    async for page in connector.pages(Source("m", "mastodon", "mastodon"), None):
        heard += len(page.events)
        if not at_a_tenth and heard >= messages // 10:
            at_a_tenth = rss_mib()
    seconds = time.perf_counter() - began
    await connector.close()
    async with aiohttp.ClientSession() as one, one.get(f"{base}/calls") as answer:
        calls = await answer.json()
    assert heard == messages, f"{heard} of {messages} heard"
    print(f"{heard} mentions in {seconds:.1f} s: {heard / seconds:,.0f} a second, none lost")
    print(f"{calls * 1000 / heard:.1f} calls for 1,000 mentions")
    print(f"memory: {at_a_tenth:.0f} MiB at one tenth, {rss_mib():.0f} MiB at the end")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=5_000)
    asked = parser.parse_args()
    print(machine())
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(asked.messages, asked.people, theirs), daemon=True
    )
    server.start()
    try:
        asyncio.run(hear(ours.recv(), asked.messages))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
