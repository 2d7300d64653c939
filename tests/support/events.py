"""Builders of the agenda: an office with its database, events in any state, what was recorded."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from services.events.commands.events import create_event, move_publication
from services.events.commands.requests import confirm_registration, request_registration
from services.events.commands.upkeep import keep_events
from services.events.models import Event, MailOrder, OutboxMessage, Registration, SeatPool
from services.events.queries.registrations import find_live
from services.events.rules.publication import Publication
from services.events.rules.registrations import TABLE, Standing
from services.events.schemas import NewEvent, RegistrationForm
from shared.clock import now
from shared.contracts.base import Visibility
from shared.contracts.events import AgendaEvent, EventType, RegistrationState, Slot
from shared.db.engine import Database
from shared.db.session import Session
from shared.identity.access import Role, Scope, instance_scope, visitor_scope
from shared.ids import uuid7
from shared.messaging.outbox import OutboxColumns
from shared.messaging.registry import Record

ROAD = (Publication.IN_REVIEW, Publication.READY, Publication.PUBLISHED)


def event_body(**over: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return the body of a new event; ``start``, without its seconds, and ``minutes`` make its only session."""
    start: datetime = over.pop("start", now() + timedelta(days=12)).replace(second=0, microsecond=0)
    minutes: int = over.pop("minutes", 90)
    session = {
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=minutes)).isoformat(),
        "commune_insee": "76114",
        "place": "Place de la Maquette",
    }
    return {
        "type": "petit_dejeuner",
        "title": "Petit-déjeuner fictif : les bons réflexes",
        "summary": "Une heure et demie entre dirigeants.",
        "capacity": 10,
        "sessions": [session],
        **over,
    }


def form(email: str, **over: Any) -> RegistrationForm:  # noqa: ANN401 - JSON
    """Return a filled registration form."""
    filled = {"name": "Alix Exemple", "email": email, "organisation": "Ateliers Fictifs", "notice_accepted": True}
    return RegistrationForm.model_validate({**filled, **over})


