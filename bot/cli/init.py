"""`byname init`: writes a commented byname.toml by asking a few questions."""

from pathlib import Path

import click

from bot.cli._context import home_option

TEMPLATE = """\
# byname's settings. Every key is described in docs/reference/configuration.md.
# Secrets never stand here: they are files under secrets/ in this folder.

[brand]
name = {name}
time_zone = {zone}          # days, quiet hours and the digest follow it
languages = [{languages}]
signature = {signature}       # first name that human replies are signed with

# One of our own accounts. `byname connect` signs it in.
# [logins.masto]
# platform = "mastodon"
# base_url = "https://mastodon.example"

# One thing a login listens to.
# [sources.masto-mentions]
# login = "masto"
# kind = "mentions"
# answer_since = {now}   # older messages are history: tagged, never suggested

[suggest]
playbook = "playbook/"      # how this brand answers: *.toml files in this folder

[web]
host = "127.0.0.1"
port = 8400

[digest]
at = "07:00"                # local time of day
to = [{mail}]
# [digest.smtp]
# host = "mail.example"
# port = 587
# sender = "byname@example"

[policy]
undo_seconds = 10
allowed_links = []          # hosts that replies may link to
# quiet_hours = "22:00-07:00"
"""

PLAYBOOK = """\
# How this brand answers. Facts fill slots like {returns_days}; an entry with a slot that no fact
# fills is an error. Live slots: {first_name}, {signature}, {brand}.

[facts]
returns_days = "30"

[[entry]]
id = "returns"
intents = ["question", "complaint"]
examples = ["how do I send it back?", "what is your return policy?", "can I return an open box?"]

[[entry.replies]]
when = "explains the returns"
text = "Hi {first_name}, you can send it back within {returns_days} days. - {signature}"
"""


@click.command("init", epilog="\b\nExamples:\n  byname init\n  byname init --home ~/acme")
@home_option
@click.option("--name", prompt="Brand name", help="The brand's name.")
@click.option("--time-zone", prompt="Time zone", default="Europe/London", help="IANA time zone.")
@click.option("--languages", prompt="Languages (comma)", default="en", help="Like en,de.")
@click.option("--signature", prompt="First name that signs replies", default="", help="A name.")
@click.option("--mail", prompt="Digest goes to (mail, may be empty)", default="", help="Address.")
def command(
    home: str | None, name: str, time_zone: str, languages: str, signature: str, mail: str
) -> None:
    """Write a commented byname.toml by asking; never overwrites one."""
    from bot.errors import ConfigError  # noqa: PLC0415
    from bot.home import CONFIG_NAME, find_home, make_home  # noqa: PLC0415

    folder = find_home(home)
    path = folder / CONFIG_NAME
    if path.exists():
        raise ConfigError(f"{path} exists; edit it, or choose another folder with --home.")
    text = _fill(name, time_zone, languages, signature, mail)
    make_home(folder)
    _write(path, text)
    _write(folder / "playbook" / "example.toml", PLAYBOOK)
    click.echo(f"wrote {path}\nnext: byname check --home {folder}")


def _fill(name: str, time_zone: str, languages: str, signature: str, mail: str) -> str:
    import tomllib  # noqa: PLC0415

    from bot.config import parse_config  # noqa: PLC0415
    from bot.desk import wall_clock  # noqa: PLC0415

    text = TEMPLATE.format(
        name=_quoted(name),
        zone=_quoted(time_zone),
        languages=", ".join(_quoted(one.strip()) for one in languages.split(",") if one.strip()),
        signature=_quoted(signature),
        mail=_quoted(mail) if mail else "",
        now=wall_clock().replace(microsecond=0).isoformat(),
    )
    parse_config(tomllib.loads(text), "the answers")
    return text


def _quoted(text: str) -> str:
    import json  # noqa: PLC0415 - a JSON string is a valid TOML basic string

    return json.dumps(text, ensure_ascii=False)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(text, encoding="utf-8")
