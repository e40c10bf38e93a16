"""Two accounts on a real server: ours, through the connector, and somebody who talks to us."""

import asyncio
import contextlib
import itertools
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from connectors import bluesky, mastodon
from connectors.bluesky import sign_in as bluesky_sign_in
from connectors.contract import ConnectorError
from connectors.mastodon import sign_in as mastodon_sign_in
from connectors.model import MessageRef, Source

_numbers = itertools.count(int(time.time()) % 100_000)


def clock() -> datetime:
    return datetime.now(UTC)


@dataclass
class Drawer:
    """Secrets kept in memory."""

    values: Mapping[str, str]

    def read(self, _):
        return self.values

    def write(self, _, values):
        self.values = values

    async def refresh(self, _, renew):
        self.values = await renew(self.values)
        return self.values


@dataclass
class Desk:
    """A Setup as bot would hand it over."""

    home: Path
    platform: str
    settings: Mapping[str, object]
    secrets: Drawer
    login: str = "desk"
    clock: object = field(default=clock)


def ref_of(message) -> MessageRef:
    return MessageRef(
        message.platform, message.ref, message.root_ref, message.server_ref,
        message.author.ref, message.author.handle, message.visibility,
    )  # fmt: skip


class Snac:
    """snac2: the Mastodon API without streaming, Link headers, v2 instance and deletion."""

    source = Source("mentions", "mastodon", "mastodon", login="desk")
    has_delete = False
    patience_s = 60  # its queue is slow where others keep the machine busy

    def __init__(self, us, them, handle, *, base_url, secret) -> None:
        self.us, self.them, self.handle = us, them, handle
        self.base_url, self.secret = base_url, secret
        self._own_ids: dict[str, str] = {}

    @classmethod
    async def sign_in(cls, told, human, home):
        base, passwords = told
        made, secrets = {}, {}
        for who, password in passwords.items():
            begun = await mastodon_sign_in.begin(base, clock)
            code = await cls.enter(human, base, begun.url, who, password)
            secrets[who] = Drawer(await mastodon_sign_in.finish(begun, code, clock))
            made[who] = mastodon.connect(Desk(home, "mastodon", {"base_url": base}, secrets[who]))
        return cls(made["alice"], made["bob"], "alice", base_url=base, secret=secrets["alice"])

    @staticmethod
    async def enter(human, base, url, who, password) -> str:
        """Do what a human does: fill in the form and copy what is shown."""
        async with human.get(url) as page:
            assert page.status == 200
        asked = {key: value[0] for key, value in parse_qs(urlsplit(url).query).items()}
        form = {
            "login": who, "passwd": password, "redir": asked["redirect_uri"],
            "cid": asked["client_id"], "state": asked["state"],
        }  # fmt: skip
        async with human.post(f"{base}/oauth/x-snac-login", data=form) as answer:
            return await answer.text()

    async def say(self, text: str) -> str:
        """Let somebody mention us; return the ref of what they said."""
        told = await self.them._api.send(
            "POST", "/api/v1/statuses", {"status": f"@{self.handle} {text}"}
        )
        self._own_ids[told["uri"]] = told["id"]
        return told["uri"]

    async def replies(self, ref: str) -> list[str]:
        """Return the answers under a message, as whoever wrote it sees them."""
        told = await self.them._api.get(f"/api/v1/statuses/{self._own_ids[ref]}/context")
        return [re.sub("<[^>]+>", "", one["content"]) for one in told["descendants"]]

    async def close(self) -> None:
        await self.us.close()
        await self.them.close()


async def known_to_the_view(connector) -> None:
    """Wait until the network's view has heard of a new account: seconds on a busy machine."""
    for _ in range(240):
        with contextlib.suppress(ConnectorError):
            await connector.check()
            return
        await asyncio.sleep(0.25)
    await connector.check()


class AtProto:
    """The reference implementation of Bluesky's account server and view."""

    source = Source("mentions", "bluesky", "bluesky", login="desk")
    has_delete = True
    patience_s = 60

    def __init__(self, us, them, handle, *, their_did, base_url, secret) -> None:
        self.us, self.them, self.handle, self.their_did = us, them, handle, their_did
        self.base_url, self.secret = base_url, secret

    @classmethod
    async def sign_in(cls, base, human, home):
        names = [f"{who}{next(_numbers)}.test" for who in ("tern", "ada")]
        made, dids, secrets = [], [], []
        for name in names:
            account = {"handle": name, "email": f"{name}@mail.test", "password": "correct horse"}
            url = f"{base}/xrpc/com.atproto.server.createAccount"
            async with human.post(url, json=account) as answer:
                told = await answer.json()
            url = f"{base}/xrpc/com.atproto.server.createAppPassword"
            token = {"Authorization": f"Bearer {told['accessJwt']}"}
            async with human.post(url, json={"name": "byname"}, headers=token) as answer:
                password = (await answer.json())["password"]
            secrets.append(Drawer(await bluesky_sign_in.sign_in(base, name, password, clock)))
            made.append(bluesky.connect(Desk(home, "bluesky", {"base_url": base}, secrets[-1])))
            dids.append(told["did"])
        for one in made:
            await known_to_the_view(one)
        return cls(*made, names[0], their_did=dids[1], base_url=base, secret=secrets[0])

    async def say(self, text: str) -> str:
        """Let somebody mention us; return the ref of what they said."""
        words = f"@{self.handle} {text}"
        ours = (await self.us._api.who()).did
        facet = {
            "index": {"byteStart": 0, "byteEnd": len(f"@{self.handle}")},
            "features": [{"$type": "app.bsky.richtext.facet#mention", "did": ours}],
        }
        record = {
            "$type": "app.bsky.feed.post", "text": words, "facets": [facet],
            "createdAt": clock().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }  # fmt: skip
        body = {"repo": self.their_did, "collection": "app.bsky.feed.post", "record": record}
        return (await self.them._api.send("com.atproto.repo.createRecord", body))["uri"]

    async def replies(self, ref: str) -> list[str]:
        """Return the answers under a message, as whoever wrote it sees them."""
        told = await self.them._api.get(
            "app.bsky.feed.getPostThread", [("uri", ref), ("depth", "6")]
        )
        return [one["post"]["record"]["text"] for one in told["thread"].get("replies", ())]

    async def close(self) -> None:
        await self.us.close()
        await self.them.close()
