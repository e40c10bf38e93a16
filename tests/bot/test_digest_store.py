"""The digest over a real store: built, written, mailed once per day, and from the command line."""

import asyncio
import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from threading import Thread

import pytest
from aiosmtpd.smtp import SMTP
from click.testing import CliRunner

from bot.cli.digest import command
from bot.config import parse_config
from bot.desk import Desk
from bot.digest.build import build
from bot.digest.forget import forget_gone
from bot.digest.schedule import send_due
from bot.digest.text import render_text
from connectors.model import Author, Deleted, Message, Page, Seen, Source
from nlp.model import Flag, Scored, Tags
from storage import open_store
from storage.model import Approval, Draft

US = Author("us", "tern", "Tern", is_ours=True)
TUESDAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class House:
    """A home with a real store and short words for what happens in it."""

    home: Path
    clock: Clock
    tables: dict = field(default_factory=dict)
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))
    desk: Desk | None = None

    async def open(self) -> Desk:
        store = await open_store(self.home, clock=self.clock)
        settings = {"brand": {"name": "Tern", "time_zone": "Europe/Berlin"}, **self.tables}
        self.desk = Desk(self.home, parse_config(settings), store, self.clock)
        return self.desk

    async def close(self) -> None:
        await self.desk.store.close()

    async def hear(self, text: str, at: datetime, by: str = "ada", **more) -> Message:
        author = US if by == "us" else Author(by, by, by.title())
        ref = f"m{next(self.numbers)}"
        fields = {"kind": "mention", "root_ref": ref, "created_at": at} | more
        message = Message("mastodon", ref, author, text, **fields)
        source = Source("mentions", "replay", "mastodon", login="masto")
        await self.desk.store.take_page(source, Page((Seen(message),), ref), at)
        return message

    async def answer(self, question: Message, text: str, at: datetime) -> None:
        more = {"kind": "reply", "root_ref": question.root_ref, "parent_ref": question.ref}
        await self.hear(text, at, by="us", **more)

    async def tag_all(self, now: datetime) -> None:
        """Understand by rule: a question mark asks, a thank praises, smoke is a crisis."""
        store = self.desk.store
        while work := await store.claim("tag", "test", 100, now, now + timedelta(minutes=1)):
            for one in work:
                text = (await store.message(one.message_id)).text
                tags = _tags(text)
                state = "waiting" if tags.needs_reply.value else "done"
                due = now + timedelta(hours=2) if tags.needs_reply.value else None
                await store.save_tags(
                    one, tags, None, now, state=state, answer_by_at=due, reason="question"
                )

    async def stay_silent(self, now: datetime) -> None:
        store = self.desk.store
        while work := await store.claim("suggest", "test", 100, now, now + timedelta(minutes=1)):
            for one in work:
                await store.save_suggestion(one, [], now, silence="nothing fits", reason="asks")

    async def weeks(self, days: int, until: date) -> None:
        """Live `days` usual days: three people ask, two are answered after 20 minutes."""
        for back in range(days, 0, -1):
            day = datetime.combine(until - timedelta(days=back), time(9), UTC)
            for hour, who in enumerate(("ada", "bo", "cy")):
                at = day + timedelta(hours=hour)
                asked = await self.hear("where is my parcel?", at, by=who)
                if who != "cy":
                    await self.answer(asked, "on its way", at + timedelta(minutes=20))
        await self.tag_all(datetime.combine(until, time(0), UTC))


def _tags(text: str) -> Tags:
    asks, kind = "?" in text, "thank" in text
    intent = "question" if asks else "praise" if kind else "chatter"
    return Tags(
        "en", "test-1",
        Scored("positive" if kind else "neutral", 0.9),
        (Scored(intent, 0.9),),
        Flag(False, 0.1), Flag("smoke" in text, 0.9), Flag(asks or "smoke" in text, 0.9),
    )  # fmt: skip


@pytest.fixture
async def house(tmp_path):
    opened = []

    async def make(now: datetime = NOON, **tables) -> House:
        made = House(tmp_path, Clock(now), tables)
        await made.open()
        opened.append(made)
        return made

    yield make
    for one in opened:
        await one.close()


async def test_a_new_home_has_an_honest_digest(house):
    home = await house()
    page = await build(home.desk, TUESDAY)
    assert page.headline == "A silent Tuesday: nobody wrote."
    assert page.numbers[0].value == "0"
    assert "No source yet" in render_text(page)


