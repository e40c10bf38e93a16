"""Text in, tags and vectors out: the run time of the shipped model.

ONNX Runtime and `tokenizers` only, one thread. The service reads one text a run; where many wait,
texts of one length share a run, which changes no answer: nothing is padded, and the scales of the
int8 inputs are fixed. (Weights whose inputs are scaled at run time read one text a run always:
there a text's answer would depend on its neighbours.) More processes: nlp.bulk.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlp.clean import clean
from nlp.decide import tags_from
from nlp.embed import LENGTH, quantise
from nlp.folder import SHIPPED, Floats, Folder, read_folder
from nlp.language import language_of
from nlp.model import Tags, Understood, Vector, WeightsError

CONSTANT = 0.3  # stands beside the vector, so that a head may shift a tag everywhere a little
_TAIL = 32  # tokens kept from the end of a text that is too long
_RUN = 240  # tokens read together: more would no longer stay in a core's own cache


@dataclass(frozen=True, slots=True)
class Pass:
    """The raw outputs of one forward pass."""

    logits: Floats
    place: Floats


@dataclass(frozen=True, slots=True)
class Head:
    """What was learned here (nlp/learn.py): per group a matrix from the vector to log odds."""

    name: str
    model: str  # the weights it was learned on
    weights: dict[str, Floats]

    def applied(self, folder: Folder, read: Pass) -> Pass:
        point = np.append(unit(read.place), np.float32(CONSTANT))
        logits = read.logits.copy()
        for name, matrix in self.weights.items():
            group = folder.groups[name]
            logits[group.columns] += (point @ matrix) / group.scale
        return Pass(logits, read.place)


class Tagger:
    """Load once, then ask; safe to use from one thread at a time."""

    def __init__(
        self, folder: Folder, session: Any, tokenizer: Any, head: Head | None = None
    ) -> None:
        self.folder = folder
        self._session = session
        self._tokenizer = tokenizer
        self._head = head

    @property
    def model(self) -> str:
        """Version of the tags: that of the weights, and of what was learned on top."""
        return f"{self.space}+{self._head.name}" if self._head else self.space

    @property
    def space(self) -> str:
        """Version of the vectors, which learning never moves."""
        return self.folder.version

    def with_head(self, head: Head | None) -> "Tagger":
        """The same model with another head, or without one."""
        if head:
            _check_head(self.folder, head)
        return Tagger(self.folder, self._session, self._tokenizer, head)

    def understand(self, text: str, languages: tuple[str, ...] = ("en",)) -> Understood:
        """Tags and vector; a foreign or empty text has neither."""
        language = language_of(text, languages)
        return self._understood(language, self.forward(text) if language == "en" else None)

    def understand_many(
        self, texts: Sequence[str], languages: tuple[str, ...] = ("en",)
    ) -> list[Understood]:
        """The same for many texts, faster; each answer is what the text would get alone."""
        spoken = [language_of(text, languages) for text in texts]
        english = [i for i, language in enumerate(spoken) if language == "en"]
        reads = dict(zip(english, self.forward_many([texts[i] for i in english]), strict=True))
        return [self._understood(spoken[i], reads.get(i)) for i in range(len(texts))]

    def _understood(self, language: str, read: Pass | None) -> Understood:
        if read is None:
            return Understood(Tags(language, self.model), None)
        tags = tags_from(self.folder, read.logits, language, self.model)
        return Understood(tags, quantise(read.place, self.space))

    def tag(self, text: str, languages: tuple[str, ...] = ("en",)) -> Tags:
        return self.understand(text, languages).tags

    def embed(self, text: str) -> Vector | None:
        """The place of a text, whatever its language; None where there is nothing to read."""
        read = self.forward(text)
        return None if read is None else quantise(read.place, self.space)

    def forward(self, text: str) -> Pass | None:
        return self.forward_many([text])[0]

    def forward_many(self, texts: Sequence[str]) -> list[Pass | None]:
        """One pass per text; None where there is nothing to read."""
        ids = [self._ids(clean(text)) for text in texts]
        reads: list[Pass | None] = [None] * len(texts)
        for rows in self._runs([len(one) for one in ids]):
            batch = np.array([ids[row] for row in rows], dtype=np.int64)
            logits, places = self._session.run(None, {"input_ids": batch})
            for row, *answer in zip(rows, logits, places, strict=True):
                read = Pass(*answer)
                reads[row] = self._head.applied(self.folder, read) if self._head else read
        return reads

    def _runs(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Numbers of the texts that are read together."""
        alike: dict[int, list[int]] = defaultdict(list)
        for number, length in enumerate(lengths):
            if length > 2:  # more than the marks of begin and end
                alike[length].append(number)
        for length, numbers in alike.items():
            size = max(1, _RUN // length) if self.folder.fixed_scales else 1
            yield from (numbers[i : i + size] for i in range(0, len(numbers), size))

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text).ids
        most = self.folder.max_tokens
        return ids if len(ids) <= most else ids[: most - _TAIL] + ids[-_TAIL:]


def unit(place: Floats) -> Floats:
    scaled: Floats = place / max(float(np.linalg.norm(place)), 1e-12)
    return scaled


def load_tagger(path: Path = SHIPPED) -> Tagger:
    folder = read_folder(path)
    return Tagger(folder, _session(folder), _tokenizer(folder))


def _check_head(folder: Folder, head: Head) -> None:
    fits = head.model == folder.version and all(
        name in folder.groups and matrix.shape == (LENGTH + 1, len(folder.groups[name].labels))
        for name, matrix in head.weights.items()
    )
    if not fits:
        raise WeightsError(
            f"What was learned here ({head.name}) belongs to the weights {head.model}, in use are "
            f"{folder.version}. Run `byname nlp learn` again, or remove the learned head."
        )


def _session(folder: Folder) -> Any:
    import onnxruntime  # noqa: PLC0415 - 0.1 s, and not needed to read a folder

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(folder.path / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own classes share no base but Exception
        raise WeightsError(
            f"{folder.path / 'model.onnx'} cannot be loaded ({_first_line(error)}). "
            "Install byname again, or point [nlp] weights to a whole folder."
        ) from error


def _tokenizer(folder: Folder) -> Any:
    from tokenizers import Tokenizer  # noqa: PLC0415

    try:
        tokenizer = Tokenizer.from_file(str(folder.path / "tokenizer.json"))
    except Exception as error:  # tokenizers raises bare Exception
        raise WeightsError(
            f"{folder.path / 'tokenizer.json'} cannot be read ({_first_line(error)}). "
            "Install byname again."
        ) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
