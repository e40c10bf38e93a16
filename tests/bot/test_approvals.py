"""A platform's written approval, kept by the operator, lifts what its rules forbid otherwise."""

from dataclasses import replace
from datetime import date

import pytest
from digestday import activity, usual_facts

from bot.config import parse_config
from bot.digest.crowd import _counted
from bot.errors import ConfigError, Refused
from bot.people.by_hand import merge_people
from bot.suggest.drafters import drafters_for
from bot.teach import corrections_of
from connectors.model import Author, Message, Page, Seen, Source

ON_RECORD = {"reference": "ticket 4711", "date": date(2026, 3, 1)}


def settings(**approvals):
    return parse_config({"brand": {"name": "T"}, "approvals": approvals})


@pytest.mark.parametrize("platform", ["x", "reddit"])
def test_without_it_nobody_is_profiled_matched_or_learned_from(platform):
    rules = settings().rules(platform)
    assert not any((rules.may_profile, rules.may_match_accounts, rules.may_train))


@pytest.mark.parametrize("platform", ["x", "reddit"])
def test_with_it_all_three_are_allowed_there_and_nowhere_else(platform):
    config = settings(**{platform: ON_RECORD})
    rules = config.rules(platform)
    assert rules.may_profile
    assert rules.may_match_accounts
    assert rules.may_train
    assert not rules.may_infer_sensitive
    assert not config.rules({"x": "reddit", "reddit": "x"}[platform]).may_train


def test_a_language_model_writes_on_x_only_with_it():
    assert drafters_for(settings(), "x") == ("playbook", "memory")
    assert drafters_for(settings(x=ON_RECORD), "x") == ("playbook", "memory", "model")
    assert "model" in drafters_for(settings(), "mastodon")


@pytest.mark.parametrize("approval", [{}, {"reference": "", "date": "2026-03-01"},
                                      {"reference": "by phone"}])  # fmt: skip
def test_an_approval_has_a_reference_and_a_date(approval):
    with pytest.raises(ConfigError, match=r"approvals\.x"):
        settings(x=approval)


async def heard_on_x(here, *handles):
    """Let people on X say something; return their person ids."""
    source = Source("x-all", "replay", "x", login="masto")
    said = [
        Message("x", f"1{one}", Author(f"id-{one}", one), "hi?", "mention", root_ref=f"1{one}")
        for one in handles
    ]
    await here.store.take_page(source, Page(tuple(Seen(one) for one in said), None), here.wall())
    kept = [await here.store.find_message("x", one.ref) for one in said]
    return [one.author.person_id for one in kept], kept


async def test_accounts_of_x_are_joined_only_with_it(town):
    (one, other), _ = await heard_on_x(here := await town(), "ann", "annie")
    how = {"is_linked_by_person": False}
    with pytest.raises(Refused, match="rules of x"):
        await merge_people(here.desk, here.admin, one, other, "same face", **how)
    approved = with_approval(here)
    assert await merge_people(approved, here.admin, one, other, "same face", **how)


def with_approval(here):
    config = here.desk.config.model_copy(update={"approvals": settings(x=ON_RECORD).approvals})
    return replace(here.desk, config=config)


async def test_words_from_x_teach_the_model_only_with_it(town):
    here = await town()
    _, (message,) = await heard_on_x(here, "ann")
    await here.store.correct_tags(message.id, {"sentiment": "negative"}, here.admin.id, here.wall())
    assert await corrections_of(here.store, here.desk.config) == []
    approved = with_approval(here)
    assert len(await corrections_of(here.store, approved.config)) == 1


def test_the_digest_looks_at_a_mood_on_x_only_with_it():
    who = [activity(1, "Ann", platform="x", in_count=9, before_in=9, negative=9)]
    strict = usual_facts(active=tuple(who), month=tuple(who))
    assert _counted(who, frozenset(), strict)[0].negative == 0
    assert _counted(who, frozenset(), replace(strict, approved=frozenset({"x"})))[0].negative == 9
