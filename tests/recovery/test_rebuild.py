"""A rebuild gives what the live projector would have, whatever went wrong before, while traffic goes on."""

import asyncio
from contextlib import suppress
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.clock import now
from shared.db.scratch import twin
from shared.errors import Conflict
from shared.ids import uuid7
from shared.messaging.delivery import LIMIT, group_of
from shared.messaging.inbox import PositionColumns
from shared.territory.members import Territory
from tests.recovery.conftest import MakeBench
from tests.support.backbone import SERVICE, Base, Bench, KnownProject, Position, make_project
from tests.support.peer import send, written
from tests.support.reading import consuming, forged
from tests.support.recovery import newest, publishing, rebuilt, state_hash, told_by, versions
from tests.support.topics import write
from tests.support.waiting import doing, eventually


async def _spoil(bench: Bench, siren: str, ids: set[UUID]) -> None:
    """Leave what a bug or a long absence leaves: a ghost, a row that reads otherwise, one that is missing."""
    ghost = KnownProject(home_epci=siren, id=uuid7(), version=7, occurred_at=now(), state="{}")
    rows = [row for row in await bench.rows(KnownProject) if row.id in ids]
    async with bench.database.transaction() as session:
        session.add(ghost)
        rows[0].state = '{"title": "abîmé"}'
        session.add(rows[0])
        await session.delete(rows[1])


async def test_invariant_15_a_rebuild_equals_the_live_projection_while_traffic_goes_on(
    make_bench: MakeBench, territory: Territory
) -> None:
    own, other = [await make_bench(siren) for siren in territory.sirens[:2]]
    projects = [make_project(other.epci, title=f"Projet {number}") for number in range(40)]
    for project in projects:
        await other.tell(project)
    letters, enough = own.letters(), asyncio.Event()

    async def keep_telling() -> None:
        version = 1
        while not enough.is_set():
            version += 1
            for project in projects[:5]:
                await other.tell(project.model_copy(update={"version": version}))

    async with doing(publishing(other)), consuming(own.subscribers(own.delivery(letters))):
        await eventually(lambda: _count(own, 40))
        await _spoil(own, other.epci, {project.id for project in projects[-2:]})
        telling = asyncio.create_task(keep_telling())
        reports = [await rebuilt(own) for _ in range(3)]
        enough.set()
        await telling
        told = await newest(other)
        await eventually(lambda: _same(own, told))
    await letters.close()

    [table] = reports[0].tables
    assert (table.ghosts, table.after) == (1, 40)
    assert table.different >= 2
    assert reports[-1].records > 40, "nothing was told meanwhile"
    assert sum(told.values()) > 60
    live = await state_hash(own)
    again = await rebuilt(own)
    assert await state_hash(own) == live
    assert [(one.different, one.ghosts) for one in again.tables] == [(0, 0)]


async def _position(bench: Bench) -> PositionColumns:
    """Return how far the projector is in the bench's own topic."""
    row: PositionColumns
    [row] = [one for one in await bench.rows(Position) if one.topic == told_by(bench.epci)]
    return row


async def _count(bench: Bench, wanted: int) -> bool:
    return len(await versions(bench)) == wanted


async def _same(bench: Bench, wanted: dict[str, int]) -> bool:
    return await versions(bench) == wanted


async def test_a_rebuild_that_knows_less_than_the_live_tables_reads_on(
    make_bench: MakeBench, territory: Territory
) -> None:
    bench = await make_bench(territory.sirens[0])
    await bench.tell(make_project(bench.epci))
    await bench.publish()
    topic, group = told_by(bench.epci), group_of(bench.epci, SERVICE, "projector")
    async with bench.database.transaction() as session:
        # As if the live projector had applied a record that comes while the twin is filled.
        session.add(Position(group=group, topic=topic, next_offset=2, moved_at=now()))

    await rebuilt(bench)  # the log ends at 1: what the position says was of a log that is gone
    position = await _position(bench)
    assert position.next_offset == 1

    await bench.tell(make_project(bench.epci))
    await bench.publish()
    report = await rebuilt(bench)
    assert report.records == 2
    assert (await _position(bench)).next_offset == 2


async def test_what_nobody_can_read_is_not_set_aside_a_second_time(make_bench: MakeBench, territory: Territory) -> None:
    bench = await make_bench(territory.sirens[0])
    await write(bench.bootstrap, told_by(bench.epci), [(b"wrong", b"{", ()), (None, b"\xff", (("ce_id", None),))][:1])
    await bench.tell(make_project(bench.epci))
    await bench.publish()

    report = await rebuilt(bench)

    assert (report.records, report.refused) == (2, 1)
    assert len(await versions(bench)) == 1


async def test_what_was_forged_is_not_counted_a_second_time(make_bench: MakeBench, territory: Territory) -> None:
    own, other = [await make_bench(siren) for siren in territory.sirens[:2]]
    project = make_project(own.epci)
    for bench in (own, other):
        await bench.tell(project.model_copy(update={"home_epci": bench.epci}))
        await bench.publish()
    await send(own.bootstrap, told_by(own.epci), [written(make_project(own.epci), epci=other.epci)])
    before = forged(own)

    report = await rebuilt(own)

    assert (report.records, report.refused, len(await own.rows(KnownProject))) == (3, 1, 2)
    assert forged(own) == before


async def test_a_topic_that_the_breaker_holds_is_read_whole_and_stays_held(
    make_bench: MakeBench, territory: Territory
) -> None:
    bench = await make_bench(territory.sirens[0])
    topic, group = told_by(bench.epci), group_of(bench.epci, SERVICE, "projector")
    await write(bench.bootstrap, topic, [(b"wrong", b"{", ())] * (LIMIT + 20))
    await bench.tell(make_project(bench.epci))
    await bench.publish()
    held = Position(group=group, topic=topic, next_offset=LIMIT, moved_at=now(), paused_at=now())
    held.start_offset, held.starts = LIMIT, 2
    async with bench.database.transaction() as session:
        session.add(held)

    report = await rebuilt(bench)

    assert (report.records, report.refused) == (LIMIT + 21, LIMIT + 20)
    assert len(await versions(bench)) == 1
    position = await _position(bench)
    assert position.next_offset == LIMIT + 21
    assert (position.paused_at is not None, position.start_offset, position.starts) == (True, LIMIT, 2)


async def test_only_one_rebuild_of_a_database_at_a_time(make_bench: MakeBench, territory: Territory) -> None:
    bench = await make_bench(territory.sirens[0])
    async with twin(bench.database, Base.metadata):
        with pytest.raises(Conflict, match="déjà en cours"):
            await rebuilt(bench)
    await rebuilt(bench)


async def test_a_busy_table_puts_the_exchange_off(make_bench: MakeBench, territory: Territory) -> None:
    bench = await make_bench(territory.sirens[0])
    await bench.tell(make_project(bench.epci))
    await bench.publish()
    async with bench.database.connection() as connection:
        await connection.execute(text("UPDATE known_project SET version = version"))
        running = asyncio.create_task(rebuilt(bench))
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(running), 1)
        assert not running.done()
    report = await running
    assert [one.after for one in report.tables] == [1]
