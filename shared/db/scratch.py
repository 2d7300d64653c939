"""A throw-away twin of a database, near enough to be compared and exchanged with it in one transaction."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import MetaData, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateSchema, DropSchema
from sqlmodel import func, select

from shared.db.engine import Database, delete_file
from shared.errors import Conflict
from shared.locks import take

NAME = "estuaire_rebuild"
REBUILDING = 0x7265627569
BUSY = "Une reconstruction de cette base est déjà en cours."


@asynccontextmanager
async def twin(database: Database, metadata: MetaData) -> AsyncIterator[Database]:
    """Open an empty database with the same tables: a file beside the SQLite one, a schema inside the PostgreSQL one.

    Raises:
        Conflict: another process has one open.
    """
    opened = _file_twin(database) if database.is_sqlite else _schema_twin(database)
    async with opened as made:
        made.origin = replace(database.origin, tells=False) if database.origin else None
        try:
            async with made.connection() as connection:
                await connection.run_sync(metadata.create_all)
            yield made
        finally:
            await made.close()


async def attach(database: Database, connection: AsyncConnection) -> None:
    """Let a connection of the database see its twin, under the schema name of ``in_twin``."""
    if database.is_sqlite:
        await connection.execute(text(f"ATTACH DATABASE :file AS {NAME}"), {"file": str(_file(database))})


def in_twin(table: Table) -> Table:
    """Return the same table as it is in the twin."""
    return table.to_metadata(MetaData(), schema=NAME)


async def as_lived_in(connection: AsyncConnection, table: Table) -> Table:
    """Return the same table by the full name of the live one: two of one name need a schema each."""
    if connection.dialect.name == "sqlite":
        return table.to_metadata(MetaData(), schema="main")
    schema = (await connection.execute(select(func.current_schema()))).scalar_one()
    return table.to_metadata(MetaData(), schema=schema)


def _file(database: Database) -> Path:
    return Path(database.url.database or "").with_suffix(".rebuild")


@asynccontextmanager
async def _file_twin(database: Database) -> AsyncIterator[Database]:
    file = _file(database)
    with _alone(file.with_suffix(".rebuilding")):
        delete_file(file)
        try:
            yield Database(f"sqlite+aiosqlite:///{file}", database.origin, durable=False)
        finally:
            await asyncio.to_thread(delete_file, file)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        if not take(held):
            raise Conflict(BUSY)
        yield


@asynccontextmanager
async def _schema_twin(database: Database) -> AsyncIterator[Database]:
    outside = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with outside.connect() as connection:
        if not (await connection.execute(select(func.pg_try_advisory_lock(REBUILDING)))).scalar_one():
            raise Conflict(BUSY)
        try:
            await connection.execute(DropSchema(NAME, cascade=True, if_exists=True))
            await connection.execute(CreateSchema(NAME))
            yield Database(database.url, database.origin, schema=NAME)
        finally:
            await connection.execute(DropSchema(NAME, cascade=True, if_exists=True))
            await connection.execute(select(func.pg_advisory_unlock(REBUILDING)))
