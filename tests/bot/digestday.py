"""What the tests of a digest page share: a usual day, a busy day, and the pieces of both."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from bot.digest.facts import Facts, midnight
from nlp.model import Flag, Scored, Tags
from storage.model import (
    Account,
    DayNumbers,
    Decision,
    Exchange,
    Message,
    PersonActivity,
    PersonDay,
    QueueEntry,
    SourceState,
)

LISBON = ZoneInfo("Europe/Lisbon")
TUESDAY = date(2026, 3, 10)
MORNING = datetime(2026, 3, 11, 7, 0, tzinfo=UTC)
HOURS = (0, 0, 0, 0, 0, 0, 1, 2, 3, 3, 2, 2, 3, 2, 1, 1, 2, 2, 3, 2, 1, 1, 0, 0)


def day_numbers(day: date, scale: float = 1.0, seed: int = 0) -> DayNumbers:
    dice = Random(f"{day}{seed}")
    hours = tuple(max(0, round(n * scale) + dice.choice((-1, 0, 0, 1)) * (n > 0)) for n in HOURS)
    inbound = sum(hours)
    bad, good = inbound // 4, inbound // 3
    return DayNumbers(
        day=day,
        inbound=inbound,
        outbound=inbound * 2 // 3 + 1,
        people=inbound * 4 // 5,
        first_timers=inbound // 3,
        needs_reply=inbound * 2 // 3,
        answered=inbound // 2,
        positive=good,
        negative=bad,
        neutral=inbound - good - bad,
        suggested=inbound // 2,
        silent=inbound // 6,
        approved=inbound // 4,
        edited=inbound // 8,
        own_words=inbound // 10,
        rejected=inbound // 12,
        no_reply=inbound // 9,
        sent=inbound // 2,
        conversations=inbound * 4 // 5,
        two_way=inbound // 2,
        posts=1,
        by_hour=hours,
        by_intent={"question": inbound // 2, "praise": inbound // 4},
        by_intent_sentiment={
            "question": {"neutral": inbound // 3, "positive": inbound // 12, "unsure": 1},
            "complaint": {"negative": bad, "neutral": 1},
            "praise": {"positive": inbound // 4},
            "purchase": {"neutral": inbound // 8},
            "churn": {"negative": inbound // 14},
        },
    )


def tags(intent: str = "question", *, crisis: bool = False, offensive: bool = False) -> Tags:
    return Tags(
        language="en",
        model="test",
        sentiment=Scored("neutral", 0.9),
        intents=(Scored(intent, 0.9),),
        crisis=Flag(crisis, 0.9 if crisis else 0.1),
        offensive=Flag(offensive, 0.9 if offensive else 0.1),
    )


def account(person: int, name: str = "", platform: str = "mastodon") -> Account:
    name = name or f"Person {person}"
    return Account(
        id=person, platform=platform, ref=f"a{person}", handle=name.lower().replace(" ", ""),
        name=name, url="", person_id=person, is_ours=False, is_bot=False, followers=None,
        first_seen_at=MORNING,
    )  # fmt: skip


def message(number: int, text: str, at: datetime, **more: object) -> Message:
    fields: dict[str, object] = {
        "id": number, "platform": "mastodon", "ref": f"m{number}", "direction": "in",
        "kind": "mention", "visibility": "public", "text": text, "author": account(number),
        "thread_id": number, "conversation_id": number, "state": "waiting", "seen_at": at,
        "created_at": at, "source": "mentions", "tags": tags(),
    }  # fmt: skip
    return Message(**(fields | more))


def activity(person: int, name: str, **more: object) -> PersonActivity:
    fields: dict[str, object] = {
        "person_id": person, "name": name, "handle": name.lower(), "platform": "mastodon",
        "in_count": 1, "out_count": 0, "before_in": 0, "last_before_at": None, "negative": 0,
        "positive": 0, "last_message_id": person,
    }  # fmt: skip
    return PersonActivity(**(fields | more))


def exchanges(day: date, number: int, minutes: int, seed: int = 0) -> list[Exchange]:
    dice = Random(f"{day}{seed}")
    found = []
    for index in range(number):
        asked = midnight(day, LISBON) + timedelta(hours=7 + 14 * index / number)
        took = timedelta(minutes=minutes * dice.uniform(0.2, 2.5))
        answered = asked + took if dice.random() < 0.85 else None
        number_ = index + 1000 * day.toordinal()
        found.append(Exchange(number_, index, asked, answered, "question", needs_reply=True))
    return found


def entry(number: int, name: str, text: str, reason: str, due: timedelta, **more: object):
    asked = message(number, text, MORNING - timedelta(hours=3), reason=reason, **more)
    asked = replace(asked, author=account(number, name), answer_by_at=MORNING + due)
    return QueueEntry(asked, number, name, None)


def usual_facts(scale: float = 1.0, **more: object) -> Facts:
    days = [TUESDAY - timedelta(days=back) for back in range(56, 0, -1)]
    history = tuple(day_numbers(day) for day in days)
    today = day_numbers(TUESDAY, scale)
    asked = [one for day in days for one in exchanges(day, 14, 30)]
    asked += exchanges(TUESDAY, 14, 30)
    fields: dict[str, object] = {
        "brand": "Larkspur Tea", "zone": LISBON, "day": TUESDAY, "now": MORNING,
        "base_url": "http://127.0.0.1:8400", "numbers": today, "history": history,
        "exchanges": tuple(asked),
        "sources": (SourceState("masto-mentions", "1", MORNING, MORNING, messages=40),),
    }  # fmt: skip
    return Facts(**(fields | more))


BROKEN = (
    "My teapot arrived broken, the lid is in four pieces. What now?",
    "Second teapot arrived broken this month. Could you pack them better?",
    "the teapot arrived broken and the box was soaked, photos attached",
    "Teapot arrived broken :( any chance of a replacement before Saturday?",
    "Loved the tin but the teapot arrived broken.",
)
OLDER = (
    "Which oolong would you pick for cold brew?",
    "The jasmine pearls are lovely, thank you!",
    "Is the spring sampler shipping to Norway?",
    "My subscription renewed although I paused it.",
    "How long does the loose leaf keep once opened?",
)


REASONS = ("wrong facts", "wrong tone", "wrong tone")
HOUR = timedelta(hours=1)


def busy_facts() -> Facts:
    start = midnight(TUESDAY, LISBON)
    now = tuple(
        message(10 + n, text, start + timedelta(hours=9 + n), author=account(10 + n, name))
        for n, (text, name) in enumerate(
            zip(BROKEN, ("Inês", "Tom Okafor", "mira", "Jo", "Wen"), strict=True)
        )
    ) + tuple(message(30 + n, OLDER[n % 5], start + timedelta(hours=8)) for n in range(20))
    before = tuple(
        message(100 + n, OLDER[n % 5], start - timedelta(days=1 + n % 40)) for n in range(200)
    )
    rejected = [Decision(n, "rejected", n, 1, MORNING, reason=REASONS[n]) for n in range(3)]
    decisions = (*rejected, Decision(9, "approved", 9, 1, MORNING, seconds=11.0))
    return usual_facts(
        2.1,
        messages=now,
        before=before,
        decisions=decisions,
        waiting=9,
        queue=(
            entry(11, "Tom Okafor", BROKEN[1], "complaint, second time this month", -HOUR * 5 / 6),
            entry(12, "mira", BROKEN[2], "complaint, 20 min left", HOUR / 3),
            entry(13, "Jo", "are you open today", "direct message", HOUR, kind="direct"),
            entry(14, "Wen", "You clowns", "complaint", 2 * HOUR, tags=tags(offensive=True)),
        ),
        active=(
            activity(11, "Tom Okafor", before_in=4, last_before_at=start - 200 * HOUR, out_count=1),
            activity(10, "Inês", negative=1),
            activity(14, "Wen", positive=1),
            activity(15, "Amara", in_count=2, out_count=1),
            activity(16, "Pavel", before_in=3, last_before_at=start - timedelta(days=64)),
        ),
        month=(activity(15, "Amara", in_count=7, out_count=1, positive=5),),
        person_days={
            11: [PersonDay(TUESDAY - timedelta(days=n), 1, 0, 0, 1, 0) for n in (0, 9, 20)]
        },
    )  # fmt: skip
