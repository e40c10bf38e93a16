"""Real servers on this machine, each on a free port of 127.0.0.1, its state in a folder given.

Set up by `.ci/peers`; one that is missing raises Absent, which says what to do. They are stopped by
their own process ids when their block ends.
"""

import json
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
PEERS = Path(os.environ.get("BYNAME_PEERS") or CACHE / "byname" / "peers")


class Absent(Exception):
    """A server that is not set up here."""


class DidNotStart(Exception):
    """A server that is set up and does not start."""


def there(path: str) -> Path:
    found = PEERS / path
    if not found.exists():
        raise Absent(f"no {found}: `.ci/peers` sets the real servers up")
    return found


def free_port(count: int = 1) -> int:
    """Return the first of so many ports in a row that nobody uses."""
    while True:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        if all(_is_free(port + more) for more in range(1, count)):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


@contextmanager
def running(command: list[str], **options) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def wait_for(port: int, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while _is_free(port):
        if time.monotonic() > until:
            raise DidNotStart(f"nothing listens on port {port} after {seconds} s")
        time.sleep(0.05)


@contextmanager
def snac(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A snac2 instance with two accounts; its address, and their passwords."""
    program = str(there("snac/usr/bin/snac"))
    data, port = folder / "snac", free_port()
    answers = f"127.0.0.1\n{port}\nlocalhost:{port}\n\n\n"
    subprocess.run([program, "init", data], input=answers, text=True, check=True,
                   capture_output=True)  # fmt: skip
    settings = data / "server.json"
    settings.write_text(settings.read_text().replace('"https"', '"http"'))
    passwords = {who: _add(program, data, who) for who in ("alice", "bob")}
    with running([program, "httpd", str(data)]):
        wait_for(port)
        yield f"http://localhost:{port}", passwords


def _add(program: str, folder: Path, who: str) -> str:
    made = subprocess.run([program, "adduser", folder, who], text=True, check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)  # fmt: skip
    told = next(one for one in made.stdout.splitlines() if one.startswith("User password is"))
    return told.removeprefix("User password is").strip()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A database server of our own, run by somebody who is not root."""
    programs = [Path(one).parent for one in (shutil.which("initdb"),) if one]
    programs += [one.parent for one in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not programs:
        raise Absent("PostgreSQL's server programs are not installed: `.ci/peers` installs them")
    folder, port = folder / "postgres", free_port()
    folder.mkdir()
    who = _somebody(folder)
    data = folder / "data"
    subprocess.run([programs[0] / "initdb", "-D", data, "-A", "trust", "-U", "postgres"],
                   check=True, capture_output=True, **who)  # fmt: skip
    command = [str(programs[0] / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder),
               "-c", "fsync=off"]  # fmt: skip
    with running(command, **who):
        wait_for(port)
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"


def _somebody(folder: Path) -> dict[str, object]:
    """Say as whom to run: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    for one in (folder, *folder.parents):
        if one == Path("/tmp") or len(one.parts) < 3:
            break
        one.chmod(one.stat().st_mode | 0o011)
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "cwd": folder}


@contextmanager
def atproto(folder: Path) -> Iterator[str]:
    """A Bluesky network; the address of its account server."""
    there("bluesky/ready")
    net, code = PEERS / "bluesky", ROOT / "tests" / "peers" / "network"
    for one in ("atnet.mjs", "loopback.mjs"):
        shutil.copy(code / one, net / one)  # modules are found from where a script stands
    command = [str(net / "bin" / "node"), "--import", "./loopback.mjs", "atnet.mjs"]
    with postgres(folder) as database:
        environment = {**os.environ, "ATNET_PORT": str(free_port(3)), "DB_POSTGRES_URL": database}
        with running(command, cwd=net, env=environment) as process:
            line = next((one for one in process.stdout if one.startswith(b'{"ready"')), None)
            if line is None:
                raise DidNotStart("the network did not start")
            yield json.loads(line)["pds"]
