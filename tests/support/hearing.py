"""One service as a hearer: its real consumers on a database, given records without a Kafka between."""

import json
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table
from sqlmodel import select

from services.host import SERVICES
from shared.db.engine import Database
from shared.figures import UNKNOWN
from shared.messaging.delivery import DeadLetter, Delivery, group_of
from shared.messaging.envelope import RawRecord
from shared.messaging.registry import parse_topic
from shared.service import Service
from tests.support.newer import Newer

HEARD = [
    (service.name, aggregate)
    for service in SERVICES.values()
    for aggregate in sorted({*service.consumers.kept, *service.consumers.reactions})
]
"""Each service with each aggregate that it hears."""


@dataclass
class Reader:
    """One service of one EPCI with its real consumers and database, and what it has set aside."""

    service: Service
    database: Database
    delivery: Delivery
    buried: list[DeadLetter]
    epci: str

    async def hear(self, raws: Sequence[RawRecord]) -> None:
        """Give records to both groups, as Kafka would."""
        heard = {topic.aggregate for raw in raws if (topic := parse_topic(raw.topic))}
        if heard & self.service.consumers.kept.keys():
            await self.delivery.project(group_of(self.epci, self.service.name, "projector"), raws)
        if heard & self.service.consumers.reactions.keys():
            await self.delivery.react(group_of(self.epci, self.service.name, "reactor"), raws)

    async def seen(self, record: Newer) -> list[tuple[int, dict[str, Any] | None]]:
        """Return version and state of the read copies of what a record is about, as far as it told of it."""
        rows: list[Any] = []
        async with self.database.reading() as session:
            for table in self._copies():
                held = select(table.c.version, table.c.deleted, table.c.state)
                of_it = held.where(table.c.home_epci == record.epci, table.c.id == record.id)
                rows += (await session.exec(of_it)).all()
        told = record.expected or {}
        states = [None if deleted else json.loads(state or "{}") for _, deleted, state in rows]
        shown = [one and {name: value for name, value in one.items() if name in told} for one in states]
        return [(row[0], state) for row, state in zip(rows, shown, strict=True)]

    async def acted_upon(self, record: Newer) -> int:
        """Return how many reactions of this service have marked a message as theirs."""
        inbox, id = self.service.tables.inbox, dict(record.raw.headers)["ce_id"]
        async with self.database.reading() as session:
            return len((await session.exec(select(inbox).where(inbox.message_id == (id or b"").decode()))).all())

    def unknown(self) -> float:
        """Return how many unknown facts this service has counted."""
        return float(UNKNOWN.labels(self.epci, self.service.name)._value.get())

    def _copies(self) -> Iterator[Table]:
        for table in self.service.metadata.tables.values():
            if {"home_epci", "id", "version", "deleted", "state"} <= set(table.columns.keys()):
                yield table


Run = Callable[[Coroutine[Any, Any, Any]], Any]
Open = Callable[[str, Sequence[str]], tuple[Reader, Run]]
"""Opens a service of the first of some EPCI; with it comes what runs things in its loop."""


def reader_of(service: Service, database: Database, members: Sequence[str]) -> Reader:
    """Return a service with its real consumers on a database."""
    buried: list[DeadLetter] = []

    async def bury(letter: DeadLetter) -> None:
        buried.append(letter)

    delivery = Delivery(members[0], database, service.tables, service.consumers, frozenset(members), bury)
    return Reader(service, database, delivery, buried, members[0])
