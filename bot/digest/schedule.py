"""When a digest is due: once per local date, across clock changes and restarts.

A local time that the clock skips happens as much later as the gap is long; one that happens twice
counts the first time (RFC 5545, 3.3.5). Nothing here sleeps: the service asks again and again.
"""

import asyncio
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import structlog

from bot.desk import Desk
from bot.digest.build import build
from bot.digest.files import digest_folder, write_files
from bot.digest.forget import forget_gone
from bot.digest.mail import compose_mail, send_mail
from bot.digest.page import DigestPage
from bot.errors import BotError
from bot.home import FileSecrets

log = structlog.get_logger(__name__)
PATIENCE = timedelta(hours=2)
RETRY = timedelta(minutes=15)
TRIED = "digest_failed_at"
SECRET = "smtp"  # noqa: S105 - the name of a secret, not one


def moment(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the UTC moment of a local time of day, by RFC 5545."""
    return datetime.combine(day, at.replace(tzinfo=None, fold=0), zone).astimezone(UTC)


def next_run(now: datetime, at: time, zone: tzinfo) -> datetime:
    """Return the next moment a digest is due, after `now`."""
    day = now.astimezone(zone).date() - timedelta(days=1)
    while True:
        due_at = moment(day, at, zone)
        if due_at > now and due_at.astimezone(zone).date() == day:
            return due_at
        day += timedelta(days=1)


def day_due(now: datetime, at: time, zone: tzinfo) -> date:
    """Return the newest day whose digest should be out by now: yesterday, from `at` on."""
    today = now.astimezone(zone).date()
    back = 1 if now >= moment(today, at, zone) else 2
    return today - timedelta(days=back)


def due(now: datetime, at: time, zone: tzinfo, last: date | None) -> date | None:
    """Return the day to build a digest for, or None: it is out, or it is too early.

    After days of standing still only the newest digest is made up for. With no digest ever
    (`last` None) the first one is due at the first `at` that passes.
    """
    day = day_due(now, at, zone)
    return day if last is None or day > last else None


async def send_due(desk: Desk) -> date | None:
    """Build, write and send the digest that is due; return its day, or None when none is.

    The store hands out each day once, before anything leaves: a crash between can lose a mail,
    never double it. Without recipients the digest is only written to the home.
    """
    at, zone, now = desk.config.digest.at, desk.config.zone, desk.clock()
    day = day_due(now, at, zone)
    if await _is_resting(desk, now) or not await _is_ready(desk, day, now):
        return None
    if not await desk.store.claim_digest(day, now):
        return None
    error = ""
    await forget_gone(desk)
    try:
        await send_digest(desk, await build(desk, day))
    except (BotError, OSError) as problem:
        error = str(problem)
    await desk.store.digest_sent(day, desk.clock(), error=error)
    if error:
        await desk.store.put_setting(TRIED, now.isoformat(), "digest", now)
        log.warning("digest not sent", day=day.isoformat(), error=error)
    else:
        log.info("digest sent", day=day.isoformat(), to=len(desk.config.digest.to))
    return day


async def _is_resting(desk: Desk, now: datetime) -> bool:
    """Say whether the last attempt failed a moment ago: a server that is down is not hammered."""
    tried = await desk.store.get_setting(TRIED)
    return tried is not None and now < datetime.fromisoformat(tried) + RETRY


async def _is_ready(desk: Desk, day: date, now: datetime) -> bool:
    """Say whether there is anything to tell of that day, and it is understood by now.

    Messages that still wait for the model make a digest wait too, for two hours at most.
    """
    first = await desk.store.first_day(desk.config.brand.time_zone)
    if first is None or day < first:
        return False
    if not (await desk.store.work_left()).get("tag"):
        return True
    next_day = day + timedelta(days=1)
    return now >= moment(next_day, desk.config.digest.at, desk.config.zone) + PATIENCE


async def send_digest(desk: Desk, page: DigestPage) -> None:
    """Write the files, then mail the page where recipients are named. Raises what must be done."""
    await asyncio.to_thread(write_files, page, digest_folder(desk.home))
    settings = desk.config.digest
    if settings.to:
        mail = await asyncio.to_thread(compose_mail, page, settings.smtp.sender, settings.to)
        await send_mail(mail, settings.smtp, read_password(desk))


def read_password(desk: Desk) -> str | None:
    """Return the secret `smtp`, or None when no sign-in is wanted. Raises ConfigError."""
    if not desk.config.digest.smtp.user:
        return None
    return FileSecrets(desk.home, {}).read(SECRET).get("password", "")
