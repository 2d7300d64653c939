"""A direct connection to PostgreSQL, for what belongs to a session: an advisory lock, and notifications."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Self

import asyncpg
from sqlalchemy.engine import URL

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 2.0
# The one of the leader of a database; each service has a database of its own.
LEADER = 0x6573747561697265
# The server gives a dead client up later than the client gives itself up, so that two never believe that they lead.
KEEPALIVES = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}


class LineLost(Exception):
    """The connection is gone, or does not answer in time."""


class Line:
    """One session of PostgreSQL, never through a pooler, open while the block runs."""

    def __init__(self, url: URL, *, hears: Sequence[str], heard: Callable[[str, str], None]) -> None:
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._hears = hears
        self._heard = heard
        self._telling: set[asyncio.Task[None]] = set()
        self._connection: asyncpg.Connection[Any] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            LineLost: the server cannot be reached.
        """
        settings = {"application_name": "estuaire-line", **KEEPALIVES}
        try:
            self._connection = await asyncpg.connect(self._dsn, timeout=CONNECT_SECONDS, server_settings=settings)
            for channel in self._hears:
                await self._connection.add_listener(channel, self._hear)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            raise LineLost(type(error).__name__) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close at once: the lock is free for another."""
        if self._connection is not None:
            self._connection.terminate()

    async def lock(self) -> bool:
        """Try to become the leader of this database; tell whether this session is it.

        Raises:
            LineLost: the server does not answer.
        """
        return bool(await self._ask("SELECT pg_try_advisory_lock($1)", LEADER))

    async def check(self) -> None:
        """Return if the session still stands.

        Raises:
            LineLost: it does not.
        """
        await self._ask("SELECT 1")

    def tell(self, channel: str, payload: str) -> None:
        """Notify every listener of this database, soon; a notification may be lost with the connection."""
        task = asyncio.create_task(self._tell(channel, payload))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, channel: str, payload: str) -> None:
        try:
            await self._ask("SELECT pg_notify($1, $2)", channel, payload)
        except LineLost:
            return

    async def _ask(self, statement: str, *values: object) -> object:
        connection = self._connection
        if connection is None:
            raise LineLost("closed")
        try:
            async with self._one_at_a_time:
                return await connection.fetchval(statement, *values, timeout=ANSWER_SECONDS)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            raise LineLost(type(error).__name__) from error

    def _hear(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        self._heard(channel, str(payload))
