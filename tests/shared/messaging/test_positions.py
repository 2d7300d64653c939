"""Where reading begins: at what the database has applied, whatever Kafka has kept, lost or been told."""

import asyncio
import json
import os
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from confluent_kafka.admin import AdminClient
from sqlmodel import delete

from shared.clock import now
from shared.ids import uuid7
from shared.messaging.delivery import Bounds, Delivery, Positions, group_of
from shared.messaging.delivery.positions import Place, start_of
from shared.messaging.envelope import RawRecord
from shared.messaging.kafka import raw_of
from shared.messaging.topology import Topology
from shared.territory.members import Territory
from tests.support import forks
from tests.support.backbone import (
    SERVICE,
    TABLES,
    Attempt,
    Base,
    Bench,
    Effect,
    KnownProject,
    Parked,
    Position,
    make_project,
)
from tests.support.crashing import KEYS, VERSIONS, Life, change, live_once
from tests.support.databases import Store
from tests.support.peer import Written, handled, send, written
from tests.support.reading import caught_up, consuming, letters, reasons, topic_at
from tests.support.topics import dump
from tests.support.waiting import eventually

BOUNDS = Bounds(first=0, end=100, committed=50)


@pytest.mark.parametrize(
    ("stored", "bounds", "offset"),
    [
        (50, BOUNDS, 50),
        (30, BOUNDS, 30),  # a backup was restored
        (70, BOUNDS, 50),  # ordinary redelivery
        (None, BOUNDS, 0),
        (50, replace(BOUNDS, committed=None), 0),
        (101, BOUNDS, 0),  # the log is another one
        (50, replace(BOUNDS, committed=101), 0),
        (100, replace(BOUNDS, committed=100), 100),
        (5, replace(BOUNDS, first=10), 10),
        (None, replace(BOUNDS, committed=None), 0),
    ],
)
def test_reading_begins_where_nothing_is_passed_over(stored: int | None, bounds: Bounds, offset: int) -> None:
    place = None if stored is None else Place(stored, None, 0, paused=False)

    assert start_of(place, bounds) == offset


def some(peer: str, count: int) -> list[Written]:
    return [written(make_project(peer)) for _ in range(count)]


async def read_all(bench: Bench, delivery: Delivery, topic: str, *, to: int) -> None:
    async with consuming(bench.subscribers(delivery)) as subscribers:
        await eventually(lambda: caught_up(bench, topic, to=to), within=30)
        assert subscribers.dead() == []


