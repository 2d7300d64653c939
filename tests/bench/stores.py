"""Databases to measure on: ours, and the barest use of the same ones, each named by its address."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import uuid4

import asyncpg
from sqlalchemy.engine import URL, make_url

from shared.db.engine import PRAGMAS, Database
from shared.db.session import Origin
from shared.ids import uuid7
from tests.support.backbone import Base
from tests.support.postgres import find_postgres, packaged_binaries, start

Row = tuple[str, int, bytes]

TABLE = "CREATE TABLE IF NOT EXISTS plain (id TEXT PRIMARY KEY, version BIGINT NOT NULL, state {bytes} NOT NULL)"
UPSERT = (
    "INSERT INTO plain (id, version, state) VALUES ({marks}) ON CONFLICT (id) DO UPDATE "
    "SET version = excluded.version, state = excluded.state WHERE plain.version < excluded.version"
)


def database_of(url: str, *, siren: str, service: str) -> Database:
    """Return a database through which an EPCI of the bench speaks."""
    return Database(make_url(url), Origin(siren, service, uuid7(), "http://127.0.0.1:1"))


async def opened(url: str, *, siren: str, service: str) -> Database:
    """Return a new database with the tables of the test service."""
    database = database_of(url, siren=siren, service=service)
    async with database.connection() as connection:
        await connection.run_sync(Base.metadata.create_all)
    return database


@asynccontextmanager
async def postgres() -> AsyncIterator[str]:
    """Run a PostgreSQL that writes through to the disk, unlike that of the tests, and give its address."""
    binaries = packaged_binaries()
    server = await asyncio.to_thread(start, binaries) if binaries else await asyncio.to_thread(find_postgres)
    try:
        yield server.url
    finally:
        await asyncio.to_thread(server.stop)


async def new_database(server: str) -> str:
    """Make an empty database on a server and return its address, as ours are named."""
    name = f"bench_{uuid4().hex}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return make_url(server).set(drivername="postgresql+asyncpg", database=name).render_as_string(hide_password=False)


class Plain(Protocol):
    """One table written with the driver alone."""

    async def upsert(self, rows: Sequence[Row]) -> None:
        """Write rows in one transaction, each only over an older version of itself."""

    async def close(self) -> None:
        """Let go."""


async def plain(url: str) -> Plain:
    """Return the barest use of a new database: the driver alone, as safe as ours."""
    where = make_url(url)
    return PlainSqlite(where) if where.get_backend_name() == "sqlite" else await PlainPostgres.opened(where)


class PlainSqlite:
    """SQLite through the standard library, in the thread of the loop."""

    def __init__(self, url: URL) -> None:
        self._connection = sqlite3.connect(url.database or "", isolation_level=None)
        for pragma in PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(TABLE.format(bytes="BLOB"))

    async def upsert(self, rows: Sequence[Row]) -> None:
        """Write rows in one transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(UPSERT.format(marks="?, ?, ?"), rows)
        self._connection.execute("COMMIT")

    async def close(self) -> None:
        """Let go."""
        self._connection.close()


class PlainPostgres:
    """PostgreSQL through its driver."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    @classmethod
    async def opened(cls, url: URL) -> "PlainPostgres":
        """Connect, and make the table."""
        connection = await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
        await connection.execute(TABLE.format(bytes="BYTEA"))
        return cls(connection)

    async def upsert(self, rows: Sequence[Row]) -> None:
        """Write rows in one transaction: the driver makes one of each ``executemany``."""
        await self._connection.executemany(UPSERT.format(marks="$1, $2, $3"), rows)

    async def close(self) -> None:
        """Let go."""
        await self._connection.close()
