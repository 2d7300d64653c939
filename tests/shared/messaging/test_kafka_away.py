"""Kafka absent, killed, giving wrong bytes, gone for good: writes are accepted, nothing is lost, all stops in time."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from shared.contracts.base import Visibility
from shared.contracts.projects import Project
from shared.db.leading import Leadership
from shared.ids import uuid7
from shared.messaging.embedded.node import LocalKafka
from shared.messaging.kafka import Publisher, Subscribers, acknowledges
from shared.messaging.kafka.publishing import PROBE_TOPIC
from shared.messaging.recorder import record
from shared.messaging.registry import dead_letter_topic, topic_of
from shared.messaging.relay import Outgoing, Relay
from shared.messaging.topology import Topology, topics_of
from shared.settings import KafkaAccess
from tests.support.backbone import SERVICE, Bench, KnownProject, Outbox, make_bench, make_project
from tests.support.broker import free_port
from tests.support.databases import Store
from tests.support.topics import dump
from tests.support.waiting import doing, eventually

KEYS, VERSIONS = 100, 20


@dataclass
class Alone:
    """A bench with a Kafka of its own, not yet started."""

    kafka: LocalKafka
    bench: Bench
    leader: Leadership
    relay: Relay

    @property
    def topic(self) -> str:
        """Return where it tells the territory."""
        return str(topic_of(Project, visibility=Visibility.TERRITORY, epci=self.bench.epci))

    async def start_kafka(self) -> None:
        """Start Kafka and make the topics, if they are not there yet."""
        await self.kafka.start(probe=acknowledges)
        topology = Topology(KafkaAccess(self.kafka.bootstrap))
        plan = topology.plan([self.bench.epci])
        dlq = str(dead_letter_topic(SERVICE, epci=self.bench.epci))
        plan.missing = [topic for topic in plan.missing if topic.name in {self.topic, dlq}]
        assert len(topics_of(self.bench.epci)) > len(plan.missing)
        topology.apply(plan)

    async def tell(self, versions: range) -> None:
        """Commit these versions of each key, in one transaction per version."""
        for version in versions:
            async with self.bench.database.transaction() as session:
                for state in self.states:
                    newer = state.model_copy(update={"version": version})
                    record(session, Outbox, newer, fact="updated", visibility=Visibility.TERRITORY)

    def __post_init__(self) -> None:
        self.states = [make_project(self.bench.epci, id=uuid7()) for _ in range(KEYS)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Subscribers]:
        """Run relay and consumers."""
        letters = self.bench.letters()
        subscribers = self.bench.subscribers(self.bench.delivery(letters))
        async with self.leader, doing(self.relay.run()), doing(subscribers.run()):
            yield subscribers
        await letters.close()

    async def everything_is_known(self, *, version: int) -> bool:
        """Tell whether this version of each key has come back by Kafka."""
        rows = await self.bench.rows(KnownProject)
        return sorted((row.id, row.version) for row in rows) == sorted((state.id, version) for state in self.states)

    async def waiting(self) -> int:
        """Return how many rows wait to be published."""
        statement = select(func.count()).select_from(Outbox).where(col(Outbox.published_at).is_(None))
        async with self.bench.database.reading() as session:
            return (await session.exec(statement)).one()


@pytest.fixture
async def alone(store: Store, tmp_path: Path, siren: str) -> AsyncIterator[Alone]:
    port = free_port()
    bench = await make_bench(store, tmp_path / "own", epci=siren, bootstrap=f"127.0.0.1:{port}", members=[siren])
    kafka = LocalKafka(tmp_path / "kafka", port=port)
    leader = Leadership(bench.database)
    yield Alone(kafka, bench, leader, bench.relay(leader))
    kafka.kill()
    await bench.database.close()


async def test_f02_invariant_7_without_kafka_writes_are_accepted_and_arrive_once_it_is_there(alone: Alone) -> None:
    async with alone.running():
        await alone.tell(range(1, 3))
        await asyncio.sleep(1)
        assert await alone.waiting() == 2 * KEYS

        await alone.start_kafka()
        await eventually(lambda: alone.everything_is_known(version=2), within=60)

    assert await alone.waiting() == 0


async def test_f01_invariant_2_kafka_killed_in_the_middle_of_2000_sends_loses_none_and_keeps_order(
    alone: Alone,
) -> None:
    await alone.start_kafka()
    await alone.tell(range(1, VERSIONS + 1))

    async with alone.running():
        async with asyncio.timeout(15):
            while await alone.waiting() == KEYS * VERSIONS:
                """Ask again at once: a pause would sleep through the middle."""
        alone.kafka.kill()
        assert await alone.waiting() > 0
        await alone.start_kafka()
        await eventually(lambda: alone.everything_is_known(version=VERSIONS), within=60)
        assert await alone.waiting() == 0

    sent: dict[str, list[int]] = defaultdict(list)
    for one in await dump(alone.bench.bootstrap, alone.topic):
        sent[one.key.decode()].append(json.loads(one.value)["version"])
    assert len(sent) == KEYS
    for versions in sent.values():
        assert list(dict.fromkeys(versions)) == list(range(1, VERSIONS + 1)), "first sent in order, none lost"
        assert versions[-1] == VERSIONS


async def test_f20_what_came_before_a_batch_with_wrong_bytes_is_kept_and_the_batch_is_read_once_it_is_right(
    alone: Alone,
) -> None:
    states = alone.states
    await alone.start_kafka()
    for alone.states in (states[:50], states[50:]):
        await alone.tell(range(1, 2))
        await alone.bench.publish()
    [segment] = alone.kafka.folder.rglob(f"{alone.topic}-0/*.log")
    right = await asyncio.to_thread(segment.read_bytes)

    _write_over(segment, right[:-1] + bytes([right[-1] ^ 1]))
    alone.states = states[:50]
    async with alone.running():
        await eventually(lambda: alone.everything_is_known(version=1), within=30)
        _write_over(segment, right)
        alone.states = states
        await eventually(lambda: alone.everything_is_known(version=1), within=30)


async def test_a_client_that_ended_from_within_is_replaced(alone: Alone) -> None:
    await alone.start_kafka()
    async with alone.running() as subscribers:
        await alone.tell(range(1, 2))
        await eventually(lambda: alone.everything_is_known(version=1), within=30)
        assert subscribers._broker is not None
        for reader in subscribers._broker.subscribers:
            reader.consumer._fetcher.error_future.cancel()  # type: ignore[attr-defined]  # as a KeyError would end it
        await alone.tell(range(2, 3))
        await eventually(lambda: alone.everything_is_known(version=2), within=30)


async def test_what_a_producer_held_when_it_was_stopped_is_never_sent(tmp_path: Path) -> None:
    """A relay sends it again: sent after a newer record of its key, it would be the last word of its topic."""
    kafka = LocalKafka(tmp_path / "kafka")
    await kafka.start(probe=acknowledges)
    publisher = Publisher(KafkaAccess(kafka.bootstrap), client_id="essai")
    await (await publisher.send(Outgoing(PROBE_TOPIC, b"k", b"sent", ())))
    kafka.kill()
    await publisher.send(Outgoing(PROBE_TOPIC, b"k", b"held", ()))

    await publisher.close()

    assert [task for task in asyncio.all_tasks() if "_sender_routine" in repr(task)] == []


def _write_over(file: Path, content: bytes) -> None:
    """Change what is in a file that another process has open and does not append to."""
    with file.open("r+b") as opened:
        opened.write(content)


async def test_f28_with_kafka_gone_it_stops_in_time_and_the_rows_are_still_there(alone: Alone) -> None:
    await alone.start_kafka()
    started = time.monotonic()

    async with alone.running():
        await alone.tell(range(1, 2))
        await eventually(lambda: alone.everything_is_known(version=1), within=30)
        alone.kafka.kill()
        await alone.tell(range(2, 4))
        alone.relay.wake()
        await asyncio.sleep(1)
        started = time.monotonic()

    assert time.monotonic() - started < 30
    assert await alone.waiting() == 2 * KEYS
