"""A reader outside every group: it commits nothing, disturbs nobody, and begins where it is told to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.errors import Unavailable
from shared.messaging.envelope import RawRecord
from shared.messaging.kafka.access import client_options
from shared.messaging.kafka.consuming import raw_of
from shared.messaging.kafka.ending import end
from shared.messaging.kafka.polling import SPOILT, Fetched, next_of, up_to_the_spoilt
from shared.messaging.kafka.publishing import METADATA_MS
from shared.settings import KafkaAccess

MOST = 500
POLL_MS = 500
STALLED_SECONDS = 30.0


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (KafkaError, OSError) as refused:
        raise Unavailable("Kafka ne répond pas à cette adresse, ou nous refuse.", retry_after=5) from refused


class LogReader:
    """Reads topics, each of one partition, while the block runs; from one cluster, or from several at once.

    Every method raises ``Unavailable`` while a cluster does not answer, or does not let us read.
    """

    def __init__(self, *clusters: KafkaAccess, client_id: str) -> None:
        """Say where topics are; one that several clusters have is read at the last of them."""
        self._consumers = [
            AIOKafkaConsumer(
                **client_options(access),
                client_id=client_id,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                metadata_max_age_ms=METADATA_MS,
            )
            for access in clusters
        ]
        self._homes: dict[str, AIOKafkaConsumer] = {}
        self.positions: dict[str, int] = {}
        """The next offset of each topic, as far as it was handed over."""

    async def __aenter__(self) -> Self:
        """Connect."""
        try:
            with _answering():
                await asyncio.gather(*(consumer.start() for consumer in self._consumers))
        except Unavailable:
            await end(*self._consumers)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await end(*self._consumers)

    async def topics(self) -> set[str]:
        """Return the topics that exist and that we may read."""
        with _answering():
            for consumer in self._consumers:
                self._homes |= dict.fromkeys(await consumer.topics(), consumer)
        return set(self._homes)

    async def follow(self, topics: Collection[str], *, from_end: Collection[str] = ()) -> None:
        """Read these topics, of those that exist, too: from their first record on, or only what comes from now on."""
        for consumer in self._consumers:
            fresh = [_only(one) for one in topics if one not in self.positions and self._homes.get(one) is consumer]
            if not fresh:
                continue
            with _answering():
                first = await consumer.beginning_offsets(fresh)
                last = await consumer.end_offsets(fresh)
            for partition in fresh:
                start = last if partition.topic in from_end else first
                self.positions[partition.topic] = start[partition]
            consumer.assign([_only(topic) for topic in self._at(consumer)])
            self._rewind(consumer)

    async def ends(self) -> dict[str, int]:
        """Return the offset behind the last record of each topic followed, as of now."""
        found: dict[str, int] = {}
        for consumer in self._reading():
            with _answering():
                ends = await consumer.end_offsets([_only(topic) for topic in self._at(consumer)])
            found |= {partition.topic: offset for partition, offset in ends.items()}
        return found

    async def up_to(
        self, ends: Mapping[str, int], *, most: int = MOST, patience: float = STALLED_SECONDS
    ) -> AsyncIterator[list[RawRecord]]:
        """Yield what there is, until each topic is read as far as told.

        Raises:
            Unavailable: more is there, and nothing comes for ``patience`` seconds.
        """
        clock = asyncio.get_running_loop().time
        moved = clock()
        while any(self.positions[topic] < end for topic, end in ends.items()):
            records = await self.next(most=most)
            if records:
                yield records
                moved = clock()
            elif clock() > moved + patience:
                raise Unavailable("Kafka répond, mais ne donne pas la suite de ses sujets. Réessayez.", retry_after=60)

    async def next(self, *, most: int = MOST, poll_ms: int = POLL_MS) -> list[RawRecord]:
        """Return the next records, none when there is none for a while."""
        polls = [self._poll(consumer, most=most, poll_ms=poll_ms) for consumer in self._reading()]
        try:
            with _answering():
                records = [record for found in await _all_of(polls) for record in found]
        except BaseException:
            # A poll that raises, or is cut short, forgets what it had fetched, with its positions moved on.
            for consumer in self._reading():
                self._rewind(consumer)
            raise
        for record in records:
            self.positions[record.topic] = record.offset + 1
        if not records:
            await self._pass_over_gaps()
        return [raw_of(record) for record in records]

    async def _pass_over_gaps(self) -> None:
        """Move on where compaction left nothing to hand over, at the end of a topic too."""
        for consumer in self._reading():
            for topic in self._at(consumer):
                with _answering():
                    self.positions[topic] = max(self.positions[topic], await consumer.position(_only(topic)))

    async def _poll(self, consumer: AIOKafkaConsumer, *, most: int, poll_ms: int) -> list[Fetched]:
        try:
            found = await consumer.getmany(timeout_ms=poll_ms, max_records=most)
        except SPOILT:
            # The client forgets what else it had fetched.
            return await self._one_topic_after_the_other(consumer)
        return [record for batch in found.values() for record in batch]

    async def _one_topic_after_the_other(self, consumer: AIOKafkaConsumer) -> list[Fetched]:
        self._rewind(consumer)
        found: list[Fetched] = []
        for topic in self._at(consumer):
            try:
                found += await next_of(consumer, _only(topic), at_most=MOST)
            except SPOILT:
                consumer.seek(_only(topic), self.positions[topic])
                found += await up_to_the_spoilt(consumer, _only(topic))
        return found

    def _rewind(self, consumer: AIOKafkaConsumer) -> None:
        for topic in self._at(consumer):
            consumer.seek(_only(topic), self.positions[topic])

    def _at(self, consumer: AIOKafkaConsumer) -> list[str]:
        return sorted(topic for topic in self.positions if self._homes[topic] is consumer)

    def _reading(self) -> Iterable[AIOKafkaConsumer]:
        return [consumer for consumer in self._consumers if self._at(consumer)]


async def _all_of(polls: Iterable[Awaitable[list[Fetched]]]) -> list[list[Fetched]]:
    """Wait for every poll, then raise what one of them raised: none is to move on behind our back."""
    tasks = [asyncio.ensure_future(poll) for poll in polls]
    await asyncio.gather(*tasks, return_exceptions=True)
    return [task.result() for task in tasks]


def _only(topic: str) -> TopicPartition:
    return TopicPartition(topic, 0)
