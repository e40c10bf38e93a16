"""Real servers for the tests; where they are absent the tests are skipped and say so."""

from contextlib import contextmanager

import aiohttp
import pytest
import servers
from peer import AtProto, Snac


@contextmanager
def started(serve, folder):
    try:
        with serve(folder) as told:
            yield told
    except servers.Absent as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def snac(tmp_path_factory):
    """A snac2 instance with two accounts; its address, and their passwords."""
    with started(servers.snac, tmp_path_factory.mktemp("snac")) as told:
        yield told


@pytest.fixture(scope="session")
def network(tmp_path_factory):
    """A Bluesky network; the address of its account server."""
    with started(servers.atproto, tmp_path_factory.mktemp("atproto")) as told:
        yield told


@pytest.fixture(params=["snac", "atproto"])
def address(request):
    """The real server's address and what belongs to it, one after the other."""
    if request.param == "snac":
        return Snac, request.getfixturevalue("snac")
    return AtProto, request.getfixturevalue("network")


@pytest.fixture
async def peer(address, tmp_path):
    """Two signed-in accounts on a real server: ours, and somebody who talks to us."""
    kind, told = address
    fresh = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=fresh) as human:
        one = await kind.sign_in(told, human, tmp_path)
    yield one
    await one.close()
