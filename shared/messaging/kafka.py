"""The only module that speaks Kafka: replaceable producers, raw subscribers, nothing of any service."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from types import MethodType
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    RecordTooLargeError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownError,
)
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber

from shared.messaging.delivery import DeadLetter
from shared.messaging.envelope import RawRecord
from shared.messaging.relay import Outgoing, Verdict

log = structlog.get_logger(__name__)

BATCH = 300
POLL_MS = 1000
METADATA_MS = 30_000
PROBE_TOPIC = "estuaire-ready"
STOP_SECONDS = 5.0
NACK_PAUSE = 0.2
# Below the 1 MiB of the topics, above our own 256 KiB: what the client refuses breaks no sequence.
MAX_REQUEST = 900_000
REFUSALS_BY_BROKER = (
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    ClusterAuthorizationFailedError,
    OutOfOrderSequenceNumber,
    UnknownError,
)

Handle = Callable[[str, Sequence[RawRecord]], Awaitable[None]]


class Publisher:
    """An idempotent producer that can be replaced alone; it never gives up a record it has taken."""

    def __init__(self, bootstrap: str, *, client_id: str) -> None:
        self._bootstrap = bootstrap
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
        if isinstance(error, MessageSizeTooLargeError | RecordTooLargeError | TopicAuthorizationFailedError):
            return Verdict.REFUSED
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
            with suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(producer.stop(), STOP_SECONDS)

    async def _connect(self) -> AIOKafkaProducer:
        pause = 0.2
        while True:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                client_id=self._client_id,
                acks="all",
                enable_idempotence=True,
                linger_ms=2,
                max_request_size=MAX_REQUEST,
                metadata_max_age_ms=METADATA_MS,
            )
            try:
                await producer.start()
            except (KafkaConnectionError, OSError) as error:
                with suppress(Exception):
                    await producer.stop()
                log.info("kafka_away", client=self._client_id, error=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5)
            else:
                return producer


class DeadLetters:
    """Writes records that could not be handled to the DLQ of a service, whole, before they are acknowledged."""

    def __init__(self, publisher: Publisher, *, topic: str, software: str) -> None:
        self._publisher = publisher
        self._topic = topic
        self._software = software

    async def bury(self, letter: DeadLetter) -> None:
        """Publish one dead letter and wait for its acknowledgement, for ever if need be."""
        raw = letter.raw
        facts = {
            "dlq_topic": raw.topic,
            "dlq_partition": str(raw.partition),
            "dlq_offset": str(raw.offset),
            "dlq_timestamp": str(raw.timestamp_ms),
            "dlq_group": letter.group,
            "dlq_reason": letter.reason,
            "dlq_tries": str(letter.tries),
            "dlq_software": self._software,
        }
        original = tuple((name, value or b"") for name, value in raw.headers[:1000])
        headers = (*((name, value.encode()) for name, value in facts.items()), *original)
        await self._publisher.ready([self._topic])
        await (await self._publisher.send(Outgoing(self._topic, raw.key or b"-", raw.value, headers)))


@dataclass(frozen=True)
class Subscription:
    """One consumer group: what it reads and who handles it."""

    group: str
    pattern: str
    handle: Handle


@dataclass
class Subscribers:
    """The consumers of an instance, connected in the background and kept so."""

    bootstrap: str
    client_id: str
    subscriptions: Sequence[Subscription]
    connected: bool = field(default=False, init=False)
    _broker: KafkaBroker | None = field(default=None, init=False)

    async def run(self) -> None:
        """Connect, waiting for Kafka as long as it takes, then consume until cancelled."""
        pause = 0.2
        try:
            while True:
                self._broker = self._build()
                try:
                    await self._broker.start()
                except (KafkaConnectionError, OSError) as error:
                    log.info("kafka_away", client=self.client_id, error=type(error).__name__)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 5)
                else:
                    self.connected = True
                    log.info("consumers_running", groups=len(self.subscriptions))
                    await asyncio.Event().wait()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Drain within 15 s and leave the groups; what was not committed is read again."""
        broker, self._broker = self._broker, None
        self.connected = False
        if broker is not None:
            with suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(broker.stop(), 15)

    def dead(self) -> list[str]:
        """Return the groups whose consuming task has ended although it should run."""
        if not self.connected or self._broker is None:
            return []
        subscribers = [one for one in self._broker.subscribers if isinstance(one, BatchSubscriber)]
        return [one.group_id or "" for one in subscribers if not one.running or all(task.done() for task in one.tasks)]

    def _build(self) -> KafkaBroker:
        quiet = logging.getLogger("faststream.kafka")
        quiet.setLevel(logging.ERROR)  # it warns at each start that topics are not created by clients, as we want
        broker = KafkaBroker(
            self.bootstrap,
            client_id=self.client_id,
            acks="all",
            enable_idempotence=True,
            allow_auto_create_topics=False,
            metadata_max_age_ms=METADATA_MS,
            graceful_timeout=15,
            logger=quiet,
        )
        for subscription in self.subscriptions:
            subscribe(broker, subscription)
        return broker


