"""Every state and legal edge of a message, a suggestion and a reply, as data.

The store refuses an edge that does not stand here; nothing else decides what may follow what.
Not here: why an edge is taken (bot.outbox, bot.review).
"""

from typing import Literal, get_args

MessageState = Literal["new", "waiting", "suggested", "done", "history", "snoozed", "gone"]
SuggestionState = Literal["open", "taken", "rejected", "expired", "superseded"]
ReplyState = Literal[
    "approved",
    "held",
    "sending",
    "unknown",
    "needs_human",
    "sent",
    "failed",
    "withdrawing",
    "withdrawn",
    "recalled",
]

MESSAGE_EDGES: dict[MessageState, frozenset[MessageState]] = {
    # new: stored, not tagged. waiting: needs a reply, none suggested yet (or silence).
    "new": frozenset({"waiting", "done", "history", "gone"}),
    "waiting": frozenset({"suggested", "done", "snoozed", "new", "gone", "history"}),
    "suggested": frozenset({"waiting", "done", "snoozed", "new", "gone"}),
    "snoozed": frozenset({"waiting", "suggested", "done", "new", "gone"}),
    "done": frozenset({"waiting", "suggested", "new", "gone"}),  # undo, or they wrote again
    "history": frozenset({"gone", "new"}),
    "gone": frozenset(),  # deleted upstream or erased: a tombstone without words
}

SUGGESTION_EDGES: dict[SuggestionState, frozenset[SuggestionState]] = {
    "open": frozenset({"taken", "rejected", "expired", "superseded"}),
    "taken": frozenset(),
    "rejected": frozenset(),
    "expired": frozenset(),
    "superseded": frozenset(),
}

REPLY_EDGES: dict[ReplyState, frozenset[ReplyState]] = {
    "approved": frozenset({"sending", "withdrawn", "held", "recalled"}),
    "held": frozenset({"approved", "withdrawn"}),
    "sending": frozenset({"sent", "approved", "failed", "unknown"}),
    "unknown": frozenset({"sent", "approved", "needs_human"}),
    "needs_human": frozenset({"sent", "approved", "withdrawn"}),
    "sent": frozenset({"withdrawing"}),
    "withdrawing": frozenset({"withdrawn", "sent"}),
    "withdrawn": frozenset(),
    "failed": frozenset(),
    "recalled": frozenset(),
}

BLOCKS_ITS_CONVERSATION: frozenset[ReplyState] = frozenset(
    {"sending", "unknown", "needs_human", "withdrawing"}
)
"""While a reply is in one of these, no other reply of its conversation may leave."""

OPEN_REPLY: frozenset[ReplyState] = BLOCKS_ITS_CONVERSATION | {"approved", "held"}


def is_legal_reply_edge(before: ReplyState, after: ReplyState) -> bool:
    """Say whether DESIGN's life of a reply allows this step."""
    return after in REPLY_EDGES[before]


ALL_REPLY_STATES: tuple[ReplyState, ...] = get_args(ReplyState)
