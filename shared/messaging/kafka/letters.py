"""Dead letters read back: what was set aside, where from, why, and the record itself."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.clock import instant_of
from shared.errors import Unavailable
from shared.messaging.envelope import RawRecord
from shared.messaging.kafka.access import client_options
from shared.messaging.kafka.ending import end as end_client
from shared.messaging.kafka.publishing import FACTS
from shared.settings import KafkaAccess


@dataclass(frozen=True)
class Letter:
    """One dead letter; what it says of itself was written by us, the record in it by anybody."""

    offset: int
    group: str
    failure: str
    reason: str
    tries: int
    first_at: datetime
    last_at: datetime
    software: str
    cut: bool
    """Only the beginning of the value is here, and none of the headers."""
    raw: RawRecord


async def read_letters(access: KafkaAccess, topic: str, *, first: int = 0) -> AsyncGenerator[Letter, None]:
    """Yield the letters of a topic from offset ``first`` on, to its present end; who leaves early closes it.

    Raises:
        Unavailable: Kafka does not answer.
    """
    partition = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(**client_options(access), auto_offset_reset="earliest", enable_auto_commit=False)
    try:
        await consumer.start()
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        begin = (await consumer.beginning_offsets([partition]))[partition]
        consumer.seek(partition, max(first, begin))
        while await consumer.position(partition) < end:
            for record in (await consumer.getmany(partition, timeout_ms=1000)).get(partition, []):
                yield letter_of(record)
    except (KafkaError, OSError) as refused:
        raise Unavailable("Kafka ne répond pas, ou ce sujet n’existe pas.", retry_after=5) from refused
    finally:
        await end_client(consumer)


def letter_of(record: "ConsumerRecord[bytes, bytes]") -> Letter:
    """Return a letter as it lies in its topic; a fact that is missing, as in older letters, is empty."""
    facts = {name: (value or b"").decode(errors="replace") for name, value in record.headers[:FACTS]}
    cut = (dict(record.headers).get("dlq_cut") == b"true") and len(record.headers) == FACTS + 1
    return Letter(
        offset=record.offset,
        group=facts.get("dlq_group", ""),
        failure=facts.get("dlq_class", ""),
        reason=facts.get("dlq_reason", ""),
        tries=_number(facts.get("dlq_tries", "")),
        first_at=_instant(facts.get("dlq_first_at", ""), record.timestamp),
        last_at=_instant(facts.get("dlq_last_at", ""), record.timestamp),
        software=facts.get("dlq_software", ""),
        cut=cut,
        raw=RawRecord(
            topic=facts.get("dlq_topic", ""),
            partition=_number(facts.get("dlq_partition", "")),
            offset=_number(facts.get("dlq_offset", "")),
            timestamp_ms=_number(facts.get("dlq_timestamp", "")),
            key=record.key,
            value=record.value,
            headers=() if cut else tuple(record.headers[FACTS:]),
        ),
    )


def _number(text: str) -> int:
    digits = text.removeprefix("-")  # what waited for its reference as Kafka was lost has a number below 0
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 19 else 0


def _instant(text: str, timestamp_ms: int) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return instant_of(timestamp_ms)