@dataclass
class Office:
    """The events service of one EPCI over a database of its own."""

    siren: str
    database: Database

    @property
    def coordinator(self) -> Scope:
        """Somebody who decides."""
        return Scope(epci=self.siren, role=Role.COORDINATOR, actor=uuid7())

    @property
    def agent(self) -> Scope:
        """Somebody who proposes."""
        return Scope(epci=self.siren, role=Role.AGENT, actor=uuid7())

    @property
    def visitor(self) -> Scope:
        """Somebody unknown."""
        return visitor_scope(self.siren)

    @property
    def house(self) -> Scope:
        """The instance itself, and the holder of a signed link."""
        return instance_scope(self.siren)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """Open a transaction."""
        async with self.database.transaction() as session:
            yield session

    async def publish(self, **over: Any) -> UUID:  # noqa: ANN401 - JSON
        """Write an event and take it to the public; return its id."""
        async with self.transaction() as session:
            meeting = await create_event(session, self.agent, NewEvent.model_validate(event_body(**over)))
        for step in ROAD:
            await self.take(meeting.event.id, to=step)
        return meeting.event.id

    async def take(self, event_id: UUID, *, to: Publication) -> None:
        """Take an event along, as whoever has just read it."""
        version = (await self.event(event_id)).revision
        async with self.transaction() as session:
            await move_publication(session, self.coordinator, event_id, to=to, version=version)

    async def ask(self, event_id: UUID, email: str) -> UUID:
        """Fill in the form; return the registration."""
        async with self.transaction() as session:
            await request_registration(session, self.visitor, event_id, form(email))
        async with self.database.reading() as session:
            found = await find_live(session, self.house, event_id, email=email)
            assert found is not None
            return found.id

    async def register(self, event_id: UUID, email: str) -> UUID:
        """Fill in the form and confirm the address; return the registration."""
        registration_id = await self.ask(event_id, email)
        async with self.transaction() as session:
            await confirm_registration(session, self.house, registration_id)
        return registration_id

    async def hear(self, *records: Record[AgendaEvent]) -> None:
        """Keep what other EPCI tell."""
        async with self.transaction() as session:
            await keep_events(session, records)

    async def event(self, event_id: UUID) -> Event:
        """Read an event."""
        async with self.database.reading() as session:
            return (await session.exec(select(Event).where(Event.id == event_id))).one()

    async def pool(self, event_id: UUID) -> SeatPool:
        """Read its seats."""
        async with self.database.reading() as session:
            return (await session.exec(select(SeatPool).where(SeatPool.event_id == event_id))).one()

    async def registration(self, registration_id: UUID) -> Registration:
        """Read a registration."""
        async with self.database.reading() as session:
            return (await session.exec(select(Registration).where(Registration.id == registration_id))).one()

    async def registrations(self, event_id: UUID) -> Sequence[Registration]:
        """Read the registrations of an event, in order of arrival."""
        async with self.database.reading() as session:
            wanted = select(Registration).where(Registration.event_id == event_id).order_by(col(Registration.id))
            return (await session.exec(wanted)).all()

    async def state(self, registration_id: UUID) -> RegistrationState:
        """Read the state of a registration."""
        return (await self.registration(registration_id)).state

    async def orders(self, registration_id: UUID, kind: str = "") -> list[MailOrder]:
        """Read the mails ordered for a registration, in order."""
        async with self.database.reading() as session:
            wanted = select(MailOrder).where(MailOrder.registration_id == registration_id)
            found = (await session.exec(wanted.order_by(col(MailOrder.id)))).all()
        return [order for order in found if kind in ("", order.kind)]

    async def mails(self, registration_id: UUID) -> list[dict[str, Any]]:
        """Read the contents of the mails ordered for a registration, in order."""
        return [json.loads(order.content) for order in await self.orders(registration_id)]

    async def messages(self, aggregate: str, key: UUID | None = None) -> list[OutboxColumns]:
        """Read what was recorded of an aggregate, in order."""
        async with self.database.reading() as session:
            found = (await session.exec(select(OutboxMessage).order_by(col(OutboxMessage.seq)))).all()
        return [one for one in found if f".{aggregate}." in one.topic and key in (None, UUID(one.key))]

    async def facts(self, aggregate: str, key: UUID | None = None) -> list[str]:
        """Read the facts recorded of an aggregate in the narrowest of its topics."""
        messages = await self.messages(aggregate, key)
        return [one.type.split(".")[3] for one in messages if not one.topic.startswith("ti.public")]


def known(epci: str, **over: Any) -> Record[AgendaEvent]:  # noqa: ANN401 - fields of a state
    """Return a record of another EPCI’s event."""
    start = now() + timedelta(days=5)
    state = AgendaEvent(
        home_epci=epci,
        version=3,
        updated_at=now(),
        **{
            "id": uuid7(),
            "type": EventType.ATELIER,
            "title": "Atelier d’à côté",
            "slots": (Slot(id=uuid7(), start=start, end=start + timedelta(hours=2), commune="Bolbec"),),
            "visibility": Visibility.PUBLIC,
            **over,
        },
    )
    return Record(
        state=state,
        aggregate="agenda-event",
        id=state.id,
        epci=epci,
        version=3,
        fact="published",
        time=now(),
        source=f"/epci/{epci}/events",
        message_id=str(uuid7()),
        visibility=Visibility.TERRITORY,
    )


async def assert_counted(office: Office, event_id: UUID) -> None:
    """Compare the seats with the sum of states: E1, E2 and E3 of the agenda hold in what is stored."""
    pool, everyone = await office.pool(event_id), await office.registrations(event_id)
    waiting = [one for one in everyone if TABLE[one.state].standing is Standing.WAITING]
    live = Counter(one.email for one in everyone if TABLE[one.state].standing is not Standing.NEGATIVE)
    promoted = [one.queue_no for one in everyone if one.queue_no is not None and one.seat]

    assert pool.held == sum(one.seat for one in everyone) <= pool.capacity
    assert pool.waiting == len(waiting)
    assert all(count == 1 for count in live.values())
    first_waiting = min((one.queue_no or 0 for one in waiting), default=None)
    assert first_waiting is None or all(number < first_waiting for number in promoted)
