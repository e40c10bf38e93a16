"""The running bot: its loops one by one, and all at once until it is stopped."""

import asyncio
import socket
import stat
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bot.errors import ConfigError, InUse
from bot.service import first_admin, run, serving, serving_socket, start, steps
from connectors.contract import AuthFailed, Unavailable
from storage.model import QueueFilter

WITHIN = 20


async def until(condition):
    """Look until something true comes back; give others their turn in between."""
    async with asyncio.timeout(WITHIN):
        while not (found := await condition()):  # noqa: ASYNC110 - it looks from outside
            await asyncio.sleep(0.005)
    return found


@pytest.fixture
def serve(town):
    """Open a town and the service that would run in it."""

    async def make(*rows, **tables):
        here = await town(*rows, **tables)
        service = await start(here.desk, here.reader)
        here.connectors |= {f"again:{k}": v for k, v in service.connectors.items()}
        return here, service

    return make


@asynccontextmanager
async def running(service):
    task = asyncio.create_task(run(service))
    yield task
    stop(service)
    async with asyncio.timeout(WITHIN):
        await task


def stop(service):
    service.stopping.set()
    for bell in service.bells.values():
        bell.ring()


async def test_there_is_a_loop_for_every_source_login_and_stage(serve):
    _, service = await serve()
    assert set(steps(service)) >= {
        *("collect:all", "send:masto", "tag", "embed", "suggest", "reconcile"),
        *("housekeeping", "digest"),
    }


async def test_while_it_runs_a_mention_is_heard_tagged_suggested_sent_and_remembered(serve):
    here, service = await serve(policy={"undo_seconds": 0})
    async with running(service):

        async def waits():
            return await here.store.queue(QueueFilter(), here.wall())

        entries = await until(waits)
        assert entries[0].suggestion is not None
        here.wall.go(seconds=1)
        reply = await here.approve()

        async def is_sent():
            return (await here.reply(reply)).state == "sent"

        await until(is_sent)

        async def is_remembered():
            return await here.store.vectors("answered", "glossary-1")

        await until(is_remembered)
    assert len(here.ledger()) == 1


async def test_stopping_waits_for_the_post_that_is_under_way(serve):  # [6]
    slow = {"fault": "slow", "attempts": [1], "wait_s": 0.3}
    here, service = await serve(faults=[slow], policy={"undo_seconds": 0})
    reply = await here.approve()
    async with running(service):

        async def is_leaving():
            return (await here.reply(reply)).state == "sending"

        await until(is_leaving)
        stop(service)
    assert (await here.reply(reply)).state == "sent"
    assert len(here.ledger()) == 1


async def test_a_start_makes_unfinished_attempts_uncertain(serve):  # [2]
    here, service = await serve()
    reply = await here.approve()
    now = here.wall()
    await here.store.claim_reply("masto", "dead", now, now.replace(year=2027))
    await start(here.desk, service.reader)
    assert (await here.reply(reply)).state == "unknown"


async def test_settings_that_contradict_each_other_stop_the_start(serve):
    with pytest.raises(ConfigError, match="settle_seconds"):
        await serve(policy={"settle_seconds": 1})


async def test_a_source_that_fails_is_noted_and_retried(serve):
    cut = {"fault": "cut", "operation": "pages", "attempts": [1]}
    here, service = await serve(faults=[cut])
    step = steps(service)["collect:all"]
    with pytest.raises(Unavailable):
        await step()
    (state,) = await here.store.source_states()
    assert state.error == "replay: the connection was cut"
    assert await step() == 15
    (state,) = await here.store.source_states()
    assert (state.error, state.messages) == ("", 2)


async def test_a_login_that_is_revoked_stops_the_sender_and_keeps_the_reply(serve):
    here, service = await serve(faults=[{"fault": "auth_failed", "attempts": [1]}])
    reply = await here.approve()
    with pytest.raises(AuthFailed):
        await steps(service)["send:masto"]()
    assert (await here.reply(reply)).state == "approved"