def subscribe(broker: KafkaBroker, subscription: Subscription) -> BatchSubscriber:
    """Declare one raw batch subscriber: no reply, no decoding, nothing skipped, from the first record on."""
    subscriber = broker.subscriber(
        pattern=subscription.pattern,
        group_id=subscription.group,
        batch=True,
        max_records=BATCH,
        batch_timeout_ms=POLL_MS,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        no_reply=True,
        auto_offset_reset="earliest",
        parser=parse_cleaned,
        decoder=keep_raw,
    )
    # The stock loop sleeps blindly after an empty poll; a long poll answers at once and idles for nothing.
    subscriber.get_msg = MethodType(_long_poll, subscriber)  # type: ignore[method-assign]

    async def handle(message: KafkaMessage) -> None:
        try:
            await subscription.handle(subscription.group, [raw_of(record) for record in _records(message)])
        except Exception:
            # A nack seeks back with neither delay nor limit.
            await asyncio.sleep(NACK_PAUSE)
            raise

    subscriber(handle)
    return subscriber


async def parse_cleaned(records: Any, original: Callable[[Any], Awaitable[Any]]) -> Any:  # noqa: ANN401 - FastStream’s hook
    """Parse without any header: one that is null or not UTF-8 would lose its whole batch before the handler."""
    message = await original(tuple(replace(record, headers=()) for record in records))
    message.raw_message = records
    return message


async def keep_raw(message: KafkaMessage) -> Any:  # noqa: ANN401 - FastStream’s hook
    """Decode nothing: bad JSON is our business, record by record."""
    return message.body


def raw_of(record: "ConsumerRecord[bytes, bytes]") -> RawRecord:
    """Return our own shape of a record."""
    return RawRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
    )


def _records(message: KafkaMessage) -> Sequence["ConsumerRecord[bytes, bytes]"]:
    raw = message.raw_message
    return raw if isinstance(raw, tuple) else (raw,)


async def _long_poll(self: BatchSubscriber, consumer: Any) -> tuple[Any, ...]:  # noqa: ANN401 - aiokafka is untyped
    messages = await consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH)
    return tuple(chain(*messages.values()))


async def acknowledges(bootstrap: str) -> bool:
    """Tell whether a record sent now is acknowledged: the only proof that a broker is ready."""
    topic = NewTopic(PROBE_TOPIC, num_partitions=1, replication_factor=1)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, request_timeout_ms=3000, acks="all")
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=3000)
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
        with suppress(KafkaError, OSError, TimeoutError):
            await asyncio.wait_for(producer.stop(), 2)
        with suppress(KafkaError, OSError, TimeoutError):
            await asyncio.wait_for(admin.close(), 2)
