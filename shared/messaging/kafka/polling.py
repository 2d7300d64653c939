"""Fetching: a long poll, and a way past the record that the client cannot even take apart."""

from itertools import chain
from typing import Any, TypeAlias

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.messaging.envelope import UNREADABLE

log = structlog.get_logger(__name__)

BATCH = 300
POLL_MS = 1000
PROBE_MS = 500
# A header’s name that is not UTF-8 may hide behind as many compacted offsets; more are left to the next poll.
STEPS = 1000
REFUSALS = ("GroupAuthorizationFailedError", "TopicAuthorizationFailedError")

Fetched: TypeAlias = "ConsumerRecord[Any, Any]"


class LongPoll:
    """Fetches a batch as soon as there is one.

    aiokafka decodes the *names* of headers: at one that is not UTF-8 it raises at each poll, and forgets what it had
    fetched before it, of other topics too, with their positions moved on. So all goes back to what is committed,
    which is exactly what was handled; the partition of that record is read up to it one by one, and a record in its
    stead, empty but for where it is, goes to the DLQ.
    """

    def __init__(self) -> None:
        self._astray = False
        self.read = False
        """Whether the cluster has let us read at least once."""
        self.refused = ""
        """What the cluster forbids us, by the name of its refusal; empty once it has let us read."""

    async def __call__(self, consumer: AIOKafkaConsumer) -> tuple[Fetched, ...]:
        """Return the next records; none when there is none for a while."""
        try:
            found = await self._fetch(consumer)
        except KafkaError as error:
            # A group that is forbidden while it reads is told in the words of an error of another kind.
            self.refused = next((one for one in REFUSALS if one in repr(error)), self.refused)
            raise
        self.read, self.refused = True, ""
        return found

    async def _fetch(self, consumer: AIOKafkaConsumer) -> tuple[Fetched, ...]:
        if not self._astray:
            try:
                messages = await consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH)
            except UnicodeDecodeError:
                self._astray = True
            else:
                return tuple(chain(*messages.values()))
        found = await _from_what_is_committed(consumer)
        self._astray = False
        return tuple(found)


async def _from_what_is_committed(consumer: AIOKafkaConsumer) -> list[Fetched]:
    found: list[Fetched] = []
    partitions = sorted(consumer.assignment())
    for partition in partitions:
        await _rewind(consumer, partition)
    for partition in partitions:
        try:
            found += await _next(consumer, partition, at_most=BATCH)
        except UnicodeDecodeError:
            await _rewind(consumer, partition)
            found += await _up_to_the_unreadable(consumer, partition)
    return found


async def _rewind(consumer: AIOKafkaConsumer, partition: TopicPartition) -> None:
    committed = await consumer.committed(partition)
    if committed is None:
        await consumer.seek_to_beginning(partition)
    else:
        consumer.seek(partition, committed)


async def _next(consumer: AIOKafkaConsumer, partition: TopicPartition, *, at_most: int) -> list[Fetched]:
    fetched: list[Fetched] = (await consumer.getmany(partition, timeout_ms=PROBE_MS, max_records=at_most)).get(
        partition, []
    )
    return fetched


async def _up_to_the_unreadable(consumer: AIOKafkaConsumer, partition: TopicPartition) -> list[Fetched]:
    found: list[Fetched] = []
    while len(found) < BATCH:
        try:
            one = await _next(consumer, partition, at_most=1)
        except UnicodeDecodeError:
            return [*found, await _step_over(consumer, partition)]
        if not one:
            break
        found += one
    return found


async def _step_over(consumer: AIOKafkaConsumer, partition: TopicPartition) -> Fetched:
    """Move behind what cannot be read, offset by offset: compaction leaves gaps, so that the first is not known."""
    first = last = await consumer.position(partition)
    end = (await consumer.end_offsets([partition]))[partition]
    for _ in range(STEPS):
        if last + 1 >= end:
            break
        consumer.seek(partition, last + 1)
        try:
            found = await _next(consumer, partition, at_most=1)
        except UnicodeDecodeError:
            last += 1
        else:
            if found:  # nothing in time says nothing of what is there
                break
    consumer.seek(partition, last + 1)
    log.error("record_unreadable", topic=partition.topic, first=first, last=last)
    where = ((UNREADABLE, str(first).encode()),)
    empty: Fetched = ConsumerRecord(partition.topic, partition.partition, last, 0, 0, None, None, None, -1, -1, where)
    return empty
