"""A bot without its model starts, hears and sends, says that nothing is tagged, and recovers."""

import pytest
from digestday import usual_facts

from bot.digest.warnings import health
from bot.service import Service, steps
from bot.suggest.playbook import Playbook
from bot.tag import Reader
from bot.teach import load_reader
from bot.untagged import NoModel, has_model, note_model, untagged_because
from nlp.folder import SHIPPED
from nlp.model import NlpError


@pytest.fixture
async def blind(town, tmp_path):
    """A town whose weights are not where its settings say."""
    here = await town(nlp={"weights": str(tmp_path / "weights")})
    with pytest.raises(NlpError) as caught:
        load_reader(here.desk.config, here.home)
    here.reader = Reader(NoModel(str(caught.value)))
    await note_model(here.desk, here.reader)
    service = Service(here.desk, here.reader, Playbook({}, {}), here.connectors)
    return here, steps(service)


async def test_what_is_heard_waits_untagged_and_none_of_it_is_given_up(blind):
    here, loops = blind
    await loops["collect:all"]()
    for _ in range(5):
        for name in ("tag", "embed", "suggest"):
            assert await loops[name]() > 1
        here.wall.go(minutes=10)
    assert (await here.message()).tags is None
    work = await here.store.work_left()
    assert (work["tag"], work.get("dead", 0)) == (2, 0)


async def test_it_is_said_why_until_the_model_is_there_and_then_what_waited_is_tagged(
    blind, tmp_path
):
    here, loops = blind
    await loops["collect:all"]()
    assert str(tmp_path / "weights") in await untagged_because(here.store)
    with pytest.raises(NlpError):
        await loops["model"]()
    (tmp_path / "weights").symlink_to(SHIPPED)
    await loops["model"]()
    assert has_model(here.reader)
    assert await untagged_because(here.store) == ""
    await loops["tag"]()
    assert (await here.message()).tags is not None


def test_the_digest_says_so():
    lines = [one.text for one in health(usual_facts(untagged_because="weights are missing"))]
    assert "Nothing is tagged or suggested: weights are missing" in lines
