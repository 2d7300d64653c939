"""One database: its engine, its settings, its two kinds of transactions."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Self

from aiosqlite import Connection
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel import func, select

from shared import crash
from shared.db.near import NearConnection
from shared.db.session import Origin, Session, asks_after_commit, give_origin, leaves_work, run_after_commit
from shared.db.trouble import AWAY

_WRITES = "estuaire_writes"
ALONE = 0x657374756169
# A request that takes longer is lost anyhow; a transaction left open would keep rows locked for the others.
POSTGRESQL = {
    "application_name": "estuaire",
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
}
CONNECT_SECONDS = 5
LOCKED_SECONDS = 5
POOL_SECONDS = 20
PRAGMAS = ("journal_mode=WAL", "cache_size=-500")


def delete_file(file: Path) -> None:
    """Delete a SQLite file and what lies beside it, if it is there."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)


class Database:
    """Opens short transactions on one database; at most one writer at a time on SQLite, in order of arrival."""

    def __init__(
        self,
        url: str | URL,
        origin: Origin | None = None,
        *,
        foreign_keys: bool = True,
        durable: bool = True,
        schema: str = "",
    ) -> None:
        self.url: URL = make_url(url)
        self.origin = origin
        self.info: dict[str, object] = {}
        self.on_commit: Callable[[], None] = _nothing
        self.announces: Callable[[], str] = str
        """The channel on which each commit is told to other replicas; empty: none."""
        pragmas = {"foreign_keys": str(int(foreign_keys)), "synchronous": "FULL" if durable else "OFF"}
        self.engine = _sqlite(self.url, pragmas) if self.is_sqlite else _postgresql(self.url, schema)
        self._writer = asyncio.Lock()
        writing = self.engine.execution_options(**{_WRITES: True})
        reading = self.engine if self.is_sqlite else self.engine.execution_options(postgresql_readonly=True)
        self._write = async_sessionmaker(writing, class_=Session, expire_on_commit=False)
        self._read = async_sessionmaker(reading, class_=Session, expire_on_commit=False)

    @property
    def is_sqlite(self) -> bool:
        """Tell whether this is a file of this machine."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def is_missing(self) -> bool:
        """Tell whether this is a file that is not there; opening it would make it."""
        return self.is_sqlite and not Path(self.url.database or "").exists()

    @asynccontextmanager
    async def transaction(self, *, quiet: bool = False) -> AsyncIterator[Session]:
        """Open a writing transaction, commit it when the block ends well, then run what was asked for after commit.

        Args:
            quiet: do not tell the jobs: for their own commits, which would wake them for ever, and for copies, of
                which many arrive and few leave work (``leave_work``).
        """
        async with self._one_writer(), self._write() as session:
            session.info.update(self.info)
            if self.origin:
                give_origin(session, self.origin)
            yield session
            loud = not quiet or leaves_work(session)
            if loud or asks_after_commit(session):
                await self._announce(session)
            crash.point("command.before_commit")
            await session.commit()
            crash.point("command.after_commit")
        run_after_commit(session)
        if loud:
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
        except AWAY:
            return False
        return True

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    async def __aenter__(self) -> Self:
        """Use it in a block that closes it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        await self.close()

    async def _announce(self, session: Session) -> None:
        channel = "" if self.is_sqlite else self.announces()
        if channel:
            await session.exec(select(func.pg_notify(channel, "")))

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Session]:
        """Open a writing transaction that no other one of its kind overlaps, in whatever process."""
        async with self.transaction(quiet=True) as session:
            if not self.is_sqlite:
                await session.exec(select(func.pg_advisory_xact_lock(ALONE)))
            yield session

    def _one_writer(self) -> AbstractAsyncContextManager[Any]:
        return self._writer if self.is_sqlite else nullcontext()


def _nothing() -> None:
    """Tell nobody."""


def _postgresql(url: URL, schema: str) -> AsyncEngine:
    settings = POSTGRESQL | ({"search_path": schema} if schema else {})
    options = {"timeout": CONNECT_SECONDS, "server_settings": settings}
    return create_async_engine(url, pool_size=5, pool_timeout=POOL_SECONDS, connect_args=options, hide_parameters=True)


def _sqlite(url: URL, pragmas: Mapping[str, str]) -> AsyncEngine:
    async def connect() -> Connection:
        return await NearConnection(url.database or "", timeout=LOCKED_SECONDS)

    engine = create_async_engine(url, async_creator=connect, pool_size=5, max_overflow=20, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - adapter of the driver
        connection.isolation_level = None  # we write BEGIN ourselves, see below
        cursor = connection.cursor()
        for pragma in (*PRAGMAS, *(f"{name}={value}" for name, value in pragmas.items())):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:  # noqa: ANN401 - sqlalchemy.Connection, untyped in the event
        # A deferred transaction that turns into a writer fails at once when another wrote meanwhile.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
