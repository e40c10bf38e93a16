"""How each of our logins stands: signed in or not, what it may still ask, label seen.

Looked up every few minutes, kept as a passing state, shown by page, API, digest and `check`. Not
here: signing in (bot.cli.connect), and what a loop does when its login is refused (bot.supervise).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from bot.desk import Desk
from bot.purposes import paying_for
from bot.supervise import or_error
from connectors.contract import AuthFailed, Connector, ConnectorError
from connectors.model import Health


@dataclass(frozen=True, slots=True)
class Standing:
    """One login as it was seen last. Times are ISO 8601; None: the platform does not say."""

    login: str
    platform: str
    ok: bool = True
    who: str = ""
    says: str = ""  # what a human has to do, or what is wrong
    has_label: bool = False
    left: int | None = None
    limit: int | None = None
    resets_at: datetime | None = None
    price: str = ""
    seen_at: datetime | None = None
    is_signed_out: bool = False


async def look(desk: Desk, connector: Connector, login: str) -> Standing:
    """Ask how a login stands and keep it. An error is an answer too."""
    platform = desk.config.logins[login].platform
    with paying_for("login"):
        told = await or_error(connector.check())
    before = (await standings(desk)).get(login, Standing(login, platform))
    if isinstance(told, ConnectorError):
        seen = failed(before, told)
    else:
        seen = standing(told, login, platform)
    seen = replace(seen, seen_at=desk.clock())
    await desk.store.put_state(_name(login), _write(seen), desk.clock())
    desk.hub.tell("source")
    return seen


def standing(health: Health, login: str, platform: str) -> Standing:
    return Standing(
        login,
        platform,
        ok=health.ok,
        who=health.who,
        says=" ".join(health.todo),
        has_label=health.has_automation_label,
        left=health.budget.left,
        limit=health.budget.limit,
        resets_at=health.budget.resets_at,
        price=health.budget.price,
    )


def failed(before: Standing, error: ConnectorError) -> Standing:
    """Say what is wrong; what was known before stays, as far as it is still true."""
    if isinstance(error, AuthFailed):
        says = f"{signed_out(before.platform, before.login)} ({error})"
        return replace(before, ok=False, says=says, is_signed_out=True, left=None, limit=None)
    return replace(before, ok=False, says=str(error)[:300])


def signed_out(platform: str, login: str) -> str:
    """Say what the human has to do; the one sentence for it everywhere."""
    option = "" if login == platform else f" --login {login}"
    return f"signed out: run `byname connect {platform}{option}`"


def trouble(desk: Desk, source: str, error: Exception) -> str:
    """Say in a line what is wrong with a source, and what to do where a human has to act."""
    login = desk.config.sources[source].login
    if isinstance(error, AuthFailed) and login:
        return f"{signed_out(desk.config.logins[login].platform, login)} ({error})"[:300]
    return str(error)[:300]


async def standings(desk: Desk) -> Mapping[str, Standing]:
    """Return how each login of the settings was seen last; one never looked at is left out."""
    found = {login: await desk.store.get_setting(_name(login)) for login in desk.config.logins}
    return {login: _read(kept) for login, kept in found.items() if kept}


def _name(login: str) -> str:
    return f"login:{login}"


def _write(seen: Standing) -> str:
    row = asdict(seen)
    return json.dumps(row | {name: row[name] and row[name].isoformat() for name in _TIMES})


def _read(kept: str) -> Standing:
    row = json.loads(kept)
    times = {name: datetime.fromisoformat(row[name]) for name in _TIMES if row[name]}
    return Standing(**(row | times))


_TIMES = ("resets_at", "seen_at")
