"""Where topics begin and end, asked from outside of any group."""

import asyncio
from collections.abc import Collection, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.messaging.kafka.access import client_options
from shared.messaging.kafka.ending import end
from shared.settings import KafkaAccess

ANSWER_SECONDS = 5.0

Bounds = Mapping[str, tuple[int, int]]
"""By topic, its first offset and the next one to be written."""


async def bounds(access: KafkaAccess, topics: Collection[str]) -> Bounds | None:
    """Return where those of ``topics`` that exist begin and end; ``None`` when Kafka does not answer in 5 s."""
    consumer = AIOKafkaConsumer(**client_options(access), group_id=None, enable_auto_commit=False)
    try:
        return await asyncio.wait_for(_asked(consumer, topics), ANSWER_SECONDS)
    except (KafkaError, OSError, TimeoutError):
        return None
    finally:
        await end(consumer)


async def _asked(consumer: AIOKafkaConsumer, topics: Collection[str]) -> Bounds:
    await consumer.start()
    known = await consumer.topics()
    partitions = [TopicPartition(topic, 0) for topic in sorted(known.intersection(topics))]
    if not partitions:
        return {}
    # Else the client learns of each topic by a request of its own: five seconds for those of seven EPCI.
    consumer.assign(partitions)
    consumer.pause(*partitions)
    first = await consumer.beginning_offsets(partitions)
    following = await consumer.end_offsets(partitions)
    return {one.topic: (first[one], following[one]) for one in partitions}
