"""Services on databases of both kinds, each test on new ones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from shared.db.engine import Database
from shared.db.session import Origin
from shared.ids import uuid7
from shared.messaging.topology import Topology
from shared.territory.members import Territory
from tests.support.backbone import SERVICE, Base, Bench

MakeBench = Callable[[str], Awaitable[Bench]]


@pytest.fixture(params=("sqlite", "postgresql"))
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Awaitable[str]]:
    """Return what makes an empty database of one kind and tells its address."""

    async def file(name: str) -> str:
        return f"sqlite+aiosqlite:///{tmp_path / name}.sqlite"

    if request.param == "sqlite":
        return file
    server: str = request.getfixturevalue("postgres")

    async def base(name: str) -> str:
        made = f"{name}_{uuid7().hex}"
        connection = await asyncpg.connect(server)
        await connection.execute(f'CREATE DATABASE "{made}"')
        await connection.close()
        return f"{server.rpartition('/')[0]}/{made}".replace("postgresql://", "postgresql+asyncpg://")

    return base


@pytest.fixture
async def make_bench(
    bootstrap: str, territory: Territory, topics: Topology, new_url: Callable[[str], Awaitable[str]]
) -> AsyncIterator[MakeBench]:
    """Return what makes the test service of one EPCI on a database of its own."""
    made: list[Bench] = []

    async def make(epci: str) -> Bench:
        origin = Origin(epci=epci, service=SERVICE, instance=uuid7(), base_url="http://127.0.0.1:1")
        database = Database(await new_url(f"e{epci}"), origin)
        async with database.connection() as connection:
            await connection.run_sync(Base.metadata.create_all)
        made.append(Bench(epci, database, bootstrap, territory.sirens))
        return made[-1]

    yield make
    await asyncio.gather(*(one.database.close() for one in made))
