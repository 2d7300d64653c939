"""A copy of PostgreSQL takes the place of everything that is there, or of nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from shared.db.backup import copy_in, copy_out
from shared.db.engine import Database
from shared.errors import Failed
from tests.support.backbone import Base
from tests.support.databases import OnServer, opened
from tests.support.postgres import path_with_tools


@pytest.fixture
async def server(postgres: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OnServer]:
    """Return where databases are made, with the tools of that server on the PATH."""
    monkeypatch.setenv("PATH", path_with_tools())
    made = OnServer(postgres)
    yield made
    await made.drop()


async def tables(database: Database) -> set[str]:
    """Return the names of its tables."""
    async with database.engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_tables_that_a_newer_release_had_made_go(server: OnServer, tmp_path: Path) -> None:
    async with opened(await server.url(Base.metadata, folder=tmp_path, name="bench")) as database:
        there = await tables(database)
        await copy_out(database, tmp_path / "copy.dump")
        async with database.connection() as connection:
            await connection.execute(text("CREATE TABLE newer (id integer PRIMARY KEY)"))

        await copy_in(database, tmp_path / "copy.dump")

        assert await tables(database) == there


async def test_a_copy_that_cannot_be_read_changes_nothing(server: OnServer, tmp_path: Path) -> None:
    (tmp_path / "copy.dump").write_bytes(b"PGDMP, but torn")
    async with opened(await server.url(Base.metadata, folder=tmp_path, name="bench")) as database:
        there = await tables(database)

        with pytest.raises(Failed, match="pg_restore a échoué"):
            await copy_in(database, tmp_path / "copy.dump")

        assert await tables(database) == there
