"""No screen and no claim reads a whole table: with five million messages nobody would wait."""

from datetime import date

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
    "overdue": lambda conn: rechecking.count_overdue(conn, "x", 0),
    "session": lambda conn: team.session(conn, "token", 0),
    "merges": lambda conn: people.merges(conn, 1),
    "sessions": lambda conn: team.sessions(conn, 0),
    "decisions": lambda conn: reviewing.decisions(conn, 0, 1),
    "claim": lambda conn: working.claim(conn, "tag", "me", 10, now=0, until=1),
    "claim reply": lambda conn: outbox.claim(conn, "masto", "me", 0, 1),
    "wake snoozed": lambda conn: reviewing.wake_snoozed(conn, 0),
}
GROWS_WITHOUT_END = ("messages", "m", "e", "i", "o", "work", "w", "replies", "r", "t", "a", "p")
BY_INDEX = ("USING INDEX", "USING COVERING INDEX", "VIRTUAL TABLE")


async def test_every_look_up_follows_an_index(desk, home):
    await desk.sent(ref="q")
    await desk.hear()
    conn = engine.connect(home / "byname.db")
    for name, look_up in LOOK_UPS.items():
        for sql, step in plan_of(conn, look_up):
            words = step.split()
            is_scan = words[0] == "SCAN" and words[1] in GROWS_WITHOUT_END
            assert not is_scan or any(how in step for how in BY_INDEX), (name, sql, step)
    conn.close()


def plan_of(conn, look_up):
    """Yield every step of the plans of the statements that a look-up makes."""
    statements = []
    conn.execute("BEGIN")
    conn.set_trace_callback(statements.append)
    look_up(conn)
    conn.set_trace_callback(None)
    for sql in statements:
        if sql.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            for row in conn.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall():
                yield sql, row["detail"]
    conn.execute("ROLLBACK")
