"""One change of one EPCI, on a real Kafka: to its topics, to its neighbours, once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from shared import clock
from shared.contracts.base import Visibility
from shared.contracts.projects import Project
from shared.db.leading import Leadership
from shared.ids import uuid7
from shared.messaging.kafka import raw_of
from shared.messaging.registry import topic_of
from tests.support.backbone import Bench, Effect, Inbox, KnownProject, Outbox, make_project
from tests.support.topics import dump
from tests.support.waiting import doing, eventually


@asynccontextmanager
async def running(*benches: Bench) -> AsyncIterator[None]:
    """Run relay and consumers of each bench."""
    consuming = (bench.subscribers(bench.delivery()).run() for bench in benches)
    async with doing(*(bench.relaying() for bench in benches), *consuming):
        yield


async def test_a_change_reaches_the_neighbour_and_is_acted_upon_once(bench: Bench, neighbour: Bench) -> None:
    project = make_project(bench.epci)

    async with running(bench, neighbour):
        await bench.tell(project, fact="created")
        known = await eventually(lambda: neighbour.rows(KnownProject))
        effects = await eventually(lambda: neighbour.rows(Effect))

    assert [(row.home_epci, row.id, row.version) for row in known] == [(bench.epci, project.id, 1)]
    assert json.loads(known[0].state)["title"] == "Chaufferie"
    assert len(effects) == 1


async def test_of_several_addresses_one_that_is_away_keeps_nobody_from_reading(bench: Bench, neighbour: Bench) -> None:
    neighbour.bootstrap = f"127.0.0.1:9,{neighbour.bootstrap}"
    project = make_project(bench.epci)

    async with running(bench, neighbour):
        await bench.tell(project, fact="created")
        rows = await eventually(lambda: neighbour.rows(KnownProject))

    assert [row.id for row in rows] == [project.id]


async def test_what_is_rolled_back_is_never_published(bench: Bench) -> None:
    with suppress(RuntimeError):
        async with bench.database.transaction() as session:
            session.add(Effect(message_id="x", subject=uuid7()))
            raise RuntimeError

    assert await bench.rows(Outbox) == []


async def test_the_public_topic_carries_the_redacted_copy_and_the_envelope(bench: Bench) -> None:
    project = make_project(bench.epci).model_copy(update={"summary": "Interne au territoire"})
    await bench.tell(project)
    await bench.publish()

    public = str(topic_of(Project, visibility=Visibility.PUBLIC, epci=bench.epci))
    (record,) = await dump(bench.bootstrap, public)
    headers = {name: value.decode() for name, value in record.headers}

    assert "summary" not in json.loads(record.value)
    assert record.key.decode() == headers["ce_subject"] == str(project.id)
    assert headers["ce_type"] == "fr.ti.project.updated.v1"
    assert headers["ce_sequence"] == "000000000001"
    assert headers["ce_source"] == f"/epci/{bench.epci}/projects"
    assert headers["content-type"] == "application/json"


async def test_a_private_project_is_on_no_topic(bench: Bench) -> None:
    await bench.tell(make_project(bench.epci), visibility=Visibility.PRIVATE)

    assert await bench.rows(Outbox) == []


async def test_versions_of_one_key_stay_in_order_and_only_the_newest_is_kept(bench: Bench, neighbour: Bench) -> None:
    project = make_project(bench.epci)
    for version in range(1, 121):
        await bench.tell(project.model_copy(update={"version": version, "title": f"v{version}"}))

    async with running(bench, neighbour):

        async def caught_up() -> bool:
            rows = await neighbour.rows(KnownProject)
            return bool(rows) and rows[0].version == 120

        await eventually(caught_up)

    topic = str(topic_of(Project, visibility=Visibility.TERRITORY, epci=bench.epci))
    sent = [json.loads(record.value)["version"] for record in await dump(bench.bootstrap, topic)]
    assert sent == list(range(1, 121))


async def test_a_deletion_leaves_a_marker_that_no_older_record_revives(bench: Bench, neighbour: Bench) -> None:
    project = make_project(bench.epci)
    await bench.tell(project)
    await bench.end(project.model_copy(update={"version": 2}))
    await bench.tell(project.model_copy(update={"version": 1, "title": "fantôme", "id": uuid7()}))

    async with running(bench, neighbour):

        async def deleted() -> bool:
            rows = {row.id: row for row in await neighbour.rows(KnownProject)}
            return len(rows) == 2 and rows[project.id].deleted

        await eventually(deleted)

    rows = {row.id: row for row in await neighbour.rows(KnownProject)}
    assert (rows[project.id].version, rows[project.id].state) == (3, "")


async def test_invariant_5_replay_from_zero_gives_the_same_projection_and_no_effect_twice(
    bench: Bench, neighbour: Bench
) -> None:
    for number in range(20):
        await bench.tell(make_project(bench.epci, title=f"Projet {number}"))
    delivery = neighbour.delivery()
    await bench.publish()
    topic = str(topic_of(Project, visibility=Visibility.TERRITORY, epci=bench.epci))
    raws = [raw_of(record) for record in await dump(bench.bootstrap, topic)]

    for _ in range(3):
        await delivery.project("p1", raws)
        await delivery.react("r1", raws)

    assert len(await neighbour.rows(KnownProject)) == 20
    assert len(await neighbour.rows(Effect)) == 20
    assert len(await neighbour.rows(Inbox)) == 20


async def test_an_old_message_is_kept_but_not_acted_upon(bench: Bench, neighbour: Bench) -> None:
    with clock.shifted(-timedelta(days=8)):
        await bench.tell(make_project(bench.epci))

    async with running(bench, neighbour):
        await eventually(lambda: neighbour.rows(KnownProject))
        await asyncio.sleep(0.5)

    assert await neighbour.rows(Effect) == []


async def test_f21_invariant_4_two_relays_on_one_database_one_leads_and_the_other_takes_over(bench: Bench) -> None:
    one, two = Leadership(bench.database), Leadership(bench.database)

    async def all_sent() -> bool:
        return await bench.backlog() == 0

    relays = (bench.relay(leader, name=name).run() for leader, name in ((one, "one"), (two, "two")))
    async with doing(*relays), two_in_turn(one, two):
        for number in range(50):
            await bench.tell(make_project(bench.epci, title=f"Projet {number}"))
        await eventually(all_sent)
        assert not two.leading

        await one.stop()
        await eventually(lambda: _value(two.leading))
        for number in range(50, 100):
            await bench.tell(make_project(bench.epci, title=f"Projet {number}"))
        await eventually(all_sent)
    topic = str(topic_of(Project, visibility=Visibility.TERRITORY, epci=bench.epci))
    titles = [json.loads(record.value)["title"] for record in await dump(bench.bootstrap, topic)]
    assert sorted(titles) == sorted(f"Projet {number}" for number in range(100))


async def test_a_row_too_large_for_kafka_blocks_its_key_alone(bench: Bench) -> None:
    stuck, free = make_project(bench.epci, title="trop gros"), make_project(bench.epci, title="libre")
    await bench.tell(stuck)
    await bench.tell(stuck.model_copy(update={"version": 2}))
    await bench.tell(free)
    async with bench.database.transaction() as session:
        row = await session.get(Outbox, 1)
        assert row is not None
        row.payload = b"x" * 2_000_000
        session.add(row)

    await bench.publish()

    rows = {(row.key, row.aggregate_version, row.topic): row for row in await bench.rows(Outbox)}
    territory = str(topic_of(Project, visibility=Visibility.TERRITORY, epci=bench.epci))
    assert rows[str(stuck.id), 1, territory].blocked_at is not None
    assert rows[str(stuck.id), 2, territory].published_at is None
    assert rows[str(free.id), 1, territory].published_at is not None


@asynccontextmanager
async def two_in_turn(one: Leadership, two: Leadership) -> AsyncIterator[None]:
    """Let two try to lead, the first of them first."""
    one.start()
    await eventually(lambda: _value(one.leading))
    two.start()
    try:
        yield
    finally:
        await one.stop()
        await two.stop()


async def _value(value: bool) -> bool:  # noqa: FBT001 - a truth to wait for
    return value