async def stored(bench: Bench, topic: str) -> set[int]:
    return {row.next_offset for row in await bench.rows(Position) if row.topic == topic}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_restored_backup_is_read_again_from_its_own_position(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer = territory.sirens[1]
    file = Path(bench.database.url.database or "")
    copy = file.with_name("backup.sqlite")
    await send(bench.bootstrap, topic_at(peer), some(peer, 3))
    await read_all(bench, delivery, topic_at(peer), to=3)
    await bench.database.close()
    shutil.copy(file, copy)
    await send(bench.bootstrap, topic_at(peer), some(peer, 4))
    await read_all(bench, delivery, topic_at(peer), to=7)
    await bench.database.close()
    _put_back(copy, file)
    assert len(await bench.rows(KnownProject)) == 3

    async with consuming(bench.subscribers(delivery)):

        async def all_there() -> bool:
            return len(await bench.rows(KnownProject)) == len(await bench.rows(Effect)) == 7

        await eventually(all_there, within=30)

    assert await stored(bench, topic_at(peer)) == {7}
    assert await letters(bench) == {}


async def test_an_emptied_database_is_filled_from_the_beginning(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer = territory.sirens[1]
    await send(bench.bootstrap, topic_at(peer), some(peer, 5))
    await read_all(bench, delivery, topic_at(peer), to=5)
    async with bench.database.transaction() as session:
        for table in (Position, KnownProject):
            await session.exec(delete(table))

    async with consuming(bench.subscribers(delivery)):

        async def all_there() -> bool:
            return len(await bench.rows(KnownProject)) == 5 and await stored(bench, topic_at(peer)) == {5}

        await eventually(all_there, within=30)

    assert len(await bench.rows(Effect)) == 5, "what was acted upon is in the inbox"


async def test_16_group_offsets_deleted_give_a_full_catch_up_and_no_effect_twice(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer = territory.sirens[1]
    await send(bench.bootstrap, topic_at(peer), some(peer, 5))
    await read_all(bench, delivery, topic_at(peer), to=5)
    groups = [group_of(bench.epci, SERVICE, kind) for kind in ("projector", "reactor")]
    admin = AdminClient({"bootstrap.servers": bench.bootstrap})
    for answer in admin.delete_consumer_groups(groups).values():
        await asyncio.to_thread(answer.result)
    await send(bench.bootstrap, topic_at(peer), some(peer, 2))

    await read_all(bench, delivery, topic_at(peer), to=7)

    assert len(await bench.rows(KnownProject)) == len(await bench.rows(Effect)) == 7
    assert await letters(bench) == {}


async def test_a_log_that_was_lost_is_read_from_its_new_beginning(
    bench: Bench, territory: Territory, delivery: Delivery, topics: Topology
) -> None:
    peer = territory.sirens[1]
    await send(bench.bootstrap, topic_at(peer), some(peer, 6))
    await read_all(bench, delivery, topic_at(peer), to=6)
    await _lose(bench, topic_at(peer), topics, territory)
    await send(bench.bootstrap, topic_at(peer), some(peer, 2))

    async with consuming(bench.subscribers(delivery)):
        await eventually(lambda: caught_up(bench, topic_at(peer), to=2), within=30)

    assert len(await bench.rows(KnownProject)) == len(await bench.rows(Effect)) == 8
    assert await stored(bench, topic_at(peer)) == {2}, "a position may go down with its log"


async def test_what_is_counted_and_parked_of_a_log_that_was_lost_is_not_taken_for_the_new_one(
    bench: Bench, territory: Territory, delivery: Delivery, topics: Topology
) -> None:
    peer, missing = territory.sirens[1], uuid7()
    waits = make_project(peer, summary=f"after {missing}")
    await send(bench.bootstrap, topic_at(peer), [written(waits), *some(peer, 1)])
    await read_all(bench, delivery, topic_at(peer), to=2)
    async with bench.database.transaction() as session:
        for kind in ("projector", "reactor"):
            group = group_of(bench.epci, SERVICE, kind)
            session.add(Attempt(group=group, topic=topic_at(peer), offset=0, tries=4, first_at=now(), error="Bug"))
    await _lose(bench, topic_at(peer), topics, territory)
    other = make_project(peer, summary=f"after {missing}")
    await send(bench.bootstrap, topic_at(peer), [written(other)])

    await read_all(bench, delivery, topic_at(peer), to=1)

    assert await bench.rows(Attempt) == []
    assert {row.key for row in await bench.rows(Parked)} == {str(waits.id), str(other.id)}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_database_away_at_the_assignment_holds_up_nothing_but_reading(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer = territory.sirens[1]
    await send(bench.bootstrap, topic_at(peer), some(peer, 3))
    await bench.database.close()
    file = Path(bench.database.url.database or "")
    hidden = file.with_name("hidden")
    _hide(file, hidden)

    async with consuming(bench.subscribers(delivery)) as subscribers:
        await asyncio.sleep(3)
        assert subscribers.dead() == []
        assert await handled(bench.bootstrap, topic_at(peer), groups=[group_of(bench.epci, SERVICE, "reactor")]) == [0]
        _show(hidden, file)
        await eventually(lambda: caught_up(bench, topic_at(peer), to=3), within=30)

    assert len(await bench.rows(KnownProject)) == 3


async def test_positions_never_go_back_by_what_is_read_again(
    bench: Bench, territory: Territory, delivery: Delivery
) -> None:
    peer = territory.sirens[1]
    await send(bench.bootstrap, topic_at(peer), some(peer, 3))
    await read_all(bench, delivery, topic_at(peer), to=3)

    from_two_processes = [Positions(bench.database, TABLES), delivery.positions]
    records = [await _raws(bench, topic_at(peer), upto) for upto in (1, 2)]

    async def move(positions: Positions, upto: int) -> None:
        async with bench.database.transaction() as session:
            await positions.move(session, group_of(bench.epci, SERVICE, "projector"), records[upto])

    await asyncio.gather(*(move(one, index) for index, one in enumerate(from_two_processes)))

    assert await stored(bench, topic_at(peer)) == {3}


async def test_f12_a_record_at_which_processes_end_is_set_aside_after_three_starts(
    store: Store, tmp_path: Path, bootstrap: str, territory: Territory, topics: Topology
) -> None:
    folder = tmp_path / "life"
    await asyncio.to_thread(folder.mkdir)
    url = await store.url(Base.metadata, folder=folder, name="bench")
    life = Life("bomb", str(folder), territory.sirens[0], bootstrap, url)
    before = life.bench()
    await change(before, life)
    await before.publish()  # a start at an empty topic is no start at a record
    await before.database.close()
    ends = [await _live(replace(life, crash_at="projector.after_poll:1")) for _ in range(3)]

    last = await _live(life)

    bench = life.bench()
    aside = await letters(bench)
    rows = await bench.rows(KnownProject)
    acted = len(await bench.rows(Effect))
    await bench.database.close()
    log = (Path(life.folder) / "life.log").read_text(encoding="utf-8")
    assert (ends, last) == ([137, 137, 137], 0), log
    assert reasons(aside) == {0: "unclean_starts"}
    assert dict(aside[0].headers)["dlq_class"] == b"unclean"
    assert await letters(bench, kind="reactor") == {}, "the other group pays for nothing"
    assert {row.version for row in rows} == {VERSIONS}
    assert acted == KEYS * VERSIONS


def _hide(file: Path, hidden: Path) -> None:
    file.rename(hidden)
    file.mkdir()  # what is no file cannot be opened


def _show(hidden: Path, file: Path) -> None:
    file.rmdir()
    hidden.rename(file)


def _put_back(copy: Path, file: Path) -> None:
    for beside in (f"{file}-wal", f"{file}-shm"):
        Path(beside).unlink(missing_ok=True)
    shutil.copy(copy, file)


async def _live(life: Life) -> int:
    child = await asyncio.to_thread(forks.run, live_once, json.dumps(asdict(life)), env=os.environ)
    return child.returncode


async def _raws(bench: Bench, topic: str, upto: int) -> list[RawRecord]:
    return [raw_of(one) for one in (await dump(bench.bootstrap, topic))[:upto]]


async def _lose(bench: Bench, topic: str, topics: Topology, territory: Territory) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bench.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topic])

        async def gone() -> bool:
            return topic not in await admin.list_topics()

        await eventually(gone)
    finally:
        await admin.close()
    plan = await asyncio.to_thread(topics.plan, territory.sirens)
    await asyncio.to_thread(topics.apply, plan)
