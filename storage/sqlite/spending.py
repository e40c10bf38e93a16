"""What paid calls cost, by day, and what was paid for today: each thing is billed once a day.

Days are UTC dates. Not here: what may be spent (bot.meter).
"""

from collections.abc import Collection
from datetime import date

from connectors.model import Charge
from storage.model import Spending
from storage.sqlite import tidying
from storage.sqlite.engine import Connection
from storage.sqlite.rows import Row, marks
from storage.sqlite.times import from_ms

_AT_ONCE = 500


def note(conn: Connection, login: str, purpose: str, charge: Charge, now: int) -> int:
    """Add a call; what was paid for already today counts as a call, not as money."""
    day = _day(now)
    share = _share(conn, login, day, charge)
    micro_dollars = -(-charge.micro_dollars * share[0] // share[1])
    conn.execute(
        "INSERT INTO spending (login, day, purpose, what, calls, units, micro_dollars)"
        " VALUES (?, ?, ?, ?, 1, ?, ?) ON CONFLICT (login, day, purpose, what) DO UPDATE SET"
        " calls = calls + 1, units = units + excluded.units,"
        " micro_dollars = micro_dollars + excluded.micro_dollars",
        (login, day, purpose, charge.what, -(-charge.units * share[0] // share[1]), micro_dollars),
    )
    return micro_dollars


def paid(conn: Connection, login: str, refs: Collection[str], now: int) -> frozenset[str]:
    """Return which of these were paid for since midnight UTC."""
    return _known(conn, login, _day(now), _macs(conn, login, refs))


def spending(conn: Connection, since: date, until: date) -> list[Spending]:
    """Return sums by login, purpose and thing from one day to before another, dearest first."""
    rows = conn.execute(
        "SELECT login, purpose, what, MIN(day) AS first_day, SUM(calls) AS calls,"
        " SUM(units) AS units, SUM(micro_dollars) AS micro_dollars"
        " FROM spending WHERE day >= ? AND day < ? GROUP BY login, purpose, what"
        " ORDER BY login, 7 DESC, purpose, what",
        (since.isoformat(), until.isoformat()),
    ).fetchall()
    return [_spending(row) for row in rows]


def _share(conn: Connection, login: str, day: str, charge: Charge) -> tuple[int, int]:
    """Say how many of so many refs are new today, and remember them."""
    macs = _macs(conn, login, charge.refs)
    if not macs:
        return 1, 1
    fresh = macs.keys() - _known(conn, login, day, macs)
    conn.execute("DELETE FROM paid_refs WHERE day < ?", (day,))
    conn.executemany(
        "INSERT INTO paid_refs (login, day, mac) VALUES (?, ?, ?)",
        [(login, day, macs[ref]) for ref in fresh],
    )
    return len(fresh), len(macs)


def _macs(conn: Connection, login: str, refs: Collection[str]) -> dict[str, str]:
    key = tidying.erasure_key(conn)
    return {ref: tidying.erasure_mac(key, login, ref) for ref in dict.fromkeys(refs)}


def _known(conn: Connection, login: str, day: str, macs: dict[str, str]) -> frozenset[str]:
    refs = list(macs)
    found: set[str] = set()
    for start in range(0, len(refs), _AT_ONCE):
        some = {macs[ref]: ref for ref in refs[start : start + _AT_ONCE]}
        rows = conn.execute(
            f"SELECT mac FROM paid_refs WHERE login = ? AND day = ? AND mac IN ({marks([*some])})",
            (login, day, *some),
        )
        found |= {some[row["mac"]] for row in rows}
    return frozenset(found)


def _day(now: int) -> str:
    return from_ms(now).date().isoformat()


def _spending(row: Row) -> Spending:
    return Spending(
        login=row["login"],
        purpose=row["purpose"],
        what=row["what"],
        calls=row["calls"],
        units=row["units"],
        micro_dollars=row["micro_dollars"],
        first_day=date.fromisoformat(row["first_day"]),
    )
