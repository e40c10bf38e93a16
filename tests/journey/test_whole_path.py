"""From a mention to a posted reply and their answer, over restarts and kills, with the real model.

The service is a process of its own; everything is asked of it over its socket, or of the world's
own file. Nothing sleeps: every wait is for a condition.
"""

import re

import aiohttp

from benchmarks.rig import until

WITHIN = 60


async def suggested(api):
    """Return what waits with a suggestion, once everything that came is understood."""

    async def all_is_read():
        work = (await api.get("sources"))["work"]
        entries = (await api.get("queue", limit="200"))["entries"]
        ready = [one for one in entries if one["suggestion"] and one["suggestion"]["options"]]
        return ready if ready and not (work["tag"] or work["suggest"]) else None

    return await until(all_is_read, WITHIN)


async def approve(api, entry, request="journey-1"):
    message, suggestion = entry["message"], entry["suggestion"]
    option = suggestion["options"][0]
    return await api.post(
        f"messages/{message['id']}/approve",
        request_id=f"{request}-{message['id']}",
        text=option["text"],
        suggestion_id=suggestion["id"],
        suggestion_version=suggestion["version"],
        option=option["number"],
        shown_hash=option["hash"],
    )


async def settled(api, many):
    """Wait until so many replies are sent and none is on its way."""

    async def look():
        replies = (await api.get("replies", limit="200"))["replies"]
        return len(replies) == many and {one["state"] for one in replies} == {"sent"}

    await until(look, WITHIN)


async def everything_heard(api):
    found = await api.get("queue", view="all", limit="200")
    return [one["message"]["ref"] for one in found["entries"]]


async def test_a_mention_is_answered_and_the_person_answers_back(journey, scripted):
    running = await journey.start()
    (link,) = re.findall(r"http://127\.0\.0\.1:\d+/sign-in\?token=\S+", "\n".join(running.lines))
    async with aiohttp.ClientSession() as browser, browser.get(link) as page:
        assert page.status == 200
    async with journey.api() as api:
        ready = await suggested(api)
        entry = next(one for one in ready if one["message"]["ref"] in scripted)
        status, answer = await approve(api, entry)
        assert (status, answer["reply"]["state"]) == (200, "approved")

        async def they_answer():
            path = f"messages/{entry['message']['id']}/thread"
            said = (await api.get(path))["messages"]
            texts = [(one["direction"], one["text"]) for one in said]
            wanted = {("out", answer["reply"]["text"]), ("in", scripted[entry["message"]["ref"]])}
            return wanted <= set(texts)

        await until(they_answer, WITHIN)
        (posted,) = journey.ledger()
        assert (posted["parent"], posted["text"]) == (
            entry["message"]["ref"],
            answer["reply"]["text"],
        )
        status, again = await approve(api, entry)
        assert (status, again["reply"]["id"]) == (200, answer["reply"]["id"])
    assert await journey.stop() == 0


async def test_a_restart_neither_doubles_nor_forgets(journey):
    await journey.start()
    async with journey.api() as api:
        for entry in (await suggested(api))[:3]:
            assert (await approve(api, entry))[0] == 200
        await settled(api, 3)
        before = await everything_heard(api)
        await api.post("brake", on=True, reason="over night")
    assert await journey.stop() == 0
    await journey.start()
    async with journey.api() as api:
        await suggested(api)
        after = await everything_heard(api)
        assert len(after) == len(set(after))
        assert set(before) <= set(after) or len(after) == 200
        assert (await api.get("brakes"))["brakes"][0]["reason"] == "over night"
        await settled(api, 3)
    assert len(journey.ledger()) == 3
    assert await journey.stop() == 0


async def test_killed_in_the_middle_every_approved_reply_is_posted_once(journey):
    await journey.start()
    approved = {}
    async with journey.api() as api:
        for entry in (await suggested(api))[:6]:
            status, answer = await approve(api, entry)
            if status == 200:  # two people may wait in one conversation
                approved[entry["message"]["ref"]] = answer["reply"]["text"]

        async def one_has_left():
            return journey.ledger("attempt")

        await until(one_has_left, WITHIN, pause=0.001)
        await journey.kill()
    await journey.start()
    async with journey.api() as api:
        await settled(api, len(approved))
    assert {row["parent"]: row["text"] for row in journey.ledger()} == approved
    assert len(journey.ledger()) == len(approved)
    assert await journey.stop() == 0
