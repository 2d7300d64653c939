"""A reader outside every group: it commits nothing, disturbs nobody, and begins where it is told to."""

from collections.abc import Collection
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.errors import Unavailable
from shared.messaging.envelope import RawRecord
from shared.messaging.kafka.consuming import raw_of
from shared.messaging.kafka.polling import Fetched, next_of, up_to_the_unreadable
from shared.messaging.kafka.publishing import METADATA_MS
from shared.settings import KafkaAccess

MOST = 500
POLL_MS = 500


class LogReader:
    """Reads topics, each of one partition, while the block runs."""

    def __init__(self, access: KafkaAccess, *, client_id: str) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=access.bootstrap,
            client_id=client_id,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            metadata_max_age_ms=METADATA_MS,
        )
        self.positions: dict[str, int] = {}
        """The next offset of each topic, as far as it was handed over."""

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            Unavailable: Kafka does not answer.
        """
        try:
            await self._consumer.start()
        except (KafkaError, OSError) as refused:
            await self._consumer.stop()
            raise Unavailable("Kafka ne répond pas à cette adresse.", retry_after=5) from refused
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._consumer.stop()

    async def topics(self) -> set[str]:
        """Return the topics that exist and that we may read."""
        return set(await self._consumer.topics())

    async def follow(self, topics: Collection[str], *, from_end: Collection[str] = ()) -> None:
        """Read these topics too: from their first record on, or only what comes from now on."""
        fresh = [_only(topic) for topic in topics if topic not in self.positions]
        if not fresh:
            return
        first = await self._consumer.beginning_offsets(fresh)
        last = await self._consumer.end_offsets(fresh)
        for partition in fresh:
            start = last if partition.topic in from_end else first
            self.positions[partition.topic] = start[partition]
        self._consumer.assign([_only(topic) for topic in self.positions])
        self._rewind()

    async def ends(self) -> dict[str, int]:
        """Return the offset behind the last record of each topic followed, as of now."""
        if not self.positions:
            return {}
        found = await self._consumer.end_offsets([_only(topic) for topic in self.positions])
        return {partition.topic: offset for partition, offset in found.items()}

    async def next(self, *, most: int = MOST, poll_ms: int = POLL_MS) -> list[RawRecord]:
        """Return the next records, none when there is none for a while."""
        if not self.positions:
            return []
        try:
            found = await self._consumer.getmany(timeout_ms=poll_ms, max_records=most)
        except UnicodeDecodeError:
            # The client cannot take the names of headers apart, and forgets what else it had fetched.
            records = await self._one_topic_after_the_other()
        else:
            records = [record for batch in found.values() for record in batch]
        for record in records:
            self.positions[record.topic] = record.offset + 1
        return [raw_of(record) for record in records]

    async def _one_topic_after_the_other(self) -> list[Fetched]:
        self._rewind()
        found: list[Fetched] = []
        for topic in sorted(self.positions):
            try:
                found += await next_of(self._consumer, _only(topic), at_most=MOST)
            except UnicodeDecodeError:
                self._consumer.seek(_only(topic), self.positions[topic])
                found += await up_to_the_unreadable(self._consumer, _only(topic))
        return found

    def _rewind(self) -> None:
        for topic, offset in self.positions.items():
            self._consumer.seek(_only(topic), offset)


def _only(topic: str) -> TopicPartition:
    return TopicPartition(topic, 0)
