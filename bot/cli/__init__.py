"""The command line: one small file per command, loaded only when it is asked for.

One of the three places where errors are caught: what was raised on purpose becomes one clear line
and a documented exit code (bot.errors); everything else is a bug and keeps its traceback.
"""

import importlib
import sys
from typing import NoReturn

import click

COMMANDS = {
    "run": "Run the bot: listen, suggest, post what was approved.",
    "init": "Write a commented byname.toml by asking.",
    "connect": "Sign one of our accounts in.",
    "source": "Listen for words, and see what is listened to.",
    "collect": "Bring in what was said, without the running bot.",
    "check": "Look at settings, logins, database and model.",
    "import": "Bring conversations in from a file.",
    "tag": "Tag texts from JSON lines.",
    "suggest": "Suggest replies to conversations from JSON lines.",
    "inbox": "List what waits for an answer.",
    "approve": "Approve a suggested reply, or send your own words.",
    "reject": "Put a suggestion aside, with the reason.",
    "person": "Show one person: everything said both ways.",
    "erase": "Erase a person: words, names, and what was written to them.",
    "digest": "Build one day's digest, or send it.",
    "nlp": "Measure the model, compare others, let it learn.",
    "brake": "Stop everything that has not left yet, or let it go on.",
    "reviewer": "Add people who may review, and make sign-in links.",
}
MODULES = {"import": "import_"}  # a module may not be called like a keyword


class Lazy(click.Group):
    """Knows its commands by name and loads one only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"bot.cli.{MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="byname", message="byname %(version)s")
def cli() -> None:
    r"""Answer people one to one.

    byname listens where people talk to a brand, understands each message, remembers each person,
    drafts the reply, and posts it only when a human says so.

    \b
    Try it:   byname run --demo
    """


def main(argv: list[str] | None = None) -> None:
    """Run the command line; the console script `byname`."""
    try:
        code = cli.main(args=argv, prog_name="byname", standalone_mode=False)
    except click.exceptions.Abort:
        _fail("stopped", 130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _fail("stopped", 130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        _fail(str(error), code)
    sys.exit(code if isinstance(code, int) else 0)


def exit_code(error: Exception) -> int | None:
    """Return the exit code of an error raised on purpose; None for a bug of ours."""
    from bot.errors import BotError  # noqa: PLC0415 - keeps `byname --help` quick

    if isinstance(error, BotError):
        return error.exit_code
    by_name: dict[str, int] = {
        "StoreLocked": 75,
        "StoreReadOnly": 78,
        "StoreTooNew": 78,
        "StoreBroken": 78,
        "StoreMissing": 78,
        "StoreError": 65,
        "ConnectorError": 69,
        "NlpError": 78,
    }
    names = [kind.__name__ for kind in type(error).__mro__]
    return next((by_name[name] for name in names if name in by_name), None)


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"byname: {message}", err=True)
    sys.exit(code)
