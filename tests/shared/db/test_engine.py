"""What passes by itself is tried again; what does not is told at once. Migrations keep what points to their tables."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from shared.db.engine import Database
from shared.db.migrate import upgrade
from shared.db.session import leave_work
from shared.db.trouble import is_transient
from shared.errors import Conflict

ENV = """
    from sqlalchemy import MetaData
    from shared.db.migrate import run_env

    run_env(MetaData())
"""
REVISION = """
    import sqlalchemy as sa
    from alembic import op

    revision, down_revision = "{revision}", {before}
    branch_labels = depends_on = None


    def upgrade():
        {change}
"""
TABLES = (
    "op.execute('CREATE TABLE house (id INTEGER PRIMARY KEY)');"
    "op.execute('CREATE TABLE person (id INTEGER PRIMARY KEY, house REFERENCES house(id) ON DELETE CASCADE)')"
)
WITH_COPY = (
    "with op.batch_alter_table('house', recreate='always') as house: house.add_column(sa.Column('name', sa.Text))"
)
LOSE = "op.execute('DELETE FROM house')"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite+aiosqlite:///{tmp_path / 'one.sqlite'}")
    yield made
    await made.close()


def write(folder: Path, name: str, *changes: str) -> None:
    """Write a package whose migrations make ``changes``, one revision each."""
    versions = folder / name / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    for package in (folder / name, folder / name / "migrations"):
        (package / "__init__.py").touch()
    (folder / name / "migrations" / "env.py").write_text(dedent(ENV))
    for number, change in enumerate(changes, start=1):
        before = repr(str(number - 1)) if number > 1 else None
        text = dedent(REVISION).format(revision=number, before=before, change=change)
        (versions / f"v{number}.py").write_text(text)


async def people(database: Database) -> int:
    async with database.reading() as session:
        connection = await session.connection()
        return int((await connection.exec_driver_sql("SELECT count(*) FROM person")).scalar_one())


async def settle(database: Database) -> None:
    async with database.connection() as connection:
        await connection.exec_driver_sql("INSERT INTO house (id) VALUES (1)")
        await connection.exec_driver_sql("INSERT INTO person (id, house) VALUES (1, 1)")


async def test_a_table_copied_by_a_migration_keeps_what_points_to_it(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    write(tmp_path, "copied", TABLES)
    await upgrade(database, package="copied")
    await settle(database)

    write(tmp_path, "copied", TABLES, WITH_COPY)
    await upgrade(database, package="copied")

    assert await people(database) == 1


async def test_a_migration_that_leaves_rows_pointing_to_nothing_changes_nothing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    write(tmp_path, "losing", TABLES)
    await upgrade(database, package="losing")
    await settle(database)

    write(tmp_path, "losing", TABLES, LOSE)
    with pytest.raises(IntegrityError, match="person"):
        await upgrade(database, package="losing")

    async with database.reading() as session:
        connection = await session.connection()
        assert (await connection.exec_driver_sql("SELECT count(*) FROM house")).scalar_one() == 1


async def test_a_database_of_a_newer_release_is_refused_in_words(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    write(tmp_path, "newest", TABLES, WITH_COPY)
    await upgrade(database, package="newest")
    write(tmp_path, "older", TABLES)

    with pytest.raises(Conflict, match="version plus récente"):
        await upgrade(database, package="older")


async def test_a_wrong_query_is_no_trouble_that_passes(database: Database) -> None:
    with pytest.raises(OperationalError) as refused:
        async with database.connection() as connection:
            await connection.exec_driver_sql("SELECT nothing FROM nowhere")

    assert not is_transient(refused.value)


async def test_a_lock_passes(database: Database, tmp_path: Path) -> None:
    async with database.connection() as connection:
        await connection.exec_driver_sql("CREATE TABLE thing (id INTEGER)")
    with sqlite3.connect(tmp_path / "one.sqlite") as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError) as refused:
            async with database.connection():
                """Never entered: another process writes."""
        other.rollback()
    other.close()

    assert is_transient(refused.value)


@pytest.mark.parametrize(
    ("quiet", "leaves", "told"), [(False, False, 1), (True, False, 0), (True, True, 1), (False, True, 1)]
)  # fmt: skip
async def test_jobs_are_told_of_what_leaves_them_work(
    database: Database, *, quiet: bool, leaves: bool, told: int
) -> None:
    heard: list[int] = []
    database.on_commit = lambda: heard.append(1)

    async with database.transaction(quiet=quiet) as session:
        if leaves:
            leave_work(session)
    async with database.transaction(quiet=True):
        pass

    assert len(heard) == told
