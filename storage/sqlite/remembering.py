"""Vectors and the nearest among them.

A matrix per kind and model is kept in memory. Rows that were added are read on demand, by id; a
change or deletion bumps the counter `vectors`, and the matrix is read anew. So a vector that was
erased is gone from memory by the next question.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nlp.model import Vector
from storage.model import Memory
from storage.sqlite import rows, working
from storage.sqlite.engine import Connection
from storage.sqlite.rows import marks, value

_CHUNK = 4_096
_MEMORIES_LOOKED_AT = 200


@dataclass(slots=True)
class _Matrix:
    changes: int
    last_id: int = 0
    refs: list[str] = field(default_factory=list)
    blocks: list[tuple[NDArray[np.int8], NDArray[np.float32]]] = field(default_factory=list)

    def add(self, refs: list[str], raw: bytes, size: int) -> None:
        """Take rows along with their lengths: int8 rounding leaves a unit vector not quite one."""
        vectors = np.frombuffer(raw, dtype=np.int8).reshape(-1, size)
        self.refs.extend(refs)
        for start in range(0, len(vectors), _CHUNK):
            block = vectors[start : start + _CHUNK]
            lengths = np.linalg.norm(block.astype(np.float32), axis=1)
            self.blocks.append((block, np.maximum(lengths, 1e-9).astype(np.float32)))

    def similarities(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosine with every row; int8 is widened block by block to save memory."""
        unit = vector / max(float(np.linalg.norm(vector)), 1e-9)
        parts = [(block.astype(np.float32) @ unit) / lengths for block, lengths in self.blocks]
        together: NDArray[np.float32] = np.concatenate(parts)
        return together


def _best(similarities: NDArray[np.float32], limit: int) -> list[int]:
    """Return the indexes of the largest, best first, without sorting all the others."""
    if limit < len(similarities):
        candidates = np.argpartition(-similarities, limit)[:limit]
    else:
        candidates = np.arange(len(similarities))
    order = np.lexsort((candidates, -similarities[candidates]))
    return [int(index) for index in candidates[order]]


class Nearest:
    """The matrices of one store, shared by its reader threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._matrices: dict[tuple[str, str, int], _Matrix] = {}

    def find(
        self, conn: Connection, kind: str, vector: Vector, limit: int
    ) -> list[tuple[str, float]]:
        wanted = np.frombuffer(vector.data, dtype=np.int8).astype(np.float32)
        with self._lock:
            matrix = self._present(conn, kind, vector.model, len(vector.data))
            if not matrix.refs or limit < 1:
                return []
            similarities = matrix.similarities(wanted)
            best = _best(similarities, limit)
            return [(matrix.refs[index], float(similarities[index])) for index in best]

    def _present(self, conn: Connection, kind: str, model: str, size: int) -> _Matrix:
        changes = value(conn, "SELECT value FROM counters WHERE name = 'vectors'") or 0
        key = (kind, model, size)
        matrix = self._matrices.get(key)
        if matrix is None or matrix.changes != changes:
            matrix = self._matrices[key] = _Matrix(changes)
        _read_more(conn, matrix, key)
        return matrix


def _read_more(conn: Connection, matrix: _Matrix, key: tuple[str, str, int]) -> None:
    kind, model, size = key
    found = conn.execute(
        "SELECT id, ref, vector FROM embeddings WHERE kind = ? AND model = ? AND id > ?"
        " AND length(vector) = ? ORDER BY id",
        (kind, model, matrix.last_id, size),
    ).fetchall()
    if found:
        matrix.add([row["ref"] for row in found], b"".join(row["vector"] for row in found), size)
        matrix.last_id = found[-1]["id"]


def put_vectors(
    conn: Connection, kind: str, vectors: Mapping[str, Vector], *, replace: bool
) -> None:
    if replace:
        _drop_others(conn, kind, vectors)
    for ref, vector in vectors.items():
        working.put_vector(conn, kind, ref, vector, int(ref) if kind == "answered" else None)


def _drop_others(conn: Connection, kind: str, keep: Mapping[str, Vector]) -> None:
    found = conn.execute("SELECT id, ref, model FROM embeddings WHERE kind = ?", (kind,)).fetchall()
    drop = [
        (row["id"],)
        for row in found
        if row["ref"] not in keep or keep[row["ref"]].model != row["model"]
    ]
    if drop:
        conn.executemany("DELETE FROM embeddings WHERE id = ?", drop)
        conn.execute("UPDATE counters SET value = value + 1 WHERE name = 'vectors'")


def vectors(conn: Connection, kind: str, model: str) -> dict[str, Vector]:
    found = conn.execute(
        "SELECT ref, vector FROM embeddings WHERE kind = ? AND model = ? ORDER BY id",
        (kind, model),
    ).fetchall()
    return {row["ref"]: Vector(model, row["vector"]) for row in found}


_PAIRS = """
SELECT q.id AS question_id, q.answer_id FROM messages q JOIN messages a ON a.id = q.answer_id
WHERE q.id IN ({}) AND q.thread_id <> ? AND q.visibility <> 'direct' AND q.state <> 'gone'
  AND a.state <> 'gone' AND a.visibility <> 'direct' AND a.direction = 'out'
  AND NOT EXISTS (SELECT 1 FROM replies r WHERE r.posted_message_id = a.id AND r.is_automatic = 1)
"""


def memories(
    conn: Connection, nearest: Nearest, vector: Vector, limit: int, *, exclude_thread: int
) -> Sequence[Memory]:
    hits = nearest.find(conn, "answered", vector, max(limit, 0) + _MEMORIES_LOOKED_AT)
    if not hits:
        return []
    ids = [int(ref) for ref, _ in hits]
    found = conn.execute(_PAIRS.format(marks(ids)), (*ids, exclude_thread)).fetchall()
    answers = {row["question_id"]: row["answer_id"] for row in found}
    best = [(int(ref), near) for ref, near in hits if int(ref) in answers][:limit]
    wanted = [each for ref, _ in best for each in (ref, answers[ref])]
    messages = rows.messages_by_id(conn, wanted)
    return [Memory(messages[ref], messages[answers[ref]], near) for ref, near in best]
