"""Kafka lost entirely: seven databases fill it again, and every instance reads what it read before."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, update

from shared.clock import now, shifted
from shared.messaging.embedded.node import LocalKafka
from shared.messaging.kafka import acknowledges, raw_of
from shared.messaging.restating import BURIED, OLDER, forget_superseded, republish
from shared.messaging.topology import Topology
from shared.settings import KafkaAccess
from shared.territory.members import Territory
from tests.recovery.conftest import MakeBench
from tests.support.backbone import Bench, Effect, KnownProject, Outbox, make_project
from tests.support.reading import consuming
from tests.support.recovery import newest, state_hash, told_by, versions
from tests.support.territory import make_territory, random_siren
from tests.support.topics import dump
from tests.support.waiting import eventually

# Whole instances live here, each in a process of its own.
pytestmark = pytest.mark.timeout(400)

SEVEN, EACH = 7, 40


async def test_the_newest_row_of_each_key_is_kept_for_ever_and_a_tombstone_for_two_months(
    make_bench: MakeBench, territory: Territory
) -> None:
    bench = await make_bench(territory.sirens[0])
    alive, ended = make_project(bench.epci), make_project(bench.epci)
    for version in (1, 2, 3):
        await bench.tell(alive.model_copy(update={"version": version}))
    await bench.tell(ended)
    await bench.end(ended.model_copy(update={"version": 2}))
    async with bench.database.transaction() as session:
        await session.exec(update(Outbox).values(published_at=now()))

    kept: dict[str, set[tuple[str, int]]] = {}
    for name, age in {"after a fortnight": OLDER, "after two months": BURIED}.items():
        with shifted(age + timedelta(minutes=1)):
            async with bench.database.transaction() as session:
                await forget_superseded(session, Outbox)
        kept[name] = {(row.key, row.aggregate_version) for row in await bench.rows(Outbox)}

    assert kept["after a fortnight"] == {(str(alive.id), 3), (str(ended.id), 3)}
    assert kept["after two months"] == {(str(alive.id), 3)}


async def test_what_waits_is_never_forgotten(make_bench: MakeBench, territory: Territory) -> None:
    bench = await make_bench(territory.sirens[0])
    project = make_project(bench.epci)
    await bench.tell(project)
    await bench.tell(project.model_copy(update={"version": 2}))

    with shifted(timedelta(days=400)):
        async with bench.database.transaction() as session:
            await forget_superseded(session, Outbox)

    assert await bench.backlog() == 4


async def test_a_record_goes_again_as_it_was_and_acts_upon_nobody(make_bench: MakeBench, territory: Territory) -> None:
    bench = await make_bench(territory.sirens[0])
    project = make_project(bench.epci)
    await bench.tell(project)
    await bench.tell(project.model_copy(update={"version": 2}))
    await bench.publish()
    async with bench.database.transaction() as session:
        assert await republish(session, Outbox) == 2
        assert await republish(session, Outbox) == 0
    await bench.publish()
    async with bench.database.transaction() as session:
        await session.exec(update(Outbox).where(col(Outbox.aggregate_version) == 2).values(published_at=now()))
        assert await republish(session, Outbox, since=now() + timedelta(hours=1)) == 0

    first, second, third = await dump(bench.bootstrap, told_by(bench.epci))
    was, again = dict(second.headers), dict(third.headers)
    assert again.pop("ce_republished") == b"true"
    assert (again, third.key, third.value) == (was, second.key, second.value)
    assert dict(first.headers)["ce_sequence"] < was["ce_sequence"]

    reader = await make_bench(territory.sirens[1])
    letters = reader.letters()
    await reader.delivery(letters).react("g", [raw_of(third)])
    assert await reader.rows(Effect) == []
    await letters.close()


@pytest.fixture
def territory() -> Territory:
    """Return a territory of seven EPCI."""
    return make_territory([random_siren() for _ in range(SEVEN)])


async def test_f24_invariant_18_a_wiped_kafka_is_filled_again_from_seven_databases(
    tmp_path: Path, make_bench: MakeBench, territory: Territory
) -> None:
    first, second = [LocalKafka(tmp_path / name) for name in ("first", "second")]
    benches = [await make_bench(siren) for siren in territory.sirens]
    try:
        await first.start(probe=acknowledges)
        before = await _filled(benches, first.bootstrap, territory, changes=True)
        await first.stop()
        await second.start(probe=acknowledges)
        for bench in benches:
            async with bench.database.transaction() as session:
                await republish(session, Outbox)
        after = await _filled(benches, second.bootstrap, territory, changes=False)
        logged = [len(await dump(second.bootstrap, told_by(bench.epci))) for bench in benches]
        effects = [await bench.rows(Effect) for bench in benches]
    finally:
        await asyncio.gather(first.stop(), second.stop())

    assert len(set(before)) == len(set(after)) == 1
    assert before[0] == after[0]
    assert logged == [EACH] * SEVEN, "one record per key"
    assert [len({one.message_id for one in acted}) for acted in effects] == [len(acted) for acted in effects]


async def _filled(benches: list[Bench], bootstrap: str, territory: Territory, *, changes: bool) -> list[str]:
    """Let everybody tell everybody else through one Kafka; return the hash of what each then knows."""
    topology = Topology(KafkaAccess(bootstrap))
    plan = topology.plan(territory.sirens)
    plan.missing = [topic for topic in plan.missing if ".project." in topic.name or "projects-dlq" in topic.name]
    topology.apply(plan)
    for bench in benches:
        bench.bootstrap = bootstrap
        if changes:
            await _make_changes(bench)
        await _forget_copies(bench)
        await bench.publish()
    wanted = {key: version for bench in benches for key, version in (await newest(bench)).items()}
    return await asyncio.gather(*(_what_is_read(bench, wanted) for bench in benches))


async def _make_changes(bench: Bench) -> None:
    projects = [make_project(bench.epci, title=f"Projet {number}") for number in range(EACH)]
    for project in projects:
        await bench.tell(project)
    for project in projects[:10]:
        await bench.tell(project.model_copy(update={"version": 2}))


async def _forget_copies(bench: Bench) -> None:
    async with bench.database.transaction() as session:
        for row in await bench.rows(KnownProject):
            await session.delete(row)


async def _what_is_read(bench: Bench, wanted: dict[str, int]) -> str:
    async def all_of_it() -> bool:
        return await versions(bench) == wanted

    letters = bench.letters()
    async with consuming(bench.subscribers(bench.delivery(letters))):
        await eventually(all_of_it, within=60)
    await letters.close()
    return await state_hash(bench)
