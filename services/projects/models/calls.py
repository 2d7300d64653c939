"""Calls for projects, which calls were set aside for which project, and what the public proposed."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import JSON, Text
from sqlmodel import Field

from services.projects.models.base import Base
from services.projects.rules.words import SubmissionStatus
from shared.contracts.base import Visibility
from shared.contracts.projects import CallKind, CallStatus
from shared.db.columns import Euros, UtcDateTime, big_key, by_value


class Call(Base, table=True):
    """A call that this EPCI publishes, for itself or for a funder."""

    __tablename__ = "call"

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = Field(default=1, sa_type=big_key)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    status: CallStatus = Field(default=CallStatus.DRAFT, sa_type=by_value(CallStatus), index=True)
    visibility: Visibility = Field(default=Visibility.PUBLIC, sa_type=by_value(Visibility))
    kind: CallKind = Field(default=CallKind.AAP, sa_type=by_value(CallKind))
    title: str
    summary: str = Field(default="", sa_type=Text)
    funder_name: str = ""
    scheme: str = ""
    axes: list[str] = Field(default_factory=list, sa_type=JSON)
    project_kinds: list[str] = Field(default_factory=list, sa_type=JSON)
    commune_insee: list[str] = Field(default_factory=list, sa_type=JSON)
    epcis: list[str] = Field(default_factory=list, sa_type=JSON)
    eligibility: str = Field(default="", sa_type=Text)
    cost_min: Decimal | None = Field(default=None, sa_type=Euros)
    cost_max: Decimal | None = Field(default=None, sa_type=Euros)
    rate: str | None = Field(default=None, description="decimal text, 0 to 1; SQLite has no decimals")
    opens_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closes_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    url: str | None = None
    accepts_submissions: bool = False
    closing_told: bool = False
    """Whether the territory was told that it closes soon."""
    demo: bool = False


class CallDismissal(Base, table=True):
    """A call that is not for a project, said by somebody with a reason: it is never proposed again."""

    __tablename__ = "call_dismissal"

    project_id: UUID = Field(foreign_key="project.id", primary_key=True)
    call_epci: str = Field(primary_key=True)
    call_id: UUID = Field(primary_key=True)
    reason: str
    dismissed_at: datetime = Field(sa_type=UtcDateTime)
    actor: UUID | None = None


class Submission(Base, table=True):
    """An initiative that somebody of the public proposed; nobody sees it before it was accepted."""

    __tablename__ = "submission"

    id: UUID = Field(primary_key=True)
    home_epci: str
    version: int = Field(default=1, sa_type=big_key)
    call_id: UUID = Field(foreign_key="call.id", index=True)
    status: SubmissionStatus = Field(default=SubmissionStatus.RECEIVED, sa_type=by_value(SubmissionStatus), index=True)
    received_at: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    title: str
    text: str = Field(sa_type=Text)
    commune_insee: str | None = None
    name: str
    email: str
    reason: str = ""
    project_id: UUID | None = Field(default=None, foreign_key="project.id")
