"""The rounds: each step of them, taken once, over a replayed world."""

from bot.rounds import ABOVE_S, NEXT_BATCH_S, RECHECK_S, STANDING_S, Gone, rounds
from bot.service import Service, steps
from bot.standing import standings
from bot.suggest.playbook import Playbook
from connectors.contract import AuthFailed, Rejected
from connectors.model import Budget

LATER_GONE = {"type": "delete", "ref": "ask", "at": "+1h"}


async def test_every_connector_has_loops_of_its_own(town):
    here = await town()
    loops = rounds(here.desk, here.connectors, Gone())
    assert set(loops) == {"recheck:masto", "login:masto", "above", "forget"}


async def test_the_service_runs_them(town, reader):
    here = await town()
    service = Service(here.desk, reader, Playbook({}, {}), here.connectors)
    assert {"recheck:masto", "login:masto", "above", "forget"} <= set(steps(service))


async def test_a_round_of_rechecks_goes_on_while_there_is_something_due(town, rows):
    here = await town(*rows, LATER_GONE)
    await here.hear_and_tag()
    gone = Gone()
    gone.is_so = False
    step = rounds(here.desk, here.connectors, gone)["recheck:masto"]
    assert await step() == RECHECK_S
    here.wall.go(hours=25)
    assert await step() == NEXT_BATCH_S
    assert gone.is_so
    assert await step() == RECHECK_S


class Spent:
    """Has hardly any calls left."""

    def __init__(self, until):
        self.until = until

    async def budget(self):
        return Budget(3, 300, self.until)

    async def recheck(self, _):
        raise AssertionError("the rest is for hearing and posting")


async def test_rechecks_wait_where_the_budget_is_nearly_spent(town, rows):
    from datetime import timedelta

    here = await town(*rows)
    await here.hear_and_tag()
    here.wall.go(hours=25)
    spent = Spent(here.wall() + timedelta(seconds=90))
    assert await rounds(here.desk, {"masto": spent}, Gone())["recheck:masto"]() == 90


async def test_how_a_login_stands_is_looked_up(town):
    here = await town()
    assert await rounds(here.desk, here.connectors, Gone())["login:masto"]() == STANDING_S
    assert "@tern" in (await standings(here.desk))["masto"].who


class Broken:
    async def check(self):
        raise Rejected("an odd answer")


async def test_a_login_that_answers_oddly_is_an_answer_too(town):
    here = await town()
    await rounds(here.desk, here.connectors | {"masto": Broken()}, Gone())["login:masto"]()
    seen = (await standings(here.desk))["masto"]
    assert (seen.ok, seen.says, seen.is_signed_out) == (False, "an odd answer", False)


class Refusing:
    async def check(self):
        raise AuthFailed("401")


async def test_a_login_that_is_accepted_again_by_itself_is_told_once(town):
    here, back = await town(), []
    told = dict(here.connectors)
    step = rounds(here.desk, told, Gone(), back.append)["login:masto"]
    for connector in (here.connector, Refusing(), Broken(), here.connector, here.connector):
        told["masto"] = connector
        await step()
    assert back == ["masto"]


async def test_looking_for_what_stands_above_has_its_round(town):
    here = await town()
    await here.hear_and_tag()
    assert await rounds(here.desk, here.connectors, Gone())["above"]() == ABOVE_S
