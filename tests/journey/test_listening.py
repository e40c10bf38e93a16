"""A source without login, with the real service and model: heard, understood, answered by hand."""

import asyncio
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta

import pytest
from simulators.hackernews import News

from benchmarks.rig import ROOT, _environment, client, start, until

WITHIN = 60
BRAND = '[brand]\nname = "Kettlewren"\nsignature = "Ines"\n[suggest]\nmin_playbook = 0.5\n'
PLAYBOOK = """\
[[entry]]
id = "descale"
intents = ["question", "complaint"]
examples = ["how do I descale my kettle?", "how do you clean the scale out of the kettle?"]
[[entry.replies]]
text = "Hi, vinegar and two rinses bring the scale off. - {signature}"
"""


@pytest.fixture
async def news(aiohttp_server):
    """A simulated Hacker News whose people wrote a quarter of an hour ago."""
    one = News(lambda: datetime.now(UTC) - timedelta(minutes=15))
    server = await aiohttp_server(one.app())
    one.base = str(server.make_url("")).rstrip("/")
    yield one
    one.release()


async def byname(home, *words):
    """Run a command as a human does; return how it ended and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *words, "--home", str(home)),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, env=_environment(),
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode, said.decode()


@pytest.fixture
async def home(tmp_path, news):
    """A home that listens on the simulated site and has one entry in its playbook."""
    folder = tmp_path / "home"
    (folder / "playbook").mkdir(parents=True)
    (folder / "playbook" / "kettles.toml").write_text(PLAYBOOK)
    (folder / "byname.toml").write_text(BRAND)
    code, said = await byname(
        folder, "source", "add", "hn", "--platform", "hackernews", "--query", "kettlewren",
        "--base-url", f"{news.base}/api/v1", "--account", "kettlewren_ines", "--no-check",
    )  # fmt: skip
    assert code == 0, said
    text = (folder / "byname.toml").read_text()
    since = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0).isoformat()
    kept = [line for line in text.splitlines() if not line.startswith("answer_since")]
    more = [f"answer_since = {since}", f'items_url = "{news.base}/v0"', "poll_seconds = 0.5"]
    (folder / "byname.toml").write_text("\n".join([*kept, *more]) + "\n")
    assert "hn" in tomllib.loads((folder / "byname.toml").read_text())["sources"]
    return folder


async def waiting(api, view):
    """Return what stands in a list, once everything that came is understood."""

    async def all_is_read():
        work = (await api.get("sources"))["work"]
        entries = (await api.get("queue", view=view))["entries"]
        return entries if entries and not (work["tag"] or work["suggest"]) else None

    return await until(all_is_read, WITHIN)


async def test_what_is_said_on_hacker_news_is_heard_tagged_and_answered_by_hand(home, news):
    story = news.story("ada", "Show HN: my kitchen")
    story["time"] -= 600
    asked = news.comment("bo", "How do I descale my Kettlewren kettle? Anyone?", story)
    news.comment("cy", "Tea is nice.", story)
    service = await start(home)
    try:
        async with client(home) as api:
            (entry,) = await waiting(api, "by_hand")
            message = entry["message"]
            assert (message["ref"], message["platform"]) == (str(asked["id"]), "hackernews")
            assert (message["login"], message["state"]) == (None, "suggested")
            assert message["tags"]["intents"][0]["label"] == "question"
            assert entry["suggestion"]["options"][0]["text"].startswith("Hi, vinegar")
            assert (await api.get("queue"))["entries"] == []
            above = (await api.get(f"messages/{message['id']}/thread"))["messages"]
            assert [one["text"] for one in above] == ["Show HN: my kitchen", message["text"]]
            status, refused = await api.post(
                f"messages/{message['id']}/approve", request_id="journey-1", text="Vinegar."
            )
            assert (status, "by program" in refused["error"]) == (422, True)
            news.comment("kettlewren_ines", "Vinegar, and two rinses.", asked)

            async def is_answered():
                kept = (await api.get(f"messages/{message['id']}"))["entry"]["message"]
                return kept["state"] == "done" and kept["reason"]

            assert await until(is_answered, WITHIN) == "answered"
            assert (await api.get("replies"))["replies"] == []
    finally:
        assert await service.stop() == 0


async def test_source_list_and_check_say_what_is_listened_to(home, news):
    code, said = await byname(home, "source", "list")
    assert code == 0
    assert "hn" in said
    assert "search on hackernews" in said
    assert "by hand" in said
    code, said = await byname(home, "check")
    assert code == 0, said
    assert "source:hn" in said
    assert "listens as kettlewren_ines on Hacker News (read only)" in said
    assert "There is no account kettlewren_ines on Hacker News." in said
