"""Vectors of meaning as int8: small enough to store by the hundred thousand, compared by numpy."""

import numpy as np
import numpy.typing as npt

from nlp.model import NlpError, Vector

LENGTH = 384


def quantise(values: npt.NDArray[np.float32], model: str) -> Vector:
    """A unit vector as bytes: value = byte / 127. Its own largest part never overflows."""
    unit = values / max(float(np.linalg.norm(values)), 1e-12)
    return Vector(model, np.round(unit * 127).astype(np.int8).tobytes())


def values(vector: Vector) -> npt.NDArray[np.float32]:
    """The unit vector that a Vector stands for."""
    raw = np.frombuffer(vector.data, dtype=np.int8).astype(np.float32)
    unit: npt.NDArray[np.float32] = raw / max(float(np.linalg.norm(raw)), 1e-12)
    return unit


def cosine(a: Vector, b: Vector) -> float:
    _check_space(a, b)
    return float(values(a) @ values(b))


def matrix(vectors: list[Vector]) -> npt.NDArray[np.float32]:
    """Many vectors as rows of unit length, for `nearest`."""
    for vector in vectors[1:]:
        _check_space(vectors[0], vector)
    if not vectors:
        return np.zeros((0, LENGTH), dtype=np.float32)
    return np.stack([values(vector) for vector in vectors])


def nearest(
    rows: npt.NDArray[np.float32], query: Vector, count: int = 10
) -> list[tuple[int, float]]:
    """The nearest rows and their cosines, best first."""
    scores = rows @ values(query)
    count = min(count, len(scores))
    best = np.argpartition(-scores, count - 1)[:count] if count else np.zeros(0, dtype=int)
    ordered = sorted(best.tolist(), key=lambda i: -scores[i])
    return [(i, float(scores[i])) for i in ordered]


def _check_space(a: Vector, b: Vector) -> None:
    if a.model != b.model:
        raise NlpError(
            f"Vectors of {a.model} and {b.model} cannot be compared: embed both texts again with "
            "the model in use."
        )
