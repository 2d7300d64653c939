"""A service of three tables for tests of the backbone: it notes what it keeps and what it acts upon."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlmodel import Field, SQLModel, select

from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.projects import Project
from shared.db.base import own_registry
from shared.db.engine import Database
from shared.db.leading import Leadership
from shared.db.session import Origin, Session
from shared.ids import uuid7
from shared.messaging.delivery import Delivery, group_of
from shared.messaging.inbox import message_tables
from shared.messaging.kafka import DeadLetters, Publisher, Subscribers, Subscription
from shared.messaging.known import KnownColumns, keep_known
from shared.messaging.recorder import record, record_deletion
from shared.messaging.registry import Consumers, Heard, NotYet, Record, dead_letter_topic
from shared.messaging.relay import Relay
from shared.settings import KafkaAccess
from tests.support.databases import Store

SERVICE = "projects"


class Base(SQLModel, registry=own_registry()):
    """Root of the tables of the test service."""


TABLES = message_tables(Base)
Outbox, Inbox, Position, Attempt, Incarnation, Parked, Letter = (
    TABLES.outbox,
    TABLES.inbox,
    TABLES.positions,
    TABLES.attempts,
    TABLES.incarnation,
    TABLES.parked,
    TABLES.letters,
)


class KnownProject(Base, KnownColumns, table=True):
    __tablename__ = "known_project"


class Effect(Base, table=True):
    __tablename__ = "effect"

    id: int | None = Field(default=None, primary_key=True)
    message_id: str
    subject: UUID


def make_consumers() -> Consumers:
    """Return what the test service hears; a title of « poison » is a bug in both of its handlers.

    A summary of « after <id> » refers to another project: its reaction cannot act before that one is known here.
    """
    consumers = Consumers(SERVICE)

    @consumers.keeps(Project)
    async def keep_projects(session: Session, records: Sequence[Record[Project]]) -> None:
        _explode(records)
        await keep_known(session, KnownProject, records)

    @consumers.reacts_to(Project)
    async def note_project(session: Session, heard: Record[Project]) -> None:
        _explode([heard])
        await _require_reference(session, heard)
        session.add(Effect(message_id=heard.message_id, subject=heard.id))

    return consumers


async def _require_reference(session: Session, heard: Record[Project]) -> None:
    after, _, wanted = (heard.state.summary if heard.state else "").partition(" ")
    if after == "after":
        known = await session.exec(select(KnownProject).where(KnownProject.id == UUID(wanted)))
        if known.first() is None:
            raise NotYet("project")


def _explode(records: Sequence[Record[Project]]) -> None:
    if any(one.state is not None and one.state.title == "poison" for one in records):
        raise ZeroDivisionError


def make_project(
    siren: str, *, id: UUID | None = None, version: int = 1, title: str = "Chaufferie", summary: str = ""
) -> Project:
    """Return a project state of an EPCI."""
    return Project(id=id or uuid7(), home_epci=siren, version=version, updated_at=now(), title=title, summary=summary)


@dataclass
class Bench:
    """The test service of one EPCI on one database."""

    epci: str
    database: Database
    bootstrap: str
    members: tuple[str, ...]

    def relay(self, leader: Leadership, *, name: str = "relay") -> Relay:
        """Return a relay of this database."""
        return Relay(self.database, Outbox, Publisher(KafkaAccess(self.bootstrap), client_id=name), leader=leader)

    async def relaying(self) -> None:
        """Publish as a process of its own would: whenever it leads, until cancelled."""
        async with Leadership(self.database) as leader:
            await self.relay(leader).run()

    def letters(self) -> DeadLetters:
        """Return the way to the DLQ of this service; who asks closes it."""
        topic = str(dead_letter_topic(SERVICE, epci=self.epci))
        return DeadLetters(KafkaAccess(self.bootstrap), topic=topic, software="test")

    def delivery(self, letters: DeadLetters | None = None) -> Delivery:
        """Return the delivery of this service."""
        return Delivery(
            epci=self.epci,
            database=self.database,
            tables=TABLES,
            consumers=make_consumers(),
            members=self.members,
            bury=(letters or self.letters()).bury,
        )

    def subscribers(self, delivery: Delivery) -> Subscribers:
        """Return its two consumer groups."""
        pattern = Heard(frozenset({Project.aggregate})).pattern(own=self.epci, members=self.members) or ""
        return Subscribers(
            KafkaAccess(self.bootstrap),
            self.epci,
            [
                Subscription(group_of(self.epci, SERVICE, "projector"), pattern, delivery.project, delivery.care),
                Subscription(group_of(self.epci, SERVICE, "reactor"), pattern, delivery.react, delivery.care),
            ],
        )

    async def tell(self, state: Project, *, fact: str = "updated", visibility: Visibility = Visibility.PUBLIC) -> None:
        """Commit one change."""
        async with self.database.transaction() as session:
            record(session, Outbox, state, fact=fact, visibility=visibility)

    async def end(self, state: Project) -> None:
        """Commit one deletion; ``state`` has the first of its two versions."""
        async with self.database.transaction() as session:
            record_deletion(session, Outbox, state, fact="withdrawn", visibility=Visibility.PUBLIC)

    async def rows(self, table: Any) -> Sequence[Any]:  # noqa: ANN401 - any table of the bench
        """Return every row of a table."""
        async with self.database.reading() as session:
            return (await session.exec(select(table))).all()

    async def publish(self) -> None:
        """Publish everything there is, once."""
        async with Leadership(self.database) as leader:
            relay = self.relay(leader)
            await leader.led(unless=asyncio.Event())
            while await relay.publish_window():
                pass
            relay.ask_to_stop()
            await relay.run()

    async def backlog(self) -> int:
        """Return how many rows wait."""
        return len([row for row in await self.rows(Outbox) if row.published_at is None])


async def make_bench(store: Store, folder: Path, *, epci: str, bootstrap: str, members: Sequence[str]) -> Bench:
    """Return a bench on a new database."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    url = await store.url(Base.metadata, folder=folder, name="bench")
    return open_bench(url, epci=epci, bootstrap=bootstrap, members=members)


def open_bench(url: str, *, epci: str, bootstrap: str, members: Sequence[str]) -> Bench:
    """Return a bench on a database that is there."""
    origin = Origin(epci=epci, service=SERVICE, instance=uuid7(), base_url="http://127.0.0.1:1")
    return Bench(epci, Database(url, origin), bootstrap, tuple(members))
