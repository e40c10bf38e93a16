"""Is it a conversation? Two-way measures of what was said in and out."""

from collections.abc import Iterable, Sequence
from itertools import pairwise


def reciprocity(conversations: Iterable[tuple[int, int]]) -> float | None:
    """Share of conversations (in, out) where both sides spoke; None without conversations."""
    both = [said > 0 and heard > 0 for said, heard in conversations]
    return sum(both) / len(both) if both else None


def balance(said_in: int, said_out: int) -> float:
    """How evenly both sides spoke: smaller over larger, 0 for a monologue."""
    larger = max(said_in, said_out)
    return min(said_in, said_out) / larger if larger else 0.0


def turns(directions: Sequence[str]) -> int:
    """How often the word passed to the other side."""
    return sum(a != b for a, b in pairwise(directions))


def broadcast_ratio(posts: int, replies: int) -> float | None:
    """Own posts that answer nobody, per reply; None when we replied to nobody and posted nothing.

    The trade's baseline was 23 promotional messages per reply (Sprout Social Index 2015).
    """
    if replies == 0:
        return float(posts) if posts else None
    return posts / replies
