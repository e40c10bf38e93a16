"""When an answer is due, and when byname may post."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.config import Policy
from bot.errors import ConfigError
from bot.policy import answer_by, backoff, check_policy, describe, may_post_at, parse_hours, place
from nlp.model import INTENTS, Flag, Scored, Tags

LONDON = ZoneInfo("Europe/London")
POLICY = Policy()


def tags(intent="question", *, needs_reply=True, crisis=False, sure=0.9, language="en"):
    return Tags(
        language,
        "m1",
        sentiment=Scored("neutral", 0.9),
        intents=(Scored(intent, 0.9),),
        crisis=Flag(crisis, sure),
        needs_reply=Flag(needs_reply, 0.9),
    )


FOREIGN = Tags("fr", "m1")


def at(hour, minute=0, day=10):
    return datetime(2026, 1, day, hour, minute, tzinfo=LONDON)


@pytest.mark.parametrize(
    ("intent", "minutes"),
    [("churn", 60), ("complaint", 120), ("purchase", 120), ("question", 240), ("praise", 1440)],
)
def test_every_kind_gets_its_share_of_the_promise(a_message, wall, intent, minutes):
    due = answer_by(a_message(), tags(intent), POLICY)
    assert due == wall() + timedelta(minutes=minutes)


@pytest.mark.parametrize("intent", INTENTS)
def test_no_intent_is_left_without_a_promise(a_message, wall, intent):
    assert answer_by(a_message(), tags(intent), POLICY) > wall()


def test_a_crisis_is_due_before_anything_else(a_message, wall):
    due = answer_by(a_message(), tags("spam", crisis=True), POLICY)
    assert due == wall() + timedelta(minutes=15)


def test_who_waited_before_we_could_see_it_comes_earlier(a_message, wall):
    message = a_message(created_at=wall() - timedelta(hours=1))
    assert answer_by(message, tags(), POLICY) == wall() + timedelta(hours=3)


def test_waiting_counts_at_most_half_the_promise_so_that_urgent_kinds_stay_first(a_message, wall):
    old_question = answer_by(a_message(created_at=wall() - timedelta(days=2)), tags(), POLICY)
    fresh_crisis = answer_by(a_message(), tags("complaint", crisis=True), POLICY)
    assert old_question == wall() + timedelta(hours=2)
    assert fresh_crisis < old_question


def test_a_message_without_a_time_counts_from_when_it_was_seen(a_message, wall):
    message = a_message(created_at=None)
    assert answer_by(message, tags(), POLICY) == wall() + timedelta(hours=4)


def test_what_needs_a_reply_waits(a_message):
    state, due, reason = place(a_message(), tags("complaint"), POLICY)
    assert (state, reason) == ("waiting", "complaint")
    assert due is not None


def test_what_needs_none_is_done_with_its_reason(a_message):
    assert place(a_message(), tags("praise", needs_reply=False), POLICY) == (
        "done",
        None,
        "praise: no reply needed",
    )


def test_a_crisis_waits_whatever_the_model_says_of_replies(a_message):
    state, _, reason = place(a_message(), tags(needs_reply=False, crisis=True), POLICY)
    assert (state, reason) == ("waiting", "crisis")


def test_a_doubtful_crisis_is_named_so_and_comes_earlier_but_not_first(a_message):
    doubtful = tags(crisis=True, sure=0.5)
    state, due, reason = place(a_message(), doubtful, POLICY)
    assert (state, reason) == ("waiting", "perhaps a crisis: question")
    assert answer_by(a_message(), tags(crisis=True), POLICY) < due
    assert due < answer_by(a_message(), tags(), POLICY)


def test_a_foreign_message_waits_for_a_human(a_message):
    state, due, reason = place(a_message(), FOREIGN, POLICY)
    assert (state, reason) == ("waiting", "in another language (fr)")
    assert due is not None


def test_a_message_without_words_is_done(a_message):
    assert place(a_message(""), Tags("und", "m1"), POLICY)[0] == "done"


def test_two_intents_are_named_together():
    two = Tags("en", "m1", intents=(Scored("churn", 0.9), Scored("complaint", 0.6)))
    assert describe(two, POLICY) == "churn and complaint"


def test_without_quiet_hours_one_may_always_post():
    assert may_post_at(at(3), "", LONDON)


@pytest.mark.parametrize(
    ("hour", "minute", "may"),
    [(21, 59, True), (22, 0, False), (23, 59, False), (0, 0, False), (6, 59, False), (7, 0, True)],
)
def test_quiet_hours_may_span_midnight(hour, minute, may):
    assert may_post_at(at(hour, minute), "22:00-07:00", LONDON) is may


@pytest.mark.parametrize(("hour", "may"), [(11, True), (12, False), (12.5, False), (13, True)])
def test_quiet_hours_inside_a_day(hour, may):
    moment = at(int(hour), int(hour % 1 * 60))
    assert may_post_at(moment, "12:00-13:00", LONDON) is may


def test_quiet_hours_are_local_in_summer_too():
    evening = datetime(2026, 7, 1, 21, 30, tzinfo=UTC)  # 22:30 in London
    assert not may_post_at(evening, "22:00-07:00", LONDON)
    assert may_post_at(evening, "22:00-07:00", ZoneInfo("UTC"))


def test_quiet_hours_that_begin_and_end_at_once_are_none():
    assert may_post_at(at(22), "22:00-22:00", LONDON)


@pytest.mark.parametrize(
    "text", ["22-7-8", "ten to seven", "22:00", "25:00-07:00", "22:00+01:00-07:00"]
)
def test_quiet_hours_that_cannot_be_read_say_how_to_write_them(text):
    with pytest.raises(ConfigError, match="22:00-07:00"):
        parse_hours(text)


def test_backing_off_doubles_up_to_an_hour():
    waits = [backoff(number).total_seconds() for number in range(13)]
    assert waits[:4] == [2, 4, 8, 16]
    assert waits[-1] == 3600
    assert waits == sorted(waits)
    assert backoff(10_000).total_seconds() == 3600
    assert backoff(3, base=1.0, cap=5.0).total_seconds() == 5


def test_looking_up_before_an_attempt_can_have_ended_is_refused(config):
    with pytest.raises(ConfigError, match="settle_seconds must be longer"):
        check_policy(config(policy={"settle_seconds": 30, "post_timeout_seconds": 30}))
    check_policy(config(policy={"settle_seconds": 31, "post_timeout_seconds": 30}))


def test_wrong_quiet_hours_are_refused_at_the_start(config):
    with pytest.raises(ConfigError, match="quiet_hours"):
        check_policy(config(policy={"quiet_hours": "at night"}))
