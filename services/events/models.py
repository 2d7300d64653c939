"""Tables of the agenda."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, Text, false, text
from sqlmodel import Field, SQLModel

from services.events.rules.offers import OfferMode
from services.events.rules.publication import Publication
from services.events.rules.registrations import LIVE
from shared.contracts.base import Visibility
from shared.contracts.events import (
    AttendanceMode,
    CalendarMethod,
    EventType,
    RegistrationMode,
    RegistrationState,
    Schedule,
)
from shared.db.answers import AnswerColumns
from shared.db.base import own_registry, table_of
from shared.db.columns import UtcDateTime, big_key, by_value
from shared.messaging.inbox import message_tables
from shared.messaging.known import KnownColumns

_LIVE = text(f"state IN ({', '.join(sorted(repr(state.value) for state in LIVE))})")


class Base(SQLModel, registry=own_registry()):
    """Root of the tables of the events service."""


class Event(Base, table=True):
    """One agenda event of this EPCI; ``version`` counts its messages, ``revision`` what agents change."""

    __tablename__ = "agenda_event"

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = Field(default=1, sa_type=big_key)
    revision: int = 1
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    type: EventType = Field(sa_type=by_value(EventType))
    title: str
    summary: str = ""
    description: str = Field(default="", sa_type=Text)
    conditions: str = ""
    themes: list[str] = Field(default_factory=list, sa_type=JSON)
    audiences: list[str] = Field(default_factory=list, sa_type=JSON)
    accessibility: list[str] = Field(default_factory=list, sa_type=JSON)
    attendance_mode: AttendanceMode = Field(sa_type=by_value(AttendanceMode))
    online_link: str | None = None
    publication: Publication = Field(default=Publication.DRAFT, sa_type=by_value(Publication), index=True)
    schedule: Schedule = Field(default=Schedule.SCHEDULED, sa_type=by_value(Schedule))
    visibility: Visibility = Field(sa_type=by_value(Visibility))
    withdrawing: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Shown less far than before, and Kafka has not yet confirmed that the wider copy is gone."""
    registration_mode: RegistrationMode = Field(sa_type=by_value(RegistrationMode))
    registration_url: str | None = None
    registration_closes: datetime | None = Field(default=None, sa_type=UtcDateTime)
    offer_mode: OfferMode = Field(default=OfferMode.TIMED, sa_type=by_value(OfferMode))
    starts_at: datetime = Field(sa_type=UtcDateTime, index=True)
    ends_at: datetime = Field(sa_type=UtcDateTime, index=True)
    ical_sequence: int = 0
    demo: bool = False
    seats_told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seats_due_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    told_left: int | None = None
    told_waiting: int | None = None
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sheet_closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class EventSession(Base, table=True):
    """One slot of an event."""

    __tablename__ = "event_session"

    id: UUID = Field(primary_key=True)
    event_id: UUID = Field(foreign_key="agenda_event.id", index=True)
    start: datetime = Field(sa_type=UtcDateTime)
    end: datetime = Field(sa_type=UtcDateTime)
    zone: str = "Europe/Paris"
    commune_insee: str | None = None
    place: str = ""


class SeatPool(Base, table=True):
    """The seats of one event; its row is locked first by everything that touches one."""

    __tablename__ = "seat_pool"
    __table_args__ = (
        CheckConstraint("held >= 0 AND held <= capacity", name="held"),
        CheckConstraint("waiting >= 0", name="waiting"),
    )

    id: UUID = Field(primary_key=True)
    event_id: UUID = Field(foreign_key="agenda_event.id", unique=True)
    capacity: int
    held: int = 0
    waiting: int = 0
    next_queue_no: int = 1


class Registration(Base, table=True):
    """One request of one person; ``seat`` says whether it is counted in ``held``."""

    __tablename__ = "registration"
    __table_args__ = (
        Index("ix_registration_live", "event_id", "email", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_registration_event_state", "event_id", "state", "queue_no"),
    )

    id: UUID = Field(primary_key=True)
    home_epci: str
    event_id: UUID = Field(foreign_key="agenda_event.id")
    version: int = Field(default=1, sa_type=big_key)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    state: RegistrationState = Field(sa_type=by_value(RegistrationState))
    seat: bool = False
    name: str
    email: str
    organisation: str = ""
    siren: str | None = None
    notice_version: str
    queue_no: int | None = None
    hold_expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    offer_expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    ical_offset: int = 0
    ical_method: CalendarMethod | None = Field(default=None, sa_type=by_value(CalendarMethod))
    mails: int = 0
    mailed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MailOrder(Base, table=True):
    """One mail asked of notifications; ``content`` is emptied once it is settled."""

    __tablename__ = "mail_order"

    id: UUID = Field(primary_key=True)
    cause: str = Field(unique=True)
    registration_id: UUID = Field(foreign_key="registration.id", index=True)
    kind: str
    version: int = Field(default=1, sa_type=big_key)
    ordered_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str | None = None
    content: str = Field(sa_type=Text)


class KnownEvent(Base, KnownColumns, table=True):
    """An agenda event of any EPCI, as last heard."""

    __tablename__ = "known_event"

    type: str = ""
    public: bool = False
    starts_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


TABLES = message_tables(Base)
OutboxMessage = TABLES.outbox
StoredAnswer = table_of(Base, AnswerColumns, name="stored_answer")
