"""The page of a day: what it says on usual, unusual, empty, first and dangerous days."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from random import Random
from zoneinfo import ZoneInfo

import pytest

from bot.digest.build import compose
from bot.digest.facts import Facts, midnight
from bot.digest.files import forget_people, render_json, write_files
from bot.digest.html import render_html
from bot.digest.markdown import render_markdown
from bot.digest.png import png
from bot.digest.svg import svg
from bot.digest.text import render_text
from bot.digest.words import due_in, duration, listing, one_line
from connectors.model import MessageRef
from nlp.model import Flag, Scored, Tags
from storage.model import (
    Account,
    Brake,
    DayNumbers,
    Decision,
    Exchange,
    Message,
    PersonActivity,
    PersonDay,
    QueueEntry,
    Reply,
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


def test_a_busy_day_says_so_and_names_the_reason():
    page = compose(busy_facts())
    assert page.headline.startswith("Busier than a usual Tuesday: 63 messages instead of")
    assert "“arrived broken”" in page.standfirst
    assert "9 messages wait for you now, 1 of them past the promised time." in page.standfirst
    assert page.reference == "Usual is the range of the last 8 Tuesdays."
    arrows = {number.label: number.arrow for number in page.numbers}
    assert arrows["Messages in"] == "up"
    assert arrows["Answered"] == ""


def test_a_topic_brings_one_public_voice_and_its_link():
    (topic, *_) = compose(busy_facts()).topics
    assert (topic.term, topic.now, topic.is_rising) == ("arrived broken", 5, True)
    assert topic.quote in BROKEN
    assert topic.link == f"http://127.0.0.1:8400/m/{topic.message_id}"


def test_what_one_person_repeats_is_no_topic():
    facts = busy_facts()
    alone = tuple(replace(one, author=account(10, "Inês")) for one in facts.messages[:5])
    page = compose(replace(facts, messages=alone + facts.messages[5:]))
    assert not [topic for topic in page.topics if topic.is_rising]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "direct"},
        {"visibility": "direct"},
        {"visibility": "followers"},
        {"tags": tags("spam")},
        {"deleted_at": MORNING},
        {"direction": "out"},
    ],
)
def test_direct_and_other_closed_messages_never_make_a_topic(change):
    facts = busy_facts()
    closed = tuple(replace(one, **change) for one in facts.messages[:5])
    page = compose(replace(facts, messages=closed + facts.messages[5:]))
    assert not [topic for topic in page.topics if topic.is_rising]


@pytest.mark.parametrize(
    "change",
    [
        {"tags": tags(offensive=True)},
        {"tags": tags(crisis=True)},
        {"content_warning": "gore"},
    ],
)
def test_hard_words_count_but_are_not_quoted(change):
    facts = busy_facts()
    hard = tuple(replace(one, **change) for one in facts.messages[:5])
    (topic, *_) = compose(replace(facts, messages=hard + facts.messages[5:])).topics
    assert topic.now == 5
    assert (topic.quote, topic.link, topic.message_id) == ("", "", None)


def test_needs_you_hides_direct_and_offensive_words():
    needs = compose(busy_facts()).needs_you
    assert [need.who for need in needs] == ["Tom Okafor", "mira", "Jo", "Wen"]
    assert [bool(need.quote) for need in needs] == [True, True, False, False]
    assert (needs[0].due, needs[0].is_late) == ("50 min late", True)
    assert needs[1].due == "due in 20 min"
    assert needs[2].why.startswith("direct message")


def test_a_reply_that_only_a_human_can_settle_comes_first():
    reply = Reply(
        1, "k", "needs_human", 1, 77, 5, "masto", "mentions",
        MessageRef("mastodon", "r", "r", author_handle="ana"), "Hi", "h", 1, MORNING, MORNING, 1,
    )  # fmt: skip
    page = compose(replace(busy_facts(), stuck=(reply, replace(reply, id=2, state="held"))))
    assert page.needs_you[0].who == "@ana"
    assert len(page.needs_you) == 5
    texts = [line.text for line in page.health]
    assert texts[0] == "1 reply may or may not be visible: a human has to look."
    assert texts[1] == "1 reply is held until somebody looks again."


def test_an_old_day_does_not_show_what_waits_now():
    page = compose(replace(busy_facts(), now=MORNING + timedelta(days=5)))
    assert page.needs_you == ()
    assert page.waiting == 0
    assert "wait" not in page.standfirst


def test_people_are_named_with_a_reason():
    groups = {group.title: group for group in compose(busy_facts()).people}
    assert [line.name for line in groups["First-timers"].lines] == ["Amara", "Inês", "Wen"]
    assert groups["New regulars"].lines[0].why == "wrote on a third day since 18 February"
    assert groups["Returned"].lines[0].why == "wrote again, was last here in January"
    assert groups["We owe them a word"].lines[0].why.startswith("7 messages in four weeks")


def test_bots_and_people_who_want_no_contact_are_not_listed():
    facts = usual_facts(
        active=(activity(1, "Robot", is_bot=True), activity(2, "Quiet", opted_out=True)),
        month=(activity(2, "Quiet", in_count=9, opted_out=True),),
    )
    assert compose(facts).people == ()


def test_a_usual_day():
    facts, week = usual_facts(), timedelta(days=7)
    twin = [
        replace(one, asked_at=one.asked_at + week, answered_at=at and at + week)
        for one in exchanges(TUESDAY - week, 14, 30)
        for at in [one.answered_at]
    ]
    before = [one for one in facts.exchanges if one.asked_at < facts.start]
    page = compose(replace(facts, exchanges=(*before, *twin)))
    assert page.headline == "A usual Tuesday: 32 messages (19 to 42 is usual) from 25 people."
    assert "Nothing waits for you." in page.standfirst
    assert page.alerts == ()


def test_an_empty_day_is_quiet():
    page = compose(usual_facts(numbers=DayNumbers(TUESDAY), exchanges=(), history=()))
    assert page.headline == "A silent Tuesday: nobody wrote."
    assert page.standfirst == "Nothing waits for you."
    assert page.charts == ()
    assert "Nothing waits" in render_text(page)
    assert "The numbers" in render_html(page)


def test_silence_against_all_habit_is_said():
    page = compose(usual_facts(numbers=DayNumbers(TUESDAY), exchanges=()))
    assert page.headline == "Nobody wrote, which no Tuesday of the last weeks has seen."


def test_silence_with_a_broken_source_may_be_ours():
    broken = SourceState("masto-mentions", "1", None, None, "token revoked", MORNING)
    page = compose(usual_facts(numbers=DayNumbers(TUESDAY), sources=(broken,)))
    assert page.headline == ("Nobody was heard, and masto-mentions fails: the silence may be ours.")
    assert page.health[0].text == "Source masto-mentions fails since Wed 07:00: token revoked"


def test_the_first_day_compares_with_nothing():
    page = compose(usual_facts(history=(), exchanges=tuple(exchanges(TUESDAY, 8, 20)), before=()))
    assert page.headline.startswith("A first day: ")
    assert page.reference == "Not enough history yet to say what is usual (0 days)."
    assert {number.arrow for number in page.numbers} == {""}


def test_two_weeks_compare_with_all_days():
    facts = usual_facts()
    page = compose(replace(facts, history=facts.history[-13:]))
    assert page.reference == "Usual is the range of the 13 days before."


def crisis_facts(state: str = "waiting", answered: bool = False) -> Facts:
    at = midnight(TUESDAY, LISBON) + timedelta(hours=15)
    words = "the kettle exploded, my son is hurt"
    hurt = message(50, words, at, tags=tags(crisis=True), state=state)
    answered_at = at + timedelta(minutes=9) if answered else None
    asked = Exchange(50, 50, at, answered_at, "complaint", needs_reply=True)
    facts = usual_facts(messages=(hurt,))
    return replace(
        facts,
        numbers=replace(facts.numbers, crisis=1),
        exchanges=(*facts.exchanges, asked),
    )


def test_a_crisis_leads_and_is_not_quoted():
    page = compose(crisis_facts())
    assert page.headline == "One message reads like a crisis and nobody has answered it yet."
    assert page.alerts[0].is_open
    assert page.alerts[0].link.endswith("/m/50")
    for shown in (render_html(page), render_text(page), render_markdown(page), render_json(page)):
        assert "kettle" not in shown
        assert "Person 50" not in shown


def test_an_answered_crisis_says_how_long_it_took():
    page = compose(crisis_facts("done", answered=True))
    assert page.headline == "One message reads like a crisis and was answered."
    assert page.alerts[0].text.endswith("answered after 9 min.")
    assert not page.alerts[0].is_open


def test_a_spike_names_its_hour_and_its_words():
    facts = busy_facts()
    hours = list(facts.numbers.by_hour)
    hours[9] = 30
    start = midnight(TUESDAY, LISBON) + timedelta(hours=9)
    there = tuple(
        message(500 + n, "the checkout is down again", start, author=account(n)) for n in range(9)
    )
    facts = replace(facts, numbers=replace(facts.numbers, by_hour=tuple(hours)), messages=there)
    page = compose(facts)
    assert page.alerts[0].text.startswith("30 messages between 09:00 and 10:00 instead of about 3")
    assert "checkout" in page.alerts[0].text


def test_a_brake_stands_in_the_health():
    page = compose(usual_facts(brakes=(Brake("home", "", "Ana", MORNING, "storm"),)))
    assert page.health[0].text == "The brake is on for everything, set by Ana: storm."
    assert not page.health[0].is_good


def test_a_day_that_is_not_over_is_compared_hour_by_hour():
    noon = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
    facts = usual_facts(now=noon)
    so_far = replace(facts.numbers, inbound=sum(HOURS[:13]), by_hour=HOURS[:13] + (0,) * 11)
    page = compose(replace(facts, numbers=so_far))
    assert page.is_partial
    inbound = page.numbers[0]
    assert inbound.arrow == ""
    assert page.subject.startswith("Larkspur Tea, Tuesday 10 March")


HOSTILE = "<img src=x onerror=alert(1)>](javascript:alert(1)) \u202eevil\nBcc: x@y.z | `a`"


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_hostile_names_are_inert_everywhere():
    facts = busy_facts()
    texts = tuple(
        replace(one, text=f"teapot arrived broken {HOSTILE}", author=account(n, HOSTILE))
        for n, one in enumerate(facts.messages[:5], 300)
    )
    page = compose(
        replace(
            facts,
            brand=HOSTILE,
            messages=texts + facts.messages[5:],
            active=(activity(1, HOSTILE, platform=HOSTILE),),
            queue=(entry(11, HOSTILE, HOSTILE, HOSTILE, timedelta(0)),),
        )
    )
    parser = _Tags()
    parser.feed(render_html(page))
    tags_seen = {tag for tag, _ in parser.seen}
    assert not tags_seen & {"img", "script"}
    assert not [attrs for _, attrs in parser.seen if "onerror" in attrs]
    assert all(
        attrs.get("href", "http").startswith("http") for tag, attrs in parser.seen if tag == "a"
    )
    for line in (page.people[0].lines[0].name, page.needs_you[0].who, page.needs_you[0].quote):
        assert "\u202e" not in line
        assert "\n" not in line
    markdown = render_markdown(page)
    assert "<img" not in markdown.replace("\\<img", "")
    assert "](javascript" not in markdown.replace("\\]", "")


def test_files_are_written_and_erased_with_the_person(tmp_path):
    page = compose(busy_facts())
    written = write_files(page, tmp_path / "digests")
    assert sorted(path.name for path in written.values()) == [
        "2026-03-10.html", "2026-03-10.json", "2026-03-10.md", "2026-03-10.txt",
    ]  # fmt: skip
    facts = json.loads(written["json"].read_text(encoding="utf-8"))
    assert facts["headline"] == page.headline
    assert 16 in facts["person_ids"]
    assert forget_people(tmp_path, {999}, {998}) == []
    assert forget_people(tmp_path, {16}, set()) == [written["html"]]
    assert list((tmp_path / "digests").iterdir()) == []


def test_the_file_stands_alone():
    html = render_html(compose(busy_facts()))
    assert html.count("<svg") == 4
    assert "cid:" not in html
    assert "src=" not in html
    assert "<script" not in html
    assert html.count("<title>") == 5


def test_charts_become_png_and_svg():
    page = compose(busy_facts())
    assert [chart.name for chart in page.charts] == ["hours", "waiting", "intents", "decisions"]
    for chart in page.charts:
        assert png(chart).startswith(b"\x89PNG")
        assert len(png(chart)) < 40_000
        assert svg(chart).startswith('<svg class="chart" role="img"')
        assert "style=" not in svg(chart)
        assert chart.alt


def test_words_of_time_and_lists():
    assert [duration(m) for m in (None, 0.2, 12, 65, 120, 660, 3000)] == [
        "not yet", "under 1 min", "12 min", "1 h 05", "2 h", "11 h", "2 days",
    ]  # fmt: skip
    assert due_in(MORNING, MORNING + timedelta(minutes=61)) == "1 h 01 late"
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert one_line("a\x00b\u202ec  d\n e") == "abc d e"
    assert one_line("one two three four", 12) == "one two…"
    assert one_line("👩‍👩‍👧 yes") == "👩‍👩‍👧 yes"
