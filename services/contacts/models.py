"""Tables of contacts: the register, people, what they oppose, exchanges, and copies of registrations."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Text
from sqlmodel import Field, SQLModel

from services.contacts.rules.words import (
    CompanyState,
    InitiatedBy,
    InteractionKind,
    InteractionVisibility,
    LegalBasis,
    NafVersion,
    Purpose,
    StatedBy,
    Statement,
    WorkforceBand,
)
from shared.contracts.contacts import Channel
from shared.db.answers import AnswerColumns
from shared.db.base import own_registry, table_of
from shared.db.columns import UtcDateTime, big_key, by_value
from shared.messaging.inbox import message_tables
from shared.messaging.known import KnownColumns


class Base(SQLModel, registry=own_registry()):
    """Root of the tables of the contacts service."""


TABLES = message_tables(Base)
OutboxMessage = TABLES.outbox
StoredAnswer = table_of(Base, AnswerColumns, name="stored_answer")


class Company(Base, table=True):
    """One « unité légale » as the register tells it; ``provenance`` holds source and date of each value."""

    __tablename__ = "company"

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = Field(default=1, sa_type=big_key)
    siren: str = Field(unique=True)
    name: str
    legal_form: str | None = None
    is_natural_person: bool = False
    naf: str | None = None
    naf_version: NafVersion | None = Field(default=None, sa_type=by_value(NafVersion))
    workforce_band: WorkforceBand | None = Field(default=None, sa_type=by_value(WorkforceBand))
    workforce_year: int | None = None
    created_on: date | None = None
    state: CompanyState = Field(default=CompanyState.ACTIVE, sa_type=by_value(CompanyState))
    provenance: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    demo: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class Establishment(Base, table=True):
    """One place of a company; its EPCI follows from its commune."""

    __tablename__ = "establishment"

    id: UUID = Field(primary_key=True)
    company_id: UUID = Field(foreign_key="company.id", index=True)
    siret: str = Field(unique=True)
    commune_insee: str
    address: str = ""
    is_head_office: bool = False
    opened_on: date | None = None
    closed_on: date | None = None
    source: str
    known_on: date
    created_at: datetime = Field(sa_type=UtcDateTime)


class Person(Base, table=True):
    """Somebody of a company; an erased one stays as an identifier without anything personal."""

    __tablename__ = "person"

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = Field(default=1, sa_type=big_key)
    given_name: str = ""
    family_name: str = ""
    email: str | None = Field(default=None, index=True)
    phone: str | None = None
    language: str | None = None
    source: str = ""
    collected_on: date | None = None
    informed_on: date | None = None
    purpose: Purpose = Field(sa_type=by_value(Purpose))
    basis: LegalBasis = Field(sa_type=by_value(LegalBasis))
    opposed: list[str] = Field(default_factory=list, sa_type=JSON)
    last_inbound_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class PersonRole(Base, table=True):
    """What somebody is at a company, from a day and until another."""

    __tablename__ = "person_role"

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    company_id: UUID = Field(foreign_key="company.id", index=True)
    siret: str | None = None
    title: str
    since: date | None = None
    until: date | None = None


class OppositionRecord(Base, table=True):
    """One statement of or about a person; only ever added, which a trigger of the database sees to.

    It holds no free text, so that erasing a person has nothing to change in it.
    """

    __tablename__ = "opposition_record"

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    channel: Channel = Field(sa_type=by_value(Channel))
    statement: Statement = Field(sa_type=by_value(Statement))
    stated_by: StatedBy = Field(sa_type=by_value(StatedBy))
    stated_on: date
    received_by: InteractionKind = Field(sa_type=by_value(InteractionKind))
    actor: UUID | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Interaction(Base, table=True):
    """One exchange noted by the team."""

    __tablename__ = "interaction"

    id: UUID = Field(primary_key=True)
    company_id: UUID = Field(foreign_key="company.id", index=True)
    person_id: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    kind: InteractionKind = Field(sa_type=by_value(InteractionKind))
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    initiated_by: InitiatedBy = Field(sa_type=by_value(InitiatedBy))
    visibility: InteractionVisibility = Field(
        default=InteractionVisibility.TEAM, sa_type=by_value(InteractionVisibility)
    )
    summary: str = Field(default="", sa_type=Text)
    themes: list[str] = Field(default_factory=list, sa_type=JSON)
    event_id: UUID | None = None
    author: UUID | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class KnownRegistration(Base, KnownColumns, table=True):
    """A registration as events tells it; who it is of is held only once attended, and ``state`` stays empty."""

    __tablename__ = "known_registration"

    attended: bool = False
    event_id: UUID | None = None
    event_title: str = ""
    starts_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    siren: str | None = Field(default=None, index=True)
    organisation: str = ""
    name: str = ""
    email: str | None = Field(default=None, index=True)
