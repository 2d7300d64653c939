"""A reader outside every group reads as far as it was told to, or says that it cannot."""

import asyncio

import pytest
from confluent_kafka import Producer

from shared.errors import Unavailable
from shared.messaging.kafka import LogReader
from shared.messaging.topology import Topology
from shared.settings import KafkaAccess
from shared.territory.members import Territory
from tests.support.reading import topic_at
from tests.support.topics import write


@pytest.fixture
def topic(territory: Territory, topics: Topology) -> str:
    """Return a topic that is there and empty."""
    return topic_at(territory.sirens[0])


async def read(bootstrap: str, topic: str, *, to: int | None = None, patience: float = 30) -> list[int]:
    """Return the offsets handed over until ``to``, or until the end there is."""
    async with LogReader(KafkaAccess(bootstrap), client_id="test") as reader:
        await reader.topics()
        await reader.follow([topic])
        ends = await reader.ends() if to is None else {topic: to}
        return [raw.offset async for raws in reader.up_to(ends, patience=patience) for raw in raws]


async def test_a_reader_gives_up_where_more_is_told_and_nothing_comes(bootstrap: str, topic: str) -> None:
    await write(bootstrap, topic, [(b"key", b"{}", ())])

    with pytest.raises(Unavailable, match="ne donne pas la suite"):
        await read(bootstrap, topic, to=2, patience=1)


async def test_what_is_no_record_at_the_end_of_a_topic_is_passed_over(bootstrap: str, topic: str) -> None:
    await asyncio.to_thread(_write_in_a_transaction, bootstrap, topic)  # its mark takes an offset

    assert await read(bootstrap, topic) == [0]


def _write_in_a_transaction(bootstrap: str, topic: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, b"{}", b"key")
    producer.commit_transaction(30)
