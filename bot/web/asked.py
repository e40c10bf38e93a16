"""What a request may carry, parsed once at the border: ids, queries, forms and JSON bodies.

Every handler trusts what it gets from here. Nothing here knows what a decision means.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlencode

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.errors import InputError
from nlp.model import Intent, Sentiment
from storage.model import BrakeScope, QueueFilter, Role

MAX_ID = 2**63 - 1
MAX_TEXT = 40_000
_FORM = "application/x-www-form-urlencoded"


def _identifier(value: object) -> object:
    """Take an id as JSON carries it: a string of digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    raise ValueError("an id is a string of digits")


def _blank(value: object) -> object:
    return None if value == "" else value


Id = Annotated[int, BeforeValidator(_identifier), Field(ge=1, le=MAX_ID)]
MaybeId = Annotated[Id | None, BeforeValidator(_blank)]
Word = Annotated[str, Field(max_length=64)]
RequestId = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class Body(BaseModel):
    """A body with exactly these fields; an unknown one is refused, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ApproveBody(Body):
    request_id: RequestId
    text: str = Field(max_length=MAX_TEXT)
    suggestion_id: MaybeId = None
    suggestion_version: Annotated[int | None, BeforeValidator(_blank)] = Field(None, ge=0)
    option: Annotated[int | None, BeforeValidator(_blank)] = Field(None, ge=0, le=9)
    shown_hash: Annotated[str | None, BeforeValidator(_blank)] = Field(None, max_length=128)
    seconds: float | None = Field(None, ge=0, le=7 * 86_400)


class RejectBody(Body):
    request_id: RequestId
    reason: str = Field(min_length=1, max_length=200)


class DoneBody(Body):
    request_id: RequestId


class ByHandBody(Body):
    request_id: RequestId
    url: str = Field("", max_length=2000)


class SnoozeBody(Body):
    request_id: RequestId
    choice: Word = ""
    until: datetime | None = None


class CorrectBody(Body):
    """Fields that are left out keep what they are."""

    sentiment: Sentiment | None = None
    intents: tuple[Intent, ...] | None = Field(None, max_length=8)
    offensive: bool | None = None
    crisis: bool | None = None
    needs_reply: bool | None = None


class UndoBody(Body):
    pass


class SettleBody(Body):
    outcome: Literal["seen", "absent", "release", "withdraw"]
    url: str = Field("", max_length=2000)


class BrakeBody(Body):
    on: bool
    scope: BrakeScope = "home"
    target: str = Field("", max_length=200)
    reason: str = Field("", max_length=200)


class LengthBody(Body):
    text: str = Field(max_length=MAX_TEXT)
    message_id: Id


class NoteBody(Body):
    account_id: Id
    text: str = Field(min_length=1, max_length=4000)


class WishBody(Body):
    account_id: Id
    on: bool


class MergeBody(Body):
    other: Id
    reason: str = Field(min_length=3, max_length=200)
    is_linked_by_person: bool = False


class ReviewerBody(Body):
    name: str = Field(min_length=1, max_length=80)
    role: Role = "review"


class ChangeReviewerBody(Body):
    role: Role | None = None
    disabled: bool = False


class EraseBody(Body):
    """What cannot be undone is asked for by its name."""

    confirm: Literal["erase"]


class LinkBody(Body):
    reviewer_id: MaybeId = None


Some = TypeVar("Some", bound=Body)


async def json_body(request: web.Request, kind: type[Some]) -> Some:
    """Parse a JSON body. 415 for another content type, 413 over the limit, 400 if it is wrong."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send application/json.")
    try:
        raw = json.loads(await request.text())
    except (ValueError, RecursionError):
        raise InputError("The body is not valid JSON.") from None
    return check(kind, raw)


async def form(request: web.Request) -> dict[str, str]:
    """Parse a posted form into single strings; nothing but a plain form is taken."""
    if request.content_type != _FORM:
        raise web.HTTPUnsupportedMediaType(text="Send a plain form.")
    try:
        posted = await request.post()
    except ValueError:
        raise InputError("The form cannot be read.") from None
    return {name: value for name, value in posted.items() if isinstance(value, str)}


def check(kind: type[Some], raw: object) -> Some:
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        raise InputError("; ".join(_explain(dict(one)) for one in error.errors())) from None


def _explain(one: Mapping[str, object]) -> str:
    where = one["loc"]
    name = ".".join(str(part) for part in where) if isinstance(where, tuple) else ""
    return f"{name or 'body'}: {one['msg']}"


def path_id(request: web.Request, name: str = "id") -> int:
    """Return the id in the path; what is no id names nothing."""
    raw = request.match_info[name]
    if not (raw.isascii() and raw.isdigit() and len(raw) < 20 and 0 < int(raw) <= MAX_ID):
        raise web.HTTPNotFound(text="There is no such page.")
    return int(raw)


def query_id(request: web.Request, name: str) -> int | None:
    raw = request.query.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None


def query_limit(request: web.Request, most: int = 200) -> int:
    return min(query_id(request, "limit") or 50, most) or 50


FILTERS = ("view", "platform", "intent", "sentiment", "language", "source")
VIEWS = ("needs_you", "by_hand", "silent", "snoozed", "sending", "held", "done", "all")


def queue_filter(request: web.Request) -> QueueFilter:
    """Read the filter of a list from the address. An unknown view shows what needs you."""
    query = request.query
    asked = query.get("view", "")
    return QueueFilter(
        view=asked if asked in VIEWS else "needs_you",  # type: ignore[arg-type] # checked above
        platform=query.get("platform", "")[:64],
        intent=query.get("intent", "")[:64],
        sentiment=query.get("sentiment", "")[:64],
        language=query.get("language", "")[:64],
        source=query.get("source", "")[:64],
        text=query.get("q", "")[:200],
    )


def filter_query(what: QueueFilter) -> str:
    """Write a filter back as the query of an address, without what does not narrow."""
    pairs = [(name, str(getattr(what, name))) for name in FILTERS if getattr(what, name)]
    pairs += [("q", what.text)] if what.text else []
    return urlencode([pair for pair in pairs if pair != ("view", "needs_you")])


def place_query(request: web.Request) -> str:
    """Write where somebody stands in a list: its filter, and the message it goes on after."""
    after = query_id(request, "after")
    known = (filter_query(queue_filter(request)), f"after={after}" if after else "")
    return "&".join(part for part in known if part)


def local_path(raw: str) -> str:
    """Return a path of ours to go on to; anything that could leave this site becomes `/`."""
    is_ours = raw.startswith("/") and not raw.startswith("//") and "\\" not in raw
    return raw if is_ours and raw.isprintable() and len(raw) < 500 else "/"
