"""What should have been looked at again by now: a rule of its platform, so a human has to know.

Looking again is bot.recheck; here is only whether it keeps up, and what keeps it from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.desk import Desk
from bot.recheck import platforms_of
from connectors._platforms import PLATFORMS


@dataclass(frozen=True, slots=True)
class Overdue:
    """Messages of one platform that were not looked at again in time."""

    platform: str
    hours: int  # within which the platform wants it
    messages: int
    reason: str  # what keeps byname from it; empty: nothing, it is under way

    @property
    def says(self) -> str:
        plural, verb = ("s", "were") if self.messages != 1 else ("", "was")
        why = self.reason or "this is being caught up with"
        return (
            f"{self.messages:,} message{plural} from {self.platform} {verb} not looked at again "
            f"within {self.hours} h. Its rules ask for it, so that deletions are honoured. "
            f"{why[0].upper()}{why[1:]}."
        )


async def overdue(desk: Desk) -> Sequence[Overdue]:
    """Return the platforms whose messages were not looked at again in time."""
    listening = {desk.config.source(name).platform for name in desk.config.sources}
    found = []
    for platform in sorted(listening | set(PLATFORMS)):
        hours = desk.config.rules(platform).recheck_hours
        if hours is None:
            continue
        before = desk.clock() - timedelta(hours=hours)
        if messages := await desk.store.count_overdue(platform, before):
            found.append(Overdue(platform, hours, messages, await _reason(desk, platform)))
    return found


async def note_recheck(desk: Desk, connector: str, error: str) -> None:
    """Keep what went wrong with a connector's last look, or that nothing did."""
    if (await desk.store.get_setting(_name(connector)) or "") != error:
        await desk.store.put_state(_name(connector), error, desk.clock())
        desk.hub.tell("source")


async def _reason(desk: Desk, platform: str) -> str:
    names = {table.login or f"source:{name}" for name, table in desk.config.sources.items()}
    able = sorted(name for name in names if platform in platforms_of(desk, name))
    if not able:
        return "nothing in byname.toml listens there any more; connect it, or erase them"
    said = [await desk.store.get_setting(_name(name)) for name in able]
    return next((reason for reason in said if reason), "")


def _name(connector: str) -> str:
    return f"recheck:{connector}"
