"""Assignment: nothing of a topic is read before the database has said where to begin in it."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from shared.messaging.delivery import Bounds, Care, Start

log = structlog.get_logger(__name__)

# A database that is away must not keep us from leaving the group in time.
CLEAN_SECONDS = 2.0
ASK_SECONDS = 20.0
ALL_SECONDS, ONE_SECONDS = 8.0, 1.0


@dataclass
class Turn:
    """Whose turn it is to read where a process has ended before: one at a time, so that none pays for another."""

    holder: object = None


@dataclass(eq=False)
class Watch(ConsumerRebalanceListener):  # type: ignore[misc]
    """Follows what is assigned to one consumer, and gets each topic its beginning.

    The listener itself only pauses: a database that is slow or away must not hold up a rebalance.
    """

    group: str
    care: Care
    turn: Turn = field(default_factory=Turn)
    subscriber: Any = None
    waiting: set[TopicPartition] = field(default_factory=set)
    """Assigned, paused, not yet placed."""
    suspects: dict[TopicPartition, Start] = field(default_factory=dict)
    """Placed where a process ended before; still paused, read one record at a time."""
    floors: dict[TopicPartition, int] = field(default_factory=dict)
    """Where reading was placed, until that is what Kafka holds too."""
    topics: set[str] = field(default_factory=set)

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Note that reading of these ended of itself."""
        self.waiting.clear()
        self.suspects.clear()
        self.floors.clear()
        await self.end_cleanly()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Let nothing of these be read yet."""
        self.subscriber.consumer.pause(*assigned)
        self.waiting = set(assigned)
        self.topics = {one.topic for one in assigned}

    def takes_turn(self) -> bool:
        """Take the turn to read where a process has ended before, unless another group of this process has it."""
        if self.turn.holder not in (None, self):
            return False
        self.turn.holder = self
        return True

    def end_turn(self) -> None:
        """Let the next one try."""
        if self.turn.holder is self:
            self.turn.holder = None

    async def end_cleanly(self) -> None:
        """Note that reading of what is assigned ended of itself; within bounds."""
        topics, self.topics = self.topics, set()
        self.end_turn()
        if not topics:
            return
        try:
            await asyncio.wait_for(self.care.end_cleanly(self.group, topics), CLEAN_SECONDS)
        except Exception as error:
            log.info("clean_end_not_noted", group=self.group, error=type(error).__name__)

    async def place(self, consumer: AIOKafkaConsumer) -> None:
        """Put each waiting topic to where it begins, and let it be read; those that cannot be placed wait on."""
        wanted = set(self.waiting)
        try:
            async with asyncio.timeout(ASK_SECONDS):
                bounds = await _bounds(consumer, wanted)
                starts = await self.care.begin(self.group, {one.topic: found for one, found in bounds.items()})
        except Exception as error:
            log.warning("topics_not_placed", group=self.group, error=type(error).__name__)
            return
        for one in bounds:
            # A rebalance may have come meanwhile: what it assigned waits for the next time.
            if one in self.waiting and one in consumer.assignment():
                self._put(consumer, one, starts[one.topic])
                self.waiting.discard(one)

    def _put(self, consumer: AIOKafkaConsumer, partition: TopicPartition, start: Start) -> None:
        consumer.seek(partition, start.offset)
        self.floors[partition] = start.offset
        if start.held:
            return
        if start.starts:
            self.suspects[partition] = start
            return
        consumer.resume(partition)


async def _bounds(consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]) -> dict[TopicPartition, Bounds]:
    """Return what Kafka says of partitions; where it cannot say it of all at once, of those of which it can."""
    try:
        async with asyncio.timeout(ALL_SECONDS):
            return await _bounds_of(consumer, partitions)
    except (KafkaError, TimeoutError):
        found: dict[TopicPartition, Bounds] = {}
        for one in partitions:
            try:
                async with asyncio.timeout(ONE_SECONDS):
                    found |= await _bounds_of(consumer, [one])
            except (KafkaError, TimeoutError) as error:
                log.warning("topic_not_placed", topic=one.topic, error=type(error).__name__)
        return found


async def _bounds_of(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, Bounds]:
    firsts = await consumer.beginning_offsets(list(partitions))
    ends = await consumer.end_offsets(list(partitions))
    return {one: Bounds(firsts[one], ends[one], await consumer.committed(one)) for one in partitions}
