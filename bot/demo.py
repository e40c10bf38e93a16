"""The demo home: an invented brand whose people live in a replayed world. No account, no network.

Only writes what is missing, so that a second start goes on where the first one stopped.
"""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bot.home import CONFIG_NAME, data_folder, make_home

HERE = Path(__file__).resolve().parent
PLATFORMS = ("x", "reddit", "bluesky", "mastodon")
STILL_WAITING = timedelta(hours=48)

HEADER = """\
# The demo: an invented brand, played by the replay connector. Change what you like and restart;
# delete this folder to begin anew.

[brand]
name = "Kettlewren"
time_zone = "Europe/London"
signature = "Ines"

[digest]
at = "00:05"

[policy]
allowed_links = ["kettlewren.example"]

"""

LOGIN = """\
[logins.{platform}]
platform = "{platform}"
connector = "replay"
world = "world.jsonl"

[sources.{platform}-all]
login = "{platform}"
kind = "all"
answer_since = {answer_since}
poll_seconds = 1

"""


def demo_home(given: str | None) -> Path:
    """Return the demo's own home, unless one is given."""
    return Path(given).expanduser().resolve() if given else data_folder() / "demo"


def demo_files() -> Path:
    """Return the folder of the demo's world and playbook, in a checkout or as installed."""
    checkout = HERE.parent / "examples" / "demo"
    return checkout if (checkout / "world.jsonl").exists() else HERE / "demo_files"


def make_demo_home(home: Path, now: datetime) -> None:
    """Fill an empty home with the demo's settings, playbook and world; each is whole or absent."""
    make_home(home)
    files = demo_files()
    for name in ("playbook", "world.jsonl"):
        _put(home / name, partial(_copy, files / name))
    _put(home / CONFIG_NAME, lambda draft: draft.write_text(demo_config(now), encoding="utf-8"))


def _put(path: Path, write: Callable[[Path], object]) -> None:
    """Write what is missing beside its place, then move it there: a kill leaves nothing half."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.new")
    if draft.is_dir():
        shutil.rmtree(draft)
    write(draft)
    draft.rename(path)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def demo_config(now: datetime) -> str:
    """Return the demo's byname.toml: four logins that share one world."""
    since = (now - STILL_WAITING).replace(microsecond=0).isoformat()
    return HEADER + "".join(
        LOGIN.format(platform=platform, answer_since=since) for platform in PLATFORMS
    )
