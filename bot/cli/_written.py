"""What `byname connect` writes into byname.toml: the login, its first source, cap and approval.

Not here: asking for it (bot.cli._asking), and secrets (bot.home).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.config import Config

AMOUNT = re.compile(r"\d{1,6}(\.\d{1,2})?")


@dataclass(frozen=True, slots=True)
class Written:
    """Whether the login is new, and what has changed in byname.toml, a line each."""

    is_new: bool
    says: tuple[str, ...]


def write_answers(
    home: Path, platform: str, login: str, answers: Mapping[str, str], kind: str
) -> Written:
    """Write what was answered and does not stand there yet."""
    is_new = add_login(home, platform, login, answers, kind)
    says = []
    if is_new:
        says.append(f"added [logins.{login}] and [sources.{login}-{kind}] to byname.toml")
    elif add_cap(home, login, answers.get("monthly_cap_dollars", "")):
        says.append(f"added the cap to [logins.{login}] in byname.toml")
    if add_approval(home, platform, answers):
        says.append(f"added [approvals.{platform}] to byname.toml")
    elif _differs(home, platform, answers):
        says.append(f"[approvals.{platform}] in byname.toml stays as it is: change it there")
    return Written(is_new, tuple(says))


def add_login(home: Path, platform: str, login: str, answers: Mapping[str, str], kind: str) -> bool:
    """Append the login and its first source to byname.toml, unless they stand there."""
    from bot.desk import wall_clock  # noqa: PLC0415

    if login in _settings(home).logins:
        return False
    since = wall_clock().replace(microsecond=0).isoformat()
    base_url = answers.get("base_url", "")
    more = f"base_url = {json.dumps(base_url)}\n" if base_url else ""
    more += _cap(answers.get("monthly_cap_dollars", ""))
    _append(
        home,
        f"\n[logins.{login}]\nplatform = {json.dumps(platform)}\n{more}"
        f'\n[sources.{login}-{kind}]\nlogin = {json.dumps(login)}\nkind = "{kind}"\n'
        f"answer_since = {since}\n",
    )
    return True


def add_cap(home: Path, login: str, answer: str) -> bool:
    """Write a cap under a login that stands in byname.toml without one. Raises InputError."""
    from bot.errors import InputError  # noqa: PLC0415
    from bot.home import CONFIG_NAME  # noqa: PLC0415

    path, cap = home / CONFIG_NAME, _cap(answer)
    if not cap or _settings(home).logins[login].monthly_cap_dollars is not None:
        return False
    head = re.compile(rf"^\[logins\.{re.escape(login)}\][^\n]*\n", re.MULTILINE)
    text, number = head.subn(lambda found: found[0] + cap, path.read_text(encoding="utf-8"))
    if number != 1:
        raise InputError(f"write {cap.strip()} under logins.{login} in {path} yourself")
    path.write_text(text, encoding="utf-8")
    _settings(home)
    return True


def add_approval(home: Path, platform: str, answers: Mapping[str, str]) -> bool:
    """Append the platform's written approval, unless one stands there. Raises InputError."""
    from bot.errors import InputError  # noqa: PLC0415

    reference = answers.get("approval_reference", "").strip()
    if not reference or platform in _settings(home).approvals:
        return False
    day = answers.get("approval_date", "").strip()
    try:
        date.fromisoformat(day)
    except ValueError:
        raise InputError(f"An approval has a day like 2026-03-01, not {day!r}.") from None
    _append(
        home,
        f"\n[approvals.{platform}]\nreference = {json.dumps(reference)}\ndate = {day}\n"
        f"covers_data = {'true' if _covers(answers) else 'false'}\n",
    )
    return True


def amount(answer: str) -> str:
    """Return an amount in dollars as it was typed. Raises InputError for what is none."""
    from bot.errors import InputError  # noqa: PLC0415

    if not AMOUNT.fullmatch(answer.strip()):
        raise InputError(f"A monthly cap is an amount in dollars like 25 or 7.50, not {answer!r}.")
    return answer.strip()


def _cap(answer: str) -> str:
    return f"monthly_cap_dollars = {amount(answer)}\n" if answer else ""


def _covers(answers: Mapping[str, str]) -> bool:
    return answers.get("approval_covers_data", "").strip().casefold() in ("yes", "y", "true")


def _differs(home: Path, platform: str, answers: Mapping[str, str]) -> bool:
    """Tell whether another approval was named than the one that stands in byname.toml."""
    kept = _settings(home).approvals.get(platform)
    if kept is None or not answers.get("approval_reference"):
        return False
    said = answers["approval_reference"].strip(), answers.get("approval_date", "").strip()
    return (*said, _covers(answers)) != (kept.reference, kept.date.isoformat(), kept.covers_data)


def _append(home: Path, block: str) -> None:
    from bot.home import CONFIG_NAME  # noqa: PLC0415

    with (home / CONFIG_NAME).open("a", encoding="utf-8") as file:
        file.write(block)
    _settings(home)


def _settings(home: Path) -> "Config":
    """Read byname.toml; after writing, so that a mistake of ours is seen at once."""
    from bot.config import read_config  # noqa: PLC0415
    from bot.home import CONFIG_NAME  # noqa: PLC0415

    return read_config(home / CONFIG_NAME)
