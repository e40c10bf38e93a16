"""Checks JSON against AT Protocol lexicons: what a simulator answers, what a connector writes."""

import json
import re
from functools import cache
from pathlib import Path

import regex

FORMATS = {
    "at-uri": re.compile(r"at://(did:[a-z]+:[\w.:%-]+|[\w.-]+)(/[\w.]+(/[\w.~:-]+)?)?"),
    "did": re.compile(r"did:[a-z]+:[\w.:%-]*[\w.-]"),
    "handle": re.compile(r"([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+[a-zA-Z][a-zA-Z0-9-]*"),
    "cid": re.compile(r"baf[a-z2-7]{50,}"),
    "datetime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"),
    "nsid": re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(\.[a-zA-Z][a-zA-Z0-9]*)"),
    "record-key": re.compile(r"[\w.~:-]{1,512}"),
    "tid": re.compile(r"[234567abcdefghij][234567a-z]{12}"),
    "uri": re.compile(r"[a-z][a-z0-9+.-]*:\S+"),
    "language": re.compile(r"[a-zA-Z]{2,3}(-[\w-]+)?"),
}
FORMATS["at-identifier"] = re.compile(f"{FORMATS['did'].pattern}|{FORMATS['handle'].pattern}")
TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


class Lexicons:
    """All lexicons under a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cache  # noqa: B019 - one object per test run
    def read(self, name: str) -> dict:
        return json.loads((self.folder / (name.replace(".", "/") + ".json")).read_text("utf-8"))

    def output(self, name: str, value):
        return list(self.check(value, self.main(name)["output"]["schema"], name, name))

    def input(self, name: str, value):
        return list(self.check(value, self.main(name)["input"]["schema"], name, name))

    def parameters(self, name: str, asked):
        """Check a query string: every parameter is known and numbers are in their range."""
        known = self.main(name).get("parameters", {}).get("properties", {})
        for one in asked:
            if one not in known:
                yield f"{name}: no parameter {one}"
        for one in self.main(name).get("parameters", {}).get("required", ()):
            if one not in asked:
                yield f"{name}: parameter {one} is missing"
        for one, schema in known.items():
            if schema["type"] == "integer" and one in asked:
                yield from self.check(int(asked[one]), schema, name, one)

    def record(self, name: str, value):
        return list(self.check(value, self.main(name)["record"], name, name))

    def main(self, name: str) -> dict:
        return self.read(name)["defs"]["main"]

    def find(self, ref: str, here: str) -> tuple[dict, str]:
        name, _, part = ref.partition("#")
        name = name or here
        return self.read(name)["defs"][part or "main"], name

    def check(self, value, schema: dict, here: str, at: str):
        """Yield a sentence for everything that is not as the schema says."""
        kind = schema["type"]
        if kind == "ref":
            found, there = self.find(schema["ref"], here)
            yield from self.check(value, found, there, at)
        elif kind == "union":
            yield from self.check_union(value, schema, here, at)
        elif kind in TYPES:
            if type(value) is not TYPES[kind]:
                yield f"{at}: {value!r} is no {kind}"
            else:
                yield from getattr(self, f"check_{kind}")(value, schema, here, at)

    def check_union(self, value, schema, here, at):
        told = value.get("$type") if isinstance(value, dict) else None
        refs = [ref if not ref.startswith("#") else here + ref for ref in schema["refs"]]
        if told not in refs:
            yield f"{at}: {told!r} is none of {refs}"
        else:
            yield from self.check(value, {"type": "ref", "ref": told}, here, at)

    def check_object(self, value, schema, here, at):
        for one in schema.get("required", ()):
            if one not in value:
                yield f"{at}: {one} is missing"
        for name, one in schema.get("properties", {}).items():
            if name in value and not (value[name] is None and name in schema.get("nullable", ())):
                yield from self.check(value[name], one, here, f"{at}.{name}")
        for name in value:
            if name not in schema.get("properties", {}) and name != "$type":
                yield f"{at}: nothing is called {name}"

    def check_array(self, value, schema, here, at):
        if len(value) > schema.get("maxLength", 10**9):
            yield f"{at}: {len(value)} are too many"
        for number, one in enumerate(value):
            yield from self.check(one, schema["items"], here, f"{at}[{number}]")

    def check_string(self, value, schema, _, at):
        if len(value.encode()) > schema.get("maxLength", 10**9):
            yield f"{at}: too many bytes"
        if len(regex.findall(r"\X", value)) > schema.get("maxGraphemes", 10**9):
            yield f"{at}: too many graphemes"
        form = FORMATS.get(schema.get("format", ""))
        if form and not form.fullmatch(value):
            yield f"{at}: {value!r} is no {schema['format']}"

    def check_integer(self, value, schema, _, at):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield f"{at}: {value} is out of range"

    def check_boolean(self, value, schema, _, at):
        if value is not schema.get("const", value):
            yield f"{at}: {value} is not {schema['const']}"