async def test_two_weeks_then_a_busy_day(house):
    home = await house()
    await home.weeks(15, TUESDAY)
    for n in range(12):
        at = datetime(2026, 3, 10, 8, n * 4, tzinfo=UTC)
        await home.hear("the parcel tracker is down?", at, by=f"new{n}")
    thanks = await home.hear("thank you so much", NOON - timedelta(hours=1), by="dee")
    await home.answer(thanks, "with joy", NOON - timedelta(minutes=50))
    secret = await home.hear(
        "the tracker is down and here is my address", NOON, by="eve",
        kind="direct", visibility="direct",
    )  # fmt: skip
    home.clock.now = datetime(2026, 3, 11, 6, tzinfo=UTC)
    await home.tag_all(home.clock.now)
    await home.stay_silent(home.clock.now)
    page = await build(home.desk, TUESDAY)
    assert page.headline == (
        "Slower than a usual day: less than half of the askers have an answer, "
        "with more messages, 14 instead of 3."
    )
    values = {number.label: number.value for number in page.numbers}
    assert values["Messages in"] == "14"
    assert values["People"] == "14"
    assert values["Answered"] == "0 of 12"
    assert values["People helped"] == "1"
    assert values["Both sides spoke"] == "1 of 14"
    assert page.topics[0].term == "parcel tracker"
    assert page.topics[0].now == 12
    assert page.people[0].title == "First-timers"
    assert page.waiting == 27  # twelve of today, fifteen times cy
    assert len(page.needs_you) == 5
    assert secret.text not in render_text(page)
    assert [chart.name for chart in page.charts] == ["hours", "waiting", "intents"]


async def test_the_record_of_suggestions_and_decisions(house):
    home = await house()
    asked = await home.hear("do you ship to Norway?", NOON)
    await home.tag_all(NOON)
    store = home.desk.store
    (work,) = await store.claim("suggest", "test", 5, NOON, NOON + timedelta(minutes=1))
    draft = Draft("Yes, we do.", "playbook", 0.9)
    suggestion = await store.save_suggestion(work, [draft], NOON, silence="", reason="question")
    reviewer = await store.add_reviewer("Ana", "admin", NOON)
    option = suggestion.options[0]
    await store.approve(
        Approval(
            "r1", work.message_id, reviewer.id, option.text, NOON, "approved", suggestion.id,
            suggestion.version, 1, option.hash, 12.0,
        ),
        NOON,
    )  # fmt: skip
    home.clock.now = NOON + timedelta(hours=20)
    page = await build(home.desk, TUESDAY)
    assert (page.record.suggested, page.record.approved) == (1, 1)
    assert page.record.seconds == 12.0
    assert page.record.line == (
        "1 of 1 judged suggestions went out unchanged. A decision took 12 s."
    )
    assert asked.text not in page.headline


async def test_a_crisis_in_the_store_leads_the_page(house):
    home = await house()
    await home.hear("smoke comes out of the charger", NOON)
    await home.tag_all(NOON)
    home.clock.now = NOON + timedelta(hours=20)
    page = await build(home.desk, TUESDAY)
    assert page.headline.startswith("One message reads like a crisis")
    assert "charger" not in page.headline + page.alerts[0].text


async def test_a_digest_goes_with_the_words_it_quotes(house):
    home = await house(datetime(2026, 3, 11, 8, tzinfo=UTC))
    asked = await home.hear("do you ship to Norway?", NOON)
    await home.tag_all(NOON)
    await home.stay_silent(NOON)
    folder = home.home / "digests"
    assert await send_due(home.desk) == TUESDAY
    assert "Norway" in (folder / "2026-03-10.md").read_text(encoding="utf-8")
    assert await forget_gone(home.desk) == []
    source = Source("mentions", "replay", "mastodon", login="masto")
    gone = Page((Deleted("mastodon", asked.ref),), "after")
    await home.desk.store.take_page(source, gone, home.clock.now)
    assert await forget_gone(home.desk) == [folder / "2026-03-10.html"]
    assert list(folder.iterdir()) == []


async def test_a_digest_goes_with_the_person_it_names(house):
    home = await house(datetime(2026, 3, 11, 8, tzinfo=UTC))
    await home.hear("lovely tea, thank you", NOON, by="zed")
    await home.tag_all(NOON)
    assert await send_due(home.desk) == TUESDAY
    page = json.loads((home.home / "digests" / "2026-03-10.json").read_text(encoding="utf-8"))
    (person,) = page["person_ids"]
    await home.desk.store.erase_person(person, "Ana", home.clock.now)
    assert len(await forget_gone(home.desk)) == 1


class Inbox:
    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 taken"


@pytest.fixture
async def inbox():
    box = Inbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    yield box
    server.close()
    await server.wait_closed()


def mailing(port: int, **more) -> dict:
    smtp = {"host": "127.0.0.1", "port": port, "tls": "none", "sender": "a@b.org"}
    return {"at": "07:00", "to": ["ana@b.org"], "smtp": smtp | more}


async def test_one_mail_a_day_over_a_restart_and_the_change_of_clocks(house, inbox):
    start = datetime(2026, 3, 27, 12, tzinfo=UTC)
    home = await house(start, digest=mailing(inbox.port))
    await home.hear("hello", start - timedelta(days=3))
    await home.tag_all(start)
    sent = []
    for step in range(4 * 24 * 3):  # four days, asked every twenty minutes
        home.clock.now = start + timedelta(minutes=20 * step)
        if step == 100:
            await home.close()
            await home.open()
        day = await send_due(home.desk)
        if day:
            sent.append((day, home.clock.now.astimezone(home.desk.config.zone)))
    assert [day for day, _ in sent] == [date(2026, 3, 26) + timedelta(days=n) for n in range(5)]
    assert [f"{at:%d %H:%M}" for _, at in sent] == [
        "27 13:00", "28 07:00", "29 07:00", "30 07:00", "31 07:00",
    ]  # fmt: skip
    assert len(inbox.mails) == 5
    assert sorted(path.name for path in (home.home / "digests").glob("*.html")) == [
        f"{day}.html" for day, _ in sent
    ]


