"""Many texts at once on several processes, each with one thread and its own tagger.

The answers are the same as one at a time, in the order of the texts. For bulk commands only: the
service tags one text at a time in its own worker thread.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

from nlp.folder import SHIPPED
from nlp.model import Understood
from nlp.tagger import Tagger, load_tagger

CHUNK = 64


def tag_many(
    texts: Sequence[str],
    processes: int = 2,
    languages: tuple[str, ...] = ("en",),
    weights: Path = SHIPPED,
) -> Iterator[Understood]:
    """Understand every text. Small lots are not worth a process and stay here."""
    if processes < 2 or len(texts) < 2 * CHUNK:
        tagger = _tagger(weights)
        yield from (tagger.understand(text, languages) for text in texts)
        return
    load_tagger(weights)  # a broken folder is one clear error here, not a dead pool
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_understand, texts, repeat(languages), repeat(weights), chunksize=CHUNK)


def _understand(text: str, languages: tuple[str, ...], weights: Path) -> Understood:
    return _tagger(weights).understand(text, languages)


@cache
def _tagger(weights: Path) -> Tagger:
    return load_tagger(weights)
