"""One database: its engine, its settings, its two kinds of transactions."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, async_sessionmaker, create_async_engine

from shared import crash
from shared.db.session import Origin, Session, give_origin, run_after_commit

_WRITES = "estuaire_writes"
PRAGMAS = ("journal_mode=WAL", "busy_timeout=5000", "synchronous=FULL", "cache_size=-500")


class Database:
    """Opens short transactions on one database; at most one writer at a time on SQLite, in order of arrival."""

    def __init__(self, url: str | URL, origin: Origin | None = None, *, foreign_keys: bool = True) -> None:
        self.url: URL = make_url(url)
        self.origin = origin
        self.info: dict[str, object] = {}
        self.on_commit: Callable[[], None] = _nothing
        self.engine = _engine(self.url, foreign_keys=foreign_keys)
        self._writer = asyncio.Lock()
        writing = self.engine.execution_options(**{_WRITES: True})
        self._write = async_sessionmaker(writing, class_=Session, expire_on_commit=False)
        self._read = async_sessionmaker(self.engine, class_=Session, expire_on_commit=False)

    @property
    def is_sqlite(self) -> bool:
        """Tell whether this is a file of this machine."""
        return self.url.get_backend_name() == "sqlite"

    @asynccontextmanager
    async def transaction(self, *, quiet: bool = False) -> AsyncIterator[Session]:
        """Open a writing transaction, commit it when the block ends well, then run what was asked for after commit.

        Args:
            quiet: do not tell the jobs, for those whose own commits would wake them for ever.
        """
        async with self._one_writer(), self._write() as session:
            session.info.update(self.info)
            if self.origin:
                give_origin(session, self.origin)
            yield session
            crash.point("command.before_commit")
            await session.commit()
            crash.point("command.after_commit")
        run_after_commit(session)
        if not quiet:
            self.on_commit()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Session]:
        """Open a session that only reads: nothing of it is ever committed."""
        async with self._read() as session:
            if self.origin:
                give_origin(session, self.origin)
            yield session

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """Open a bare connection in a committed transaction, for the relay and migrations."""
        async with self._one_writer(), self.engine.execution_options(**{_WRITES: True}).begin() as connection:
            yield connection

    async def answers(self) -> bool:
        """Tell whether the database can be read now."""
        try:
            async with self.engine.connect() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except (DBAPIError, OSError):
            return False
        return True

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    def _one_writer(self) -> AbstractAsyncContextManager[Any]:
        return self._writer if self.is_sqlite else nullcontext()


def _nothing() -> None:
    """Tell nobody."""


def is_transient(error: BaseException) -> bool:
    """Tell whether a database error may pass by itself: locked, connection lost, disk full; a wrong query is not."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = error.orig if isinstance(error, OperationalError) else error
    if isinstance(cause, sqlite3.Error):
        # SQLite has one error class for a lock and for a column that does not exist.
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR)  # errors of the driver itself have none
        return isinstance(cause, sqlite3.OperationalError) and code != sqlite3.SQLITE_ERROR
    return isinstance(error, OperationalError)


def _engine(url: URL, *, foreign_keys: bool) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, pool_size=5, pool_pre_ping=True, hide_parameters=True)
    engine = create_async_engine(url, connect_args={"timeout": 5}, pool_size=2, max_overflow=20, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - adapter of the driver
        connection.isolation_level = None  # we write BEGIN ourselves, see below
        cursor = connection.cursor()
        for pragma in (*PRAGMAS, f"foreign_keys={foreign_keys:d}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:  # noqa: ANN401 - sqlalchemy.Connection, untyped in the event
        # A deferred transaction that turns into a writer fails at once when another wrote meanwhile.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
