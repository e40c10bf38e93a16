"""What every part of the running bot shares: the store, the clock, the settings, the news.

A desk is passed in, never imported as a global; nothing here does anything.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.config import Config
from bot.live import Hub
from bot.permits import Permits
from nlp.model import Attribution
from storage.model import Message
from storage.store import Store

Explain = Callable[[Message], Awaitable[Mapping[str, Sequence[Attribution]]]]
Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    home: Path
    config: Config
    store: Store
    clock: Clock = wall_clock
    hub: Hub = field(default_factory=Hub)
    permits: Permits | None = None  # may we reply here; only where connectors are open
    explain: Explain | None = None  # which words carried the tags; only where the model is loaded
