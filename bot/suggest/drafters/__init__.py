"""Where drafts come from, in order of trust: playbook, memory, a language model."""

from bot.config import Config


def drafters_for(config: Config, platform: str) -> tuple[str, ...]:
    """Name the drafters that may speak on a platform, in order of trust.

    A language model only where the platform's rules, or its written approval, allow it.
    """
    memory = ("memory",) if config.suggest.memory else ()
    model = ("model",) if config.rules(platform).may_generate else ()
    return ("playbook", *memory, *model)