async def test_a_login_that_was_refused_for_a_moment_goes_on_when_it_is_accepted(serve):
    rule = {"fault": "auth_failed", "operation": "pages", "attempts": [1]}
    here, service = await serve(faults=[rule])
    async with running(service):

        async def heard():
            return await here.store.find_message("mastodon", "ask")

        async def is_refused():
            states = await here.store.source_states()
            return states and "signed out" in states[0].error

        await until(is_refused)
        assert not await heard()
        service.ring_for("masto")
        await until(heard)


async def test_a_login_that_was_told_to_wait_keeps_quiet_for_everybody(serve):  # [15]
    limited = {"fault": "rate_limited", "messages": ["ask"], "attempts": [1], "until_s": 90}
    here, service = await serve(faults=[limited])
    await here.approve()
    await here.approve("ask-too", text="Yes.")
    send = steps(service)["send:masto"]
    assert await send() == 90
    here.wall.go(seconds=90)
    assert [await send(), await send(), await send()] == [0.0, 0.0, 0.5]
    assert len(here.ledger()) == 2


async def test_quiet_hours_delay_and_never_drop(serve):
    here, service = await serve(policy={"quiet_hours": "11:00-13:00"})
    reply = await here.approve()
    send = steps(service)["send:masto"]
    assert await send() == 30
    here.wall.go(hours=1)
    await send()
    assert (await here.reply(reply)).state == "sent"


async def test_a_limit_of_posts_delays_and_never_drops(serve):
    here, service = await serve(policy={"max_posts_per_hour": 1})
    await here.approve()
    second = await here.approve("ask-too", text="Yes.")
    send = steps(service)["send:masto"]
    assert [await send(), await send()] == [0.0, 5.0]
    assert (await here.reply(second)).state == "approved"


async def test_a_platform_that_does_not_answer_keeps_nobody_elses_reply_from_being_found(serve):
    """[24] The look-up for one reply fails for ever, the other one is found all the same."""
    silent = {"fault": "auth_failed", "operation": "find_reply", "messages": ["ask"]}
    cut = {"fault": "cut", "probability": 1.0}
    here, service = await serve(faults=[silent, cut])
    first = await here.approve()
    second = await here.approve("ask-too", text="Yes.")
    assert [(await here.send()).state, (await here.send()).state] == ["unknown", "unknown"]
    here.wall.go(seconds=1)
    assert await steps(service)["reconcile"]() > 0
    assert (await here.reply(first)).state == "unknown"
    assert (await here.reply(second)).state == "sent"


async def test_what_was_snoozed_is_woken(serve):
    here, service = await serve()
    await here.hear_and_tag()
    message, until_at = await here.message(), here.wall().replace(hour=13)
    await here.store.decide(
        "snoozed", message.id, here.admin.id, here.wall(), request_id="r1", until=until_at
    )
    here.wall.go(hours=1)
    await steps(service)["housekeeping"]()
    assert (await here.message()).state == "waiting"


async def test_the_first_admin_is_made_once(town):
    here = await town()
    assert (await first_admin(here.desk)).id == here.admin.id
    await here.store.set_reviewer(here.admin.id, here.wall(), disabled=True)
    made = await first_admin(here.desk)
    assert (made.role, made.id != here.admin.id) == ("admin", True)
    assert (await first_admin(here.desk)).id == made.id


async def test_a_port_that_is_taken_says_so():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InUse, match=rf"127\.0\.0\.1:{port} cannot be opened"):
            async with serving(web.Application(), "127.0.0.1", port):
                pass


async def test_port_zero_takes_a_free_one():
    async with serving(web.Application(), "127.0.0.1", 0) as port:
        assert port > 0


async def test_the_socket_is_for_this_user_only_and_goes_with_the_service(tmp_path):
    (tmp_path / "run.sock").write_text("left by a crash")
    async with serving_socket(web.Application(), tmp_path) as path:
        mode = path.stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
    assert not path.exists()


async def test_a_home_whose_path_is_too_long_for_a_socket_is_said_to_be_so(tmp_path):
    deep = tmp_path / ("a" * 100) / ("b" * 60)
    deep.mkdir(parents=True)
    with pytest.raises(ConfigError, match="shorter --home"):
        async with serving_socket(web.Application(), deep):
            pass
