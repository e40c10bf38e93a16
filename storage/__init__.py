"""What byname remembers: the only floor with SQL.

`open_store` writes, and at most one process may; `open_reader` only looks things up, beside it.
"""

from storage.sqlite.doors import open_reader, open_store
from storage.sqlite.words import text_hash

__all__ = ["open_reader", "open_store", "text_hash"]
