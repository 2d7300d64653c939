"""The log of Kafka as an outsider sees it: how long every topic is, how far every group is, every record."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # re-exported without saying so

from shared.messaging.topology.client import admin_client, client_options
from shared.settings import KafkaAccess

SECONDS, ASKED_SECONDS = 90.0, 10.0
T = TypeVar("T")

PREFIX = "ti."
HEARTBEAT = ".heartbeat."

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True)
class Logged:
    """One record as it lies in the log."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    def header(self, name: str) -> str:
        """Return the first header of this name, empty if there is none."""
        return next(((value or b"").decode(errors="replace") for one, value in self.headers if one == name), "")

    @property
    def version(self) -> int:
        """The version of the aggregate; 0 where no header tells it."""
        digits = self.header("ce_sequence")
        return int(digits) if digits.isdigit() else 0


class Log:
    """A plain client of a Kafka: it never writes."""

    def __init__(self, access: KafkaAccess) -> None:
        self._access = access

    def topics(self, sirens: Sequence[str]) -> list[str]:
        """Return the topics of these EPCI."""
        names = self._insist(lambda admin: admin.list_topics(timeout=ASKED_SECONDS).topics)
        return sorted(name for name in names if name.startswith(PREFIX) and name.split(".")[2] in set(sirens))

    def ends(self, topics: Sequence[str]) -> dict[str, int]:
        """Return the next offset of each topic."""
        asked = {TopicPartition(name, 0): OffsetSpec.latest() for name in topics}  # type: ignore[no-untyped-call]

        def ask(admin: AdminClient) -> dict[str, int]:
            answers = admin.list_offsets(asked, request_timeout=ASKED_SECONDS)
            return {partition.topic: answer.result(SECONDS).offset for partition, answer in answers.items()}

        return self._insist(ask)

    def committed(self, group: str) -> dict[str, int]:
        """Return how far a group has handled each topic that it has begun."""
        asked = [ConsumerGroupTopicPartitions(group)]

        def ask(admin: AdminClient) -> list[TopicPartition]:
            answers = admin.list_consumer_group_offsets(asked, request_timeout=ASKED_SECONDS)
            partitions: list[TopicPartition] = answers[group].result(SECONDS).topic_partitions
            return partitions

        return {one.topic: one.offset for one in self._insist(ask) if one.offset >= 0}

    def forget(self, group: str) -> None:
        """Delete a group and its positions.

        Raises:
            KafkaException: it still has members, or Kafka is away.
        """
        admin = admin_client(self._access)
        admin.delete_consumer_groups([group], request_timeout=ASKED_SECONDS)[group].result(SECONDS)

    def _insist(self, ask: Callable[[AdminClient], T]) -> T:
        """Return an answer of Kafka, which may be away or choosing a leader just now.

        Each question has a client of its own: one that found a leader away goes on asking there, and the answers of
        one that is collected meanwhile never come.

        Raises:
            KafkaException: it did not come within ``SECONDS``.
        """
        deadline = time.monotonic() + SECONDS
        while True:
            admin = admin_client(self._access)
            try:
                return ask(admin)
            except (KafkaException, TimeoutError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def read(self, topics: Sequence[str], *, within: float = 4 * SECONDS) -> dict[str, list[Logged]]:
        """Return every record of these topics, from offset 0 to the end there is now.

        Raises:
            TimeoutError: not all came in time.
        """
        deadline = time.monotonic() + within
        ends = self.ends(topics)
        consumer = Consumer(_settings(self._access))
        found: dict[str, list[Logged]] = {name: [] for name in topics}
        try:
            consumer.assign([TopicPartition(name, 0, 0) for name, end in ends.items() if end])
            pending = {name for name, end in ends.items() if end}
            while pending:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"still waiting for {sorted(pending)[:3]}")
                for record in _logged(consumer.consume(500, 0.2)):
                    found[record.topic].append(record)
                    if record.offset + 1 >= ends[record.topic]:
                        pending.discard(record.topic)
            return found
        finally:
            consumer.close()


def _settings(access: KafkaAccess) -> dict[str, Any]:
    return {**client_options(access), "group.id": "chaos-check", "enable.auto.commit": False}


def count(ends: Mapping[str, int]) -> int:
    """Return how many records there are, signs of life left out."""
    return sum(end for name, end in ends.items() if HEARTBEAT not in name)


def _logged(messages: Sequence[Message]) -> Iterator[Logged]:
    for message in messages:
        if message.error():
            continue  # Kafka may be away for a moment
        key, value = message.key(), message.value()
        assert key is None or isinstance(key, bytes)
        assert value is None or isinstance(value, bytes)
        pairs: list[tuple[str, Any]] = list(message.headers() or [])  # type: ignore[arg-type]  # a dict only when given
        headers = tuple((name, one if isinstance(one, bytes) else None) for name, one in pairs)
        yield Logged(message.topic() or "", message.offset() or 0, key, value, headers)
