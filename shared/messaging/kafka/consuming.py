"""Consumers: raw batch subscribers, connected in the background and kept so."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber
from faststream.message import AckStatus

from shared.messaging.delivery import Care
from shared.messaging.envelope import RawRecord
from shared.messaging.kafka.access import broker_security, tell_away
from shared.messaging.kafka.assigning import Turn, Watch
from shared.messaging.kafka.ending import hang_up
from shared.messaging.kafka.polling import BATCH, POLL_MS, LongPoll
from shared.messaging.kafka.publishing import METADATA_MS
from shared.settings import KafkaAccess

log = structlog.get_logger(__name__)

NACK_PAUSE = 0.2
WATCH_SECONDS = 0.5
RIGHTS_SECONDS = 3.0
STOP_SECONDS = 15.0
DRAIN_SECONDS = 10.0

Handle = Callable[[str, Sequence[RawRecord]], Awaitable[Mapping[str, int]]]
"""Handles a batch of a group; returns the topics that are held, with the offset from which they wait."""


@dataclass(frozen=True)
class Subscription:
    """One consumer group: what it reads and who handles it."""

    group: str
    pattern: str
    handle: Handle
    care: Care | None = None
    """Whom to ask where to begin; without it Kafka alone says."""


@dataclass
class Subscribers:
    """The consumers of an instance, connected in the background and kept so."""

    access: KafkaAccess
    client_id: str
    subscriptions: Sequence[Subscription]
    connected: bool = field(default=False, init=False)
    refused: str = field(default="", init=False)
    """What the cluster forbids us, by the name of its refusal."""
    _broker: KafkaBroker | None = field(default=None, init=False)
    _polls: list[LongPoll] = field(default_factory=list, init=False)
    _watches: list[Watch] = field(default_factory=list, init=False)

    async def run(self) -> None:
        """Connect, waiting for Kafka and for our rights as long as it takes, then consume until cancelled."""
        pause = 0.2
        try:
            while True:
                self._broker = self._build()
                try:
                    await self._broker.start()
                except (GroupAuthorizationFailedError, TopicAuthorizationFailedError) as error:
                    await self._wait_for_rights(type(error).__name__)
                except (KafkaError, OSError) as error:
                    await tell_away(self.access, client=self.client_id, error=error)
                    await self.stop()
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 5)
                else:
                    self.connected, pause = True, 0.2
                    log.info("consumers_running", groups=len(self.subscriptions))
                    await self._come_again(await self._trouble())
        finally:
            await self.stop()

    async def _come_again(self, refused: str) -> None:
        if refused:
            await self._wait_for_rights(refused)
        else:
            await self.stop()

    async def _trouble(self) -> str:
        """Return what the cluster forbids us, once it does: a right may be withdrawn at any time.

        Empty: a client has ended from within, at bytes that came wrong; only a new one reads on.
        """
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if any(one.broken for one in self._polls):
                log.error("reading_ended", client=self.client_id)
                return ""
            refusals = [one.refused for one in self._polls if one.refused]
            if refusals:
                return refusals[0]
            if self.refused and all(one.read for one in self._polls):
                self.refused = ""
                log.info("reading_allowed", client=self.client_id)

    async def _wait_for_rights(self, refused: str) -> None:
        """Let go and come again after a while: a consumer that was refused once never recovers by itself."""
        if refused != self.refused:
            log.error("reading_forbidden", client=self.client_id, error=refused)
        self.refused = refused
        await self.stop()
        await asyncio.sleep(RIGHTS_SECONDS)

    async def stop(self) -> None:
        """Drain within 15 s and leave the groups; what was not committed is read again."""
        broker, self._broker = self._broker, None
        self.connected = False
        if broker is not None:
            consumers = [one.consumer for one in _readers(broker) if one.consumer is not None]
            # Not `broker.stop()`: with Kafka away one consumer ends as if cancelled, and would cut off the others.
            ending = asyncio.gather(*(one.stop() for one in broker.subscribers), return_exceptions=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(ending, STOP_SECONDS)
            await hang_up(*consumers)
        watches, self._watches = self._watches, []
        await asyncio.gather(*(one.end_cleanly() for one in watches))

    def dead(self) -> list[str]:
        """Return the groups whose consuming task has ended although it should run."""
        if not self.connected or self._broker is None:
            return []
        return [
            one.group_id or ""
            for one in _readers(self._broker)
            if not one.running or all(task.done() for task in one.tasks)
        ]

    def _build(self) -> KafkaBroker:
        # None of its own family: those write coloured lines past ours.
        quiet = logging.getLogger(f"{__name__}.client")
        quiet.setLevel(logging.ERROR)  # it warns at each start that topics are not created by clients, as we want
        broker = KafkaBroker(
            self.access.bootstrap.split(","),  # of one text FastStream makes one address, whatever is in it
            security=broker_security(self.access),
            client_id=self.client_id,
            # No producer at all: whatever a record asks for, nothing can be published from here.
            consumer_only=True,
            allow_auto_create_topics=False,
            metadata_max_age_ms=METADATA_MS,
            graceful_timeout=DRAIN_SECONDS,
            logger=quiet,
        )
        self._polls, self._watches, turn = [], [], Turn()
        for subscription in self.subscriptions:
            watch = None if subscription.care is None else Watch(subscription.group, subscription.care, turn)
            poll = LongPoll(watch)
            self._polls.append(poll)
            self._watches += [watch] if watch else []
            subscribe(broker, subscription, poll, watch)
        return broker


def _readers(broker: KafkaBroker) -> list[BatchSubscriber]:
    return [one for one in broker.subscribers if isinstance(one, BatchSubscriber)]


def subscribe(
    broker: KafkaBroker, subscription: Subscription, poll: LongPoll, watch: Watch | None = None
) -> BatchSubscriber:
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
        listener=watch,
        parser=parse_cleaned,
        decoder=keep_raw,
    )
    if watch is not None:
        watch.subscriber = subscriber
    # The stock loop sleeps blindly after an empty poll; a long poll answers at once and idles for nothing.
    subscriber.get_msg = poll  # type: ignore[method-assign]

    async def handle(message: KafkaMessage) -> None:
        try:
            held = await subscription.handle(subscription.group, [raw_of(record) for record in _records(message)])
        except Exception:
            # A nack seeks back with neither delay nor limit.
            await asyncio.sleep(NACK_PAUSE)
            raise
        consumer = subscriber.consumer
        if consumer is not None:
            _hold(consumer, held)
            await poll.note(consumer, _records(message), held)
        message.committed = AckStatus.ACKED  # FastStream would commit what was only fetched, too

    subscriber(handle)
    return subscriber


def _hold(consumer: AIOKafkaConsumer, held: Mapping[str, int]) -> None:
    """Pause topics at their first unhandled record."""
    for partition in consumer.assignment():
        if partition.topic in held:
            consumer.seek(partition, held[partition.topic])
            consumer.pause(partition)


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
