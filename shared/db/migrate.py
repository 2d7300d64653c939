"""Migrations of one database, run from code so that they work from a wheel."""

import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, func, select
from sqlalchemy.exc import IntegrityError

from shared.db.columns import ByValue, Euros, UtcDateTime
from shared.db.engine import ALONE, Database
from shared.errors import Conflict


def config_for(package: str) -> Config:
    """Return the Alembic configuration of the migrations inside ``package``."""
    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    return config


async def upgrade(database: Database, *, package: str) -> None:
    """Bring the database to the newest revision of ``package``; nothing happens if it is there already.

    Raises:
        Conflict: it is of a newer release.
        IntegrityError: rows would point to nothing; the database is left as it was.
    """

    def run(connection: Connection) -> None:
        config = config_for(package)
        _wait_for_others(connection)
        found = MigrationContext.configure(connection).get_current_revision()
        if found == head(package):
            return
        if found is not None:
            require_known(package, found, name=Path(database.url.database or "").stem)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        _check_references(connection)

    # SQLite changes a table by copying it and dropping the old one, which would delete the rows that point to it.
    async with Database(database.url, foreign_keys=False) as unchecked, unchecked.connection() as connection:
        await connection.run_sync(run)


def _wait_for_others(connection: Connection) -> None:
    """Let one replica at a time migrate; a long migration may take the time it takes."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
        connection.execute(select(func.pg_advisory_xact_lock(ALONE)))


def _check_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    orphan = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if orphan is not None:
        raise IntegrityError("PRAGMA foreign_key_check", None, sqlite3.IntegrityError(f"{orphan[0]} → {orphan[2]}"))


async def revision(database: Database) -> str | None:
    """Return the revision that the database is at; ``None`` when it was never migrated."""

    def look(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    async with database.engine.connect() as connection:
        return await connection.run_sync(look)


def head(package: str) -> str | None:
    """Return the newest revision that the code of ``package`` knows."""
    return ScriptDirectory.from_config(config_for(package)).get_current_head()


def knows(package: str, revision: str) -> bool:
    """Tell whether the code of ``package`` knows a revision: one that it does not is of a newer release."""
    return any(one.revision == revision for one in ScriptDirectory.from_config(config_for(package)).walk_revisions())


def require_known(package: str, revision: str, *, name: str) -> None:
    """Return if the code of ``package`` knows a revision.

    Raises:
        Conflict: it is of a newer release; says so of the database of this name.
    """
    if not knows(package, revision):
        raise Conflict(f"La base {name} vient d’une version plus récente d’Estuaire. Mettez le logiciel à jour.")


def run_env(metadata: MetaData) -> None:
    """Run the migrations asked for, on the connection handed over; the whole of each ``env.py``."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=_written,
    )
    with context.begin_transaction():
        context.run_migrations()


def _written(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Write our own column types by what they are on disk, so that an old revision never depends on new code."""
    if kind == "type" and isinstance(item, ByValue):
        return "sa.String(length=40)"
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Euros):
        return "sa.Numeric(14, 2).with_variant(sa.BigInteger(), 'sqlite')"
    return False


async def revise(*, package: str, message: str) -> None:
    """Write the next revision of ``package``: what its tables have that its migrations do not make yet."""

    def run(connection: Connection) -> None:
        config = config_for(package)
        config.attributes["connection"] = connection
        command.revision(config, message, autogenerate=True)

    async with scratch(package) as database, database.connection() as connection:
        await connection.run_sync(run)


async def drift(database: Database, metadata: MetaData) -> list[str]:
    """Return how the tables declared differ from those of a database; empty when they agree."""

    def run(connection: Connection) -> list[str]:
        options = {"compare_type": True, "render_as_batch": True}
        return [
            str(change) for change in compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
        ]

    async with database.connection() as connection:
        return await connection.run_sync(run)


@asynccontextmanager
async def scratch(package: str) -> AsyncIterator[Database]:
    """Open a throw-away database brought to the newest revision of ``package``."""
    with tempfile.TemporaryDirectory() as folder:
        async with Database(f"sqlite+aiosqlite:///{Path(folder) / 'scratch.sqlite'}") as database:
            await upgrade(database, package=package)
            yield database
