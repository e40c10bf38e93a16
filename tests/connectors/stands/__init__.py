"""What the contract test needs to know of a platform: one stand per connector.

A stand owns a platform in miniature with a long history of mentions, lets more of them happen, lets
the next post go wrong, and knows what the platform itself would show. Every module here with a
function `make(request, home, wall, desk)` is a platform of the contract test. Where nobody can post
by program a module says `can_post = False`: there the contract is that every post is refused.
"""

from typing import Protocol

from connectors.contract import Connector
from connectors.model import MessageRef, Source


class Stand(Protocol):
    source: Source
    history: list[str]  # the texts of all mentions so far, oldest first
    parent: MessageRef  # a mention that can be answered
    gone: MessageRef  # a mention that was deleted
    above: list[str]  # the refs above `parent`
    too_long: str

    def connect(self) -> Connector:
        """Open the login anew, as after a restart."""

    async def more(self) -> str:
        """Let one more mention happen; return its text."""

    def fail(self, fault: str) -> None:
        """Let the next post of connectors opened from now on go wrong."""

    def heal(self) -> None:
        """Let everything go well from now on."""

    def wait(self) -> None:
        """Let whatever was accepted become visible."""

    def attempts(self) -> int:
        """Return how many posts have reached the platform."""

    def shown(self, text: str) -> int:
        """Return how many replies with this text everybody can see."""
