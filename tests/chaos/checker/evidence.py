"""Everything the checker looks at, read once after the instances have stopped; nothing is ever written."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import SQLModel, select

from services.contacts import models as contacts
from services.demo.places import Place
from services.events import models as events
from services.host import SERVICES
from services.notifications import models as notifications
from services.projects import models as projects
from shared.db.engine import Database
from tests.chaos.ledger import Line
from tests.chaos.log import Log, Logged
from tests.chaos.nemesis.intruder import MARK
from tests.chaos.readers import Reader, readers_of
from tests.chaos.stores import Stores

T = TypeVar("T", bound=SQLModel)

TABLES: Mapping[str, Sequence[type[SQLModel]]] = {
    "projects": (
        projects.Project,
        projects.OwnAnswer,
        projects.KnownProject,
        projects.KnownParticipation,
    ),
    "contacts": (contacts.Person, contacts.KnownRegistration),
    "events": (events.Event, events.SeatPool, events.Registration, events.MailOrder, events.KnownEvent),
    "notifications": (
        notifications.Entry,
        notifications.KnownEntry,
        notifications.KnownPerson,
        notifications.FeedLog,
        notifications.Delivery,
        notifications.Subscription,
    ),
}
KNOWN: Mapping[str, tuple[str, type[SQLModel]]] = {
    "project": ("projects", projects.KnownProject),
    "participation": ("projects", projects.KnownParticipation),
    "agenda-event": ("events", events.KnownEvent),
    "registration": ("contacts", contacts.KnownRegistration),
    "feed-entry": ("notifications", notifications.KnownEntry),
    "person-card": ("notifications", notifications.KnownPerson),
}
"""Where each aggregate is kept by those who read it; signs of life go on to the very end and are left out."""


@dataclass
class Tables:
    """The rows of one instance."""

    rows: dict[type[SQLModel], list[Any]] = field(default_factory=dict)
    outbox: dict[str, list[Any]] = field(default_factory=dict)
    inbox: dict[str, Counter[tuple[str, str, str]]] = field(default_factory=dict)

    def all(self, table: type[T]) -> list[T]:
        """Return every row of a table."""
        return self.rows[table]

    def any(self, *tables: type[SQLModel]) -> list[Any]:
        """Return every row of several tables that have the same columns of interest."""
        return [row for table in tables for row in self.rows[table]]


@dataclass
class Evidence:
    """What is there at the end of a run, and what users were told on the way."""

    places: Sequence[Place]
    lines: Sequence[Line]
    topics: Mapping[str, Sequence[Logged]]
    committed: Mapping[str, Mapping[str, int]]
    tables: Mapping[str, Tables]
    readers: Sequence[Reader]
    mails: Sequence[tuple[str, str, float]] = ()
    """Recipient, Message-ID, moment."""
    kept: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    """All that is kept of each EPCI, as bytes."""
    statuses: Counter[int] = field(default_factory=Counter)
    peaks_mb: Mapping[str, int] = field(default_factory=dict)
    lag: int = 0
    went_back: Sequence[str] = ()
    dead_tasks: Sequence[str] = ()
    slow_stops: Sequence[str] = ()

    @property
    def sirens(self) -> list[str]:
        """The EPCI of the run."""
        return [place.siren for place in self.places]

    def place(self, siren: str) -> Place:
        """Return one EPCI."""
        return next(place for place in self.places if place.siren == siren)

    def ours(self, topic: str) -> list[Logged]:
        """Return the records of a topic that an instance wrote."""
        return [record for record in self.topics.get(topic, ()) if not record.header(MARK)]

    def intruders(self) -> list[tuple[Logged, str, str]]:
        """Return each record that no instance wrote, its kind and its name."""
        return [
            (record, *record.header(MARK).partition(":")[::2])
            for records in self.topics.values()
            for record in records
            if record.header(MARK) and "-dlq." not in record.topic
        ]


async def gather_tables(places: Sequence[Place], stores: Stores) -> dict[str, Tables]:
    """Read the tables of every instance."""
    found = {place.siren: Tables() for place in places}
    for place in places:
        for service in TABLES:
            await _read(found[place.siren], service, stores.url(place, service))
    return found


async def gather_log(log: Log, sirens: Sequence[str]) -> tuple[dict[str, list[Logged]], dict[str, dict[str, int]]]:
    """Read every record of every topic, and how far every group is."""
    names = await asyncio.to_thread(log.topics, sirens)
    records = await asyncio.to_thread(log.read, names)
    groups = [one.group for one in readers_of(sirens)]
    return records, {group: await asyncio.to_thread(log.committed, group) for group in groups}


async def _read(into: Tables, service: str, url: str) -> None:
    database, tables = Database(url), SERVICES[service].tables
    try:
        async with database.reading() as session:
            for table in TABLES[service]:
                into.rows[table] = list((await session.exec(select(table))).all())
            into.outbox[service] = list((await session.exec(select(tables.outbox))).all())
            heard = (await session.exec(select(tables.inbox))).all()
            into.inbox[service] = Counter((one.consumer, one.source, one.message_id) for one in heard)
    finally:
        await database.close()


def files_of(place: Place, pattern: str) -> list[Path]:
    """Return files of one EPCI."""
    return sorted(place.folder.glob(pattern))
