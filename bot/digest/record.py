"""What byname proposed, what people made of it, and what left the house."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from bot.digest.page import Record
from bot.digest.words import count, duration, percent, sentence
from bot.measures.shares import wilson
from storage.model import DayNumbers, Decision


def record(numbers: DayNumbers, decisions: Sequence[Decision]) -> Record:
    """Put the day's suggestions, decisions and replies together."""
    reasons = Counter(one.reason for one in decisions if one.kind == "rejected" and one.reason)
    seconds = [one.seconds for one in decisions if one.seconds is not None]
    edits = [
        one.edit_distance
        for one in decisions
        if one.kind == "edited" and one.edit_distance is not None
    ]
    return Record(
        suggested=numbers.suggested,
        silent=numbers.silent,
        approved=numbers.approved,
        edited=numbers.edited,
        own_words=numbers.own_words,
        by_hand=numbers.by_hand,
        rejected=numbers.rejected,
        no_reply=numbers.no_reply,
        automatic=numbers.automatic,
        sent=numbers.sent,
        failed=numbers.failed,
        reasons=tuple(reasons.most_common(4)),
        seconds=median(seconds) if seconds else None,
        edit_share=median(edits) if edits else None,
        line=record_line(numbers, seconds),
    )


def record_line(numbers: DayNumbers, seconds: Sequence[float]) -> str:
    """Say in two sentences how good the suggestions were."""
    judged = numbers.approved + numbers.edited + numbers.rejected
    if not judged and not numbers.suggested:
        return ""
    parts = [_agreement(numbers, judged)]
    if seconds:
        took = median(seconds)
        parts.append(f"A decision took {duration(took / 60) if took >= 90 else f'{took:.0f} s'}.")
    return " ".join(part for part in parts if part)


def _agreement(numbers: DayNumbers, judged: int) -> str:
    if not judged:
        return sentence(f"{count(numbers.suggested, 'suggestion')}, none judged yet")
    share = wilson(numbers.approved, judged)
    text = f"{numbers.approved} of {judged} judged suggestions went out unchanged"
    if share and judged >= 10:
        text += f" (the true share is likely {percent(share.low)} to {percent(share.high)})"
    return sentence(text)
