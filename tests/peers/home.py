"""A home that listens to a real server."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

SETTINGS = """\
[brand]
name = "Tern"
[logins.desk]
platform = "{platform}"
base_url = "{base_url}"
[sources.desk-mentions]
login = "desk"
kind = "mentions"
answer_since = {since}
poll_seconds = {poll_seconds}
[policy]
undo_seconds = 0
"""


def make_home(home: Path, peer, *, poll_seconds: float = 1, more: str = "") -> None:
    (home / "playbook").mkdir(parents=True)
    (home / "secrets").mkdir(mode=0o700)
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
    settings = SETTINGS.format(
        platform=peer.source.platform,
        base_url=peer.base_url,
        since=since.replace("+00:00", "Z"),
        poll_seconds=poll_seconds,
    )
    (home / "byname.toml").write_text(settings + more, encoding="utf-8")
    secret = home / "secrets" / "desk.json"
    secret.write_text(json.dumps(dict(peer.secret.values)), encoding="utf-8")
    secret.chmod(0o600)
