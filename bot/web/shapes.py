"""Nouns as JSON: field by field, ids as strings, times as ISO 8601.

Only nouns that hold no secret are given to this; a Session never is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

from nlp.model import Attribution


def plain(value: Any, name: str = "") -> Any:
    """Turn a noun, or a collection of nouns, into what json.dumps takes."""
    if is_dataclass(value):
        return {
            field.name: plain(getattr(value, field.name), field.name) for field in fields(value)
        }
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one, name) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and _is_id(name):
        return str(value)
    return value


def _is_id(name: str) -> bool:
    return name in {"id", "approved_by"} or name.endswith(("_id", "_ids"))


def strongest(text: str, marks: Sequence[Attribution], most: int = 5) -> list[dict[str, Any]]:
    """Return the stretches that spoke for a tag, strongest first."""
    best = sorted((mark for mark in marks if mark.weight > 0), key=lambda mark: -mark.weight)
    return [{"words": text[m.start : m.end], "weight": round(m.weight, 3)} for m in best[:most]]
