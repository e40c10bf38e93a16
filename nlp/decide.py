"""From the outputs of one forward pass to tags. Pure arithmetic; nothing here loads a model."""

import numpy as np

from nlp.folder import Floats, Folder, Group
from nlp.model import Flag, Scored, Tags


def probabilities(group: Group, outputs: Floats) -> Floats:
    """Calibrated probabilities of a group; `outputs` is one text's row or many texts' rows."""
    raised = outputs[..., group.columns] * group.scale + group.shift
    if group.kind == "any":
        found: Floats = (1 / (1 + np.exp(-raised))).astype(np.float32)
        return found
    raised = np.exp(raised - raised.max(axis=-1, keepdims=True))
    shares: Floats = (raised / raised.sum(axis=-1, keepdims=True)).astype(np.float32)
    return shares


def tags_from(folder: Folder, outputs: Floats, language: str, model: str) -> Tags:
    found = {name: probabilities(group, outputs) for name, group in folder.groups.items()}
    groups = folder.groups
    return Tags(
        language=language,
        model=model,
        sentiment=_best(groups["sentiment"], found["sentiment"]),
        intents=_intents(groups["intents"], found["intents"], found["primary"]),
        offensive=_flag(groups["offensive"], found["offensive"]),
        crisis=_flag(groups["crisis"], found["crisis"]),
        needs_reply=_flag(groups["needs_reply"], found["needs_reply"]),
        emotion=_best(groups["emotion"], found["emotion"]) if "emotion" in groups else None,
    )


def best_label(group: Group, found: Floats) -> int:
    """The label of a "one of" group, before "unsure" is asked."""
    return int(np.argmax(found * group.preference))


def _best(group: Group, found: Floats) -> Scored:
    best = best_label(group, found)
    probability = float(found[best])
    label = group.labels[best] if probability >= group.unsure_below else "unsure"
    return Scored(label, probability)


def _flag(group: Group, found: Floats) -> Flag:
    return Flag(bool(found[0] >= group.thresholds[0]), float(found[0]))


def _intents(group: Group, found: Floats, primary: Floats) -> tuple[Scored, ...]:
    """Every intent over its threshold, the likeliest primary one first; none means unsure.

    Chatter stands alone: it goes when anything else is there.
    """
    over = [i for i in range(len(group.labels)) if found[i] >= group.thresholds[i]]
    chatter = group.labels.index("chatter")
    if len(over) > 1 and chatter in over:
        over = (
            [chatter] if int(np.argmax(primary)) == chatter else [i for i in over if i != chatter]
        )
    over.sort(key=lambda i: -primary[i])
    return tuple(Scored(group.labels[i], float(found[i])) for i in over)
