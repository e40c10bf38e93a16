"""The real service as a process, and a demo whose people answer at once."""

import json
from datetime import UTC, datetime

import pytest

from benchmarks.rig import client, start
from bot.demo import demo_config, demo_files, make_demo_home

QUICK = """\
[policy]
undo_seconds = 0
post_timeout_seconds = 1
settle_seconds = 1.5
lookup_gap_seconds = 0.5
"""


class Journey:
    """One demo home over several lives of the service."""

    def __init__(self, home):
        self.home, self.running = home, None

    async def start(self):
        self.running = await start(self.home, "--demo")
        return self.running

    async def stop(self):
        code, self.running = await self.running.stop(), None
        return code

    async def kill(self):
        self.running.kill()
        await self.running.ended()
        self.running = None

    def api(self):
        return client(self.home)

    def ledger(self, kind="reply"):
        path = self.home / "replay-kettlewren.jsonl"
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [row for row in rows if row["type"] == kind]


@pytest.fixture
async def journey(tmp_path):
    home = tmp_path / "home"
    make_demo_home(home, datetime.now(UTC))
    settings = demo_config(datetime.now(UTC)).replace("[policy]\n", QUICK)
    settings = settings.replace(
        'world = "world.jsonl"', 'world = "world.jsonl"\nanswer_pace = "max"'
    )
    (home / "byname.toml").write_text(settings, encoding="utf-8")
    made = Journey(home)
    yield made
    if made.running is not None:
        await made.kill()


@pytest.fixture
def scripted():
    """What people of the demo say once they are answered: ref of the message -> their words."""
    path = demo_files() / "world.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {row["to"]: row["text"] for row in rows if row["type"] == "answer"}
