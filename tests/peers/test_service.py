"""The whole of byname on real servers: a mention comes into the queue, a human answers it, once."""

import asyncio

from home import make_home

from benchmarks.rig import client, start, until

ANSWER = "It left this morning, and we are sorry that it took so long."


async def test_a_mention_is_answered_by_the_running_service_and_read_back_once(peer, tmp_path):
    home = tmp_path / "home"
    make_home(home, peer)
    running = await start(home)
    try:
        async with client(home) as api:
            ref = await peer.say("where is my parcel?")

            async def heard():
                entries = (await api.get("queue", view="all", limit="200"))["entries"]
                return next((one for one in entries if one["message"]["ref"] == ref), None)

            entry = await until(heard, peer.patience_s, pause=0.3)
            status, told = await api.post(
                f"messages/{entry['message']['id']}/approve", request_id="journey-1", text=ANSWER
            )
            assert (status, told.get("error")) == (200, None), told

            async def sent():
                replies = (await api.get("replies", limit="50"))["replies"]
                return [one["state"] for one in replies] == ["sent"]

            await until(sent, peer.patience_s, pause=0.3)
            thread = await until(lambda: peer.replies(ref), peer.patience_s, pause=0.3)
            await asyncio.sleep(2)  # a second one would have come by now
            assert [ANSWER in one for one in thread] == [True]
            assert len(await peer.replies(ref)) == 1
    finally:
        assert await running.stop() == 0
