"""A new secret is taken while the bot runs; the whole journey is in test_connect."""

from dataclasses import dataclass

import pytest

from bot.home import FileSecrets
from bot.logins import close_all
from bot.sign_ins import SignIns


@dataclass
class Former:
    """What a login was open with, perhaps with an attempt under way."""

    is_closed: bool = False

    async def close(self) -> None:
        self.is_closed = True


@pytest.fixture
async def again(town):
    here = await town()
    secrets = FileSecrets(here.home, locks={})
    secrets.write("masto", {"access_token": "old"})
    opened = SignIns(here.desk, {"masto": Former(), "other": Former()}, secrets)
    yield opened
    await close_all(opened.connectors)


def sign_in(again, token):
    FileSecrets(again.desk.home, locks={}).write("masto", {"access_token": token})


async def test_a_login_is_opened_anew_once_per_sign_in_and_the_others_are_left_alone(again):
    rung, other = [], again.connectors["other"]
    step = again.watcher("masto", rung.append)
    assert (await step(), rung) == (1.0, [])
    sign_in(again, "new")
    for _ in range(3):
        await step()
    assert rung == ["masto"]
    assert again.connectors["other"] is other
    sign_in(again, "newer")
    await step()
    assert rung == ["masto", "masto"]


async def test_an_attempt_under_way_may_end_on_what_it_began_with(again):
    former, step = again.connectors["masto"], again.watcher("masto", lambda _: None)
    sign_in(again, "new")
    await step()
    again.desk.clock.go(seconds=again.desk.config.policy.post_timeout_seconds)
    await step()
    assert not former.is_closed
    again.desk.clock.go(seconds=again.desk.config.policy.post_timeout_seconds)
    await step()
    assert former.is_closed


async def test_stopping_closes_what_was_open_before_too(again):
    former = again.connectors["masto"]
    sign_in(again, "new")
    await again.watcher("masto", lambda _: None)()
    await again.close()
    assert former.is_closed
    assert again.connectors["masto"] is not former


async def test_what_a_connector_renewed_or_read_is_no_sign_in(again):
    rung, former = [], again.connectors["masto"]
    step = again.watcher("masto", rung.append)
    again.secrets.write("masto", {"access_token": "renewed"})
    await step()
    assert (rung, again.connectors["masto"]) == ([], former)
    sign_in(again, "new")
    again.secrets.read("masto")  # by the connector, a moment before
    await step()
    assert rung == ["masto"]


async def test_a_secret_that_went_away_leaves_the_login_open(again):
    former = again.connectors["masto"]
    (again.desk.home / "secrets" / "masto.json").unlink()
    await again.watcher("masto", lambda _: None)()
    assert again.connectors["masto"] is former
