"""A validator for the AT Protocol's lexicons: what may be asked, answered and written.

As strict as the protocol where a lexicon says something, and stricter in one way: a field that no
lexicon knows is a mistake here, because everything checked is made by us.
"""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from connectors._length import graphemes
from connectors.bluesky import syntax


def _is_at_uri(text: str) -> bool:
    try:
        syntax.at_uri(text)
    except ValueError:
        return False
    return True


FORMATS = {
    "at-identifier": lambda one: syntax.is_did(one) or syntax.is_handle(one),
    "at-uri": _is_at_uri,
    "cid": lambda one: re.fullmatch(r"b[a-z2-7]{58}", one) is not None,
    "datetime": syntax.is_moment,
    "did": syntax.is_did,
    "handle": syntax.is_handle,
    "language": syntax.is_language,
    "nsid": syntax.is_nsid,
    "record-key": syntax.is_record_key,
    "tid": syntax.is_tid,
    "uri": lambda one: bool(urlsplit(one).scheme) and " " not in one,
}
KINDS = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


class Lexicons:
    """All lexicons under a folder; every check returns sentences about what is wrong."""

    def __init__(self, folder: Path) -> None:
        files = (json.loads(one.read_text("utf-8")) for one in folder.rglob("*.json"))
        self.known = {one["id"]: one["defs"] for one in files}

    def asked(self, nsid, params=None, body=None):
        """Check a call: its parameters as (name, text) pairs, or its body."""
        main = self.known[nsid]["main"]
        wrong = list(self._params(main.get("parameters", {}), params or [], nsid))
        if main["type"] == "procedure" and "input" in main:
            wrong += self._schema(body, main["input"]["schema"], nsid, "input")
        elif body is not None:
            wrong.append(f"{nsid} takes no body")
        return wrong

    def answered(self, nsid, body):
        output = self.known[nsid]["main"].get("output")
        return list(self._schema(body, output["schema"], nsid, "output")) if output else []

    def record(self, value):
        """Check a record by the name it gives itself."""
        nsid = value.get("$type", "")
        if nsid not in self.known:
            return [f"no record is called {nsid!r}"]
        return list(self._schema(value, self.known[nsid]["main"]["record"], nsid, "record"))

    def refs(self):
        """Yield every reference that one lexicon makes to another."""
        for nsid, defs in self.known.items():
            for text in re.findall(r'"ref": "([^"]+)"', json.dumps(defs)):
                yield nsid, text

    def find(self, ref, nsid):
        where, _, name = ref.partition("#")
        where = where or nsid
        return where, self.known[where][name or "main"]

    def _params(self, schema, params, nsid):
        known = schema.get("properties", {})
        yield from (f"{nsid} knows no parameter {one}" for one, _ in params if one not in known)
        names = {one for one, _ in params}
        for one in schema.get("required", ()):
            if one not in names:
                yield f"{nsid}: parameter {one} is missing"
        for name in names & set(known):
            texts = [text for one, text in params if one == name]
            value = _value(texts, known[name])
            yield from self._schema(value, known[name], nsid, name)

    def _schema(self, value, schema, nsid, at):
        kind = schema["type"]
        if kind == "ref":
            nsid, schema = self.find(schema["ref"], nsid)
            yield from self._schema(value, schema, nsid, at)
        elif kind == "union":
            yield from self._union(value, schema, nsid, at)
        elif kind == "unknown":
            yield from () if isinstance(value, dict) else (f"{at}: no table",)
        elif kind == "blob":
            yield from () if value.get("$type") == "blob" else (f"{at}: no blob",)
        elif kind in KINDS:
            if type(value) is not KINDS[kind]:
                yield f"{at}: {value!r} is no {kind}"
            else:
                yield from getattr(self, f"_{kind}")(value, schema, nsid, at)

    def _union(self, value, schema, nsid, at):
        told = value.get("$type", "") if isinstance(value, dict) else ""
        fitting = [one for one in schema["refs"] if told == (nsid + one if one[0] == "#" else one)]
        if fitting:
            yield from self._schema(value, {"type": "ref", "ref": fitting[0]}, nsid, at)
        elif not told or schema.get("closed"):
            yield f"{at}: {told!r} is none of {schema['refs']}"

    def _object(self, value, schema, nsid, at):
        known, nullable = schema.get("properties", {}), schema.get("nullable", ())
        yield from (
            f"{at}: {one} is missing" for one in schema.get("required", ()) if one not in value
        )
        for name, one in value.items():
            if name in known and not (one is None and name in nullable):
                yield from self._schema(one, known[name], nsid, f"{at}.{name}")
            elif name not in known and name != "$type":
                yield f"{at}: nothing is called {name}"

    def _array(self, value, schema, nsid, at):
        yield from _within(len(value), schema, "Length", at)
        for number, one in enumerate(value):
            yield from self._schema(one, schema["items"], nsid, f"{at}[{number}]")

    def _string(self, value, schema, _, at):
        yield from _within(len(value.encode()), schema, "Length", at)
        yield from _within(graphemes(value), schema, "Graphemes", at)
        form = schema.get("format")
        if form and not FORMATS[form](value):
            yield f"{at}: {value!r} is no {form}"
        if value not in schema.get("enum", (value,)):
            yield f"{at}: {value!r} is none of {schema['enum']}"

    def _integer(self, value, schema, _, at):
        yield from _within(value, schema, "imum", at)

    def _boolean(self, value, schema, _, at):
        if value is not schema.get("const", value):
            yield f"{at}: {value} is not {schema['const']}"


def _within(number, schema, what, at):
    if not schema.get(f"min{what}", number) <= number <= schema.get(f"max{what}", number):
        yield f"{at}: {number} is out of bounds ({what})"


def _value(texts, schema):
    """Read what stands in an address as the lexicon means it."""
    match schema["type"]:
        case "array":
            return [_value([one], schema["items"]) for one in texts]
        case "integer":
            return int(texts[0])
        case "boolean":
            return texts[0] == "true"
    return texts[0]
