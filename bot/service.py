"""The running bot: one TaskGroup of supervised loops, the web server, the socket, the signals.

The composition root: the only place that knows every part. Nothing here decides anything about a
message; each loop only repeats a step of another module.
"""

import asyncio
import contextlib
import importlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from bot.collect import collect
from bot.desk import Desk
from bot.errors import ConfigError, InUse
from bot.home import SOCKET_NAME, FileSecrets
from bot.logins import build_connectors, close_all, connector_name
from bot.outbox import reconcile, send_next
from bot.permits import Permits
from bot.policy import check_policy, may_post_at
from bot.rounds import Gone, rounds
from bot.sign_ins import SignIns
from bot.standing import trouble
from bot.suggest.playbook import Playbook, read_playbook
from bot.suggest.suggest import learn_playbook, suggest_some
from bot.supervise import Bell, Step, run_forever
from bot.tag import Reader, embed_some, tag_some
from connectors.contract import AuthFailed, Connector, ConnectorError
from storage.model import Reply, Reviewer, Taken

if TYPE_CHECKING:
    from aiohttp import web

log = structlog.get_logger()
STOP_SECONDS = 25.0


@dataclass(slots=True)
class Service:
    """The parts of one running bot. Mutable: it remembers what it has started."""

    desk: Desk
    reader: Reader
    playbook: Playbook
    connectors: dict[str, Connector]
    sign_ins: SignIns | None = None
    gone: Gone = field(default_factory=Gone)
    owner: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    bells: dict[str, Bell] = field(default_factory=dict)

    def bell(self, name: str) -> Bell:
        return self.bells.setdefault(name, Bell())

    def ring_for(self, login: str) -> None:
        """Ring for all that a login does, as far as it stands still."""
        tables = self.desk.config.sources.items()
        loops = [f"collect:{name}" for name, table in tables if table.login == login]
        for loop in (*loops, *(f"{stage}:{login}" for stage in ("send", "recheck", "login"))):
            self.bell(loop).ring()


async def start(desk: Desk, reader: Reader) -> Service:
    """Make everything ready: settings checked, playbook read, leases of a dead run lost."""
    check_policy(desk.config)
    playbook = read_playbook(desk.home / desk.config.suggest.playbook)
    lost = await desk.store.lose_leases(desk.clock(), all_owners=True)
    if lost:
        log.warning("replies of an interrupted run are uncertain and will be looked up", count=lost)
    secrets = FileSecrets(desk.home, locks={})
    connectors: dict[str, Connector] = {}
    again = SignIns(desk, connectors, secrets)  # from here on it notices
    connectors.update(build_connectors(desk, secrets))
    permits = Permits(desk.store, connectors.get, desk.clock)
    return Service(replace(desk, permits=permits), reader, playbook, connectors, again)


async def first_admin(desk: Desk) -> Reviewer:
    """Return whoever may do everything here; make one in a home that has nobody yet."""
    people = await desk.store.reviewers()
    admin = next((p for p in people if p.role == "admin" and not p.disabled_at), None)
    return admin or await desk.store.add_reviewer("admin", "admin", desk.clock())


async def run(service: Service) -> None:
    """Run all loops until stopped; an attempt that is under way may finish first."""
    try:
        async with asyncio.TaskGroup() as group:
            loops = [
                group.create_task(
                    run_forever(name, step, service.bell(name), service.stopping), name=name
                )
                for name, step in steps(service).items()
            ]
            await service.stopping.wait()
            await _let_senders_finish(loops)
            for loop in loops:
                loop.cancel()
    finally:
        await close_all(service.connectors)
        if service.sign_ins is not None:
            await service.sign_ins.close()


def steps(service: Service) -> dict[str, Step]:
    """Return every loop of the service by name: the list of what byname does all day."""
    loops = {f"collect:{name}": _collector(service, name) for name in service.desk.config.sources}
    loops |= {f"send:{login}": _sender(service, login) for login in service.desk.config.logins}
    loops |= rounds(service.desk, service.connectors, service.gone, service.ring_for)
    loops |= _sign_ins(service)
    return loops | {
        "tag": _tagger(service),
        "embed": _embedder(service),
        "suggest": _suggester(service),
        "reconcile": _reconciler(service),
        "housekeeping": _housekeeper(service),
        "digest": _digester(service),
        "learn": _learner(service),
    }


def _collector(service: Service, name: str) -> Step:
    desk, through = service.desk, connector_name(service.desk.config, name)
    source = replace(desk.config.source(name), may_stream=True)

    def heard(taken: Taken) -> None:
        service.gone.note(taken.deleted)
        if taken.added or taken.edited:
            service.bell("tag").ring()

    async def step() -> float:
        try:
            await collect(desk, service.connectors[through], source, heard=heard)
        except Exception as error:
            await desk.store.note_source(name, desk.clock(), error=trouble(desk, name, error))
            _tell_refusal(service, desk.config.sources[name].login, error)
            raise
        return desk.config.sources[name].poll_seconds

    return step


def _tell_refusal(service: Service, login: str | None, error: Exception) -> None:
    """Let a login that was refused be looked at now: page and digest need not wait for its turn."""
    if login and isinstance(error, AuthFailed):
        service.bell(f"login:{login}").ring()


def _sign_ins(service: Service) -> dict[str, Step]:
    """Return a loop per login that takes its new secret and rings for everything it stopped."""
    if service.sign_ins is None:
        return {}
    return {
        f"secret:{login}": service.sign_ins.watcher(login, service.ring_for)
        for login in service.desk.config.logins
    }


def _tagger(service: Service) -> Step:
    async def step() -> float:
        if await tag_some(service.desk, service.reader, service.owner):
            service.bell("suggest").ring()
            return 0.0
        return 1.0

    return step


