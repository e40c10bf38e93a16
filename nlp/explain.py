"""Why a tag was given: leave out one stretch of the text after the other and see what it loses.

Long texts are cut into at most MAX_STRETCHES stretches of whole words, so that an explanation
takes about as many forward passes and no longer; several tags share the same passes.
"""

import re
from collections.abc import Sequence

import numpy as np

from nlp.decide import best_label, probabilities
from nlp.folder import Floats, Folder, Group
from nlp.model import Attribution, NlpError
from nlp.tagger import Tagger

MAX_STRETCHES = 20
READ_CHARACTERS = 2_000
_WORD = re.compile(r"\S+")


def explain(tagger: Tagger, text: str, tag: str = "sentiment") -> list[Attribution]:
    """How much each stretch carried `tag` (a label group, or one intent by its name).

    A weight is what the tag's log odds lose without the stretch; below zero it spoke against.
    """
    return explain_all(tagger, text, [tag])[tag]


def explain_all(tagger: Tagger, text: str, tags: Sequence[str]) -> dict[str, list[Attribution]]:
    """The same for several tags at once, in the time of one."""
    places = {tag: _group_of(tagger.folder, tag) for tag in tags}
    read = tagger.forward(text)
    if read is None:
        return {tag: [] for tag in tags}
    found = stretches(text)
    without = _outputs(tagger, [text[:start] + " " + text[end:] for start, end in found])
    return {
        tag: _weights(group, _column(group, tag, read.logits), read.logits, without, found)
        for tag, group in places.items()
    }


def stretches(text: str) -> list[tuple[int, int]]:
    """Words of the text that is read, or runs of words where there are too many."""
    words = [match.span() for match in _WORD.finditer(text[:READ_CHARACTERS])]
    size = -(-len(words) // MAX_STRETCHES) or 1
    runs = [words[i : i + size] for i in range(0, len(words), size)]
    return [(run[0][0], run[-1][1]) for run in runs]


def _group_of(folder: Folder, tag: str) -> Group:
    intents = folder.groups["intents"]
    if tag not in intents.labels and tag not in folder.groups:
        known = ", ".join([*folder.groups, *intents.labels])
        raise NlpError(f"There is no tag {tag!r} to explain; ask for one of {known}.")
    return folder.groups.get(tag, intents)


def _column(group: Group, tag: str, outputs: Floats) -> int:
    """The label that is explained: the named intent, or the one that was chosen."""
    if tag in group.labels:
        return group.labels.index(tag)
    return best_label(group, probabilities(group, outputs))


def _outputs(tagger: Tagger, texts: Sequence[str]) -> list[Floats]:
    """Without anything left to read all labels are equal: outputs of zero."""
    width = max(group.columns.stop for group in tagger.folder.groups.values())
    nothing = np.zeros(width, dtype=np.float32)
    return [nothing if read is None else read.logits for read in tagger.forward_many(texts)]


def _weights(
    group: Group,
    column: int,
    whole: Floats,
    without: list[Floats],
    found: list[tuple[int, int]],
) -> list[Attribution]:
    had = _log_odds(group, whole, column)
    left = [_log_odds(group, outputs, column) for outputs in without]
    return [
        Attribution(start, end, round(had - now, 4))
        for (start, end), now in zip(found, left, strict=True)
    ]


def _log_odds(group: Group, outputs: Floats, column: int) -> float:
    share = float(np.clip(probabilities(group, outputs)[column], 1e-6, 1 - 1e-6))
    return float(np.log(share / (1 - share)))
