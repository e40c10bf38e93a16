"""How every section of the store reaches the database: writes queue up, reads are lent."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from storage.sqlite import (
    erasing,
    remembering,
)
from storage.sqlite.engine import Connection, Readers, Writer
from storage.sqlite.opening import Clock
from storage.store import StoreReadOnly

P = ParamSpec("P")
T = TypeVar("T")


class Connections:
    """How every section reaches the database."""

    def __init__(
        self,
        home: Path,
        clock: Clock,
        *,
        readers: Readers,
        writer: Writer | None = None,
        lock: int | None = None,
    ) -> None:
        self._ledger = home / erasing.LEDGER
        self._readers = readers
        self._writer = writer
        self._clock = clock
        self._lock = lock
        self._nearest = remembering.Nearest()
        self._closed = False

    async def _write(
        self,
        function: Callable[Concatenate[Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        result: T = await self._the_writer().run(_bind(function, args, kwargs))
        return result

    async def _read(
        self,
        function: Callable[Concatenate[Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        result: T = await self._readers.run(_bind(function, args, kwargs))
        return result

    def _the_writer(self) -> Writer:
        if self._writer is None:
            raise StoreReadOnly("this store was opened to read only: go through the service")
        return self._writer


def _bind(
    function: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Callable[[Connection], T]:
    def bound(conn: Connection) -> T:
        return function(conn, *args, **kwargs)

    return bound
