"""Digests as files in the home: <home>/digests/YYYY-MM-DD.html, .txt, .md and .json.

The JSON names the people of the page by id, so that erasing a person finds every file.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.digest.html import render_html
from bot.digest.markdown import render_markdown
from bot.digest.page import DigestPage
from bot.digest.text import render_text
from bot.errors import ConfigError

SUFFIXES = ("html", "txt", "md", "json")


def digest_folder(home: Path) -> Path:
    return home / "digests"


def write_files(page: DigestPage, folder: Path) -> dict[str, Path]:
    """Write all forms of a page; a reader sees the old file or the new one, never half of one."""
    texts = {
        "html": render_html(page),
        "txt": render_text(page),
        "md": render_markdown(page),
        "json": render_json(page),
    }
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return {
            suffix: _replace(folder / f"{page.day.isoformat()}.{suffix}", text)
            for suffix, text in texts.items()
        }
    except OSError as error:
        raise ConfigError(f"The digest cannot be written to {folder}: {error.strerror}.") from None


def render_json(page: DigestPage) -> str:
    """Return the page's facts as JSON, without the drawings."""
    charts = [{"name": one.name, "title": one.title, "alt": one.alt} for one in page.charts]
    facts = asdict(page) | {
        "subject": page.subject,
        "person_ids": page.person_ids,
        "message_ids": page.message_ids,
        "charts": charts,
    }
    return json.dumps(facts, ensure_ascii=False, default=_plain)


def forget_people(home: Path, person_ids: set[int], message_ids: set[int]) -> list[Path]:
    """Remove every digest that names one of these people or quotes one of these messages.

    A page whose JSON is missing or unreadable cannot be cleared of suspicion: it goes too.
    """
    removed = []
    for path in sorted(digest_folder(home).glob("*.html")):
        if _names(path.with_suffix(".json"), person_ids, message_ids):
            for suffix in SUFFIXES:
                path.with_suffix(f".{suffix}").unlink(missing_ok=True)
            removed.append(path)
    return removed


def _names(path: Path, person_ids: set[int], message_ids: set[int]) -> bool:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        named, quoted = set(facts["person_ids"]), set(facts["message_ids"])
    except (OSError, ValueError, KeyError, TypeError):
        return True
    return bool(named & person_ids or quoted & message_ids)


def _replace(path: Path, text: str) -> Path:
    draft = path.with_suffix(path.suffix + ".new")
    draft.write_text(text, encoding="utf-8", errors="replace")
    draft.chmod(0o600)
    return draft.replace(path)


def _plain(value: Any) -> str:
    return str(value.isoformat())
