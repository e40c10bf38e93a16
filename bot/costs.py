"""What platforms that take money cost us this month, by login and purpose, and by its end.

Shown by the sources page, the API, the digest and `byname check`. Not here: what may be spent
(bot.meter), what a search would cost (bot.estimates), and prices (the connectors).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.config import Config
from bot.money import amount, micro_dollars, month_end, month_start, price, projected
from bot.purposes import PURPOSES
from connectors._platforms import reply_price
from storage.model import Spending
from storage.store import Store

_PLAIN = "Thank you"  # what a reply without anything dear in it costs


@dataclass(frozen=True, slots=True)
class ReplyCost:
    """What a reply costs as it is written, in words, for who decides about it."""

    micro_dollars: int
    says: str
    is_dear: bool  # dearer than a plain one: on X, because of a link


def reply_cost(platform: str, text: str) -> ReplyCost | None:
    """Say what a reply with this text costs; None where replies are free."""
    plain, asked = reply_price(platform, _PLAIN), reply_price(platform, text)
    if not asked:
        return None
    if asked <= plain:
        return ReplyCost(asked, f"costs {price(asked)} dollars", is_dear=False)
    says = f"costs {price(asked)} dollars with a link, {price(plain)} without"
    return ReplyCost(asked, says, is_dear=True)


@dataclass(frozen=True, slots=True)
class CostLine:
    """What one purpose did cost this month."""

    purpose: str
    name: str  # as people read it
    calls: int
    micro_dollars: int
    cap_micro_dollars: int | None = None

    @property
    def says(self) -> str:
        of = f" of {amount(self.cap_micro_dollars)}" if self.cap_micro_dollars is not None else ""
        plural = "s" if self.calls != 1 else ""
        return f"{amount(self.micro_dollars)}{of} dollars in {self.calls:,} call{plural}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one login did cost this month. `projected`: by its end, as it goes on now."""

    login: str
    platform: str
    micro_dollars: int
    projected_micro_dollars: int
    cap_micro_dollars: int | None
    lines: tuple[CostLine, ...]  # dearest first

    @property
    def calls(self) -> int:
        return sum(line.calls for line in self.lines)

    @property
    def says(self) -> str:
        """Say it in one line."""
        of = f" of {amount(self.cap_micro_dollars)}" if self.cap_micro_dollars is not None else ""
        plural = "s" if self.calls != 1 else ""
        return (
            f"{amount(self.micro_dollars)}{of} dollars this month in {self.calls:,} call{plural}, "
            f"{self.ahead}"
        )

    @property
    def ahead(self) -> str:
        cap, by_its_end = self.cap_micro_dollars, self.projected_micro_dollars
        says = f"about {amount(by_its_end)} by the month's end at this rate"
        return says if cap is None or by_its_end <= cap else f"{says}: the cap stops it before"

    @property
    def parts(self) -> str:
        """Name the purposes with what each did cost."""
        return "; ".join(f"{line.name} {line.says}" for line in self.lines)

    def line(self, purpose: str) -> CostLine | None:
        return next((line for line in self.lines if line.purpose == purpose), None)


async def costs(store: Store, config: Config, at: datetime) -> tuple[Cost, ...]:
    """Return what each login did cost in the month of a moment, up to the end of its UTC day.

    A login without a cap that nothing was paid for is left out.
    """
    found = await store.spending(month_start(at).date(), month_end(at).date())
    names = {line.login for line in found}
    names |= {name for name, one in config.logins.items() if one.monthly_cap_dollars is not None}
    return tuple(
        _cost(name, [line for line in found if line.login == name], config, at)
        for name in sorted(names)
    )


def _cost(login: str, found: Sequence[Spending], config: Config, at: datetime) -> Cost:
    total = sum(line.micro_dollars for line in found)
    first = min((line.first_day for line in found), default=at.date())
    return Cost(
        login,
        _platform(login, config),
        total,
        projected(total, first, at),
        _cap(login, config),
        tuple(_lines(found, config)),
    )


def _lines(found: Sequence[Spending], config: Config) -> Iterable[CostLine]:
    """Bring together what each purpose did cost, whatever was paid for."""
    purposes = {line.purpose for line in found}
    lines = [
        CostLine(
            purpose,
            PURPOSES.get(purpose, purpose),
            sum(line.calls for line in found if line.purpose == purpose),
            sum(line.micro_dollars for line in found if line.purpose == purpose),
            _cap(f"source:{purpose}", config),
        )
        for purpose in sorted(purposes)
    ]
    return sorted(lines, key=lambda line: -line.micro_dollars)


def _cap(login: str, config: Config) -> int | None:
    table = config.logins.get(login) or config.sources.get(login.removeprefix("source:"))
    return micro_dollars(table.monthly_cap_dollars) if table is not None else None


def _platform(login: str, config: Config) -> str:
    if login in config.logins:
        return config.logins[login].platform
    name = login.removeprefix("source:")
    return config.source(name).platform if name in config.sources else ""
