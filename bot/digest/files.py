"""Digests as files in the home: <home>/digests/YYYY-MM-DD.html, .txt, .md and .json.

The JSON names people and messages of the page by id, so that bot.digest.forget finds them.
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


def _replace(path: Path, text: str) -> Path:
    draft = path.with_suffix(path.suffix + ".new")
    draft.write_text(text, encoding="utf-8", errors="replace")
    draft.chmod(0o600)
    return draft.replace(path)


def _plain(value: Any) -> str:
    return str(value.isoformat())
