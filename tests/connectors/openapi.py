"""A validator for X's own specification: what may be asked, and what is answered.

As strict as the specification where it says something, and stricter in one way: a field that it
does not know is a mistake here, because everything checked is made by us. X's documentation, its
answers and tweepy still say tweet where the specification says post: all is compared in its words.
"""

import json
import re
from datetime import datetime
from pathlib import Path

from simulators.x_answers import TO_POSTS, renamed

KINDS = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
RENAMED = {"tweet.fields": "post.fields"}
DOCUMENTED = {"author_id", "edit_history_post_ids", "in_reply_to_user_id", "referenced_posts"}
UNLISTED = {"/2/users": "GetUsersByUsernamesResponse"}  # left out of the cut specification


class Specification:
    """The specification; every check returns sentences about what is wrong."""

    def __init__(self, path: Path) -> None:
        told = json.loads(path.read_text("utf-8"))
        self.paths, self.schemas = told["paths"], told["components"]["schemas"]
        self.parameters = told["components"]["parameters"]

    def asked(self, method, path, params):
        operation = self._operation(method, path)
        if operation is None:
            return [] if path in UNLISTED else [f"{method} {path} is unknown"]
        known = {
            one["name"]: one["schema"] for one in map(self._parameter, operation["parameters"])
        }
        wrong = []
        for told, text in params.items():
            name = RENAMED.get(told, told)
            if name not in known:
                wrong.append(f"{path} knows no parameter {name}")
            else:
                value = _value(text, known[name])
                wrong += self._schema(value, known[name], name)
        return wrong

    def answered(self, method, path, status, body):
        if path in UNLISTED:
            return list(self._schema(renamed(body), self.schemas[UNLISTED[path]], path))
        operation = self._operation(method, path)
        if operation is None or str(status) not in operation["responses"]:
            return [f"{method} {path} does not answer {status}"]
        schema = operation["responses"][str(status)]["content"]["application/json"]["schema"]
        return list(self._schema(renamed(body), schema, path))

    def _operation(self, method, path):
        for template in sorted(self.paths, key=lambda one: one.count("{")):
            pattern = re.sub(r"\{\w+\}", r"[^/]+", template)
            if re.fullmatch(pattern, path) and method.lower() in self.paths[template]:
                return self.paths[template][method.lower()]
        return None

    def _parameter(self, told):
        ref = told.get("$ref")
        return self.parameters[ref.rsplit("/", 1)[1]] if ref else told

    def _schema(self, value, schema, at):
        if ref := schema.get("$ref"):
            schema = self.schemas[ref.rsplit("/", 1)[1]]
        if value is None and schema.get("nullable"):
            return
        if "oneOf" in schema:
            wrong = [list(self._schema(value, one, at)) for one in schema["oneOf"]]
            if all(wrong):
                yield f"{at}: {value!r} is none of the possible ones"
            return
        kind = schema.get("type")
        if kind in KINDS and type(value) is not KINDS[kind]:
            yield f"{at}: {value!r} is no {kind}"
        elif kind in KINDS:
            yield from getattr(self, f"_{kind}")(value, schema, at)

    def _object(self, value, schema, at):
        known = schema.get("properties")
        yield from (
            f"{at}: {one} is missing" for one in schema.get("required", ()) if one not in value
        )
        for name, one in value.items() if known else ():
            if name in known:
                yield from self._schema(one, known[name], f"{at}.{name}")
            else:
                yield f"{at}: nothing is called {name}"

    def _array(self, value, schema, at):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{at}: {len(value)} are too few or too many"
        for number, one in enumerate(value):
            yield from self._schema(one, schema["items"], f"{at}[{number}]")

    def _string(self, value, schema, at):
        if value not in {*schema.get("enum", (value,)), *DOCUMENTED}:
            yield f"{at}: {value!r} is none of {schema['enum']}"
        if not re.search(schema.get("pattern", ""), value):
            yield f"{at}: {value!r} is not like {schema['pattern']}"
        if schema.get("format") == "date-time" and not _is_moment(value):
            yield f"{at}: {value!r} is no time"

    def _integer(self, value, schema, at):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield f"{at}: {value} is out of bounds"

    def _boolean(self, _value, _schema, _at):
        yield from ()


def mistakes(square, specification):
    """Check whatever passed; rows that a test broke on purpose are left out."""
    wrong = []
    for one in square.passed:
        if one.path.startswith("/2/oauth2/"):
            continue
        if one.method == "GET":
            wrong += specification.asked(one.method, one.path, one.params)
        if one.status < 300:
            body = without(one.answer, square.broken)
            wrong += specification.answered(one.method, one.path, one.status, body)
    return list(dict.fromkeys(wrong))


def without(answer, ids):
    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        return answer
    return {**answer, "data": [one for one in rows if one.get("id") not in ids]}


def _is_moment(text):
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _value(text, schema):
    """Read what stands in an address as the specification means it."""
    match schema.get("type"):
        case "array":
            return [TO_POSTS.get(one, one) for one in text.split(",")]
        case "integer":
            return int(text)
        case "boolean":
            return text == "true"
    return text
