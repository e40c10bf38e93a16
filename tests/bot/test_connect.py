"""`byname connect` as a human walks through it: a real process, a simulated instance, real HTTP."""

import asyncio
import json
import os
import re
import stat
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from simulators.mastodon import US, Instance

from bot.config import read_config
from bot.desk import Desk, wall_clock
from bot.digest.build import build
from bot.logins import build_connectors, close_all
from bot.review import Approve, approve
from bot.service import run, serving_socket, start
from bot.standing import look, standings
from bot.tag import embed_some, tag_some
from bot.web.app import create_socket_app
from storage import open_store

ROOT = Path(__file__).resolve().parents[2]
BRAND = '[brand]\nname = "Tern"\nsignature = "Ines"\n'


@pytest.fixture
def metadata(tmp_path, monkeypatch) -> Path:
    """The entry points of this checkout, whatever is installed where the tests run."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    dist = tmp_path / "site" / f"byname-{project['version']}.dist-info"
    dist.mkdir(parents=True)
    head = f"Metadata-Version: 2.1\nName: byname\nVersion: {project['version']}\n"
    (dist / "METADATA").write_text(head)
    lines = [
        line
        for group, points in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in points.items()))
    ]
    (dist / "entry_points.txt").write_text("\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(dist.parent)
    return dist.parent


@pytest.fixture
async def instance(aiohttp_server) -> AsyncIterator[Instance]:
    one = Instance(lambda: datetime.now(UTC) - timedelta(minutes=10))  # all is older than us
    server = await aiohttp_server(one.app())
    one.base = str(server.make_url("")).rstrip("/")
    yield one
    one.release()


@pytest.fixture
def home(tmp_path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "byname.toml").write_text(BRAND)
    return folder


class Terminal:
    """A human before `byname connect mastodon`: reads what is printed, types what is asked."""

    def __init__(self, process) -> None:
        self.process, self.out = process, ""

    async def read(self, pattern: str) -> re.Match[str]:
        async with asyncio.timeout(60):
            while not (found := re.search(pattern, self.out)):
                told = await self.process.stdout.read(4096)
                assert told, self.out
                self.out += told.decode()
        return found

    async def type(self, line: str) -> None:
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()

    async def page(self) -> tuple[str, str]:
        """Return where the page sends its code, and the state it has to bring."""
        asked = parse_qs(urlsplit((await self.read(r"http\S+/oauth/authorize\S+\n"))[0]).query)
        return asked["redirect_uri"][0], asked["state"][0]

    async def ended(self) -> int:
        async with asyncio.timeout(60):
            rest, _ = await self.process.communicate()
        self.out += rest.decode()
        return self.process.returncode


@pytest.fixture
def connect(home, metadata, instance):
    async def start(*options: str) -> Terminal:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "connect", "mastodon", "--login", "masto",
            "--home", str(home), *options,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(metadata), "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        terminal = Terminal(process)
        await terminal.read("Address of your server")
        await terminal.type(instance.base)
        return terminal

    return start


async def answer(address: str, **fields: str) -> str:
    async with aiohttp.ClientSession() as web, web.get(address, params=fields) as told:
        return await told.text()


def secret(home: Path) -> Path:
    return home / "secrets" / "masto.json"


async def test_a_page_brings_the_code_to_a_local_address(connect, home):
    human = await connect("--no-learn")
    address, state = await human.page()
    assert "close this page" in await answer(address, code="right", state=state)
    assert await human.ended() == 0
    assert "to post the replies that you approve" in human.out
    assert "automation label seen" in human.out
    assert json.loads(secret(home).read_text())["access_token"] == "fresh"
    assert stat.S_IMODE(secret(home).stat().st_mode) == 0o600
    config = read_config(home / "byname.toml", {})
    assert config.logins["masto"].platform == "mastodon"
    assert config.source("masto-mentions").answer_since is not None


async def test_a_code_can_be_pasted(connect, home):
    human = await connect("--paste", "--no-learn")
    await human.read("code: ")
    await human.type("right")
    assert await human.ended() == 0
    assert secret(home).exists()


async def test_an_answer_that_belongs_to_another_sign_in_is_refused(connect, home):
    human = await connect("--no-learn")
    address, _ = await human.page()
    await answer(address, code="right", state="somebody-elses")
    assert await human.ended() == 69
    assert "another sign-in" in human.out
    assert not secret(home).exists()
    assert "logins" not in (home / "byname.toml").read_text()


@pytest.mark.parametrize("fields", [{"code": "wrong"}, {"error_description": "You said no."}])
async def test_a_wrong_code_or_a_no_keeps_nothing(connect, home, fields):
    human = await connect("--no-learn")
    address, state = await human.page()
    await answer(address, state=state, **fields)
    assert await human.ended() == 69
    assert not secret(home).exists()


async def test_connecting_again_offers_what_was_answered_before_and_no_other_server(
    desk, connect, instance
):
    await desk.store.close()
    human = await connect("--paste", "--no-learn")
    await human.read(re.escape(f"Address of your server [{instance.base}]"))
    await human.read("code: ")
    await human.type("right")
    assert await human.ended() == 0
    assert json.loads(secret(desk.home).read_text())["access_token"] == "fresh"
    assert "listens from now on" not in human.out
    before = secret(desk.home).read_text()
    base, instance.base = instance.base, "https://elsewhere.example"
    human = await connect("--paste", "--no-learn")
    assert await human.ended() != 0
    assert f"is on {base} (byname.toml), not on https://elsewhere.example" in human.out
    assert secret(desk.home).read_text() == before


async def test_it_learns_from_what_was_answered_before(connect, home, instance, reader):
    asked = instance.say("1002", "@tern do you ship to Norway?")
    instance.say(US, "@ada We do ship to Norway.", asked["id"])
    aside = instance.say("1002", "who makes good saddles?")
    instance.say(US, "@ada We make good saddles.", aside["id"])
    human = await connect("--paste")
    await human.read("code: ")
    await human.type("right")
    await human.read("own past replies")
    await human.type("y")
    assert await human.ended() == 0
    assert "3 messages, and what stands above them, came in as history" in human.out
    store = await open_store(home, clock=wall_clock)
    desk = Desk(home, read_config(home / "byname.toml", {}), store)
    while await tag_some(desk, reader, "me") or await embed_some(desk, reader, "me"):
        pass
    found = (await reader.understand("who makes good saddles?")).vector
    memories = await store.memories(found, 5, exclude_thread=0)
    said = {one.question.text: one.answer.text for one in memories}
    states = {one.question.state for one in memories}
    await store.close()
    assert said["who makes good saddles?"] == "@ada We make good saddles."
    assert len(said) == 2
    assert states == {"history"}


@pytest.fixture
async def desk(home, metadata, instance):
    """A home that was connected, with its store open."""
    (home / "byname.toml").write_text(
        f'{BRAND}[logins.masto]\nplatform = "mastodon"\nbase_url = "{instance.base}"\n'
        '[sources.masto-mentions]\nlogin = "masto"\n'
    )
    secret(home).parent.mkdir()
    secret(home).write_text('{"access_token": "good"}')
    store = await open_store(home, clock=wall_clock)
    yield Desk(home, read_config(home / "byname.toml", {}), store)
    await store.close()


@pytest.fixture
async def connectors(desk):
    made = build_connectors(desk)
    yield made
    await close_all(made)


async def test_budget_and_label_of_a_login_are_known(desk, connectors, instance):
    seen = await look(desk, connectors["masto"], "masto")
    assert (seen.ok, seen.left, seen.limit, seen.has_label) == (True, 299, 300, True)
    assert (await standings(desk))["masto"] == seen


async def test_a_revoked_token_says_what_to_do_wherever_one_looks(desk, connectors, instance):
    await look(desk, connectors["masto"], "masto")
    instance.tokens.clear()
    seen = await look(desk, connectors["masto"], "masto")
    assert (seen.ok, seen.is_signed_out) == (False, True)
    assert seen.says.startswith("signed out: run `byname connect mastodon --login masto`")
    assert "tern" in seen.who


@asynccontextmanager
async def running_bot(desk, reader):
    """The service as `byname run` has it: its loops, and the socket that commands talk to."""
    service = await start(desk, reader)
    async with serving_socket(create_socket_app(service.desk), desk.home):
        task = asyncio.create_task(run(service))
        yield service
        service.stopping.set()
        for bell in service.bells.values():
            bell.ring()
        async with asyncio.timeout(30):
            await task


async def until(look):
    async with asyncio.timeout(30):
        while not (found := await look()):  # noqa: ASYNC110 - it looks from outside
            await asyncio.sleep(0.02)
    return found


@pytest.fixture
async def bystander(aiohttp_server, desk) -> AsyncIterator[Instance]:
    """Another login of the same home, on another instance, whose token stays good."""
    one = Instance(wall_clock)
    server = await aiohttp_server(one.app())
    one.base = str(server.make_url("")).rstrip("/")
    with (desk.home / "byname.toml").open("a") as settings:
        settings.write(
            f'poll_seconds = 1\n[logins.other]\nplatform = "mastodon"\nbase_url = "{one.base}"\n'
            '[sources.other-mentions]\nlogin = "other"\npoll_seconds = 1\n'
            "[policy]\nundo_seconds = 0\n"
        )
    (desk.home / "secrets" / "other.json").write_text('{"access_token": "good"}')
    yield one
    one.release()


async def test_a_revoked_login_stops_alone_and_goes_on_when_it_is_connected_again(
    desk, bystander, connect, instance, reader
):
    desk = replace(desk, config=read_config(desk.home / "byname.toml", {}))
    store, instance.clock = desk.store, wall_clock
    text = "@tern hello?"

    def heard(status):
        return until(lambda: store.find_message("mastodon", status["uri"]))

    async def stands():
        return (await standings(desk)).get("masto")

    async with running_bot(desk, reader) as service:
        asked = await heard(instance.say("1002", text))
        instance.tokens.clear()
        instance.hang_up()

        async def is_signed_out():
            return (seen := await stands()) and seen.is_signed_out and seen

        seen = await until(is_signed_out)
        assert seen.says.startswith("signed out: run `byname connect mastodon --login masto`")

        async def is_noted():
            return next((one.error for one in await store.source_states() if one.error), "")

        assert (await until(is_noted)).startswith("signed out: run `byname connect mastodon")
        page = await build(desk, desk.clock().astimezone(desk.config.zone).date())
        (broken,) = (line.text for line in page.health if not line.is_good)
        assert "masto-mentions" in broken
        assert "run `byname connect mastodon --login masto`" in broken

        before, beside = service.connectors["masto"], service.connectors["other"]
        await heard(bystander.say("1003", text))  # the others go on
        missed = instance.say("1002", text)
        admin = await store.add_reviewer("Ines", "admin", desk.clock())
        reply = await approve(desk, admin, Approve("r1", asked.id, "Hello Ada."))

        human = await connect("--paste")
        await human.read("code: ")
        await human.type("right")
        assert await human.ended() == 0
        assert "the running bot has taken the new secret: this login goes on" in human.out
        assert "added" not in human.out

        await heard(missed)
        await until(lambda: _is_sent(store, reply))
        assert [one for one in await store.source_states() if one.error] == []
        assert (await stands()).ok
        assert service.connectors["masto"] is not before
        assert service.connectors["other"] is beside
    assert sum("Hello Ada." in one["content"] for one in instance.statuses.values()) == 1


async def _is_sent(store, reply) -> bool:
    return (await store.reply(reply.id)).state == "sent"


async def test_a_bot_that_does_not_know_the_login_yet_says_what_to_do(home, connect, reader):
    store = await open_store(home, clock=wall_clock)
    async with running_bot(Desk(home, read_config(home / "byname.toml", {}), store), reader):
        human = await connect("--paste")
        await human.read("code: ")
        await human.type("right")
        assert await human.ended() == 0
    await store.close()
    assert "a bot runs on this home and does not know this login yet" in human.out


async def test_check_says_that_a_login_is_signed_out(desk, instance, metadata):
    await desk.store.close()
    for tokens, says, code in (({"good": US}, "299 of 300 calls left", 0),
                               ({}, "signed out: run `byname connect mastodon", 78)):  # fmt: skip
        instance.tokens = tokens
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "check", "--home", str(desk.home),
            stdout=asyncio.subprocess.PIPE, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(metadata)},
        )  # fmt: skip
        out, _ = await process.communicate()
        line = next(one for one in out.decode().splitlines() if "login masto" in one)
        assert says in line
        assert ("MEND" in line) == (code == 78)


async def test_a_platform_that_wants_one_registered_address_gets_it():
    from bot.cli.connect import _callback

    came = asyncio.get_running_loop().create_future()
    async with _callback(came) as free:
        pass
    async with _callback(came, urlsplit(free).port) as address:
        assert address == free
        await answer(address, code="right")
        assert (await came)["code"] == "right"
