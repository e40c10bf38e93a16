"""A digest as Markdown, for wikis and chat; what people wrote is made inert."""

import re
from collections.abc import Iterator

from bot.digest.page import DigestPage, day_name
from bot.digest.telling import record_rows, topic_counts, topic_name

_MARKED = re.compile(r"([\\`*_\[\]<>#|~!&])")
_ARROWS = {"up": "▲ ", "down": "▼ ", "": ""}


def render_markdown(page: DigestPage) -> str:
    """Return the page as Markdown."""
    parts = (_top, _needs, _numbers, _people, _topics, _record, _costs, _health)
    lines = [line for part in parts for line in part(page)]
    return "\n".join(lines).rstrip() + "\n"


def safe(text: str) -> str:
    """Make foreign text inert: every character that Markdown or HTML reads is escaped."""
    return _MARKED.sub(r"\\\1", text)


def _top(page: DigestPage) -> Iterator[str]:
    yield from (f"# {safe(page.headline)}", "", f"*{safe(page.brand)}, {day_name(page.day)}*", "")
    yield safe(page.standfirst)
    for alert in page.alerts:
        look = f" [Look]({alert.link})" if alert.link else ""
        yield from ("", f"> {'**Open.** ' if alert.is_open else ''}{safe(alert.text)}{look}")


def _needs(page: DigestPage) -> Iterator[str]:
    if not page.needs_you:
        return
    yield from ("", "## Needs you now", "")
    for need in page.needs_you:
        due = f" **{need.due}**" if need.due else ""
        quote = f" “{safe(need.quote)}”" if need.quote else ""
        yield f"- [{safe(need.who)}]({need.link}) {safe(need.why)}{quote}{due}"


def _numbers(page: DigestPage) -> Iterator[str]:
    if not page.numbers:
        return
    yield from ("", "## The numbers", "", "| | this day | usual |", "|---|---:|---:|")
    for number in page.numbers:
        value = f"{_ARROWS[number.arrow]}{number.value}"
        yield f"| {safe(number.label)} | {value} | {number.usual} |"
    yield from ("", safe(page.reference))
    for chart in page.charts:
        yield from ("", f"{chart.title}: {chart.alt}.")


def _people(page: DigestPage) -> Iterator[str]:
    if not page.people:
        return
    yield from ("", "## People")
    for group in page.people:
        more = f" (and {group.more} more)" if group.more else ""
        yield from ("", f"**{group.title}**{more}", "")
        for line in group.lines:
            yield f"- [{safe(line.name)}]({line.link}) on {safe(line.platform)}: {safe(line.why)}"


def _topics(page: DigestPage) -> Iterator[str]:
    if not page.topics and not page.topics_note:
        return
    yield from ("", "## What they talked about", "")
    for topic in page.topics:
        mark = "▲" if topic.is_rising else "▼"
        voice = f": “{safe(topic.quote)}” [{safe(topic.who)}]({topic.link})" if topic.quote else ""
        yield f"- {mark} **{safe(topic_name(topic))}**, {topic_counts(topic)}{voice}"
    if page.topics_note:
        yield page.topics_note


def _record(page: DigestPage) -> Iterator[str]:
    rows = record_rows(page.record)
    if rows:
        yield from ("", "## What byname suggested", "", page.record.line, "")
        yield ", ".join(f"{label} {number}" for label, number in rows)


def _costs(page: DigestPage) -> Iterator[str]:
    if not page.costs:
        return
    yield from ("", "## What it costs", "")
    for line in page.costs:
        parts = f" ({safe(line.parts)})" if line.parts else ""
        yield f"- **{safe(line.login)}**: {safe(line.text)}{parts}"


def _health(page: DigestPage) -> Iterator[str]:
    yield from ("", "## Health", "")
    for line in page.health:
        yield f"- {safe(line.text)}"
