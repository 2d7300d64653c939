"""A connection to a SQLite file that answers in the event loop what takes microseconds, and hands over what waits."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiosqlite import Connection

AT_ONCE = frozenset({"SELECT", "WITH", "SAVEPOINT", "RELEASE", "ROLLBACK"})
"""Statements that wait for nobody; a ``BEGIN`` that promises no write does not either."""
OF_WRITERS = frozenset({"INSERT", "UPDATE"})
"""Those that wait for nobody once the lock is held. A ``DELETE`` may be of a whole table, and is rare."""
STATEMENTS = frozenset({"execute", "executemany"})
SHORT_OF_CURSOR = frozenset({"fetchone", "fetchmany", "fetchall", "close"})
SHORT_OF_CONNECTION = frozenset({"cursor", "rollback"})
BREATH = 64
"""After so many calls others have their turn: a long transaction is not to hold the loop."""


class NearConnection(Connection):
    """Runs short calls where they are made, and waits in its thread for locks and for the disk.

    aiosqlite gives each call to a thread: four of them per statement of SQLAlchemy, each dearer than most statements
    (ADR 84). Only what may wait is worth one: ``BEGIN IMMEDIATE`` for another writer, a commit for the disk, a schema
    or a ``PRAGMA`` for both. What a cancelled task left in the thread keeps its turn: the calls after it queue there.
    """

    def __init__(self, file: str, *, timeout: float) -> None:
        def connect() -> sqlite3.Connection:
            return sqlite3.connect(file, timeout=timeout, check_same_thread=False)

        super().__init__(connect, 64)
        self._thread.daemon = True
        self._last = _Turn(ended=True)
        self._calls = 0
        self._is_writer = False

    async def _execute(self, fn: Callable[..., Any], *args: Any, **options: Any) -> Any:  # noqa: ANN401 - any result
        self._calls += 1
        if self._calls % BREATH == 0:
            await asyncio.sleep(0)
        start = args[0][:20].upper() if fn.__name__ in STATEMENTS else ""
        if start.startswith("BEGIN"):
            self._is_writer = start != "BEGIN"
        if self._last.ended and self._running and self._connection is not None and self._is_short(fn, start, args):
            return fn(*args, **options)
        turn = self._last = _Turn()
        return await super()._execute(turn.take, fn, *args, **options)  # type: ignore[no-untyped-call]

    def _is_short(self, call: Callable[..., Any], start: str, args: tuple[Any, ...]) -> bool:
        """Tell whether a call waits for nobody; ``start`` is how its statement begins."""
        if call.__name__ not in STATEMENTS:
            of_cursor = not isinstance(getattr(call, "__self__", None), sqlite3.Connection)
            return call.__name__ in (SHORT_OF_CURSOR if of_cursor else SHORT_OF_CONNECTION)
        word = next(iter(start.split()), "")
        if word in OF_WRITERS:
            return self._is_writer and " SELECT " not in args[0]
        return start == "BEGIN" or word in AT_ONCE


@dataclass(slots=True)
class _Turn:
    """A call in the queue of the thread; calls end there in the order they came, so that the last one tells of all."""

    ended: bool = False

    def take(self, call: Callable[..., Any], *args: Any, **options: Any) -> Any:  # noqa: ANN401 - any result
        try:
            return call(*args, **options)
        finally:
            self.ended = True
