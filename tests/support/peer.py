"""Records as another EPCI would write them, right ones to be spoilt one thing at a time."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupCoordinatorNotAvailableError

from shared.clock import now
from shared.contracts.base import State, Visibility
from shared.db.session import Origin
from shared.ids import uuid7
from shared.messaging.envelope import headers_of
from tests.support.code import ROOT
from tests.support.topics import write

Head = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True)
class Written:
    """One record as it goes on the wire; spoilt copies are made, it never changes."""

    key: bytes | None
    value: bytes | None
    headers: Head

    def head(self, name: str, value: bytes | None) -> "Written":
        """Return it with one header replaced."""
        return replace(self, headers=tuple((one, value if one == name else old) for one, old in self.headers))

    def without(self, name: str) -> "Written":
        """Return it with one header left out."""
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0] != name))

    def before(self, *headers: tuple[str, bytes | None]) -> "Written":
        """Return it with headers in front of its own."""
        return replace(self, headers=(*headers, *self.headers))

    def after(self, *headers: tuple[str, bytes | None]) -> "Written":
        """Return it with headers behind its own."""
        return replace(self, headers=(*self.headers, *headers))

    def body(self, **fields: object) -> "Written":
        """Return it with fields of its value replaced."""
        return replace(self, value=json.dumps(json.loads(self.value or b"{}") | fields).encode())

    def raw(self, value: bytes | None) -> "Written":
        """Return it with another value."""
        return replace(self, value=value)


Spoil = Callable[[Written], Written]


def written(state: State, *, fact: str = "updated", epci: str = "", time: datetime | None = None) -> Written:
    """Return the record that ``epci``, the home of the state unless told otherwise, writes of a state."""
    origin = Origin(epci or state.home_epci, state.service, uuid7(), "https://voisin.example")
    headers = headers_of(
        state, origin=origin, fact=fact, visibility=Visibility.TERRITORY, message_id=uuid7(), time=time or now()
    )
    value = json.dumps(state.at(Visibility.TERRITORY), ensure_ascii=False).encode()
    return Written(str(state.id).encode(), value, tuple((name, text.encode()) for name, text in headers.items()))


async def send(bootstrap: str, topic: str, records: Sequence[Written]) -> None:
    """Write records to a topic, in order."""
    await write(bootstrap, topic, [(record.key, record.value, record.headers) for record in records])


async def handled(bootstrap: str, topic: str, *, groups: Sequence[str]) -> list[int]:
    """Return how far each group has committed a topic: all before is applied or set aside; 0 where it has not begun."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        partition = TopicPartition(topic, 0)
        found = [await admin.list_consumer_group_offsets(group, partitions=[partition]) for group in groups]
    except GroupCoordinatorNotAvailableError:
        return []  # the broker has had no group yet and is making room for them
    finally:
        await admin.close()
    return [max(one[partition].offset, 0) if partition in one else 0 for one in found]


async def make_topics(bootstrap: str, *names: str) -> None:
    """Create topics that no plan of ours knows."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1) for name in names])
    finally:
        await admin.close()


class _NoText(str):
    """A header’s name that goes on the wire as bytes which are not UTF-8."""

    __slots__ = ()

    def encode(self, *_: Any, **__: Any) -> bytes:  # noqa: ANN401 - shape of str.encode
        """Return what no reader can decode."""
        return b"\xff\xfe"


async def send_with_unreadable_name(bootstrap: str, topic: str, *, times: int = 1) -> None:
    """Write records whose header has a name that is not UTF-8, which only a client in plain Python lets through."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.peer",
        bootstrap,
        topic,
        str(times),
        cwd=ROOT,
        env=os.environ | {"AIOKAFKA_NO_EXTENSIONS": "1"},
    )
    assert await process.wait() == 0


async def _send_unreadable(bootstrap: str, topic: str, times: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        for _ in range(times):
            await producer.send_and_wait(topic, b"{}", key=b"unreadable", headers=[(_NoText("x"), b"1")])
    finally:
        await producer.stop()


if __name__ == "__main__":
    asyncio.run(_send_unreadable(sys.argv[1], sys.argv[2], int(sys.argv[3])))
