"""Producing one record and reading records back, with the client the services use."""

import logging

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

TOPIC = "probe"

# A node that is not ready yet is what the probe is there for: nothing to log.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


async def acknowledged(bootstrap: str) -> bool:
    """Return whether a record was acknowledged."""
    try:
        await _make_topic(bootstrap)
        await produce(bootstrap, b"probe")
    except KafkaError:
        return False
    return True


async def produce(bootstrap: str, value: bytes) -> None:
    """Return once the record is acknowledged."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", request_timeout_ms=5000)
    await producer.start()
    try:
        await producer.send_and_wait(TOPIC, value)
    finally:
        await producer.stop()


async def records(bootstrap: str) -> list[bytes]:
    """Return the value of every record of the topic."""
    partition = TopicPartition(TOPIC, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        values: list[bytes] = []
        while len(values) < end:
            values += [
                record.value for record in (await consumer.getmany(partition, timeout_ms=200)).get(partition, [])
            ]
        return values
    finally:
        await consumer.stop()


async def _make_topic(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
    except TopicAlreadyExistsError:
        return
    finally:
        await admin.close()
