"""What paid platforms ask for, in micro-dollars (millionths of a dollar).

Not here: what was spent (a connector's meter), nor what may be (bot).
"""

from connectors._length import x_links

DOLLAR = 1_000_000

X_REPLY = 10_000  # to somebody who addressed us; docs.x.com/x-api/getting-started/pricing
X_REPLY_WITH_LINK = 200_000


def x_reply(text: str) -> int:
    """Return what X takes for a reply with this text."""
    return X_REPLY_WITH_LINK if x_links(text) else X_REPLY
