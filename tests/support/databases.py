"""New databases for tests, of either kind: files copied from a migrated one, or copies of a template on a server."""

import shutil
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from uuid import uuid4

import asyncpg
from sqlalchemy import MetaData

from shared.db.engine import Database
from shared.db.migrate import upgrade
from shared.db.session import Origin

Tables = str | MetaData
"""A package with migrations, or tables that are simply made."""


class Store(ABC):
    """Where the databases of a test are made."""

    @abstractmethod
    async def url(self, tables: Tables, *, folder: Path, name: str) -> str:
        """Return the address of a new, empty database with these tables."""

    @abstractmethod
    async def drop(self) -> None:
        """Give back what was made since the last call."""


def _name(tables: Tables) -> str:
    return tables.replace(".", "_") if isinstance(tables, str) else "_".join(sorted(tables.tables))[:40]


async def _prepare(url: str, tables: Tables) -> None:
    async with opened(url) as database:
        if isinstance(tables, str):
            await upgrade(database, package=tables)
            return
        async with database.connection() as connection:
            await connection.run_sync(tables.create_all)


@dataclass
class Files(Store):
    """SQLite: each database is a copy of a file."""

    templates: Path

    async def url(self, tables: Tables, *, folder: Path, name: str) -> str:
        template = self.templates / f"{_name(tables)}.sqlite"
        if not template.exists():
            await _prepare(f"sqlite+aiosqlite:///{template}", tables)
        return f"sqlite+aiosqlite:///{shutil.copy(template, folder / f'{name}.sqlite')}"

    async def drop(self) -> None:
        """Do nothing: the folder of the test goes."""


@dataclass
class OnServer(Store):
    """PostgreSQL: each database is a copy of a template, made once per process."""

    address: str
    _templates: dict[str, str] = field(default_factory=dict)
    _made: list[str] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)
    _run: str = field(default_factory=lambda: uuid4().hex[:8])

    async def url(self, tables: Tables, *, folder: Path, name: str) -> str:
        package = _name(tables)
        if package not in self._templates:
            template = f"template_{self._run}_{package}"
            await self._order(f'CREATE DATABASE "{template}"')
            await _prepare(self._at(template), tables)
            self._templates[package] = template
        made = f"test_{self._run}_{next(self._numbers)}"
        # Copied as files: through the log, which is the usual way, it takes three times as long.
        await self._order(f'CREATE DATABASE "{made}" TEMPLATE "{self._templates[package]}" STRATEGY FILE_COPY')
        self._made.append(made)
        return self._at(made)

    async def drop(self) -> None:
        for name in self._made:
            await self._order(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._made.clear()

    def _at(self, name: str) -> str:
        server, _, _ = self.address.rpartition("/")
        return f"{server}/{name}".replace("postgresql://", "postgresql+asyncpg://")

    async def _order(self, statement: str) -> None:
        connection = await asyncpg.connect(self.address)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@asynccontextmanager
async def opened(url: str, origin: Origin | None = None) -> AsyncIterator[Database]:
    """Open a database while the block runs."""
    database = Database(url, origin)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def nobody_writes(database: Database) -> AsyncIterator[None]:
    """Let every writer of a database wait in vain while the block runs, as another process may."""
    if database.is_sqlite:
        with closing(sqlite3.connect(database.url.database or "")) as held:
            held.execute("BEGIN IMMEDIATE")
            yield
            held.rollback()
        return
    connection = await asyncpg.connect(database.url.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        await connection.execute("BEGIN")
        names = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        await connection.execute("LOCK TABLE " + ", ".join(f'"{name}"' for (name,) in names) + " IN EXCLUSIVE MODE")
        yield
    finally:
        await connection.close()
