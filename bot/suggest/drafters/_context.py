"""What every drafter is given: one message, its meaning, and what is known around it."""

from dataclasses import dataclass

from bot.config import Config
from bot.suggest.playbook import Playbook
from nlp.model import Vector
from storage.model import Message


@dataclass(frozen=True, slots=True)
class Context:
    message: Message
    vector: Vector
    thread: tuple[Message, ...]
    playbook: Playbook
    config: Config

    @property
    def intents(self) -> frozenset[str]:
        tags = self.message.tags
        return frozenset(scored.label for scored in tags.intents) if tags else frozenset()

    @property
    def is_crisis(self) -> bool:
        tags = self.message.tags
        return bool(tags and tags.crisis and tags.crisis.value)
