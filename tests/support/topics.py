"""A plain Kafka client: dumps of topics, and records that no software of ours would write."""

from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

Headers = Sequence[tuple[str, bytes | None]]


async def dump(bootstrap: str, topic: str) -> list[ConsumerRecord]:
    """Return every record of a topic from offset 0."""
    partition = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        found: list[ConsumerRecord] = []
        await consumer.seek_to_beginning(partition)
        while await consumer.position(partition) < end:
            found += (await consumer.getmany(partition, timeout_ms=500)).get(partition, [])
        return found
    finally:
        await consumer.stop()


async def write(bootstrap: str, topic: str, records: Sequence[tuple[bytes | None, bytes | None, Headers]]) -> None:
    """Write records as they are: key, value, headers."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=2_000_000)
    await producer.start()
    try:
        for key, value, headers in records:
            await producer.send_and_wait(topic, value, key=key, headers=list(headers))
    finally:
        await producer.stop()
