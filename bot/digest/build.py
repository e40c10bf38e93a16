"""One day's digest: facts from the store, composed into a page. Renders and sends nothing."""

import asyncio
from datetime import date

from bot.desk import Desk
from bot.digest.charts import Chart
from bot.digest.crowd import crowd
from bot.digest.draw import decisions_chart, hours_chart, intents_chart, waiting_chart
from bot.digest.facts import Facts, gather
from bot.digest.headline import headline, standfirst
from bot.digest.numbers import (
    as_number,
    compared_with,
    figures,
    hour_bands,
    reference,
)
from bot.digest.page import CostLine, DigestPage, Topic
from bot.digest.record import record
from bot.digest.topics import topics
from bot.digest.waits import day_curve, month_curve
from bot.digest.warnings import alerts, health, late, needs

TREND_DAYS = 14


async def build(desk: Desk, day: date) -> DigestPage:
    """Build the digest of one local day."""
    facts = await gather(desk, day)
    return await asyncio.to_thread(compose, facts)


def compose(facts: Facts) -> DigestPage:
    """Turn facts into the page. Pure: the same facts give the same page."""
    measured, usual = figures(facts), reference(facts)
    moved = topics(facts.messages, facts.before, facts.base_url, facts.brand)
    return DigestPage(
        brand=facts.brand,
        day=facts.day,
        made_at=facts.now.astimezone(facts.zone),
        headline=headline(facts, measured, usual),
        standfirst=standfirst(facts, measured, moved),
        base_url=facts.base_url,
        is_partial=facts.is_partial,
        waiting=facts.waiting if facts.is_latest else 0,
        late=late(facts),
        needs_you=needs(facts),
        alerts=alerts(facts),
        reference=compared_with(usual),
        numbers=tuple(as_number(one) for one in measured),
        people=crowd(facts),
        topics=moved,
        topics_note=_topics_note(facts, moved),
        record=record(facts.numbers, facts.decisions),
        costs=tuple(CostLine(one.login, one.says, one.parts) for one in facts.costs),
        health=health(facts),
        charts=_charts(facts),
    )


def _topics_note(facts: Facts, moved: tuple[Topic, ...]) -> str:
    if moved or not facts.numbers.inbound:
        return ""
    if len(facts.history) < 3:
        return "Topics are compared with the days before; there are too few of them yet."
    return "No topic stood out from the weeks before."


def _charts(facts: Facts) -> tuple[Chart, ...]:
    usual = reference(facts)
    name = f"{usual.name}s" if usual.name != "day" else "days before"
    drawn = (
        hours_chart(facts.numbers.by_hour, hour_bands(facts), name),
        waiting_chart(day_curve(facts, facts.day), month_curve(facts)),
        intents_chart(facts.numbers.by_intent_sentiment),
        decisions_chart([*facts.history[-(TREND_DAYS - 1) :], facts.numbers]),
    )
    return tuple(chart for chart in drawn if chart)
