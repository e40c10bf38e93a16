"""Why a tag was given: leave out one stretch of the text after the other and see what it loses.

Long texts are cut into at most MAX_STRETCHES stretches of whole words, so that an explanation
takes about as many forward passes and no longer.
"""

import re

import numpy as np

from nlp.decide import best_label, probabilities
from nlp.folder import Floats, Group
from nlp.model import Attribution, NlpError
from nlp.tagger import Tagger

MAX_STRETCHES = 20
READ_CHARACTERS = 2_000
_WORD = re.compile(r"\S+")


def explain(tagger: Tagger, text: str, tag: str = "sentiment") -> list[Attribution]:
    """How much each stretch carried `tag` (a label group, or one intent by its name).

    A weight is what the tag's log odds lose without the stretch; below zero it spoke against.
    """
    column, group = _place_of(tagger, text, tag)
    if column is None:
        return []
    whole = _odds(tagger, text, group, column)
    return [
        Attribution(start, end, round(whole - _odds(tagger, left, group, column), 4))
        for start, end in stretches(text)
        for left in [text[:start] + " " + text[end:]]
    ]


def stretches(text: str) -> list[tuple[int, int]]:
    """Words of the text that is read, or runs of words where there are too many."""
    words = [match.span() for match in _WORD.finditer(text[:READ_CHARACTERS])]
    size = -(-len(words) // MAX_STRETCHES) or 1
    runs = [words[i : i + size] for i in range(0, len(words), size)]
    return [(run[0][0], run[-1][1]) for run in runs]


def _place_of(tagger: Tagger, text: str, tag: str) -> tuple[int | None, Group]:
    groups = tagger.folder.groups
    intents = groups["intents"]
    if tag in intents.labels:
        return intents.labels.index(tag), intents
    if tag not in groups:
        known = ", ".join([*groups, *intents.labels])
        raise NlpError(f"There is no tag {tag!r} to explain; ask for one of {known}.")
    read = tagger.forward(text)
    if read is None:
        return None, groups[tag]
    group = groups[tag]
    return best_label(group, probabilities(group, read.logits)), group


def _odds(tagger: Tagger, text: str, group: Group, column: int) -> float:
    read = tagger.forward(text)
    if read is None:  # nothing left: the label's share without any word
        return float(_log_odds(group, np.zeros(group.columns.stop, dtype=np.float32), column))
    return float(_log_odds(group, read.logits, column))


def _log_odds(group: Group, outputs: Floats, column: int) -> float:
    share = float(np.clip(probabilities(group, outputs)[column], 1e-6, 1 - 1e-6))
    return float(np.log(share / (1 - share)))
