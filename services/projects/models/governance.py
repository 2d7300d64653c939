"""Who steers: programmes, binômes and trios, committees, the measures at hand."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import JSON, Text
from sqlmodel import Field

from services.projects.models.base import Base
from services.projects.rules.words import Body
from shared.contracts.projects import ProgrammeKind
from shared.db.columns import UtcDateTime, big_key, by_value


class Programme(Base, table=True):
    """A plan, contract, fund or label that this EPCI steers; published to the territory."""

    __tablename__ = "programme"

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = Field(default=1, sa_type=big_key)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    kind: ProgrammeKind = Field(default=ProgrammeKind.OTHER, sa_type=by_value(ProgrammeKind))
    title: str
    summary: str = Field(default="", sa_type=Text)
    funder_name: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    url: str | None = None
    demo: bool = False
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Binome(Base, table=True):
    """An elected member, an industrialist and, in a trio, a technician; persons are ids of contacts."""

    __tablename__ = "binome"

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = Field(default=1, sa_type=big_key)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    label: str
    elected: UUID | None = None
    mandate: str = ""
    industrialist: UUID | None = None
    company_siren: str | None = None
    technician: UUID | None = None
    starts_on: date | None = None
    ends_on: date | None = None


class Meeting(Base, table=True):
    """One sitting of a committee: what was on its agenda, what was said."""

    __tablename__ = "meeting"

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = Field(default=1, sa_type=big_key)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    body: Body = Field(sa_type=by_value(Body))
    held_on: date = Field(index=True)
    place: str = ""
    agenda: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    """Projects, of any EPCI of the territory: ``{home_epci, id}``."""
    minutes: str = Field(default="", sa_type=Text)


class Measure(Base, table=True):
    """One measure of the panier de services, as this EPCI offers it; dated, because the panier changes."""

    __tablename__ = "measure"

    code: str = Field(primary_key=True)
    home_epci: str
    version: int = Field(default=1, sa_type=big_key)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    label: str
    summary: str = Field(default="", sa_type=Text)
    need_themes: list[str] = Field(default_factory=list, sa_type=JSON)
    operator: str = ""
    url: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
