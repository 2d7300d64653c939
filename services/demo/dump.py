"""Every record of every topic, by a plain Kafka client: the evidence of the check."""

from dataclasses import dataclass

from confluent_kafka import Consumer, Message, TopicPartition

SECONDS = 30.0
PREFIX = "ti."


@dataclass(frozen=True)
class Dumped:
    """One record as it lies in the log; ``version`` is 0 where no header tells it."""

    key: str
    value: bytes | None
    version: int


def dump(bootstrap: str) -> dict[str, list[Dumped]]:
    """Return the records of each topic of the territory, from offset 0 to the end there was at the start."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "estuaire-check", "enable.auto.commit": False, "log_level": 2}
    )
    try:
        topics = [name for name in consumer.list_topics(timeout=SECONDS).topics if name.startswith(PREFIX)]
        ends = {
            name: consumer.get_watermark_offsets(TopicPartition(name, 0), timeout=SECONDS)[1] for name in sorted(topics)
        }
        consumer.assign([TopicPartition(name, 0, 0) for name, end in ends.items() if end])
        return _read(consumer, ends)
    finally:
        consumer.close()


def _read(consumer: Consumer, ends: dict[str, int]) -> dict[str, list[Dumped]]:
    found: dict[str, list[Dumped]] = {name: [] for name in ends}
    pending = {name for name, end in ends.items() if end}
    while pending:
        message = consumer.poll(SECONDS)
        if message is None:
            raise TimeoutError(f"no record within {SECONDS} s, still waiting for {sorted(pending)[:3]}")
        if message.error():
            continue
        name, offset = message.topic() or "", message.offset() or 0
        found[name].append(_dumped(message))
        if offset + 1 >= ends[name]:
            pending.discard(name)
    return found


def _dumped(message: Message) -> Dumped:
    headers = dict(message.headers() or [])
    sequence = headers.get("ce_sequence", b"0")
    key, value = message.key(), message.value()
    return Dumped(
        key=key.decode(errors="replace") if isinstance(key, bytes) else str(key or ""),
        value=value if isinstance(value, bytes) else None,
        version=int(sequence or b"0"),
    )
