"""One process leads a database: the next takes over when it ends, and a lost lead is noticed at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from shared.db.engine import Database
from shared.db.leading import COMMITTED, LIVE, Leadership
from tests.support.databases import Store, opened
from tests.support.waiting import eventually

HOUSE = "services.projects"


@pytest.fixture
async def database(store: Store, tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(await store.url(HOUSE, folder=tmp_path, name="led")) as made:
        yield made


@pytest.fixture
async def on_server(stores: dict[str, Store], tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(await stores["postgresql"].url(HOUSE, folder=tmp_path, name="led")) as made:
        yield made
    await stores["postgresql"].drop()


async def cut(database: Database, application: str) -> None:
    """End the connections of a kind at the server, as a failover does."""
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    operator = await asyncpg.connect(address)
    await operator.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1"
        " AND datname = current_database()",
        application,
    )
    await operator.close()


async def leads(leader: Leadership) -> bool:
    return leader.leading


async def lost(leader: Leadership) -> bool:
    return not leader.leading


async def test_of_two_one_leads_and_the_other_takes_over(database: Database) -> None:
    async with Leadership(database) as one:
        await eventually(lambda: leads(one))
        async with Leadership(database) as two:
            await asyncio.sleep(0.3)
            assert not two.leading

            await one.stop()
            await eventually(lambda: leads(two))
        assert not one.leading


async def test_who_waits_to_lead_is_told_to_stop(database: Database) -> None:
    stop = asyncio.Event()
    async with Leadership(database) as one:
        await eventually(lambda: leads(one))
        async with Leadership(database) as two:
            waiting = asyncio.create_task(two.led(unless=stop))
            stop.set()
            assert await waiting is False
            assert await one.led(unless=asyncio.Event()) is True


async def test_a_lead_lost_with_its_connection_is_given_up_and_taken_back(on_server: Database) -> None:
    async with Leadership(on_server) as leader:
        await eventually(lambda: leads(leader))
        await cut(on_server, "estuaire-line")
        await eventually(lambda: lost(leader))
        await eventually(lambda: leads(leader), within=20)


async def test_every_replica_hears_what_one_of_them_tells(database: Database) -> None:
    heard: list[tuple[str, str]] = []
    async with Leadership(database) as one:
        one.heard = lambda channel, payload: heard.append((channel, payload))
        await eventually(lambda: leads(one))
        one.tell(LIVE, "project 1 2")

        async def told() -> bool:
            return heard == [(LIVE, "project 1 2")]

        await eventually(told)


async def test_a_commit_of_another_replica_wakes_the_leader(on_server: Database) -> None:
    heard: list[str] = []
    async with Leadership(on_server) as leader, opened(on_server.url.render_as_string(hide_password=False)) as replica:
        leader.heard = lambda channel, _payload: heard.append(channel)
        await eventually(lambda: leads(leader))
        replica.announces = lambda: COMMITTED
        async with replica.transaction() as session:
            await session.connection()

        async def told() -> bool:
            return heard == [COMMITTED]

        await eventually(told)