async def test_a_mail_server_that_is_down_is_tried_again_later(house, inbox, unused_tcp_port):
    start = datetime(2026, 3, 11, 8, tzinfo=UTC)
    home = await house(start, digest=mailing(unused_tcp_port))
    await home.hear("hello", start - timedelta(days=3))
    await home.tag_all(start)
    assert await send_due(home.desk) == TUESDAY
    assert (home.home / "digests" / "2026-03-10.html").exists()
    home.clock.now += timedelta(minutes=1)
    assert await send_due(home.desk) is None  # not hammered
    await home.close()
    home.tables = {"digest": mailing(inbox.port)}
    home.clock.now += timedelta(minutes=20)
    await home.open()
    assert await send_due(home.desk) == TUESDAY
    assert await send_due(home.desk) is None
    assert len(inbox.mails) == 1


async def test_a_missing_password_stops_the_mail_not_the_page(house, inbox):
    start = datetime(2026, 3, 11, 8, tzinfo=UTC)
    home = await house(start, digest=mailing(inbox.port, user="bot"))
    await home.hear("hello", start - timedelta(days=3))
    await home.tag_all(start)
    assert await send_due(home.desk) == TUESDAY
    assert (home.home / "digests" / "2026-03-10.txt").exists()
    assert not inbox.mails


async def test_nothing_is_sent_before_there_is_anything_to_tell(house, inbox):
    home = await house(datetime(2026, 3, 11, 8, tzinfo=UTC), digest=mailing(inbox.port))
    assert await send_due(home.desk) is None
    await home.hear("hello", home.clock.now)
    assert await send_due(home.desk) is None


async def test_it_waits_until_the_day_is_understood_but_not_for_ever(house, inbox):
    home = await house(datetime(2026, 3, 11, 7, tzinfo=UTC), digest=mailing(inbox.port))
    await home.hear("hello", datetime(2026, 3, 10, 12, tzinfo=UTC))
    assert await send_due(home.desk) is None  # not tagged yet
    home.clock.now += timedelta(hours=2)
    assert await send_due(home.desk) == TUESDAY


@pytest.fixture
def lived(tmp_path):
    """A home on disk that a command can open."""

    async def live() -> None:
        home = House(tmp_path, Clock(NOON))
        await home.open()
        await home.weeks(4, TUESDAY)
        await home.close()

    asyncio.run(live())
    text = '[brand]\nname = "Tern"\ntime_zone = "Europe/Berlin"\n'
    (tmp_path / "byname.toml").write_text(text, encoding="utf-8")
    return tmp_path


def run(*args: str):
    return CliRunner().invoke(command, list(args), catch_exceptions=True)


def test_the_command_prints_writes_and_tells_json(lived, tmp_path):
    shown = run("--home", str(lived), "--date", "2026-03-09")
    assert shown.exit_code == 0, shown.output
    assert "Tern, Monday 9 March" in shown.output
    facts = json.loads(run("--home", str(lived), "--date", "2026-03-09", "--json").output)
    assert facts["day"] == "2026-03-09"
    written = run("--home", str(lived), "--date", "2026-03-09", "--out", str(tmp_path / "out"))
    assert sorted(Path(line).suffix for line in written.output.split()) == [
        ".html", ".json", ".md", ".txt",
    ]  # fmt: skip


def test_a_digest_sent_by_hand_is_not_sent_again_by_the_loop(lived, tmp_path):
    """The command and the mail server need a loop each: the server's runs in a thread."""
    box, loop = Inbox(), asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    serving = loop.create_server(lambda: SMTP(box, loop=loop), "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(serving, loop).result()
    port = server.sockets[0].getsockname()[1]
    config = lived / "byname.toml"
    lines = [
        config.read_text(encoding="utf-8"),
        '[digest]\nto = ["ana@b.org"]\n[digest.smtp]\nhost = "127.0.0.1"\n',
        f'port = {port}\ntls = "none"\nsender = "a@b.org"\n',
    ]
    config.write_text("".join(lines), encoding="utf-8")
    sent = run("--home", str(lived), "--date", "2026-03-10", "--send")
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    assert sent.exit_code == 0, sent.exception
    assert "sent to ana@b.org: Tern, Tuesday 10 March" in sent.output
    assert len(box.mails) == 1

    async def ask_again() -> bool:
        home = House(lived, Clock(datetime(2026, 3, 11, 8, tzinfo=UTC)))
        await home.open()
        taken = await home.desk.store.claim_digest(TUESDAY, home.clock.now)
        await home.close()
        return taken

    assert not asyncio.run(ask_again())


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--date", "soon"), "is no date"),
        (("--date", "2999-01-01"), "has not begun"),
        (("--send",), "set digest.to"),
    ],
)
def test_the_command_says_what_is_wrong(lived, args, says):
    failed = run("--home", str(lived), *args)
    assert says in str(failed.exception)
