"""Parts of a project: they have no version of their own, every change of one raises the project’s."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Text
from sqlmodel import Field

from services.projects.models.base import Base
from services.projects.rules.words import AbandonReason, Body, Entry, MilestoneStatus, Move, Outcome
from shared.contracts.projects import (
    ApplicationStatus,
    FunderType,
    FundingNature,
    FundingStatus,
    ParticipantStatus,
    PartnerRole,
    Stage,
)
from shared.db.columns import Euros, UtcDateTime, by_value
from shared.ids import uuid7

_MEASURED: Any = JSON(none_as_null=True)


class FundingLine(Base, table=True):
    """One line of the plan, HT; a new try after a refusal is a new line, so that sums keep every attempt."""

    __tablename__ = "funding_line"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id", index=True)
    funder: FunderType = Field(default=FunderType.OTHER, sa_type=by_value(FunderType))
    funder_siren: str | None = None
    funder_name: str = ""
    scheme: str = ""
    nature: FundingNature = Field(default=FundingNature.GRANT, sa_type=by_value(FundingNature))
    status: FundingStatus = Field(default=FundingStatus.PLANNED, sa_type=by_value(FundingStatus))
    basis_ht: Decimal | None = Field(default=None, sa_type=Euros)
    rate: str | None = Field(default=None, description="decimal text, 0 to 1; SQLite has no decimals")
    amount_planned: Decimal | None = Field(default=None, sa_type=Euros)
    amount_requested: Decimal | None = Field(default=None, sa_type=Euros)
    amount_granted: Decimal | None = Field(default=None, sa_type=Euros)
    amount_paid: Decimal | None = Field(default=None, sa_type=Euros)
    grant_equivalent: Decimal | None = Field(default=None, sa_type=Euros)
    match_ratio: str | None = Field(default=None, description="decimal text: euros added for one euro")
    matched_line_ids: list[str] = Field(default_factory=list, sa_type=JSON)
    fallback_line_id: UUID | None = None
    target: Decimal | None = Field(default=None, sa_type=Euros)
    collected: Decimal | None = Field(default=None, sa_type=Euros)
    contributors: int | None = None
    filed_on: date | None = None
    decided_on: date | None = None
    notified_on: date | None = None
    paid_on: date | None = None
    decision_ref: str = ""
    grant_reason: str = ""
    attempt: int = 1
    retry_of: UUID | None = None
    # Lines which an abandonment withdrew come back when it is corrected.
    status_before: FundingStatus | None = Field(default=None, sa_type=by_value(FundingStatus))
    withdrawn_by: UUID | None = None


class Application(Base, table=True):
    """The answer of a project to a call; its money is that of the line it names."""

    __tablename__ = "application"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id", index=True)
    call_epci: str
    call_id: UUID
    call_title: str
    """As it was when the project answered: a closed call is gone from the topic."""
    status: ApplicationStatus = Field(default=ApplicationStatus.IDENTIFIED, sa_type=by_value(ApplicationStatus))
    line_id: UUID | None = None
    submitted_on: date | None = None
    decided_on: date | None = None
    note: str = Field(default="", sa_type=Text)


class Milestone(Base, table=True):
    """One dated step."""

    __tablename__ = "milestone"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id", index=True)
    label: str
    due: date | None = None
    done_on: date | None = None
    status: MilestoneStatus = Field(default=MilestoneStatus.PLANNED, sa_type=by_value(MilestoneStatus))
    responsible: UUID | None = None


class Indicator(Base, table=True):
    """What a project aims at and reaches; a value is ``{value, on, source, quality}``, its quantity decimal text."""

    __tablename__ = "indicator"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id", index=True)
    code: str
    label: str
    unit: str = ""
    baseline: dict[str, Any] | None = Field(default=None, sa_type=_MEASURED)
    target: dict[str, Any] | None = Field(default=None, sa_type=_MEASURED)
    actual: dict[str, Any] | None = Field(default=None, sa_type=_MEASURED)
    not_measurable: bool = False
    not_measurable_reason: str = ""
    comment: str = Field(default="", sa_type=Text)


class Decision(Base, table=True):
    """What a committee said of a project."""

    __tablename__ = "decision"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id", index=True)
    meeting_id: UUID | None = Field(default=None, foreign_key="meeting.id", index=True)
    outcome: Outcome = Field(sa_type=by_value(Outcome))
    body: Body = Field(sa_type=by_value(Body))
    decided_on: date
    reference: str = ""
    conditions: str = Field(default="", sa_type=Text)
    accepted_gap_eur: Decimal | None = Field(default=None, sa_type=Euros)


class StageMove(Base, table=True):
    """One move of a project: the creation has none, an import says so."""

    __tablename__ = "stage_move"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id", index=True)
    number: int
    move: Move | None = Field(default=None, sa_type=by_value(Move))
    from_stage: Stage | None = Field(default=None, sa_type=by_value(Stage))
    to_stage: Stage = Field(sa_type=by_value(Stage))
    entered_on: date
    attempt: int = 1
    reason: str = Field(default="", sa_type=Text)
    abandon_reason: AbandonReason | None = Field(default=None, sa_type=by_value(AbandonReason))
    kept_project_id: UUID | None = None
    actor: UUID | None = None
    undone: bool = False


class Participant(Base, table=True):
    """A partner EPCI: what the owner wrote of it, and where both stand, as published."""

    __tablename__ = "participant"

    project_id: UUID = Field(foreign_key="project.id", primary_key=True)
    siren: str = Field(primary_key=True)
    entry: Entry = Field(default=Entry.INVITED, sa_type=by_value(Entry))
    round: int = 1
    role: PartnerRole = Field(default=PartnerRole.PARTNER, sa_type=by_value(PartnerRole))
    status: ParticipantStatus = Field(default=ParticipantStatus.INVITED, sa_type=by_value(ParticipantStatus))
    entered_at: datetime = Field(sa_type=UtcDateTime)


class ExternalId(Base, table=True):
    """What another system calls a project: the key of a repeated import."""

    __tablename__ = "external_id"

    service: str = Field(primary_key=True)
    external_id: str = Field(primary_key=True)
    project_id: UUID = Field(foreign_key="project.id", index=True)
