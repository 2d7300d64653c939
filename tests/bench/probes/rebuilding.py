"""A full topic read into copies: our projectors, the barest reader, and FastStream as its manual shows it."""

import asyncio
import json
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from services.projects.manifest import SERVICE as PROJECTS
from shared.contracts.projects import Project
from shared.db.migrate import upgrade
from shared.ids import uuid7
from shared.messaging.replay.exchange import Subject
from shared.messaging.replay.rebuild import rebuild
from shared.settings import KafkaAccess
from tests.bench.child import Pace, Result, answer, begin
from tests.bench.material import topic
from tests.bench.stores import database_of, plain

AT_ONCE = 500


@dataclass
class Tally:
    """How many records were applied, and how fast, from the first batch in hand to the last commit."""

    wanted: int
    most_seconds: float
    done: int = 0
    pace: Pace | None = None
    result: Result = field(default_factory=dict)
    full: asyncio.Event = field(default_factory=asyncio.Event)

    def taken(self) -> None:
        """Note that a batch is in hand."""
        self.pace = self.pace or Pace()

    def applied(self, count: int) -> None:
        """Note that a batch is committed."""
        assert self.pace is not None
        self.done += count
        if self.full.is_set():
            return
        self.result = self.pace.result(self.done)
        if self.done >= self.wanted or self.result["seconds"] > self.most_seconds:
            self.full.set()


async def product(*, url: str, bootstrap: str, siren: str, rows: int, most_seconds: float) -> Result:
    """Make the copies of the service projects anew, as ``estuaire rebuild`` does, exchange included."""
    database = database_of(url, siren=siren, service=PROJECTS.name)
    await upgrade(database, package=PROJECTS.package)
    subject = Subject(
        epci=siren,
        service=PROJECTS.name,
        database=database,
        metadata=PROJECTS.metadata,
        tables=PROJECTS.tables,
        consumers=PROJECTS.consumers,
        projections=PROJECTS.projections,
        members=frozenset([siren]),
    )
    begin()
    pace = Pace()
    report = await rebuild(subject, [KafkaAccess(bootstrap)])
    result = pace.result(report.records)
    assert (report.records, report.refused) == (rows, 0)
    await database.close()
    return result


async def floor(*, url: str, bootstrap: str, siren: str, rows: int, most_seconds: float) -> Result:
    """Read with the client alone, decode JSON, upsert by 500."""
    store = await plain(url)
    partition = TopicPartition(topic(siren), 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    consumer.assign([partition])
    await consumer.seek_to_beginning(partition)
    tally = Tally(rows, most_seconds)
    begin()
    while not tally.full.is_set():
        for batch in (await consumer.getmany(timeout_ms=1000, max_records=AT_ONCE)).values():
            tally.taken()
            states = [json.loads(record.value) for record in batch]
            await store.upsert(
                [(one["id"], one["version"], record.value) for one, record in zip(states, batch, strict=True)]
            )
            tally.applied(len(batch))
    await consumer.stop()
    await store.close()
    return tally.result


async def peer(*, url: str, bootstrap: str, siren: str, rows: int, most_seconds: float) -> Result:
    """Read with a typed handler of FastStream, one transaction per message, none lost."""
    store = await plain(url)
    broker = KafkaBroker(bootstrap, consumer_only=True, logger=None)
    tally = Tally(rows, most_seconds)

    @broker.subscriber(
        topic(siren), group_id=f"bench.{uuid7()}", auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR
    )
    async def keep(state: Project) -> None:
        tally.taken()
        await store.upsert([(str(state.id), state.version, state.model_dump_json().encode())])
        tally.applied(1)

    begin()
    await broker.start()
    await tally.full.wait()
    await broker.stop()
    await store.close()
    return tally.result


if __name__ == "__main__":
    answer(product, floor, peer)
