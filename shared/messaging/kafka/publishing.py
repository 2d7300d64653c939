"""Producers: one that never gives up a record it has taken, and the dead letters that go through it."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import replace

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    RecordTooLargeError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownError,
    UnknownTopicOrPartitionError,
)

from shared.clock import now
from shared.messaging.delivery import DeadLetter
from shared.messaging.kafka.access import client_options, tell_away
from shared.messaging.kafka.ending import let_go
from shared.messaging.relay import Outgoing, Verdict
from shared.settings import KafkaAccess

log = structlog.get_logger(__name__)

METADATA_MS = 30_000
PROBE_TOPIC = "estuaire-ready"
# Below the 1 MiB of the topics, above our own 256 KiB: what the client refuses breaks no sequence.
MAX_REQUEST = 900_000
# A backlog goes in fewer requests than by the client’s own 16 KiB.
MAX_BATCH = 128 * 1024
# Below the 2 MiB of the DLQ: the largest record of a topic and why it is there.
MAX_LETTER = 2_000_000
CUT_VALUE = 256 * 1024
NO_TOPIC_PAUSE = 5.0
# The first headers of a dead letter are ours, whatever the record’s own are called.
FACTS = 11
REFUSALS_BY_BROKER = (
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    ClusterAuthorizationFailedError,
    OutOfOrderSequenceNumber,
    UnknownError,
)


class Publisher:
    """An idempotent producer that can be replaced alone; it never gives up a record it has taken."""

    def __init__(self, access: KafkaAccess, *, client_id: str, max_request: int = MAX_REQUEST) -> None:
        self._max_request = max_request
        self._access = access
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None
        self._known: set[str] = set()

    async def ready(self, topics: Sequence[str]) -> set[str]:
        """Connect if need be, waiting for Kafka as long as it takes; return those of ``topics`` that exist."""
        if self._producer is None:
            self._producer = await self._connect()
        if not self._known.issuperset(topics):
            cluster = await self._producer.client.fetch_all_metadata()
            self._known = set(cluster.topics())
        return self._known.intersection(topics)

    async def send(self, record: Outgoing) -> Awaitable[object]:
        """Hand a record over; await the result for the acknowledgement of all replicas in sync."""
        if self._producer is None:
            self._producer = await self._connect()
        future: Awaitable[object] = await self._producer.send(
            record.topic, value=record.value, key=record.key, headers=list(record.headers)
        )
        return future

    async def renew(self) -> None:
        """Replace the producer, whose sequence a refusal has broken."""
        await self.close()
        log.warning("producer_replaced", client=self._client_id)

    def verdict(self, error: BaseException) -> Verdict:
        """Say what a failed send means for its row."""
        if isinstance(error, OutOfOrderSequenceNumber):
            return Verdict.CONSEQUENCE
        if isinstance(error, MessageSizeTooLargeError | RecordTooLargeError):
            return Verdict.REFUSED
        if isinstance(error, TopicAuthorizationFailedError):
            return Verdict.FORBIDDEN
        if isinstance(error, UnknownError):
            return Verdict.UNCLEAR
        return Verdict.TRANSIENT

    def refused_by_broker(self, error: BaseException) -> bool:
        """Tell whether every later send to that partition would now fail."""
        return isinstance(error, REFUSALS_BY_BROKER)

    async def close(self) -> None:
        """Stop the producer within bounds; what it still holds stays in the outbox."""
        producer, self._producer = self._producer, None
        self._known = set()
        if producer is not None:
            await let_go(producer)

    async def _connect(self) -> AIOKafkaProducer:
        pause = 0.2
        while True:
            producer = AIOKafkaProducer(
                **client_options(self._access),
                client_id=self._client_id,
                acks="all",
                enable_idempotence=True,
                linger_ms=2,
                max_batch_size=MAX_BATCH,
                max_request_size=self._max_request,
                metadata_max_age_ms=METADATA_MS,
            )
            try:
                await producer.start()
            except BaseException as error:
                await let_go(producer)
                if not isinstance(error, KafkaError | OSError):
                    raise  # told to stop while it was connecting
                await tell_away(self._access, client=self._client_id, error=error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5)
            else:
                return producer


class DeadLetters:
    """Writes records that could not be handled to the DLQ of a service, whole, before they are acknowledged."""

    def __init__(self, access: KafkaAccess, *, topic: str, software: str) -> None:
        self._publisher = Publisher(access, client_id=f"{topic}.writer", max_request=MAX_LETTER)
        self._topic = topic
        self._software = software
        # Both groups of a service bury here; one that replaces the producer would drop the letter of the other.
        self._one_at_a_time = asyncio.Lock()

    async def bury(self, letter: DeadLetter) -> None:
        """Publish one dead letter and wait for its acknowledgement, for ever if need be.

        One that even the DLQ finds too large goes without its headers and with the beginning of its value; the
        whole record stays where ``dlq_topic`` and ``dlq_offset`` say.
        """
        raw, facts = letter.raw, self._facts(letter)
        async with self._one_at_a_time:
            try:
                await self._send(Outgoing(self._topic, raw.key or b"-", raw.value, (*facts, *raw.headers)))
            except (MessageSizeTooLargeError, RecordTooLargeError):
                cut = (*facts, ("dlq_cut", b"true"))
                await self._send(Outgoing(self._topic, (raw.key or b"-")[:1024], (raw.value or b"")[:CUT_VALUE], cut))

    async def close(self) -> None:
        """Let go, within bounds."""
        await self._publisher.close()

    def _facts(self, letter: DeadLetter) -> tuple[tuple[str, bytes], ...]:
        raw = letter.raw
        facts = {
            "dlq_topic": raw.topic,
            "dlq_partition": str(raw.partition),
            "dlq_offset": str(raw.offset),
            "dlq_timestamp": str(raw.timestamp_ms),
            "dlq_group": letter.group,
            "dlq_class": letter.failure.value,
            "dlq_reason": letter.reason,
            "dlq_tries": str(letter.tries),
            "dlq_first_at": letter.first_at.isoformat(timespec="seconds"),
            "dlq_last_at": now().isoformat(timespec="seconds"),
            "dlq_software": self._software,
        }
        return tuple((name, value.encode()) for name, value in facts.items())

    async def _send(self, record: Outgoing) -> None:
        if self._topic not in await self._publisher.ready([self._topic]):
            # Sending to a topic that is not there would hold up the whole loop for 40 s.
            await asyncio.sleep(NO_TOPIC_PAUSE)
            raise UnknownTopicOrPartitionError(self._topic)
        try:
            await (await self._publisher.send(record))
        except KafkaError as error:
            if self._publisher.refused_by_broker(error):
                await self._publisher.renew()
            raise


async def answers(access: KafkaAccess) -> bool:
    """Tell whether a broker answers within two seconds."""
    client = AIOKafkaClient(**client_options(access), request_timeout_ms=2000)
    try:
        await asyncio.wait_for(client.bootstrap(), 2)
    except (KafkaError, OSError, TimeoutError):
        return False
    else:
        return True
    finally:
        await client.close()


async def acknowledges(bootstrap: str, *, access: KafkaAccess | None = None) -> bool:
    """Tell whether a record sent now is acknowledged: the only proof that a broker is ready.

    Args:
        bootstrap: where.
        access: by what way and as whom; in the clear and as nobody if it is not said. Its own address does not count.
    """
    options = client_options(replace(access, bootstrap=bootstrap) if access else KafkaAccess(bootstrap))
    topic = NewTopic(PROBE_TOPIC, num_partitions=1, replication_factor=1)
    producer = AIOKafkaProducer(**options, request_timeout_ms=3000, acks="all", enable_idempotence=True)
    admin = AIOKafkaAdminClient(**options, request_timeout_ms=3000)
    try:
        await asyncio.wait_for(admin.start(), 5)
        with suppress(TopicAlreadyExistsError):
            await asyncio.wait_for(admin.create_topics([topic]), 5)
        await asyncio.wait_for(producer.start(), 5)
        await asyncio.wait_for(producer.send_and_wait(PROBE_TOPIC, b"ready"), 5)
    except (KafkaError, OSError, TimeoutError):
        return False
    else:
        return True
    finally:
        await let_go(producer, within=2)
        with suppress(KafkaError, OSError, TimeoutError):
            await asyncio.wait_for(admin.close(), 2)
