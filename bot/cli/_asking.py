"""What `byname connect` asks before it signs a login in, and what it knows from the last time.

Not here: signing in (bot.cli.connect), and keeping the answers (bot.cli._written).
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli._written import amount

if TYPE_CHECKING:
    from connectors.contract import Question, SignIn

DECIDED_ONCE = "monthly_cap_dollars"  # who wants another one writes it into byname.toml


def known_answers(home: Path, platform: str, login: str) -> Mapping[str, str]:
    """Return what was answered before: to this login, and about its platform's approval."""
    from bot.config import read_config  # noqa: PLC0415
    from bot.errors import ConfigError  # noqa: PLC0415
    from bot.home import CONFIG_NAME, FileSecrets  # noqa: PLC0415

    config = read_config(home / CONFIG_NAME)
    known = {}
    if (approval := config.approvals.get(platform)) is not None:
        known = {
            "approval_reference": approval.reference,
            "approval_date": approval.date.isoformat(),
            "approval_covers_data": "yes" if approval.covers_data else "no",
        }
    if (table := config.logins.get(login)) is None:
        return known
    try:
        kept = FileSecrets(home, locks={}).read(login)
    except ConfigError:
        kept = {}
    cap = table.monthly_cap_dollars
    return {
        **kept,
        **known,
        "base_url": table.base_url,
        DECIDED_ONCE: "" if cap is None else f"{cap}",
    }


def ask_all(flow: "SignIn", known: Mapping[str, str], *, is_pasting: bool) -> dict[str, str]:
    """Ask what has to be asked; end with the first answer that it cannot go on with."""
    from bot.desk import wall_clock  # noqa: PLC0415

    heed = getattr(flow, "heed", None)
    answers: dict[str, str] = {}
    for one in flow.questions:
        if _is_asked(one, answers, known):
            answers[one.name] = _ask(one, known)
            _ensure_readable(one.name, answers[one.name])
            if heed is not None:
                heed(answers, wall_clock, is_pasting=is_pasting)
    return answers


def _is_asked(one: "Question", answers: Mapping[str, str], known: Mapping[str, str]) -> bool:
    name, answer = one.only_if
    if name and answers.get(name, "").strip() != answer:
        return False
    return not (one.name == DECIDED_ONCE and known.get(one.name))


def _ask(one: "Question", known: Mapping[str, str]) -> str:
    default = (not one.is_secret and known.get(one.name)) or one.default or None
    return str(click.prompt(one.prompt, hide_input=one.is_secret, default=default))


def _ensure_readable(name: str, answer: str) -> None:
    """Refuse what could not be written into byname.toml. Raises InputError."""
    from bot.errors import InputError  # noqa: PLC0415

    if name == DECIDED_ONCE:
        amount(answer)
    if name == "approval_date":
        try:
            date.fromisoformat(answer.strip())
        except ValueError:
            raise InputError(f"An approval has a day like 2026-03-01, not {answer!r}.") from None
