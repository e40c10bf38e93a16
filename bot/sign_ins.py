"""A login that was signed in again: the running bot takes its new secret, without a restart.

`byname connect` writes a secret; here somebody notices, opens the login anew and rings for its
loops. Not here: signing in (bot.cli.connect), and standing still before that (bot.supervise).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.desk import Desk
from bot.home import FileSecrets
from bot.logins import build_one, close_all, wanted
from bot.supervise import Step
from connectors.contract import Connector

log = structlog.get_logger()
LOOK_S = 1.0


@dataclass(slots=True)
class SignIns:
    """The open logins of a running bot, and the secrets that they were opened with."""

    desk: Desk
    connectors: dict[str, Connector]
    secrets: FileSecrets
    _taken: dict[str, object] = field(default_factory=dict)  # the edition a login was opened with
    _former: list[tuple[datetime, Connector]] = field(default_factory=list)  # until when open

    def __post_init__(self) -> None:
        """Note what is there before any login is opened."""
        self._taken = {one: self.secrets.edition(one) for one in self.desk.config.logins}

    def watcher(self, login: str, ring: Callable[[str], None]) -> Step:
        """Return a step that looks whether a login has a new secret; `ring` is told then."""

        async def step() -> float:
            await self._close_former(self.desk.clock())
            if self._is_new(edition := self.secrets.edition(login), login):
                self._taken[login] = edition  # whatever becomes of it
                self._open_anew(login)
                log.info("signed in again", login=login)
                ring(login)
            return LOOK_S

        return step

    async def close(self) -> None:
        await self._close_former(datetime.max.replace(tzinfo=self.desk.clock().tzinfo))

    def _is_new(self, edition: object, login: str) -> bool:
        """Tell whether somebody else wrote a secret: neither what was opened nor a renewal of it.

        Who has read it meanwhile does not count: a connector may, and its loops stand still.
        """
        return edition not in (None, self._taken.get(login), self.secrets.written.get(login))

    def _open_anew(self, login: str) -> None:
        """Open a login with its new secret; an attempt under way ends on the former one."""
        want = next(one for one in wanted(self.desk.config) if one.name == login)
        fresh = build_one(self.desk, want, self.secrets)
        longest = timedelta(seconds=2 * self.desk.config.policy.post_timeout_seconds)
        self._former.append((self.desk.clock() + longest, self.connectors[login]))
        self.connectors[login] = fresh

    async def _close_former(self, now: datetime) -> None:
        """Close what a login was open with before; a stream that still listens there ends."""
        due = [one for one in self._former if one[0] <= now]
        self._former = [one for one in self._former if one not in due]
        await close_all({str(number): one for number, (_, one) in enumerate(due)})
