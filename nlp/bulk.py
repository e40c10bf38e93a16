"""Many texts at once on several processes, each with one thread and its own tagger.

The answers are the same as one at a time, in the order of the texts. For bulk commands only: the
service tags one text at a time in its own worker thread.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import chain, repeat
from multiprocessing import get_context
from pathlib import Path

from nlp.folder import SHIPPED
from nlp.model import Understood
from nlp.tagger import Tagger, load_tagger

CHUNK = 512  # texts that one process reads at a time: enough to find several of one length


def tag_many(
    texts: Sequence[str],
    processes: int = 2,
    languages: tuple[str, ...] = ("en",),
    weights: Path = SHIPPED,
) -> Iterator[Understood]:
    """Understand every text. Small lots are not worth a process and stay here."""
    chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
    if processes < 2 or len(chunks) < 2:
        tagger = _tagger(weights)
        yield from chain.from_iterable(tagger.understand_many(c, languages) for c in chunks)
        return
    load_tagger(weights)  # a broken folder is one clear error here, not a dead pool
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        answers = pool.map(_understand, chunks, repeat(languages), repeat(weights))
        yield from chain.from_iterable(answers)


def _understand(
    texts: Sequence[str], languages: tuple[str, ...], weights: Path
) -> list[Understood]:
    return _tagger(weights).understand_many(texts, languages)


@cache
def _tagger(weights: Path) -> Tagger:
    return load_tagger(weights)