def _embedder(service: Service) -> Step:
    async def step() -> float:
        done = await embed_some(service.desk, service.reader, service.owner)
        return 0.0 if done else 2.0

    return step


def _suggester(service: Service) -> Step:
    learned = asyncio.Event()  # a first start takes a second or two: not before ready

    async def step() -> float:
        if not learned.is_set():
            await learn_playbook(service.desk, service.reader, service.playbook)
            learned.set()
        done = await suggest_some(service.desk, service.reader, service.playbook, service.owner)
        return 0.0 if done else 1.0

    return step


def _sender(service: Service, login: str) -> Step:
    desk, policy = service.desk, service.desk.config.policy
    spacing = 3600.0 / policy.max_posts_per_hour
    burst = _Bucket(policy.max_posts_per_hour, spacing, asyncio.get_event_loop().time)

    async def step() -> float:
        if not may_post_at(desk.clock(), policy.quiet_hours, desk.config.zone):
            return 30.0
        if burst.is_empty():
            return 5.0
        try:
            reply = await send_next(desk, service.connectors[login], login, service.owner)
        except AuthFailed as error:
            _tell_refusal(service, login, error)
            raise
        if reply is None:
            return 0.5
        burst.take()
        return _until(reply.not_before, desk.clock())

    return step


def _until(not_before: datetime | None, now: datetime) -> float:
    """Say how long a login keeps quiet: who was told to wait asks for nobody else meanwhile."""
    return 0.0 if not_before is None else max(0.0, (not_before - now).total_seconds())


def _reconciler(service: Service) -> Step:
    desk = service.desk

    async def step() -> float:
        await desk.store.lose_leases(desk.clock())
        for reply in await desk.store.replies("unknown"):
            connector = service.connectors.get(reply.login)
            if connector is not None:
                await _look(desk, connector, reply)
        return min(5.0, desk.config.policy.lookup_gap_seconds / 2)

    return step


async def _look(desk: Desk, connector: Connector, reply: Reply) -> None:
    """Look for one reply; a platform that does not answer keeps nobody else's from being found."""
    try:
        await reconcile(desk, connector, reply)
    except ConnectorError as error:
        log.warning("look-up failed", reply_id=reply.id, login=reply.login, error=str(error))


def _housekeeper(service: Service) -> Step:
    desk = service.desk

    async def step() -> float:
        if await desk.store.wake_snoozed(desk.clock()):
            desk.hub.tell("queue")
        return 10.0

    return step


def _digester(service: Service) -> Step:
    async def step() -> float:
        schedule = await asyncio.to_thread(importlib.import_module, "bot.digest.schedule")
        await schedule.send_due(service.desk)  # charts: 0.4 s to load, not on the loop
        return 30.0

    return step


def _learner(service: Service) -> Step:
    """Learn at night: in the hour before the digest, when corrections came in since."""
    from bot.teach import learn_if_due, load_reader  # noqa: PLC0415 - once a day

    desk, at = service.desk, service.desk.config.digest.at

    async def step() -> float:
        local = desk.clock().astimezone(desk.config.zone)
        if local.hour != (at.hour - 1) % 24:
            return 600.0
        learning = await learn_if_due(desk)
        if learning is not None and learning.adopted:
            service.reader.tagger = load_reader(desk.config, desk.home).tagger
            log.info("learned", corrections=learning.corrections)
        return 3600.0

    return step


class _Bucket:
    """So many posts at once, refilled one by one: a limit that delays and never drops."""

    def __init__(self, size: int, seconds_each: float, time: Callable[[], float]) -> None:
        self._left, self._size = float(size), size
        self._rate, self._time, self._at = 1.0 / seconds_each, time, time()

    def is_empty(self) -> bool:
        now = self._time()
        self._left = min(self._size, self._left + (now - self._at) * self._rate)
        self._at = now
        return self._left < 1

    def take(self) -> None:
        self._left -= 1


async def _let_senders_finish(loops: list[asyncio.Task[None]]) -> None:
    """Give attempts under way their time: a cut one would have to be looked up."""
    senders = [loop for loop in loops if loop.get_name().startswith("send:")]
    if senders:
        await asyncio.wait(senders, timeout=STOP_SECONDS)


def stop_on_signals(service: Service) -> None:
    """First SIGTERM or SIGINT: stop in order. Second: at once."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if service.stopping.is_set():
            os._exit(130)
        service.stopping.set()
        for bell in service.bells.values():
            bell.ring()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


@contextlib.asynccontextmanager
async def serving(app: "web.Application", host: str, port: int) -> AsyncIterator[int]:
    """Serve the pages; yields the port. Raises InUse when it is taken."""
    from aiohttp import web  # noqa: PLC0415 - 1.4 s that commands without a server do not need

    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise InUse(
            f"{host}:{port} cannot be opened ({error.strerror}). "
            f"Stop the other program, or choose another one with --port."
        ) from None
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def serving_socket(app: "web.Application", home: Path) -> AsyncIterator[Path]:
    """Serve the JSON API to commands of this user, on <home>/run.sock (0600)."""
    from aiohttp import web  # noqa: PLC0415

    path = home / SOCKET_NAME
    path.unlink(missing_ok=True)  # we hold the home's lock: whoever made it is gone
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    before = os.umask(0o177)
    try:
        await web.UnixSite(runner, str(path)).start()
    except OSError as error:
        await runner.cleanup()
        raise ConfigError(
            f"{path} cannot be opened ({error}). The path of a socket holds about 100 bytes: "
            f"choose a shorter --home."
        ) from None
    finally:
        os.umask(before)
    try:
        yield path
    finally:
        await runner.cleanup()
        path.unlink(missing_ok=True)


LINK_LIFE = timedelta(hours=12)
