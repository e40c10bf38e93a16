"""No screen and no claim reads a whole table: with five million messages nobody would wait."""

from datetime import date

import pytest

from nlp.model import Vector
from storage.model import QueueFilter
from storage.sqlite import (
    counting,
    engine,
    outbox,
    people,
    queueing,
    reading,
    rechecking,
    remembering,
    reviewing,
    team,
    working,
)

LOOK_UPS = {
    "queue": lambda conn: queueing.queue(conn, QueueFilter(), 50, None),
    "next page": lambda conn: queueing.queue(conn, QueueFilter(), 50, 1),
    "silent": lambda conn: queueing.queue(conn, QueueFilter(view="silent"), 50, None),
    "snoozed": lambda conn: queueing.queue(conn, QueueFilter(view="snoozed"), 50, None),
    "sending": lambda conn: queueing.queue(conn, QueueFilter(view="sending"), 50, None),
    "held": lambda conn: queueing.queue(conn, QueueFilter(view="held"), 50, None),
    "done": lambda conn: queueing.queue(conn, QueueFilter(view="done"), 50, None),
    "all": lambda conn: queueing.queue(conn, QueueFilter(view="all"), 50, None),
    "entry": lambda conn: queueing.entry(conn, 1),
    "thread": lambda conn: reading.thread(conn, 1, 200),
    "find message": lambda conn: reading.find_message(conn, "mastodon", "q"),
    "search": lambda conn: reading.search(conn, "order", 50, None),
    "person": lambda conn: people.person(conn, 1),
    "person's messages": lambda conn: reading.person_messages(conn, 1, 50, None),
    "older of a person": lambda conn: reading.person_messages(conn, 1, 50, 2),
    "person's days": lambda conn: reading.person_days(conn, 1, date(2026, 1, 1)),
    "day": lambda conn: counting.day_numbers(conn, [date(2026, 11, 22)], "UTC"),
    "exchanges": lambda conn: counting.exchanges(conn, 0, 1),
    "activity": lambda conn: counting.activity(conn, 0, 1),
    "messages between": lambda conn: counting.messages_between(conn, 0, 1, 10),
    "first day": lambda conn: counting.first_day(conn, "UTC"),
    "memories": lambda conn: remembering.memories(
        conn, remembering.Nearest(), Vector("m", b"\1"), 5, exclude_thread=0
    ),
    "recheck": lambda conn: rechecking.to_recheck(conn, "x", 0, 10),
    "session": lambda conn: team.session(conn, "token", 0),
    "decisions": lambda conn: reviewing.decisions(conn, 0, 1),
    "claim": lambda conn: working.claim(conn, "tag", "me", 10, now=0, until=1),
    "claim reply": lambda conn: outbox.claim(conn, "masto", "me", 0, 1),
    "wake snoozed": lambda conn: reviewing.wake_snoozed(conn, 0),
}
GROWS_WITHOUT_END = ("messages", "m", "e", "i", "o", "work", "w", "replies", "r", "t", "a", "p")
BY_INDEX = ("USING INDEX", "USING COVERING INDEX", "VIRTUAL TABLE")


@pytest.mark.parametrize("name", LOOK_UPS)
async def test_it_follows_an_index(desk, home, name):
    await desk.sent(ref="q")
    await desk.hear()
    conn = engine.connect(home / "byname.db")
    statements = []
    conn.set_trace_callback(statements.append)
    conn.execute("BEGIN")
    LOOK_UPS[name](conn)
    conn.set_trace_callback(None)
    for sql in statements:
        if sql.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            for step in conn.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall():
                words = step["detail"].split()
                is_scan = words[0] == "SCAN" and words[1] in GROWS_WITHOUT_END
                assert not is_scan or any(how in step["detail"] for how in BY_INDEX), (sql, step[3])
    conn.execute("ROLLBACK")
    conn.close()
