"""The page of a day: what it says on usual, unusual, empty, first and dangerous days."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser

import pytest
from digestday import (
    BROKEN,
    HOURS,
    LISBON,
    MORNING,
    TUESDAY,
    account,
    activity,
    busy_facts,
    entry,
    exchanges,
    message,
    tags,
    usual_facts,
)

from bot.config import Policy
from bot.costs import Cost, CostLine
from bot.digest.build import compose
from bot.digest.facts import Facts, midnight
from bot.digest.files import render_json, write_files
from bot.digest.forget import forget_people
from bot.digest.html import render_html
from bot.digest.markdown import render_markdown
from bot.digest.png import png
from bot.digest.svg import svg
from bot.digest.text import render_text
from bot.digest.words import due_in, duration, listing, one_line
from bot.overdue import Overdue
from connectors.model import MessageRef
from nlp.model import Flag
from storage.model import (
    Brake,
    DayNumbers,
    Exchange,
    Reply,
    SourceState,
)


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


def test_a_topic_is_spelled_as_people_write_it():
    facts = busy_facts()
    texts = [f"is the {name} safe?" for name in ("WP31", "wp31", "WP31", "WP31", "Wp31")]
    named = tuple(replace(m, text=text) for m, text in zip(facts.messages, texts, strict=False))
    page = compose(replace(facts, messages=named + facts.messages[5:]))
    assert page.topics[0].term == "WP31 safe"


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


def test_a_source_that_spent_its_cap_is_paused_and_does_not_fail():
    paused = SourceState("x-mentions", "1", None, None, "paused: 5.00 dollars are spent", MORNING)
    page = compose(usual_facts(sources=(paused,)))
    assert page.health[0].text == "Source x-mentions is paused: 5.00 dollars are spent."


def test_what_was_not_looked_at_again_in_time_stands_in_the_health():
    late = Overdue("x", 24, 7, "paused: 5.00 dollars are spent")
    assert compose(usual_facts(overdue=(late,))).health[0].text == late.says


def test_what_platforms_cost_is_said_in_every_rendering():
    lines = (
        CostLine("x-mentions", "x-mentions", 1_200, 1_200_000),
        CostLine("reply", "replies", 1, 200_000),
    )
    cost = Cost("x", "x", 1_400_000, 4_200_000, 5_000_000, lines)
    page = compose(usual_facts(costs=(cost,)))
    said = (
        "1.40 of 5.00 dollars this month in 1,201 calls, about 4.20 by the month's end at this",
        "x-mentions 1.20 dollars in 1,200 calls; replies 0.20 dollars in 1 call",
    )
    for render in (render_html, render_text, render_markdown):
        shown = " ".join(unescape(render(page)).replace("\\", "").split())
        assert all(one in shown for one in said), render
        assert "What it costs" not in render(compose(usual_facts()))


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
    return replace(facts, exchanges=(*facts.exchanges, asked))


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


def doubtful(number: int, **more: object):
    at = midnight(TUESDAY, LISBON) + timedelta(hours=15)
    unsure = replace(tags(), crisis=Flag(True, 0.6))
    return message(number, "it smells odd", at, tags=unsure, **more)


def test_a_doubtful_crisis_is_counted_apart_and_does_not_lead():
    facts = usual_facts(messages=(doubtful(51, state="waiting"), doubtful(52, state="done")))
    page = compose(facts)
    assert "crisis" not in page.headline
    [alert] = page.alerts
    assert alert.text == "2 messages may be a crisis, byname is not sure; 1 still waits."
    assert (alert.link, alert.is_open) == ("http://127.0.0.1:8400/", False)
    sure = replace(facts, policy=Policy(crisis_at_least=0.5))
    assert compose(sure).headline.startswith("Two messages read like a crisis and one of them is")
    settled = replace(facts, messages=(doubtful(52, state="done"),))
    assert compose(settled).alerts[0].text.endswith("not sure; none waits.")


def test_open_crises_come_first_and_what_has_no_room_is_counted():
    at = midnight(TUESDAY, LISBON) + timedelta(hours=15)
    states = ("done", "waiting", "waiting", "waiting", "waiting", "waiting")
    hurt = tuple(
        message(50 + n, "it exploded", at, tags=tags(crisis=True), state=state)
        for n, state in enumerate(states)
    )
    *shown, more = compose(usual_facts(messages=hurt)).alerts
    assert [alert.is_open for alert in shown] == [True] * 4
    assert (more.text, more.is_open) == ("2 more read like a crisis; 1 of them open.", True)


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
