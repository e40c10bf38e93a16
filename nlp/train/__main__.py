"""`python -m nlp.train --data DIR`: makes the weights that ship, step by step.

Steps: language, the teachers (general networks, then final ones that leave from them), what the
teachers say, the student and two further rounds of it, their mean, export, check, card. A training
step leaves its file in the work folder and is skipped when that is there; an interrupted one goes
on from where it last saved. Remove a file to make its step run again. Two CPU cores suffice, in
steps of under an hour; a GPU is used where there is one.
"""

import argparse
import json
import time
from pathlib import Path

import torch

from nlp.train import blend, card, check, export, fit, language, lessons, mix
from nlp.train.sample import sample
from nlp.train.sets import Row, evaluation_rows

GENERAL_SEEDS = (1, 2)
FINALS = ((1, 1), (1, 2), (2, 3))  # seed of the general network it leaves from, its own
ROUND_SEEDS = (2, 3)  # of the student's further rounds
SHARES = (0.2, 0.3, 0.5)  # of the student and its rounds in the mean that ships
RANGE_SHARE = 50  # of the sample, one text in so many sets the scales of the inputs


def main() -> None:
    options = _options()
    options.work.mkdir(parents=True, exist_ok=True)
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    hand = mix.hand_rows(options.data, mix.LABELS)
    print({part: len(rows) for part, rows in hand.items()})
    language.make(options.data, options.out)
    state = _trained(options, hand)
    _exported(options, hand, state)
    found = check.figures(options.out, state, options.data, hand)
    print(check.as_table(found))
    card.write(options.out, found, hand, hours=_hours(options.work))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m nlp.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--work", type=Path, default=Path(".scratch/train"), help="steps so far")
    parser.add_argument("--out", type=Path, default=Path("nlp/weights"), help="weights folder")
    parser.add_argument("--version", default="en-2", help="name of the weights")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def _trained(options: argparse.Namespace, hand: dict[str, list[Row]]) -> Path:
    """Teachers, the student, and its mean over its rounds."""
    generals = {seed: _stage(options, hand, mix.GENERAL, seed) for seed in GENERAL_SEEDS}
    finals = [
        _stage(options, hand, mix.FINAL, seed, start=generals[general]) for general, seed in FINALS
    ]
    teachers = ([fit.averaged(g) for g in generals.values()], [fit.averaged(f) for f in finals])
    student = _stage(options, hand, mix.STUDENT, seed=1, teachers=teachers)
    rounds = [student]
    for seed in ROUND_SEEDS:
        rounds.append(_stage(options, hand, mix.AGAIN, seed, start=rounds[-1], teachers=teachers))
    mean = blend.blend([fit.averaged(one) for one in rounds], SHARES)
    out: Path = options.work / "blend.pt"
    torch.save(mean, out)
    return out


def _stage(
    options: argparse.Namespace,
    hand: dict[str, list[Row]],
    stage: mix.Stage,
    seed: int,
    start: Path | None = None,
    teachers: tuple[list[Path], list[Path]] | None = None,
) -> Path:
    out: Path = options.work / f"{stage.name}-{seed}.pt"
    if not fit.averaged(out).exists():
        began = time.time()
        rows = mix.mixture(options.data, hand, stage, seed)
        texts = [row.text for row in rows]
        said = None
        if teachers:
            heard = lessons.said_of(texts, *teachers, options.work)
            said = lessons.silent_on_hand_labels(heard, rows)
        taught = lessons.Lessons(lessons.places_of(texts, options.work), said)
        fit.run_stage(stage, rows, taught, start, out, seed)
        _note_hours(options.work, out.stem, time.time() - began)
    return out


def _exported(options: argparse.Namespace, hand: dict[str, list[Row]], state: Path) -> None:
    weights = torch.load(state, weights_only=True)
    texts = sample(options.data)[::RANGE_SHARE]
    export.export(weights, texts, options.out, options.version)
    export.calibrate(options.out, validation_rows(options.data, hand))


def validation_rows(data: Path, hand: dict[str, list[Row]]) -> list[Row]:
    """All that calibration and thresholds may look at."""
    tasks = ("sentiment", "emotion", "offensive")
    tweets = [r for task in tasks for r in evaluation_rows(data, f"tweeteval/{task}/val")]
    return [*hand["val"], *tweets, *mix.semeval_parts(data)[1]]


def _note_hours(work: Path, step: str, seconds: float) -> None:
    """Time per step, added up over interruptions."""
    path = work / "hours.json"
    hours = json.loads(path.read_text()) if path.exists() else {}
    hours[step] = round(hours.get(step, 0) + seconds / 3600, 3)
    path.write_text(json.dumps(hours, indent=1))


def _hours(work: Path) -> float:
    path = work / "hours.json"
    return float(sum(json.loads(path.read_text()).values())) if path.exists() else 0.0


if __name__ == "__main__":
    main()
