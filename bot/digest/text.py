"""A digest as plain text for mail programs and terminals, 76 columns."""

import textwrap
from collections.abc import Iterator

from bot.digest.links import digest_link
from bot.digest.page import DigestPage, Need, Number, day_name
from bot.digest.telling import record_rows, topic_counts, topic_name

WIDTH = 76


def render_text(page: DigestPage) -> str:
    """Return the page as plain text."""
    parts = (_top, _needs, _numbers, _people, _topics, _record, _costs, _health)
    lines = [line for part in parts for line in part(page)]
    return "\n".join(lines).rstrip() + "\n"


def _top(page: DigestPage) -> Iterator[str]:
    yield f"{page.brand}, {day_name(page.day)}{' (not over yet)' if page.is_partial else ''}"
    yield ""
    yield _wrap(page.headline)
    yield _wrap(page.standfirst)
    for alert in page.alerts:
        yield ""
        yield _wrap(f"! {'OPEN: ' if alert.is_open else ''}{alert.text}", "  ")
        if alert.link:
            yield f"  {alert.link}"


def _needs(page: DigestPage) -> Iterator[str]:
    if not page.needs_you:
        return
    yield from _heading("Needs you now")
    for need in page.needs_you:
        yield _wrap(f"* {_need(need)}", "  ")
        yield f"  {need.link}"


def _numbers(page: DigestPage) -> Iterator[str]:
    if not page.numbers:
        return
    yield from _heading("The numbers")
    for number in page.numbers:
        line = f"{_arrow(number)} {number.label:<24} {number.value:>12}   {_usual(number)}"
        yield line.rstrip()
    yield _wrap(page.reference)
    for chart in page.charts:
        if chart.name in {"hours", "waiting"}:
            yield _wrap(f"{chart.title}: {chart.alt}.")


def _people(page: DigestPage) -> Iterator[str]:
    if not page.people:
        return
    yield from _heading("People")
    for group in page.people:
        yield f"{group.title}{f' (and {group.more} more)' if group.more else ''}:"
        for line in group.lines:
            yield _wrap(f"  {line.name} on {line.platform}: {line.why}", "    ")


def _topics(page: DigestPage) -> Iterator[str]:
    if not page.topics and not page.topics_note:
        return
    yield from _heading("What they talked about")
    for topic in page.topics:
        yield f"{'+' if topic.is_rising else '-'} {topic_name(topic)}: {topic_counts(topic)}"
        if topic.quote:
            yield _wrap(f'  "{topic.quote}" ({topic.who})', "  ")
            yield f"  {topic.link}"
    if page.topics_note:
        yield _wrap(page.topics_note)


def _record(page: DigestPage) -> Iterator[str]:
    rows = record_rows(page.record)
    if not rows:
        return
    yield from _heading("What byname suggested")
    if page.record.line:
        yield _wrap(page.record.line)
    yield _wrap(", ".join(f"{label} {number}" for label, number in rows))
    if page.record.reasons:
        reasons = ", ".join(f"{reason} ({number})" for reason, number in page.record.reasons)
        yield _wrap(f"Rejected because: {reasons}")


def _costs(page: DigestPage) -> Iterator[str]:
    if not page.costs:
        return
    yield from _heading("What it costs")
    for line in page.costs:
        yield _wrap(f"{line.login}: {line.text}", "  ")
        if line.parts:
            yield _wrap(f"  {line.parts}", "  ")


def _health(page: DigestPage) -> Iterator[str]:
    yield from _heading("Health")
    for line in page.health:
        yield _wrap(f"{'ok' if line.is_good else '!!'} {line.text}", "   ")
    yield ""
    yield f"Made {page.made_at:%Y-%m-%d %H:%M %Z} by byname."
    yield digest_link(page.base_url, page.day)


def _heading(title: str) -> Iterator[str]:
    yield from ("", title, "-" * len(title))


def _need(need: Need) -> str:
    quote = f' "{need.quote}"' if need.quote else ""
    return f"{need.who}: {need.why}{quote}{f' ({need.due})' if need.due else ''}"


def _arrow(number: Number) -> str:
    return {"up": "▲", "down": "▼"}.get(number.arrow, " ")


def _usual(number: Number) -> str:
    return f"usual {number.usual}" if number.usual else ""


def _wrap(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
