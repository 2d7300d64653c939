"""Fetching: a long poll, and a way past the record that the client cannot even take apart."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, TypeAlias

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CorruptRecordException, IllegalStateError, KafkaError

from shared.messaging.envelope import UNCLEAN, UNREADABLE
from shared.messaging.kafka.assigning import Watch

log = structlog.get_logger(__name__)

BATCH = 300
POLL_MS = 1000
PROBE_MS = 500
# A header’s name that is not UTF-8 may hide behind as many compacted offsets; more are left to the next poll.
STEPS = 1000
REFUSALS = ("GroupAuthorizationFailedError", "TopicAuthorizationFailedError")
SPOILT = (UnicodeDecodeError, CorruptRecordException)
"""What taking a record apart raises."""
# What is wrong on the disk of Kafka stays wrong: asked for again, not at every turn of the loop.
SPOILT_SECONDS = 1.0
HEAD_TRIES = 10
# How often the database is asked what an operator has freed from the breaker.
ASK_SECONDS = 3.0

Fetched: TypeAlias = "ConsumerRecord[Any, Any]"


class LongPoll:
    """Fetches a batch as soon as there is one, of topics whose beginning is known.

    A poll of aiokafka that raises forgets what it had fetched until then, of other topics too, with their positions
    moved on. So all goes back to what is committed, which is exactly what was handled, and is read one partition after
    the other. Two kinds of records make it raise: a header whose *name* is not UTF-8, which is read up to one by one,
    and a record in its stead, empty but for where it is, goes to the DLQ; and a batch whose bytes came wrong, which is
    fetched again until they are right.
    """

    def __init__(self, watch: Watch | None = None) -> None:
        self._watch = watch
        self._astray = False
        """Positions may be ahead of what was handed over."""
        self._spoilt = False
        """Something that was fetched cannot be taken apart."""
        self._asked_at = 0.0
        self._owed: dict[TopicPartition, int] = {}
        """Handled, not yet committed."""
        self.broken = False
        """Whether the client has ended its fetching for good, which it tells nobody."""
        self.read = False
        """Whether the cluster has let us read at least once."""
        self.refused = ""
        """What the cluster forbids us, by the name of its refusal; empty once it has let us read."""

    async def __call__(self, consumer: AIOKafkaConsumer) -> tuple[Fetched, ...]:
        """Return the next records; none when there is none for a while."""
        self.broken = consumer._fetcher is not None and consumer._fetcher.error_future.done()
        try:
            found = await self._watched(consumer)
        except KafkaError as error:
            # A group that is forbidden while it reads is told in the words of an error of another kind.
            self.refused = next((one for one in REFUSALS if one in repr(error)), self.refused)
            raise
        self.read, self.refused = True, ""
        return found

    async def note(self, consumer: AIOKafkaConsumer, handled: Iterable[Fetched], held: Mapping[str, int]) -> None:
        """Tell Kafka how far was handled, of what it has not heard of yet; nothing of what was only fetched.

        Args:
            consumer: who has read.
            handled: the records handled.
            held: by topic, the first record that waits after all.
        """
        for one in handled:
            self._owed[TopicPartition(one.topic, one.partition)] = held.get(one.topic, one.offset + 1)
        floors = self._watch.floors if self._watch else {}
        assigned = consumer.assignment()
        told = {one: offset for one, offset in (floors | self._owed).items() if one in assigned}
        if not told:
            return
        try:
            await consumer.commit(told)
        except (KafkaError, AssertionError) as error:  # the group has moved, or Kafka is away: told with what follows
            log.info("commit_deferred", error=type(error).__name__)
            return
        self._owed.clear()
        floors.clear()

    async def _watched(self, consumer: AIOKafkaConsumer) -> tuple[Fetched, ...]:
        if self._watch is not None:
            self._watch.end_turn()  # what it was for is handled by now
        if self._watch is not None and self._watch.waiting:
            for one in self._watch.waiting:
                self._owed.pop(one, None)  # the database says anew where it stands
            await self._watch.place(consumer)
        try:
            found = await self._fetch(consumer)
        except (IllegalStateError, AssertionError):  # aiokafka says either
            return ()  # a rebalance came in between; nothing is lost, positions are those of the new assignment
        if self._watch is None:
            return tuple(found)
        # What was read before its beginning was known is read again from there.
        return tuple(one for one in found if TopicPartition(one.topic, one.partition) not in self._watch.waiting)

    async def _fetch(self, consumer: AIOKafkaConsumer) -> Iterable[Fetched]:
        if self._astray:  # before a later record is handed over, and its position kept
            for partition in consumer.assignment():
                await self._rewind(consumer, partition)
            self._astray = False
        if self._watch is not None:
            if self._watch.suspects:
                return await self._suspect(consumer, self._watch)
            await self._let_go(consumer, self._watch)
        self._astray = True  # whatever is raised from here on
        found = await self._one_by_one(consumer) if self._spoilt else await self._all_at_once(consumer)
        self._astray = self._spoilt
        return found

    async def _all_at_once(self, consumer: AIOKafkaConsumer) -> Iterable[Fetched]:
        try:
            messages = await consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH)
        except SPOILT as error:
            log.warning("poll_repeated", group=self._watch.group if self._watch else "", error=type(error).__name__)
            self._spoilt = True
            return ()
        return chain(*messages.values())

    async def _suspect(self, consumer: AIOKafkaConsumer, watch: Watch) -> list[Fetched]:
        """Read one record where a process has ended before; where three have, pass over it."""
        partition, start = next(iter(watch.suspects.items()))
        if not watch.takes_turn():
            return await next_of(consumer, partition, at_most=1, within_ms=PROBE_MS)  # paused: it waits, no more
        try:
            dares = await watch.care.dares(watch.group, partition.topic, start)
        except Exception as error:
            log.warning("start_not_noted", group=watch.group, error=type(error).__name__)
            return await next_of(consumer, partition, at_most=1, within_ms=POLL_MS)  # paused
        watch.suspects.pop(partition, None)
        consumer.resume(partition)
        if not dares:
            return [await pass_over(consumer, partition, start.offset)]
        self._astray = True
        try:
            found = await next_of(consumer, partition, at_most=1, within_ms=POLL_MS)
        except SPOILT:
            self._spoilt = True
            return []
        self._astray = False
        return found

    async def _let_go(self, consumer: AIOKafkaConsumer, watch: Watch) -> None:
        """Read on in the topics that an operator has freed from the breaker."""
        paused = consumer.paused() - watch.waiting
        if not paused or time.monotonic() < self._asked_at + ASK_SECONDS:
            return
        self._asked_at = time.monotonic()
        try:
            free = await watch.care.resumed(watch.group)
        except Exception as error:
            log.warning("pauses_not_read", group=watch.group, error=type(error).__name__)
            return
        consumer.resume(*(one for one in paused if one.topic in free))

    async def _one_by_one(self, consumer: AIOKafkaConsumer) -> list[Fetched]:
        found: list[Fetched] = []
        for partition in sorted(consumer.assignment() - consumer.paused()):
            end = consumer.highwater(partition)
            if end is not None and end <= await consumer.position(partition):
                continue
            try:
                found += await next_of(consumer, partition, at_most=BATCH)
            except SPOILT:
                await self._rewind(consumer, partition)
                found += await up_to_the_spoilt(consumer, partition)
        self._spoilt = False
        return found

    async def _rewind(self, consumer: AIOKafkaConsumer, partition: TopicPartition) -> None:
        committed = await consumer.committed(partition)
        floor = self._watch.floors.get(partition) if self._watch else None
        if floor is not None:
            consumer.seek(partition, floor)
        elif committed is None:
            await consumer.seek_to_beginning(partition)
        else:
            consumer.seek(partition, committed)


async def next_of(
    consumer: AIOKafkaConsumer, partition: TopicPartition, *, at_most: int, within_ms: int = PROBE_MS
) -> list[Fetched]:
    """Return the next records of one partition, waiting for them ``within_ms`` milliseconds."""
    messages = await consumer.getmany(partition, timeout_ms=within_ms, max_records=at_most)
    fetched: list[Fetched] = messages.get(partition, [])
    return fetched


async def up_to_the_spoilt(consumer: AIOKafkaConsumer, partition: TopicPartition) -> list[Fetched]:
    """Return the records of one partition up to one that cannot be taken apart, and one in its stead.

    What only came wrong is not passed over: the next poll fetches it again.
    """
    found: list[Fetched] = []
    start = await consumer.position(partition)
    while len(found) < BATCH:
        try:
            one = await next_of(consumer, partition, at_most=1)
        except UnicodeDecodeError:
            return [*found, await _step_over(consumer, partition)]
        except CorruptRecordException:
            consumer.seek(partition, found[-1].offset + 1 if found else start)
            log.error("batch_spoilt", topic=partition.topic)
            await asyncio.sleep(SPOILT_SECONDS)
            break
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
            found = await next_of(consumer, partition, at_most=1)
        except UnicodeDecodeError:
            last += 1
        except CorruptRecordException:
            break  # the next poll sees to it
        else:
            if found:  # nothing in time says nothing of what is there
                break
    consumer.seek(partition, last + 1)
    log.error("record_unreadable", topic=partition.topic, first=first, last=last)
    return _stand_in(partition, last, (UNREADABLE, str(first).encode()))


async def pass_over(consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int) -> Fetched:
    """Move behind the record at ``offset`` without taking it apart, and return one in its stead."""
    last = await _last_of_batch(consumer, partition, offset)
    consumer.seek(partition, last + 1)
    log.critical("record_passed_over", topic=partition.topic, first=offset, last=last)
    return _stand_in(partition, last, (UNCLEAN, str(offset).encode()))


async def _last_of_batch(consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int) -> int:
    """Return the last offset of a compressed batch, which can only be read whole; otherwise ``offset`` itself.

    The client fetches ahead without taking apart: the head of the batch says so much.
    """
    for _ in range(HEAD_TRIES):
        fetched = consumer._fetcher._records.get(partition)
        records = getattr(getattr(fetched, "_partition_records", None), "_records", None)
        if records is not None and records.has_next():
            batch = records.next_batch()
            if not batch.validate_crc():
                consumer.seek(partition, offset)  # fetched again
                continue
            return max(offset, batch.next_offset - 1) if batch.compression_type else offset
        await asyncio.sleep(PROBE_MS / 1000)
    return offset


def _stand_in(partition: TopicPartition, offset: int, header: tuple[str, bytes]) -> Fetched:
    empty: Fetched = ConsumerRecord(
        partition.topic, partition.partition, offset, 0, 0, None, None, None, -1, -1, (header,)
    )
    return empty
