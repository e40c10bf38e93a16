"""When a message should be answered, and when byname may post. Pure functions, no I/O.

Limits and quiet hours delay, they never drop.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.config import Config, Policy
from bot.errors import ConfigError
from connectors.model import Budget
from nlp.model import Flag, Tags
from storage.model import Message
from storage.states import MessageState

KEPT_SHARE = 0.3  # of a login's calls is not spent on what can wait

# How much of policy.answer_within_minutes each kind gets. Order of urgency follows PRODUCT.md 1c:
# minutes lost cost most where somebody is about to leave or to buy.
SHARE_OF_PROMISE = {
    "churn": 0.25,
    "complaint": 0.5,
    "purchase": 0.5,
    "question": 1.0,
    "suggestion": 6.0,
    "praise": 6.0,
    "chatter": 6.0,
    "spam": 12.0,
}


def needs_reply(tags: Tags) -> bool:
    """Say whether a human should look at it: the model's flag, or a crisis."""
    flags = (tags.needs_reply, tags.crisis)
    return any(flag is not None and flag.value for flag in flags)


def is_foreign(tags: Tags) -> bool:
    return tags.sentiment is None


def answer_by(message: Message, tags: Tags, policy: Policy) -> datetime:
    """Return when the answer is due: when byname first saw it, plus the promise for its kind.

    Who has waited before that comes earlier, by at most half the promise: after an outage, or on a
    first start, the urgent kinds still stand before the patient ones, and in each the oldest first.
    """
    promise = timedelta(minutes=promised_minutes(tags, policy))
    waited = max(timedelta(0), message.seen_at - (message.created_at or message.seen_at))
    return message.seen_at + promise - min(waited, promise / 2)


def promised_minutes(tags: Tags, policy: Policy) -> float:
    """Return within how many minutes this kind of message is to be answered."""
    if is_crisis(tags, policy):
        return policy.crisis_within_minutes
    primary = tags.intents[0].label if tags.intents else "question"
    share = SHARE_OF_PROMISE[primary] / (2 if may_be_crisis(tags) else 1)
    return policy.answer_within_minutes * share


def is_crisis(tags: Tags, policy: Policy) -> bool:
    """Say whether a message goes before all others. The model's own flag is set for recall."""
    return may_be_crisis(tags) and _probability(tags.crisis) >= policy.crisis_at_least


def may_be_crisis(tags: Tags) -> bool:
    return tags.crisis is not None and tags.crisis.value


def _probability(flag: Flag | None) -> float:
    return flag.probability if flag is not None else 0.0


def place(
    message: Message, tags: Tags, policy: Policy
) -> tuple[MessageState, datetime | None, str]:
    """Decide where a freshly tagged message goes, by when, and say why in a few words."""
    if is_foreign(tags) and tags.language not in {"", "und"}:
        return "waiting", answer_by(message, tags, policy), f"in another language ({tags.language})"
    if needs_reply(tags):
        return "waiting", answer_by(message, tags, policy), describe(tags, policy)
    return "done", None, f"{describe(tags, policy)}: no reply needed"


def describe(tags: Tags, policy: Policy) -> str:
    """Say in a few words what a message is."""
    if is_crisis(tags, policy):
        return "crisis"
    words = [scored.label for scored in tags.intents[:2]] or ["not judged"]
    doubt = "perhaps a crisis: " if may_be_crisis(tags) else ""
    return doubt + " and ".join(words)


def may_post_at(now: datetime, quiet_hours: str, zone: ZoneInfo) -> bool:
    """Say whether now is outside the quiet hours, "22:00-07:00", which may span midnight."""
    if not quiet_hours:
        return True
    start, end = parse_hours(quiet_hours)
    local = now.astimezone(zone).time()
    inside = start <= local < end if start <= end else local >= start or local < end
    return not inside


def wait_for_budget(budget: Budget, now: datetime) -> float:
    """Return how many seconds to leave the rest of a login's calls to hearing and posting."""
    if budget.left is None or budget.resets_at is None or budget.resets_at <= now:
        return 0.0
    if budget.left >= KEPT_SHARE * (budget.limit or 100):
        return 0.0
    return (budget.resets_at - now).total_seconds()


def parse_hours(text: str) -> tuple[time, time]:
    try:
        start, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
        if start.tzinfo or end.tzinfo:
            raise ValueError(text)  # noqa: TRY301 - one mistake, one message
    except ValueError:
        raise ConfigError(f"policy.quiet_hours: write 22:00-07:00, not {text!r}") from None
    return start, end


def backoff(attempts: int, *, base: float = 2.0, cap: float = 3600.0) -> timedelta:
    """Return how long to wait before another try: 2, 4, 8 s ... one hour at most."""
    return timedelta(seconds=min(cap, base * 2 ** min(attempts, 30)))


def check_policy(config: Config) -> None:
    """Raise ConfigError for settings that contradict each other."""
    parse_hours(config.policy.quiet_hours or "00:00-00:00")
    if config.policy.settle_seconds <= config.policy.post_timeout_seconds:
        raise ConfigError(
            "policy.settle_seconds must be longer than policy.post_timeout_seconds: a reply may "
            "still become visible after its attempt timed out."
        )
