"""Writes the documents that can drift: settings, commands, connectors. `--check` only compares.

python -m docs.generate            write
python -m docs.generate --check    exit 1 when a document does not say what the code says
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.cli import COMMANDS, cli
from bot.config import Config
from connectors._load import ours

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- written by `python -m docs.generate`; edit the code, not this file -->\n\n"


def documents() -> dict[Path, str]:
    return {
        REFERENCE / "configuration.md": NOTE + configuration(),
        REFERENCE / "cli.md": NOTE + commands(),
        REFERENCE / "connectors.md": NOTE + connectors(),
    }


def configuration() -> str:
    """Describe every key of byname.toml, table by table."""
    head = (
        "# byname.toml\n\nAn unknown key is an error. Any key can be overridden by an environment "
        "variable: `web.port` by `BYNAME_WEB__PORT`. Secrets never stand here: they are files "
        "under `secrets/` in the home (mode 0600), or `BYNAME_SECRET_<LOGIN>`.\n"
    )
    return head + "".join(_table(name, model) for name, model in _tables(Config, ""))


def _tables(model: type[BaseModel], prefix: str) -> list[tuple[str, type[BaseModel]]]:
    found = []
    for name, field in model.model_fields.items():
        inner = _inner(field)
        if inner is not None:
            path = f"{prefix}{name}.NAME" if _is_named(field) else f"{prefix}{name}"
            found.append((path, inner))
            found += _tables(inner, f"{path}.")
    return found


def _inner(field: FieldInfo) -> type[BaseModel] | None:
    kinds = (field.annotation, *get_args(field.annotation))
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)


def _is_named(field: FieldInfo) -> bool:
    return bool(get_args(field.annotation))


def _table(name: str, model: type[BaseModel]) -> str:
    doc = (model.__doc__ or "").strip().splitlines()[0]
    rows = [
        f"| `{key}` | {_default(field)} | {field.description or ''} |"
        for key, field in model.model_fields.items()
        if _inner(field) is None
    ]
    table = "| key | default | what it is |\n|---|---|---|\n" + "\n".join(rows)
    return f"\n## [{name}]\n\n{doc}\n\n{table}\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True)
    return "none" if value in (None, "", ()) else f"`{value}`"


def commands() -> str:
    """Show every command's help as the terminal shows it."""
    parts = ["# Commands\n", _help(cli, ["byname"])]
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        parts.append(_help(command, ["byname", name]))
        if isinstance(command, click.Group):
            parts += [_help(sub, ["byname", name, key]) for key, sub in command.commands.items()]
    return "\n".join(parts) + EXIT_CODES


EXIT_CODES = """
## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | a bug of ours; the traceback is for us |
| 2 | wrong usage |
| 65 | a file or line could not be read; the rest was done |
| 69 | a platform or server is unavailable |
| 75 | the home or the port is taken by another process: try again |
| 77 | policy, guard or role says no |
| 78 | settings, database file or weights must be mended |
| 130 | stopped by Ctrl-C |
"""


def _help(command: click.Command, words: list[str]) -> str:
    name = " ".join(words)
    context = click.Context(command, info_name=name, terminal_width=96, max_content_width=96)
    return f"## {name}\n\n```text\n{command.get_help(context)}\n```\n"


def connectors() -> str:
    """List the connectors that come with byname."""
    rows = "\n".join(f"| `{name}` | {_first_line(name)} |" for name in ours())
    return f"# Connectors\n\n| name | what it is |\n|---|---|\n{rows}\n"


def _first_line(name: str) -> str:
    module = import_module(f"connectors.{name}")
    return (module.__doc__ or "").strip().splitlines()[0].removeprefix(f"{name}: ")


def main() -> int:
    stale = []
    for path, text in documents().items():
        if "--check" in sys.argv:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(path.name)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"stale: {', '.join(stale)}; run python -m docs.generate")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
