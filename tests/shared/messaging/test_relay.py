"""What one row suffers, others do not."""

import asyncio
import json
from collections.abc import Awaitable

from aiokafka.errors import KafkaTimeoutError
from sqlmodel import col, select

from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.projects import Project
from shared.db.leading import Leadership
from shared.ids import uuid7
from shared.messaging.kafka import Publisher
from shared.messaging.outbox import OutboxColumns
from shared.messaging.registry import topic_of
from shared.messaging.relay import WINDOW, Outgoing, Relay
from shared.messaging.topology import Topology
from shared.settings import KafkaAccess
from tests.support.backbone import Bench, Outbox, make_project
from tests.support.topics import dump
from tests.support.waiting import doing, eventually


def to_nowhere(epci: str) -> OutboxColumns:
    """Return a row for a topic that does not exist."""
    return Outbox(
        message_id=uuid7(),
        topic=f"ti.territory.{epci}.nowhere.v1",
        key=str(uuid7()),
        aggregate_version=1,
        type="fr.ti.nowhere.told.v1",
        headers="{}",
        payload=b"{}",
        occurred_at=now(),
    )


async def test_a_topic_that_is_not_there_holds_up_no_other(bench: Bench) -> None:
    async with bench.database.transaction() as session:
        session.add_all(to_nowhere(bench.epci) for _ in range(WINDOW + 1))
    await bench.tell(make_project(bench.epci))

    async def only_nowhere_waits() -> bool:
        async with bench.database.reading() as session:
            waiting = await session.exec(select(Outbox.topic).where(col(Outbox.published_at).is_(None)))
            return set(waiting.all()) == {f"ti.territory.{bench.epci}.nowhere.v1"}

    async with doing(bench.relaying()):
        await eventually(only_nowhere_waits, within=5)


class BackJustThen(Publisher):
    """A Kafka that is away when the first record is handed over, and there for the second."""

    was_away = False

    async def send(self, record: Outgoing) -> Awaitable[object]:
        if not self.was_away:
            self.was_away = True
            raise KafkaTimeoutError
        return await super().send(record)


async def test_invariant_2_a_record_that_could_not_be_handed_over_is_not_overtaken(
    bench: Bench, topics: Topology
) -> None:
    state = make_project(bench.epci)
    for version in (1, 2, 3):
        await bench.tell(state.model_copy(update={"version": version}), visibility=Visibility.TERRITORY)
    async with Leadership(bench.database) as leader:
        await leader.led(unless=asyncio.Event())
        relay = Relay(
            bench.database, Outbox, BackJustThen(KafkaAccess(bench.bootstrap), client_id="relay"), leader=leader
        )
        async with doing(relay.run()):
            await eventually(lambda: _nothing_waits(bench), within=10)

    told = await dump(bench.bootstrap, str(topic_of(Project, visibility=Visibility.TERRITORY, epci=bench.epci)))
    assert [json.loads(one.value)["version"] for one in told if one.key.decode() == str(state.id)] == [1, 2, 3]


async def _nothing_waits(bench: Bench) -> bool:
    return await bench.backlog() == 0
