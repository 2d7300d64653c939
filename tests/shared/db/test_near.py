"""What takes microseconds is done where it is asked for; what waits for a lock or the disk never holds the loop."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from shared.db.engine import Database
from shared.db.near import NearConnection


@pytest.fixture
async def near(tmp_path: Path) -> AsyncIterator[NearConnection]:
    connection = NearConnection(str(tmp_path / "near.sqlite"), timeout=0.5)
    async with connection:
        await connection.execute("PRAGMA journal_mode=WAL")
        await connection.execute("CREATE TABLE house (id INTEGER PRIMARY KEY)")
        await connection.commit()
        yield connection


async def test_only_what_may_wait_is_done_in_the_thread(near: NearConnection) -> None:
    seen: list[tuple[str, bool]] = []
    await near.set_trace_callback(lambda sql: seen.append((sql, threading.current_thread() is threading.main_thread())))
    for sql in (
        "BEGIN IMMEDIATE",
        "INSERT INTO house VALUES (1)",
        "INSERT INTO house SELECT 1 + id FROM house",
        "SELECT id FROM house",
        "BEGIN",
        "INSERT INTO house VALUES (9)",
        "DROP TABLE house",
    ):
        cursor = await near.cursor()
        try:
            await cursor.execute(sql)
            await cursor.fetchall()
        finally:
            await cursor.close()
        if sql.startswith("SELECT"):
            await near.commit()

    here = {sql for sql, main in seen if main}
    assert here == {"INSERT INTO house VALUES (1)", "SELECT id FROM house", "BEGIN"}
    assert {
        "BEGIN IMMEDIATE",
        "INSERT INTO house SELECT 1 + id FROM house",
        "COMMIT",
        "INSERT INTO house VALUES (9)",  # upon no lock it would wait for one
        "DROP TABLE house",
    } <= {sql for sql, main in seen if not main}


async def test_a_wait_that_was_given_up_keeps_its_turn_and_does_not_hold_the_loop(
    near: NearConnection, tmp_path: Path
) -> None:
    async with NearConnection(str(tmp_path / "near.sqlite"), timeout=0.5) as other:
        await other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(near.execute("BEGIN IMMEDIATE"))
        await asyncio.sleep(0.05)
        waiting.cancel()
        after = asyncio.create_task(near.execute_fetchall("SELECT count(*) FROM house"))
        loop = asyncio.get_running_loop()
        asked = loop.time()
        await asyncio.sleep(0.01)
        assert loop.time() - asked < 0.3, "the loop was held"
        assert not after.done(), "two threads were at one connection"
        assert list(await after) == [(0,)]
        await other.rollback()


async def test_a_long_transaction_lets_others_have_their_turn(near: NearConnection) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await near.execute("BEGIN")
    before = turns
    for _ in range(1_000):
        cursor = await near.cursor()
        await cursor.execute("SELECT 1")
        await cursor.fetchall()
        await cursor.close()
    counting.cancel()
    assert turns - before >= 1_000 * 4 // 64 - 1


async def test_a_lock_that_is_not_released_is_told_in_time(tmp_path: Path) -> None:
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'one.sqlite'}") as database:
        async with NearConnection(str(tmp_path / "one.sqlite"), timeout=1) as other:
            await other.execute("BEGIN IMMEDIATE")
            with pytest.raises(OperationalError, match="locked"):
                await _write(database)
        await _write(database)


async def _write(database: Database) -> None:
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS house (id INTEGER PRIMARY KEY)")
