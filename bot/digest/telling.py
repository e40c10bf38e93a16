"""Phrases that HTML, text and Markdown share."""

from bot.digest.page import Record, Topic
from bot.digest.words import count, figure

RECORD_LABELS = (
    ("suggested", "suggested"),
    ("silent", "stayed silent"),
    ("approved", "as suggested"),
    ("edited", "edited"),
    ("own_words", "own words"),
    ("by_hand", "answered by hand"),
    ("rejected", "rejected"),
    ("no_reply", "no reply needed"),
    ("automatic", "automatic"),
    ("sent", "sent"),
    ("failed", "failed"),
)


def record_rows(record: Record) -> list[tuple[str, int]]:
    """Return what is worth a figure: everything that is not nothing."""
    rows = [(label, getattr(record, name)) for name, label in RECORD_LABELS]
    return [(label, number) for label, number in rows if number]


def topic_name(topic: Topic) -> str:
    return topic.term if topic.kind == "words" else f"all of kind {topic.term}"


def topic_counts(topic: Topic) -> str:
    usual = figure(topic.usual)
    return f"{count(topic.now, 'message')}, about {usual} expected"
